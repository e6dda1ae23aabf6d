"""Signs the server's own JWTs, and says with which keys they verify, and what to seal to.

What all of them share:

    jwt = provider.signer.sign(
        purpose=SigningPurpose.JARM,           # whose key: no two purposes share one
        alg=client.metadata.id_token_alg,      # "ES256", "PS256", "Ed25519" or "EdDSA"
        typ="JWT",                             # header ``typ``; empty for none
        claims={"aud": …, "exp": …, …},        # as they shall stand; ``iss`` is added last
    )

A compact JWS with the header members ``alg``, ``kid`` (RFC 7638) and ``typ``. It reads no
database, so it may be called inside a unit of work. ``KeyUnavailableError`` (503, come back
soon) where no key for that algorithm has been drawn yet: within a minute of a registration.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vault.base64url import to_base64url
from vault.clients.signing_keys import (
    Agreement,
    OpeningPurpose,
    SigningAlgorithm,
    SigningKey,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.clock import MS
from vault.crypto.keys import WrappedKey
from vault.errors import KeyUnavailableError
from vault.services import Vault

FRESH_SECONDS: Final = 30
"""How old what this process knows of the keys may be when somebody asks for the public ones."""

_KINDS: Final[Mapping[SigningAlgorithm | Agreement, type[ECKey | OKPKey | RSAKey]]] = {
    Agreement.ECDH_ES: ECKey,
    SigningAlgorithm.ES256: ECKey,
    SigningAlgorithm.ED25519: OKPKey,
    SigningAlgorithm.PS256: RSAKey,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What this process has read."""

    keys: SigningKeys
    read_at: int
    private: Mapping[str, Key] = field(repr=False)


class Signer:
    """The keys as this process last read them; schedules make them change over by the clock."""

    def __init__(self, vault: Vault, *, origin: str) -> None:
        """Know nothing yet: ``refresh`` reads the keys, and so does the first who needs one."""
        self._vault = vault
        self._origin = origin
        self._lock = Lock()
        self._known: _Known | None = None

    def sign(
        self, *, purpose: SigningPurpose, alg: str, claims: Mapping[str, Any], typ: str = "JWT"
    ) -> str:
        """Return a compact JWS over ``claims`` (see above).

        Args:
            purpose: What it is.
            alg: Signature that the client registered.
            claims: Of the JWT; ``iss`` is ours whatever they say.
            typ: Header ``typ``; left out where empty.

        Raises:
            KeyUnavailableError: No such key is there yet.
            InvalidInputError: There is no such algorithm here.
        """
        known, slot = self._read(), Slot(purpose, SigningAlgorithm.named(alg))
        key = known.keys.signing(slot, now=self._now())
        private = None if key is None else known.private.get(key.kid)
        if key is None or private is None:
            raise KeyUnavailableError("no key for this signature is there yet")
        header = {"alg": alg, "kid": key.kid} | ({"typ": typ} if typ else {})
        signed = f"{_part(header)}.{_part({**claims, 'iss': self._origin})}"
        signature = JWSRegistry.algorithms[alg].sign(signed.encode(), private)
        return f"{signed}.{to_base64url(signature)}"

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys that are published now (RFC 7517 s. 5). Not in a unit of work."""
        known, now = self._read(), self._now()
        if now - known.read_at >= FRESH_SECONDS:
            known = self.refresh()
        return {"keys": [_public(key) for key in known.keys.published(now=now)]}

    def proving(self, kid: str) -> SigningKey | None:
        """Return the key ``kid``, also a year after its removal: for an ``id_token_hint``."""
        return self._read().keys.proving(kid, now=self._now())

    def opening(self, kid: str, *, purpose: OpeningPurpose) -> Key | None:
        """Return the private key ``kid`` for what is sealed to us, while it is published."""
        known, now = self._read(), self._now()
        for key in known.keys.published(now=now):
            if key.kid == kid and key.slot.purpose is purpose:
                return known.private.get(kid)
        return None

    def refresh(self) -> _Known:
        """Read the keys anew; not in a unit of work.

        Raises:
            IntegrityError: They are not what the journal knows of; those of before stay in use.
            StorageError: The database does not answer.
        """
        with self._lock:
            before, now = self._known, self._now()
            with self._vault.read() as tx:
                keys = tx.signing.all()
            if before is None or before.keys != keys:
                private = {} if before is None else before.private
                self._known = self._loaded(keys, private=private, now=now)
            else:
                self._known = _Known(keys=keys, read_at=now, private=before.private)
            return self._known

    def _read(self) -> _Known:
        return self._known or self.refresh()

    def _loaded(self, keys: SigningKeys, *, private: Mapping[str, Key], now: int) -> _Known:
        """Unwrap the private keys that are new and may still sign."""
        loaded = {
            key.kid: private.get(key.kid) or self._unwrapped(key.wrapped, slot=key.slot)
            for key in keys.published(now=now)
            if key.wrapped is not None
        }
        return _Known(keys=keys, read_at=now, private=loaded)

    def _unwrapped(self, wrapped: WrappedKey, *, slot: Slot) -> Key:
        der = self._vault.keyring.private(wrapped)
        return _KINDS[slot.algorithm].import_key(der)

    def _now(self) -> int:
        return self._vault.clock.now_ms() // MS


def _public(key: SigningKey) -> dict[str, str]:
    """Return a public key as it is published; Ed25519 has two names, so no ``alg``."""
    use = "enc" if isinstance(key.slot.purpose, OpeningPurpose) else "sig"
    found: dict[str, str] = json.loads(key.public_jwk) | {"kid": key.kid, "use": use}
    if key.slot.algorithm is not SigningAlgorithm.ED25519:
        found["alg"] = key.slot.algorithm.value
    return found


def _part(value: Mapping[str, Any]) -> str:
    return to_base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
