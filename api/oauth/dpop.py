"""Proof of possession (RFC 9449): one header, one key, one use.

A proof's ``jwk`` is used to verify that proof and for nothing else. Replay rows stand in the
shared table, so a proof is spent for all processes; nonces are stateless and alike everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from urllib.parse import unquote, urlsplit

from api.oauth.jose import (
    BadJwsError,
    Json,
    Jws,
    KeyCache,
    Recent,
    VerifyKey,
    date_claim,
    read_header,
    read_parts,
    split_jws,
    text_claim,
    verify,
)
from vault.base64url import to_base64url
from vault.clients.keys import read_jwk
from vault.clients.protocol import Claim
from vault.errors import InvalidInputError

PROOF_TYPE: Final = "dpop+jwt"
OLDEST_SECONDS: Final = 60
AHEAD_SECONDS: Final = 30
LEEWAY_SECONDS: Final = 10
REPLAY_SECONDS: Final = 150
MAX_JTI_CHARACTERS: Final = 128
NONCE_MINUTES: Final = 5
_PORTS: Final = {"http": 80, "https": 443}


class BadProofError(Exception):
    """The proof proves nothing here. The message is for the log.

    Attributes:
        nonce: The nonce was the fault: a new one mends it.
    """

    def __init__(self, message: str, *, nonce: bool = False) -> None:
        """Keep whether a new ``nonce`` would do."""
        super().__init__(message)
        self.nonce = nonce


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Proof:
    """A proof that verified, and was not yet spent.

    Attributes:
        jkt: Thumbprint of the key (RFC 7638).
        claim: Its replay row.
        hash: SHA-256 of the proof as sent.
        nonceless: It carries no nonce of this server; one that it carries is recent.
    """

    jkt: str
    claim: Claim
    hash: bytes
    nonceless: bool


class Nonces:
    """Server nonces (RFC 9449 s. 8): minute, and a keyed hash of it."""

    def __init__(self, keyed: Callable[[bytes], bytes]) -> None:
        """Take the keyed hash; it is the same in all processes."""
        self._keyed = keyed
        self._of = lru_cache(maxsize=4 * NONCE_MINUTES)(self._minted)

    def at(self, now: int) -> str:
        """Return the nonce of this minute."""
        return self._of(now // 60)

    def is_recent(self, nonce: str, *, now: int) -> bool:
        """Say whether ``nonce`` was given out in the last five minutes."""
        minute = now // 60
        recent = [self._of(minute - age) for age in range(-1, NONCE_MINUTES + 1)]
        return any([compare_digest(one, nonce) for one in recent])  # noqa: C419 - all, always

    def _minted(self, minute: int) -> str:
        counted = (minute % (1 << 32)).to_bytes(4)
        tag = self._keyed(b"dpop-nonce\x00" + counted)[:16]
        return to_base64url(counted + tag)


class ProofReader:
    """Verifies proofs for one origin, and for the alias at which it asks for certificates."""

    def __init__(self, *, origin: str, keys: KeyCache, nonces: Nonces, alias: str = "") -> None:
        """Know the ``origin`` that every address begins with, and its ``alias`` if it has one."""
        self._places = {_place(one) for one in (origin, alias) if one}
        self._keys = keys
        self._nonces = nonces
        self._heads: Recent[tuple[Json, VerifyKey]] = Recent()

    def read(self, text: str, *, method: str, path: str, now: int, token: str = "") -> Proof:
        """Verify the proof of one request.

        Args:
            text: The only value of the header.
            method: Of the request.
            path: Of the request, as routed.
            now: UTC seconds.
            token: The access token that it goes with, at resources.

        Raises:
            BadProofError: It is none.
        """
        try:
            jws, jkt = self._verified(text)
            jti = text_claim(jws.claims, "jti", longest=MAX_JTI_CHARACTERS)
            self._check_request(jws, method=method, path=path)
            _check_time(jws, now=now)
        except (BadJwsError, InvalidInputError) as error:
            raise BadProofError(str(error)) from error
        if token:
            _check_token(jws, token=token)
        nonce = jws.claims.get("nonce")
        if nonce is not None and not (
            isinstance(nonce, str) and nonce.isascii() and self._nonces.is_recent(nonce, now=now)
        ):
            raise BadProofError("the nonce is not recent", nonce=True)
        spent = f"{jkt}\x00{method}\x00{path}\x00{jti}".encode("utf-8", "surrogatepass")
        return Proof(
            jkt=jkt,
            claim=Claim(
                kind="dpop", key_hash=sha256(spent).digest(), expires_at=now + REPLAY_SECONDS
            ),
            hash=sha256(text.encode()).digest(),
            nonceless=nonce is None,
        )

    def _verified(self, text: str) -> tuple[Jws, str]:
        """Verify the signature; a header that verified before is not read again."""
        parts = split_jws(text)
        known = self._heads.get(parts.header)
        header, key = known or self._read_head(parts.header)
        jws = read_parts(parts, header=header)
        verify(jws, key=key)
        if known is None:
            self._heads.put(parts.header, (header, key))
        return jws, key.jwk.thumbprint

    def _read_head(self, part: str) -> tuple[Json, VerifyKey]:
        header = read_header(part)
        if header.get("typ") != PROOF_TYPE:
            raise BadJwsError("the type is not dpop+jwt")
        return header, self._keys.load(read_jwk(header.get("jwk")))

    def _check_request(self, jws: Jws, *, method: str, path: str) -> None:
        if jws.claims.get("htm") != method:
            raise BadJwsError("htm is another method")
        htu = text_claim(jws.claims, "htu", longest=2048)
        try:
            same = _place(htu) in self._places and unquote(urlsplit(htu).path) == path
        except ValueError as error:
            raise BadJwsError("htu is no address") from error
        if not same:
            raise BadJwsError("htu is another address")


def _check_time(jws: Jws, *, now: int) -> None:
    issued = date_claim(jws.claims, "iat")
    if not now - OLDEST_SECONDS <= issued <= now + AHEAD_SECONDS:
        raise BadJwsError("iat is not now")
    if "exp" in jws.claims and date_claim(jws.claims, "exp") < now - LEEWAY_SECONDS:
        raise BadJwsError("the proof is expired")
    if "nbf" in jws.claims and date_claim(jws.claims, "nbf") > now + AHEAD_SECONDS:
        raise BadJwsError("the proof is not valid yet")


def _check_token(jws: Jws, *, token: str) -> None:
    expected = to_base64url(sha256(token.encode()).digest())
    shown = jws.claims.get("ath")
    if shown != expected:
        raise BadProofError("ath is of another token")


def _place(address: str) -> tuple[str, str, int]:
    """Return scheme, host and port, alike for every spelling of one origin."""
    parts = urlsplit(address)
    if not parts.hostname or "@" in parts.netloc or parts.scheme not in _PORTS:
        raise ValueError("no http address")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
