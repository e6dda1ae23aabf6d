// One pull from end to end against a sandbox; needs Node.js 20 and: npm install openid-client jose

import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import * as oauth from "openid-client";

const ORIGIN = process.argv[2] ?? "http://127.0.0.1:8765";
const REDIRECT = "http://127.0.0.1:8799/callback";
const ITEM = "11110105PDY001055R4000131050400"; // A taxi driver's certificate.

const json = (value) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

const read = async (response) => {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
};

// 1. Enter a system with its public key. In a sandbox only.
const { privateKey, publicKey } = await generateKeyPair("ES256");
const jwk = await exportJWK(publicKey);
const kid = await calculateJwkThumbprint(jwk);
const { client_id } = await read(
  await fetch(
    `${ORIGIN}/sandbox/clients`,
    json({
      jwks: { keys: [{ ...jwk, kid }] },
      department: "11110105PDY001055R", // District transport: whose item that is.
      redirect_uris: [REDIRECT],
    }),
  ),
);
console.log(`1. client      ${client_id}`);

const config = await oauth.discovery(
  new URL(ORIGIN),
  client_id,
  { redirect_uris: [REDIRECT] },
  oauth.PrivateKeyJwt({ key: privateKey, kid }),
  // Plain http is for this machine alone.
  { algorithm: "oauth2", execute: ORIGIN.startsWith("http:") ? [oauth.allowInsecureRequests] : [] },
);
const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair("ES256"));
const call = (token, path, method = "GET", body, headers) =>
  oauth.fetchProtectedResource(
    config, token, new URL(path, ORIGIN), method, body, new Headers(headers), { DPoP },
  );

// 2. Open a case for a persona.
const personas = await read(await fetch(`${ORIGIN}/sandbox/personas`));
const lin = personas.find((one) => one.persona === "lin");
const own = await oauth.clientCredentialsGrant(config, { scope: "cases:write" }, { DPoP });
const opened = await read(
  await call(
    own.access_token,
    "/v1/cases",
    "POST",
    JSON.stringify({ holder: { type: lin.kind, value: lin.number }, item: ITEM }),
    { "content-type": "application/json", "idempotency-key": crypto.randomUUID() },
  ),
);
console.log(`2. case        ${opened.case_no}`);

// 3. Say what is needed, and send the holder's browser to the address.
const now = Math.floor(Date.now() / 1000);
const verifier = oauth.randomPKCECodeVerifier();
const state = oauth.randomState();
const address = await oauth.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: REDIRECT,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    authorization_details: JSON.stringify([
      {
        type: "evidence_access",
        locations: [ORIGIN],
        basis: "consent",
        subject: { kind: "person" },
        purpose: { code: "licence_application", note: "核对申请人的驾驶资格" },
        item: ITEM,
        case: opened.case_no,
        evidence: [{ code: "LC05", view: "full", fields: ["license_no", "vehicle_class"] }],
        legal: { article: "licensing-31" },
        valid: { from: now, to: now + 86400 },
        retention_days: 30,
      },
    ]),
  },
  { DPoP },
);
console.log(`3. send the holder's browser to ${address.href}`);

// The persona decides by itself; a real browser would come back to REDIRECT with this.
const answer = await fetch(address, { redirect: "manual" });
const callback = new URL(answer.headers.get("location"));

// 4. Exchange the code; the library checks state and issuer.
const token = await oauth.authorizationCodeGrant(
  config,
  callback,
  { pkceCodeVerifier: verifier, expectedState: state },
  undefined,
  { DPoP },
);
console.log(`4. token       ${token.token_type}, ${token.expires_in} s, grant ${token.grant_id}`);

// 5. Pull.
const released = await read(
  await call(token.access_token, "/v1/evidence/LC05?view=full&fields=license_no,vehicle_class"),
);
console.log("5. evidence   ", released.fields);
console.log(`6. receipt     entry ${released.receipt.index} of the public log`);
