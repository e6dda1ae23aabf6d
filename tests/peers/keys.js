// Keys of a client, made where they are used: only their public parts leave this process.

import { calculateJwkThumbprint } from "jose";

// Makes a key to authenticate with; returns it for the library and as it is registered.
export async function signingKey(generate, alg) {
  const { privateKey, publicKey } = await generate(alg);
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  const jwk = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  );
  const kid = await calculateJwkThumbprint(jwk);
  return { registered: { ...jwk, kid }, own: { key: privateKey, kid } };
}

// Makes a key to prove possession of.
export function proofKey(generate, alg, bits) {
  return generate(alg, bits === null ? {} : { modulusLength: bits });
}
