"""The envelope a second time, written from section 3 of the format page alone.

It shares no line with ``vault.crypto`` and calls the libraries another way: HKDF-Expand is
spelled out over HMAC, both ciphers run through the generic GCM mode.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SUITES = {
    1: (hashes.SHA512(), b"AEAD_AES_256_GCM", 32, algorithms.AES),
    2: (hashes.SM3(), b"AEAD_SM4_GCM", 16, algorithms.SM4),
}


class RefusedError(Exception):
    """The sealed bytes do not open; the message names the check."""


def derive(suite: int, *, key: bytes, salt: bytes, context: bytes) -> tuple[bytes, bytes, bytes]:
    """Return message key, base nonce and commitment."""
    hash_, name, key_length, _ = _SUITES[suite]
    info = b"c2sp.org/chunked-encryption@v1+" + name + b"\x00" + salt + context
    okm, block, counter = b"", b"", 1
    while len(okm) < key_length + 44:
        mac = hmac.HMAC(key, hash_)
        mac.update(block + info + bytes([counter]))
        block = mac.finalize()
        okm, counter = okm + block, counter + 1
    return okm[:key_length], okm[key_length : key_length + 12], okm[key_length + 12 :][:32]


def seal(suite: int, *, key: bytes, salt: bytes, context: bytes, plaintext: bytes) -> bytes:
    """Return salt, commitment and chunks."""
    message_key, base_nonce, commitment = derive(suite, key=key, salt=salt, context=context)
    sealed, number = salt + commitment, 0
    while True:
        chunk, plaintext = plaintext[:16384], plaintext[16384:]
        cipher = Cipher(_SUITES[suite][3](message_key), modes.GCM(_nonce(base_nonce, number)))
        encryptor = cipher.encryptor()
        sealed += encryptor.update(chunk) + encryptor.finalize() + encryptor.tag
        if len(chunk) < 16384:
            return sealed
        number += 1


def open_(suite: int, *, key: bytes, context: bytes, sealed: bytes) -> bytes:
    """Return the plaintext, or raise ``RefusedError`` with the name of the first check."""
    if len(sealed) < 72:
        raise RefusedError("short")
    salt, commitment, body = sealed[:24], sealed[24:56], sealed[56:]
    message_key, base_nonce, expected = derive(suite, key=key, salt=salt, context=context)
    if len(body) % 16400 < 16:
        raise RefusedError("truncated")
    if commitment != expected:
        raise RefusedError("commitment")
    plaintext = b""
    for number, start in enumerate(range(0, len(body), 16400)):
        chunk = body[start : start + 16400]
        mode = modes.GCM(_nonce(base_nonce, number), chunk[-16:])
        decryptor = Cipher(_SUITES[suite][3](message_key), mode).decryptor()
        try:
            plaintext += decryptor.update(chunk[:-16]) + decryptor.finalize()
        except InvalidTag:
            raise RefusedError("tag") from None
    return plaintext


def _nonce(base: bytes, number: int) -> bytes:
    return bytes(a ^ b for a, b in zip(base, number.to_bytes(12, "big"), strict=True))
