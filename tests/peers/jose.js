// Verifies what our server signs, with a library that we did not write.

import { compactVerify, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";

import { serve } from "./line.js";

await serve({
  // Verifies a JWT against public keys; every expectation is named, none is a default.
  async jwt({ token, jwks, issuer, audience, algorithms, typ, now, tolerance = 0, required = [] }) {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer,
      audience,
      algorithms,
      ...(typ === null ? {} : { typ }),
      ...(now === null ? {} : { currentDate: new Date(now * 1000) }),
      clockTolerance: tolerance,
      requiredClaims: ["iss", "aud", ...required],
    });
    return { header: protectedHeader, claims: payload };
  },

  // Verifies only the signature, for content that is no set of claims.
  async jws({ token, jwks, algorithms }) {
    const found = await compactVerify(token, createLocalJWKSet(jwks), { algorithms });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(found.payload);
    return { header: found.protectedHeader, text };
  },

  header({ token }) {
    return decodeProtectedHeader(token);
  },
});
