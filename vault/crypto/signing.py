"""Keys in C2SP signed-note form: ``<name>+<key id>+<base64(type ‖ public key)>``.

Key id = first 4 bytes of SHA-256(name ‖ 0A ‖ type ‖ public key). Type 01 (Ed25519) signs notes as
they are; types 04 (Ed25519) and 06 (ML-DSA-44, FIPS 204) are of tlog-cosignature. What exactly
is signed is the caller's business. A verifier key is split at the first two ``+``: its base64 may
hold more of them.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from vault.crypto.keys import SEED_BYTES
from vault.errors import IntegrityError, InvalidInputError

KEY_ID_BYTES: Final = 4

_PRIVATE: Final = "PRIVATE+KEY+"


class SignatureType(IntEnum):
    """First byte of an encoded key (C2SP signed-note, tlog-cosignature)."""

    ED25519 = 1
    COSIGNATURE = 4
    ML_DSA_44 = 6


_PUBLIC_KEYS: Final[
    Mapping[SignatureType, tuple[type[Ed25519PublicKey] | type[MLDSA44PublicKey], int]]
] = {
    SignatureType.ED25519: (Ed25519PublicKey, 32),
    SignatureType.COSIGNATURE: (Ed25519PublicKey, 32),
    SignatureType.ML_DSA_44: (MLDSA44PublicKey, 1312),
}
"""What verifies, and how many bytes it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name it signs under.

    Attributes:
        name: Not empty, without blanks and ``+``.
        public_key: 32 bytes (RFC 8032), or 1,312 (FIPS 204) of type 06.
    """

    name: str
    type: SignatureType
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse a name that a note could not carry, and a key that is none."""
        _check_name(self.name)
        _, length = _PUBLIC_KEYS[self.type]
        if len(self.public_key) != length:
            raise InvalidInputError(f"a public key of this type has {length} bytes")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name ‖ 0A ‖ type ‖ public key)."""
        named = self.name.encode() + b"\n" + bytes([self.type]) + self.public_key
        return sha256(named).digest()[:KEY_ID_BYTES]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that ``encode`` wrote.

        Raises:
            InvalidInputError: Not a verifier key, or its key id is not its own.
        """
        name, key_id, algorithm, public_key = _split(text)
        key = cls(name=name, type=algorithm, public_key=public_key)
        if key.key_id != key_id:
            raise InvalidInputError("the key id does not belong to the key")
        return key

    def encode(self) -> str:
        """Return ``<name>+<key id in hex>+<base64(type ‖ public key)>``."""
        body = base64.b64encode(bytes([self.type]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{body}"

    def verify(self, message: bytes, *, signature: bytes) -> None:
        """Return if ``signature`` is one of this key over ``message``.

        Raises:
            IntegrityError: It is not.
        """
        try:
            kind, _ = _PUBLIC_KEYS[self.type]
            kind.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise IntegrityError("the signature does not verify") from error


class SignerKey:
    """A private key with its verifier. It is never shown, compared or pickled."""

    __slots__ = ("_private", "verifier")

    verifier: VerifierKey

    def __init__(
        self, seed: bytes, *, name: str, algorithm: SignatureType = SignatureType.ED25519
    ) -> None:
        """Take the 32-byte ``seed`` (RFC 8032, FIPS 204) of the key that signs as ``name``.

        Raises:
            InvalidInputError: The seed has another length, or no note can carry the name.
        """
        if len(seed) != SEED_BYTES:
            raise InvalidInputError("the seed of a signer has 32 bytes")
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if algorithm is SignatureType.ML_DSA_44
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        public_key = self._private.public_key().public_bytes_raw()
        self.verifier = VerifierKey(name=name, type=algorithm, public_key=public_key)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the signer that ``encode`` wrote.

        Raises:
            InvalidInputError: Not a signer key, or its key id is not its own.
        """
        if not text.startswith(_PRIVATE):
            raise InvalidInputError("not a signer key")
        name, key_id, algorithm, seed = _split(text.removeprefix(_PRIVATE))
        key = cls(seed, name=name, algorithm=algorithm)
        if key.verifier.key_id != key_id:
            raise InvalidInputError("the key id does not belong to the key")
        return key

    def encode(self) -> str:
        """Return ``PRIVATE+KEY+<name>+<key id>+<base64(type ‖ seed)>``: a secret."""
        seed = self._private.private_bytes_raw()
        body = base64.b64encode(bytes([self.verifier.type]) + seed).decode()
        return f"{_PRIVATE}{self.verifier.name}+{self.verifier.key_id.hex()}+{body}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message``: 64 bytes, or 2,420 of type 06."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        """Name the key, show nothing of it."""
        return f"<SignerKey {self.verifier.name}>"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("a key does not leave its process")


def _split(text: str) -> tuple[str, bytes, SignatureType, bytes]:
    """Return name, key id, type and the bytes behind the type."""
    try:
        name, key_id, body = text.split("+", 2)
        raw = base64.b64decode(body, validate=True)
        found = (name, _hex(key_id), SignatureType(raw[0]), raw[1:])
    except (ValueError, IndexError, binascii.Error) as error:
        raise InvalidInputError("not a key of a signed note") from error
    if base64.b64encode(raw).decode() != body:
        raise InvalidInputError("not a key of a signed note")
    return found


def _hex(text: str) -> bytes:
    if len(text) != 2 * KEY_ID_BYTES or set(text) - set("0123456789abcdef"):
        raise ValueError("not 4 bytes in lower-case hex")
    return bytes.fromhex(text)


def _check_name(name: str) -> None:
    if not name or any(character == "+" or character.isspace() for character in name):
        raise InvalidInputError("a key name is not empty and has neither blanks nor +")
