"""Many requests at the same moment, over HTTP, to one server or to several of one vault.

A ``Crowd`` is a department's system that asks too often. It makes requests and brings about
what they are made of: pushed requests, decisions, codes.

Every request is on its connection, but for its last byte, before the first is complete: so all
are read, parsed and let loose on the database together.
"""

import http.client
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jwskate import Jwk

from api.oauth.client_auth import ASSERTION_TYPE
from scripts.demo_browser import Codes
from scripts.demo_clients import REDIRECT, read_clients
from scripts.gateway import CODES_FILE
from tests.support.jws import Signer, b64, ec_signer
from tests.support.served import CODE, REQUESTER, Served, Watched
from vault.clients import Profile

PROMPTS_OF_ONE: Final = 5
"""Requests that one system may put before one holder in an hour (api/oauth/prompts.py)."""
SIGNED_IN_SECONDS: Final = 120
SECONDS: Final = 60
VERIFIER: Final = "v" * 43
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A request, complete."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def text(self, *, host: str) -> bytes:
        """Return it as it goes over the wire."""
        lines = {
            "Host": host,
            "Connection": "close",
            "Content-Length": str(len(self.body)),
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one of them got.

    Attributes:
        told: Error of a refusal: OAuth's own, that of a challenge, or a problem's last word.
    """

    status: int
    location: str
    told: str

    def __str__(self) -> str:
        """Return it in one word, for a tally."""
        return f"{self.status} {self.told}".strip()


@dataclass
class Crowd:
    """A department's system, its key, and servers that share one vault.

    Attributes:
        server: The first of them; its origin is the issuer.
        origins: Of all.
        nonce: For the profiles whose proofs need one.
        windows: Kiosk and counter, once they are there.
    """

    server: Served
    origins: Sequence[str]
    client_id: str
    key: Signer
    proof_key: Signer = field(default_factory=ec_signer)
    nonce: str = ""
    windows: dict[Profile, Any] = field(default_factory=dict)
    _asked: "_Holder | None" = None

    @classmethod
    def of(cls, server: Served, *others: str) -> "Crowd":
        """Return a crowd before ``server`` and the origins of others."""
        client = read_clients(server.data / "demo")[REQUESTER]
        return cls(
            server=server,
            origins=(server.origin, *others),
            client_id=client.client_id,
            key=_signer(client.key),
        )

    # What is sent.

    def assertion(self) -> str:
        """Return a new client assertion."""
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.server.origin,
            "jti": os.urandom(16).hex(),
            "iat": now,
            "exp": now + 300,
        }
        return self.key.sign({"alg": "ES256", "kid": self.key.jwk["kid"]}, claims)

    def proof(self, method: str, path: str, *, token: str | None = None) -> str:
        """Return a new proof of possession."""
        claims: dict[str, Any] = {
            "jti": os.urandom(16).hex(),
            "htm": method,
            "htu": self.server.origin + path,
            "iat": int(time.time()),
        }
        if self.nonce:
            claims["nonce"] = self.nonce
        if token is not None:
            claims["ath"] = b64(sha256(token.encode()).digest())
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.proof_key.jwk}
        return self.proof_key.sign(header, claims)

    def form(
        self, path: str, form: Mapping[str, str], *, assertion: str = "", proof: str = ""
    ) -> Shot:
        """Return an authenticated request; what is not given is new."""
        sent = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            **form,
        }
        return Shot(
            method="POST",
            path=path,
            headers={"Content-Type": FORM, "DPoP": proof or self.proof("POST", path)},
            body=urlencode(sent).encode(),
        )

    def fire(self, shots: Sequence[Shot]) -> list[Answer]:
        """Send all at the same moment, to the servers in turn; return what each got."""
        host = urlsplit(self.server.origin).netloc
        texts = [shot.text(host=host) for shot in shots]
        connections = [
            socket.create_connection(_address(self.origins[at % len(self.origins)]), SECONDS)
            for at in range(len(shots))
        ]
        try:
            for connection, text in zip(connections, texts, strict=True):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.sendall(text[:-1])
            for connection, text in zip(connections, texts, strict=True):
                connection.sendall(text[-1:])
            return [_answer(connection) for connection in connections]
        finally:
            for connection in connections:
                connection.close()

    def send(self, shot: Shot) -> requests.Response:
        """Send one request by itself."""
        return requests.request(
            shot.method,
            self.server.origin + shot.path,
            headers=dict(shot.headers),
            data=shot.body,
            timeout=SECONDS,
            allow_redirects=False,
        )

    # What leads to something that can be spent.

    def pushed(self, details: Mapping[str, Any]) -> str:
        """Push a request; return where a browser is sent."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": b64(sha256(VERIFIER.encode()).digest()),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([details]),
        }
        answer = self.send(self.form("/oauth/par", parameters))
        assert answer.status_code == 201, answer.text
        query = {"client_id": self.client_id, "request_uri": answer.json()["request_uri"]}
        return f"{self.server.origin}/oauth/authorize?{urlencode(query)}"

    def asked(self) -> tuple[Watched, Shot]:
        """Put a request before somebody; return the browser and the decision that it would send.

        One holder is asked as often as the limit on prompts allows, then the next.
        """
        if self._asked is None or self._asked.over():
            self._asked = _Holder(self.server)
        return self._asked.asked(self)

    def callback(self) -> str:
        """Let somebody consent; return the code that leads to a token."""
        _, decision = self.asked()
        location = self.send(decision).headers["Location"]
        [code] = parse_qs(urlsplit(location).query)["code"]
        return code

    def redemption(self, code: str) -> Shot:
        """Return a request that redeems ``code``."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return self.form("/oauth/token", form)


class _Holder:
    """Somebody who is asked a few times, in one browser."""

    def __init__(self, server: Served) -> None:
        self._server, self._holder = server, server.settled()
        self._department = server.system(REQUESTER)  # Its token lives no longer than the sign-in.
        self._browser = Watched(server.origin, locale="zh-CN")
        self._times, self._since = 0, time.monotonic()

    def over(self) -> bool:
        """Say whether somebody else must be asked."""
        late = time.monotonic() - self._since > SIGNED_IN_SECONDS
        return self._times == PROMPTS_OF_ONE or late

    def asked(self, crowd: Crowd) -> tuple[Watched, Shot]:
        """Open the page of a new request."""
        browser = self._browser
        details = self._server.details(self._department, self._holder, note="核对身份")
        browser.open(crowd.pushed(details))
        if not self._times:
            codes = Codes(path=self._server.data / "demo" / CODES_FILE)
            browser.sign_in(self._holder.kind.value, number=self._holder.number, codes=codes)
        self._times += 1
        form = browser.page.form(holding=f"give-{CODE}")
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
        return browser, Shot(
            method="POST",
            path=urlsplit(urljoin(browser.url, form.action)).path,
            headers={
                "Content-Type": FORM,
                "Cookie": cookies,
                "Origin": self._server.origin,
                "Sec-Fetch-Site": "same-origin",
            },
            body=urlencode(form.filled({f"give-{CODE}": "full", "act": "give"})).encode(),
        )


def _signer(key: Mapping[str, Any]) -> Signer:
    """Return the private key of a department's system, to sign with by hand."""
    numbers = Jwk(dict(key)).cryptography_key.private_numbers()
    names = ("kty", "crv", "x", "y", "kid")
    private = ec.derive_private_key(numbers.private_value, ec.SECP256R1())
    return Signer(private=private, jwk={name: key[name] for name in names}, alg="ES256")


def _address(origin: str) -> tuple[str, int]:
    parts = urlsplit(origin)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def _answer(connection: socket.socket) -> Answer:
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    headers = response.headers
    return Answer(
        status=response.status,
        location=headers.get("Location") or "",
        told=_told(body, challenge=headers.get("WWW-Authenticate") or ""),
    )


def _told(body: bytes, *, challenge: str) -> str:
    if 'error="' in challenge:
        return challenge.partition('error="')[2].partition('"')[0]
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said.get("error") or said.get("type", "").rpartition("/")[2])
