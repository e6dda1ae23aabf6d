// Another authorization server, npm `oidc-provider`, set up for FAPI 2.0: to be compared with ours.
//
// It has one client, one person who is always signed in, and agrees to whatever is asked.

import { createServer } from "node:http";

import Provider from "oidc-provider";

import { serve } from "./line.js";

const PERSON = "person";

async function agreed(provider, request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: PERSON, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const result = { login: { accountId: PERSON } };
  if (prompt.name === "consent") result.consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: false,
  });
}

function configured({ clientId, redirectUri, jwks }) {
  return {
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        id_token_signed_response_alg: "ES256",
        dpop_bound_access_tokens: true,
        jwks,
      },
    ],
    clientAuthMethods: ["private_key_jwt"],
    enabledJWA: {
      clientAuthSigningAlgValues: ["ES256", "PS256", "EdDSA"],
      idTokenSigningAlgValues: ["ES256"],
      dPoPSigningAlgValues: ["ES256", "PS256", "EdDSA"],
    },
    cookies: { keys: [crypto.randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      fapi: { enabled: true, profile: "2.0" },
      introspection: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      revocation: { enabled: true },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    responseTypes: ["code"],
    scopes: ["openid", "offline_access"],
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 3600, IdToken: 300, Interaction: 300,
           PushedAuthorizationRequest: 90, RefreshToken: 3600, Session: 3600 },
  };
}

const server = createServer();

await serve({
  async start(client) {
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
      "sign", "verify",
    ]);
    const own = { ...(await crypto.subtle.exportKey("jwk", pair.privateKey)), alg: "ES256" };
    delete own.key_ops;
    const provider = new Provider(issuer, { ...configured(client), jwks: { keys: [own] } });
    const rest = provider.callback();
    server.on("request", (request, response) =>
      request.url.startsWith("/interaction/")
        ? agreed(provider, request, response)
        : rest(request, response),
    );
    return issuer;
  },
});

server.close();
server.closeAllConnections();
