// A department's system on npm `openid-client`: pushed requests, code, refresh, revocation.

import * as client from "openid-client";

import { serve } from "./line.js";
import { proofKey, signingKey } from "./keys.js";

let key, pair, config, asked, signs;
let staleNonces = 0;

const proofs = () => client.getDPoPHandle(config, pair, { [client.modifyAssertion]: aged });
let dpop;

// Shows a nonce of long ago as often as a test wants, to be told a new one.
function aged(_header, payload) {
  if (staleNonces > 0) {
    staleNonces -= 1;
    payload.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAA";
  }
}

const redeemed = (callback, expected = {}) =>
  client.authorizationCodeGrant(
    config,
    new URL(callback),
    { pkceCodeVerifier: asked.verifier, expectedState: asked.state, ...expected },
    undefined,
    { DPoP: dpop },
  );

await serve({
  async key({ alg, proofAlg, proofBits }) {
    key = await signingKey(client.randomDPoPKeyPair, alg);
    pair = await proofKey(client.randomDPoPKeyPair, proofAlg, proofBits);
    return key.registered;
  },

  // `signed` names the algorithm of the server's messages, for who signs its own.
  async discover({ issuer, clientId, redirectUri, algorithm, signed = null }) {
    signs = signed !== null;
    const answers = signs
      ? { authorization_signed_response_alg: signed, introspection_signed_response_alg: signed }
      : {};
    config = await client.discovery(
      new URL(issuer),
      clientId,
      { redirect_uris: [redirectUri], use_mtls_endpoint_aliases: false, ...answers },
      client.PrivateKeyJwt(key.own),
      { algorithm, execute: [client.allowInsecureRequests] },
    );
    if (signs) client.useJwtResponseMode(config);
    dpop = proofs();
    return config.serverMetadata();
  },

  async push({ redirectUri, scope, details }) {
    asked = {
      verifier: client.randomPKCECodeVerifier(),
      state: client.randomState(),
    };
    const parameters = {
      redirect_uri: redirectUri,
      code_challenge: await client.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: "S256",
      state: asked.state,
      authorization_details: JSON.stringify(details),
    };
    if (scope !== null) parameters.scope = scope;
    const sent = signs
      ? (await client.buildAuthorizationUrlWithJAR(config, parameters, key.own)).searchParams
      : parameters;
    const url = await client.buildAuthorizationUrlWithPAR(config, sent, { DPoP: dpop });
    return url.href;
  },

  redeem({ callback }) {
    return redeemed(callback);
  },

  async redeemAtOnce({ callback, times }) {
    const all = await Promise.allSettled(Array.from({ length: times }, () => redeemed(callback)));
    return all.map(({ value, reason }) => ({ error: reason?.error, token: value?.access_token }));
  },

  refresh({ token }) {
    return client.refreshTokenGrant(config, token, undefined, { DPoP: dpop });
  },

  credentials({ scope }) {
    return client.clientCredentialsGrant(config, { scope }, { DPoP: dpop });
  },

  introspect({ token }) {
    return client.tokenIntrospection(config, token);
  },

  revoke({ token }) {
    return client.tokenRevocation(config, token);
  },

  // Any endpoint that takes a token: resources, and those for which the library has no verb.
  async resource({ token, method, url }) {
    const found = await client.fetchProtectedResource(
      config, token, new URL(url), method, undefined, undefined, { DPoP: dpop },
    );
    const text = await found.text();
    return { status: found.status, body: text === "" ? null : JSON.parse(text) };
  },

  stale({ times }) {
    staleNonces = times;
  },
});
