// One peer before any authorization server: the same requests, byte for byte but for its address.
//
// No library stands between: what a library would refuse to send is sent as well. The outcome of
// a step is the status, and the error or the names of what was answered.

import { SignJWT, calculateJwkThumbprint, generateKeyPair, exportJWK } from "jose";

import { serve } from "./line.js";

const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const NEVER = "A".repeat(43);

let key, proofKey, otherKey, server, about, asked, token, refresh, used;

const random = () => crypto.randomUUID().replaceAll("-", "") + crypto.randomUUID().slice(0, 11);
const now = () => Math.floor(Date.now() / 1000);
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const digest = async (text) =>
  base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));

async function pair() {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk) } };
}

const signed = (claims, header, { privateKey }) =>
  new SignJWT(claims).setProtectedHeader({ alg: "ES256", ...header }).sign(privateKey);

function assertion({ claims = {}, by = key } = {}) {
  const plain = {
    iss: about.clientId, sub: about.clientId, aud: server.issuer, jti: random(),
    iat: now(), exp: now() + 60,
  };
  return signed({ ...plain, ...claims }, { kid: key.jwk.kid }, by);
}

async function proof(method, url, { claims = {}, by = proofKey, bearer } = {}) {
  const { kid: _, ...jwk } = by.jwk;
  const plain = { jti: random(), htm: method, htu: url.split("?")[0], iat: now() };
  if (bearer !== undefined) plain.ath = await digest(bearer);
  return signed({ ...plain, ...claims }, { typ: "dpop+jwt", jwk }, by);
}

// Sends an authenticated form. `how`: `assertion`, `proof` (null for none), `more` (appended raw).
async function form(url, values, how = {}) {
  const body = new URLSearchParams(values);
  if (how.assertion !== null) {
    body.set("client_assertion_type", ASSERTION);
    body.set("client_assertion", how.assertion ?? (await assertion()));
  }
  const headers = { "Content-Type": how.type ?? "application/x-www-form-urlencoded" };
  if (how.proof !== null) headers.DPoP = how.proof ?? (await proof("POST", url));
  return fetch(url, { method: "POST", headers, body: body + (how.more ?? ""), redirect: "manual" });
}

async function read(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

// What came of a step.
async function outcome(sent) {
  const answer = await sent;
  const body = await read(answer);
  const [, challenge] = /error="([^"]+)"/.exec(answer.headers.get("www-authenticate") ?? "") ?? [];
  const said = body.error ?? challenge ?? Object.keys(body).sort().join(" ");
  return `${answer.status} ${said}`.trim();
}

const request = async () => {
  asked = { verifier: random() + random(), state: random() };
  return {
    response_type: "code", client_id: about.clientId, redirect_uri: about.redirectUri,
    state: asked.state, code_challenge: await digest(asked.verifier),
    code_challenge_method: "S256", ...about.asks,
  };
};

const without = (values, name) =>
  Object.fromEntries(Object.entries(values).filter(([one]) => one !== name));
const par = (values, how) => outcome(form(server.pushed_authorization_request_endpoint, values, how));
const atToken = (values, how) => outcome(form(server.token_endpoint, values, how));
const visit = (query) =>
  outcome(fetch(`${server.authorization_endpoint}?${new URLSearchParams(query)}`,
    { redirect: "manual" }));

async function use(url, { scheme = "DPoP", bearer = token, ...how } = {}) {
  const headers = { Authorization: `${scheme} ${bearer}` };
  if (how.proof !== null) headers.DPoP = how.proof ?? (await proof("GET", url, { bearer, ...how }));
  return outcome(fetch(url, { headers }));
}

const code = (callback) => new URL(callback).searchParams.get("code");
const redemption = (callback, changes = {}) => ({
  grant_type: "authorization_code", code: code(callback), redirect_uri: about.redirectUri,
  code_verifier: asked.verifier, ...changes,
});

