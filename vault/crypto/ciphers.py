"""The only calls of AES-GCM and SM4-GCM; only the envelope imports them.

Both are used without associated data: what a ciphertext is bound to went into its key.
"""

from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.crypto.suites import Suite

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class Aead(Protocol):
    """A cipher with its key: the tag stands behind the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: None, /) -> bytes:
        """Return ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: None, /) -> bytes:
        """Return the plaintext.

        Raises:
            InvalidTag: Not what ``encrypt`` returned under this key and nonce.
        """
        ...


class Sm4Gcm:
    """SM4-GCM (RFC 8998 section 3.1) in the shape of ``AESGCM``."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Keep the 16-byte ``key``."""
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and 16-byte tag."""
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return the plaintext.

        Raises:
            InvalidTag: Tag missing or wrong.
        """
        if len(data) < TAG_BYTES:
            raise InvalidTag
        body, tag = data[:-TAG_BYTES], data[-TAG_BYTES:]
        decryptor = Cipher(self._key, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(body) + decryptor.finalize()


def cipher(suite: Suite, *, key: bytes) -> Aead:
    """Return the cipher of ``suite`` with ``key``, which has the length of the suite."""
    return AESGCM(key) if suite is Suite.AES_256_GCM else Sm4Gcm(key)
