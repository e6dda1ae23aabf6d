// A plain OAuth client, npm `@badgateway/oauth2-client`: no pushed requests, no bound tokens.

import { OAuth2Client } from "@badgateway/oauth2-client";

import { serve } from "./line.js";

let client;

// The library tells a refusal as `oauth2Code` and `httpCode`.
async function told(run) {
  try {
    return await run;
  } catch (error) {
    const { name, message, oauth2Code, httpCode } = error;
    throw Object.assign(new Error(message), { name, error: oauth2Code, status: httpCode });
  }
}

await serve({
  connect({ server, clientId, clientSecret, method }) {
    client = new OAuth2Client({
      server,
      clientId,
      discoveryEndpoint: "/.well-known/oauth-authorization-server",
      ...(clientSecret === null ? {} : { clientSecret }),
      ...(method === null ? {} : { authenticationMethod: method }),
    });
  },

  authorize({ redirectUri, scope }) {
    return client.authorizationCode.getAuthorizeUri({ redirectUri, state: "st", scope: [scope] });
  },

  redeem({ code, redirectUri, codeVerifier }) {
    return told(client.authorizationCode.getToken({ code, redirectUri, codeVerifier }));
  },

  credentials({ scope }) {
    return told(client.clientCredentials({ scope: [scope] }));
  },

  refresh({ token }) {
    return told(client.refreshToken({ accessToken: "", expiresAt: null, refreshToken: token }));
  },

  introspect({ token }) {
    return told(client.introspect({ accessToken: token, expiresAt: null, refreshToken: null }));
  },

  revoke({ token }) {
    return told(client.revoke({ accessToken: token, expiresAt: null, refreshToken: null }));
  },
});