await serve({
  async key() {
    [key, proofKey, otherKey] = await Promise.all([pair(), pair(), pair()]);
    return key.jwk;
  },

  // `asks` is what a request asks for, in the words of that server.
  async discover({ issuer, ...values }) {
    about = values;
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`);
    server = await answer.json();
    return server;
  },

  // Everything that needs nobody's consent.
  async alone() {
    const right = await request();
    const same = await assertion();
    const sameProof = await proof("POST", server.pushed_authorization_request_endpoint);
    const told = {};
    const steps = {
      "par": () => par(right),
      "par: no assertion": () => par(right, { assertion: null }),
      "par: assertion for the endpoint": async () => par(right, {
        assertion: await assertion({ claims: { aud: server.pushed_authorization_request_endpoint } }),
      }),
      "par: assertion for a list": async () =>
        par(right, { assertion: await assertion({ claims: { aud: [server.issuer] } }) }),
      "par: assertion that has expired": async () =>
        par(right, { assertion: await assertion({ claims: { exp: now() - 120 } }) }),
      "par: assertion of a year": async () =>
        par(right, { assertion: await assertion({ claims: { exp: now() + 31_536_000 } }) }),
      "par: assertion by another key": async () =>
        par(right, { assertion: await assertion({ by: otherKey }) }),
      "par: assertion": () => par(right, { assertion: same }),
      "par: the same assertion": () => par(right, { assertion: same }),
      "par: proof": () => par(right, { proof: sameProof }),
      "par: the same proof": () => par(right, { proof: sameProof }),
      "par: proof for another address": async () =>
        par(right, { proof: await proof("POST", server.token_endpoint) }),
      "par: proof of yesterday": async () => par(right, {
        proof: await proof("POST", server.pushed_authorization_request_endpoint,
          { claims: { iat: now() - 86_400 } }),
      }),
      "par: no proof": () => par(right, { proof: null }),
      "par: no challenge": () => par(without(right, "code_challenge")),
      "par: plain challenge": () => par({ ...right, code_challenge_method: "plain" }),
      "par: no redirect_uri": () => par(without(right, "redirect_uri")),
      "par: another redirect_uri": () =>
        par({ ...right, redirect_uri: `${about.redirectUri}/more` }),
      "par: response_type token": () => par({ ...right, response_type: "token" }),
      "par: request_uri inside": () =>
        par({ ...right, request_uri: "urn:ietf:params:oauth:request_uri:x" }),
      "par: unknown parameter": () => par({ ...right, unknown: "x" }),
      "par: a parameter twice": () => par(right, { more: "&state=twice" }),
      "par: unknown scope": () => par({ ...right, scope: "nobody:knows" }),
      "par: JSON": () => par(right, { type: "application/json" }),
      "authorize: not pushed": () => visit(right),
      "authorize: unknown request_uri": () => visit({
        client_id: about.clientId, request_uri: `urn:ietf:params:oauth:request_uri:${NEVER}`,
      }),
      "token: unknown code": () => atToken({
        grant_type: "authorization_code", code: NEVER, redirect_uri: about.redirectUri,
        code_verifier: NEVER,
      }),
      "token: password": () => atToken({ grant_type: "password", username: "x", password: "x" }),
      "token: no grant_type": () => atToken({}),
      "token: unknown refresh token": () =>
        atToken({ grant_type: "refresh_token", refresh_token: NEVER }),
      "introspect: unknown": () =>
        outcome(form(server.introspection_endpoint, { token: NEVER }, { proof: null })),
      "introspect: nothing": () =>
        outcome(form(server.introspection_endpoint, {}, { proof: null })),
      "revoke: unknown": () =>
        outcome(form(server.revocation_endpoint, { token: NEVER }, { proof: null })),
      "userinfo: no token": () => outcome(fetch(server.userinfo_endpoint)),
      "userinfo: unknown token": () => use(server.userinfo_endpoint, { bearer: NEVER }),
    };
    for (const [name, step] of Object.entries(steps)) told[name] = await step();
    return told;
  },

  // Pushes a request; returns where a browser is sent.
  async ask() {
    const answer = await read(
      await form(server.pushed_authorization_request_endpoint, await request()),
    );
    const query = { client_id: about.clientId, request_uri: answer.request_uri };
    return `${server.authorization_endpoint}?${new URLSearchParams(query)}`;
  },

  // Redeems a code in a way that must fail, then as it should be.
  async spoilt({ callback, how }) {
    const ways = {
      "another verifier": [{ code_verifier: NEVER }],
      "no verifier": [{ code_verifier: "" }],
      "another redirect_uri": [{ redirect_uri: `${about.redirectUri}/more` }],
      "no proof": [{}, { proof: null }],
      "another key": [{}, { proof: await proof("POST", server.token_endpoint, { by: otherKey }) }],
    };
    const [changes, sent] = ways[how];
    return {
      [`code: ${how}`]: await atToken(redemption(callback, changes), sent),
      [`code: right after ${how}`]: await atToken(redemption(callback)),
    };
  },

  // The whole flow after consent.
  async whole({ callback }) {
    const found = new URL(callback).searchParams;
    const told = {
      "answer": [...found.keys()].sort().join(" "),
      "answer: state and issuer": `${found.get("state") === asked.state} ${found.get("iss") === server.issuer}`,
    };
    const answer = await form(server.token_endpoint, redemption(callback));
    const body = await read(answer.clone());
    told["code"] = await outcome(answer);
    told["code: token_type"] = body.token_type;
    token = body.access_token;
    refresh = { grant_type: "refresh_token", refresh_token: body.refresh_token };
    const userinfo = server.userinfo_endpoint;
    used = await proof("GET", userinfo, { bearer: token });
    const steps = {
      "userinfo": () => use(userinfo, { proof: used }),
      "userinfo: the same proof": () => use(userinfo, { proof: used }),
      "userinfo: bearer": () => use(userinfo, { scheme: "Bearer", proof: null }),
      "userinfo: no proof": () => use(userinfo, { proof: null }),
      "userinfo: another key": () => use(userinfo, { by: otherKey }),
      "userinfo: proof for another token": () => use(userinfo, { claims: { ath: NEVER } }),
      "userinfo: proof for another method": () => use(userinfo, { claims: { htm: "POST" } }),
      "refresh": () => atToken(refresh),
      "refresh: again": () => atToken(refresh),
      "refresh: another key": async () =>
        atToken(refresh, { proof: await proof("POST", server.token_endpoint, { by: otherKey }) }),
      "refresh: no proof": () => atToken(refresh, { proof: null }),
      "refresh: wider": () => atToken({ ...refresh, scope: "openid nobody:knows" }),
      "introspect": () =>
        outcome(form(server.introspection_endpoint, { token }, { proof: null })),
      "code: again": () => atToken(redemption(callback)),
      "userinfo: after the code came again": () => use(userinfo),
      "refresh: after the code came again": () => atToken(refresh),
      "revoke": () => outcome(form(server.revocation_endpoint, { token }, { proof: null })),
      "userinfo: revoked": () => use(userinfo),
    };
    for (const [name, step] of Object.entries(steps)) told[name] = await step();
    return told;
  },
});
