// A department's system on npm `openid-client` that proves itself by a TLS client certificate.

import { readFileSync } from "node:fs";
import { request } from "node:https";
import * as client from "openid-client";

import { serve } from "./line.js";

let config, files, hosts, asked;

// The library's way out, over TLS with our certificate; names lead to ports of this machine.
function fetched(url, { method = "GET", headers = {}, body }) {
  const { hostname, port, pathname, search } = new URL(url);
  const to = hosts[hostname] ?? { port };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: to.port,
        servername: hostname === "127.0.0.1" ? "" : hostname,
        path: pathname + search,
        method,
        headers: { ...Object.fromEntries(new Headers(headers)), host: new URL(url).host },
        ...files,
      },
      async (answer) => {
        const parts = [];
        for await (const part of answer) parts.push(part);
        const text = Buffer.concat(parts);
        const { statusCode: status, headers } = answer;
        resolve(new Response(text.length ? text : null, { status, headers }));
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined || body === null ? undefined : body.toString());
  });
}

await serve({
  async discover({ issuer, clientId, redirectUri, ca, cert, key, ports }) {
    files = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
    hosts = ports;
    config = await client.discovery(
      new URL(issuer),
      clientId,
      { redirect_uris: [redirectUri], use_mtls_endpoint_aliases: true },
      client.TlsClientAuth(),
      { algorithm: "oauth2", [client.customFetch]: fetched },
    );
    return config.serverMetadata();
  },

  async push({ redirectUri, details }) {
    asked = { verifier: client.randomPKCECodeVerifier(), state: client.randomState() };
    const url = await client.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: redirectUri,
      code_challenge: await client.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: "S256",
      state: asked.state,
      authorization_details: JSON.stringify(details),
    });
    return url.href;
  },

  redeem({ callback }) {
    return client.authorizationCodeGrant(config, new URL(callback), {
      pkceCodeVerifier: asked.verifier,
      expectedState: asked.state,
    });
  },

  credentials({ scope }) {
    return client.clientCredentialsGrant(config, { scope });
  },

  revoke({ token }) {
    return client.tokenRevocation(config, token);
  },

  async resource({ token, url }) {
    const found = await client.fetchProtectedResource(config, token, new URL(url), "GET");
    const text = await found.text();
    return { status: found.status, body: text === "" ? null : JSON.parse(text) };
  },
});
