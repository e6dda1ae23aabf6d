"""The closed registry of suites, and the one derivation function (RFC 5869 HKDF-Expand).

A suite fixes hash, cipher and key length together. Its number is a field of every context,
so it is authenticated; a row cannot choose a suite that is not here. Suite 1 is C2SP
Cobblestone-256; suite 2 is the same construction with SM3 (GB/T 32905) and SM4 (GB/T 32907).
SM4 keys have 128 bits: suite 2 makes no claim about quantum attackers.
"""

from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256, SHA512, SM3, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from vault.errors import IntegrityError


class Suite(IntEnum):
    """Number of a suite, as in contexts and rows."""

    AES_256_GCM = 1
    SM4_GCM = 2

    @property
    def key_bytes(self) -> int:
        """Length of every key of this suite, in bytes."""
        return _KEY_BYTES[self]

    @property
    def aead_name(self) -> bytes:
        """Name of the cipher inside the derivation (C2SP chunked-encryption)."""
        return _AEAD_NAMES[self]

    def expand(self, key: bytes, *, info: bytes, length: int) -> bytes:
        """Return ``length`` bytes derived from ``key`` for the purpose that ``info`` names."""
        return HKDFExpand(_HASHES[self], length, info).derive(key)

    def hmac(self, key: bytes, message: bytes) -> bytes:
        """Return the 32-byte keyed hash of ``message``: HMAC-SHA-256, in suite 2 HMAC-SM3."""
        keyed = HMAC(key, _MAC_HASHES[self])
        keyed.update(message)
        return keyed.finalize()


def suite_numbered(number: int) -> Suite:
    """Return the suite that a row names.

    Raises:
        IntegrityError: The registry does not know it.
    """
    try:
        return Suite(number)
    except ValueError as error:
        raise IntegrityError("unknown suite") from error


_KEY_BYTES: Final = {Suite.AES_256_GCM: 32, Suite.SM4_GCM: 16}
_AEAD_NAMES: Final = {Suite.AES_256_GCM: b"AEAD_AES_256_GCM", Suite.SM4_GCM: b"AEAD_SM4_GCM"}
_HASHES: Final[dict[Suite, HashAlgorithm]] = {Suite.AES_256_GCM: SHA512(), Suite.SM4_GCM: SM3()}
_MAC_HASHES: Final[dict[Suite, HashAlgorithm]] = {
    Suite.AES_256_GCM: SHA256(),
    Suite.SM4_GCM: SM3(),
}
