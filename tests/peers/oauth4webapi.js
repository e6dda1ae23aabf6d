// A department's system on npm `oauth4webapi`: each request and each answer by itself.

import * as oauth from "oauth4webapi";

import { serve } from "./line.js";
import { proofKey, signingKey } from "./keys.js";

const plainHttp = { [oauth.allowInsecureRequests]: true };

let key, pair, server, client, authenticated, asked, dpop;
let staleNonces = 0;

// Shows a nonce of long ago as often as a test wants, to be told a new one.
function aged(_header, payload) {
  if (staleNonces > 0) {
    staleNonces -= 1;
    payload.nonce = "AAAAAAAAAAAAAAAAAAAAAAAAAAA";
  }
}

// Sends with a proof; the handle has learnt the nonce by the time that one is demanded.
async function proven(send, read) {
  try {
    return await read(await send());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return read(await send());
  }
}

const withProof = () => ({ DPoP: dpop, ...plainHttp });

async function redeemed(callback) {
  const url = new URL(callback);
  const answer = oauth.validateAuthResponse(server, client, url, asked.state);
  return proven(
    () =>
      oauth.authorizationCodeGrantRequest(
        server, client, authenticated, answer, asked.redirectUri, asked.verifier, withProof(),
      ),
    (found) => oauth.processAuthorizationCodeResponse(server, client, found),
  );
}

await serve({
  async key({ alg, proofAlg, proofBits }) {
    key = await signingKey(oauth.generateKeyPair, alg);
    pair = await proofKey(oauth.generateKeyPair, proofAlg, proofBits);
    return key.registered;
  },

  async discover({ issuer, clientId, algorithm }) {
    const found = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...plainHttp });
    server = await oauth.processDiscoveryResponse(new URL(issuer), found);
    client = { client_id: clientId };
    authenticated = oauth.PrivateKeyJwt(key.own);
    dpop = oauth.DPoP(client, pair, { [oauth.modifyAssertion]: aged });
    return server;
  },

  async push({ redirectUri, scope, details }) {
    asked = {
      redirectUri,
      verifier: oauth.generateRandomCodeVerifier(),
      state: oauth.generateRandomState(),
    };
    const parameters = new URLSearchParams({
      response_type: "code",
      redirect_uri: redirectUri,
      code_challenge: await oauth.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: "S256",
      state: asked.state,
      authorization_details: JSON.stringify(details),
    });
    if (scope !== null) parameters.set("scope", scope);
    const pushed = await proven(
      () =>
        oauth.pushedAuthorizationRequest(server, client, authenticated, parameters, withProof()),
      (found) => oauth.processPushedAuthorizationResponse(server, client, found),
    );
    const url = new URL(server.authorization_endpoint);
    url.searchParams.set("client_id", client.client_id);
    url.searchParams.set("request_uri", pushed.request_uri);
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
    return proven(
      () => oauth.refreshTokenGrantRequest(server, client, authenticated, token, withProof()),
      (found) => oauth.processRefreshTokenResponse(server, client, found),
    );
  },

  credentials({ scope }) {
    return proven(
      () =>
        oauth.clientCredentialsGrantRequest(
          server, client, authenticated, { scope }, withProof(),
        ),
      (found) => oauth.processClientCredentialsResponse(server, client, found),
    );
  },

  async introspect({ token }) {
    const found = await oauth.introspectionRequest(
      server, client, authenticated, token, plainHttp,
    );
    return oauth.processIntrospectionResponse(server, client, found);
  },

  async revoke({ token }) {
    const found = await oauth.revocationRequest(server, client, authenticated, token, plainHttp);
    await oauth.processRevocationResponse(found);
  },

  // Any endpoint that takes a token: resources, and those for which the library has no verb.
  async resource({ token, method, url }) {
    const found = await proven(
      () =>
        oauth.protectedResourceRequest(
          token, method, new URL(url), undefined, undefined, withProof(),
        ),
      (answer) => answer,
    );
    const text = await found.text();
    return { status: found.status, body: text === "" ? null : JSON.parse(text) };
  },

  stale({ times }) {
    staleNonces = times;
  },
});
