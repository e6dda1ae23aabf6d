"""Builds what a cipher without key commitment lets through: one body that opens under two keys.

GCM's tag is a polynomial in a value that depends on the key, so one ciphertext block can be
chosen such that both keys give the same tag (NIST SP 800-38D section 6.4).
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.support import second_envelope
from vault.crypto.contexts import Context
from vault.crypto.keys import Key

_R = 0xE1 << 120


def two_key_envelope(first: Key, second: Key, *, context: Context) -> bytes:
    """Return a suite 1 envelope of 32 bytes that commits to ``first``.

    Its body passes the bare cipher under what either key derives.
    """
    salt = bytes(range(24))
    derived = [
        second_envelope.derive(1, key=key.reveal(), salt=salt, context=context.bytes)
        for key in (first, second)
    ]
    return salt + derived[0][2] + _body([(key, nonce) for key, nonce, _ in derived])


def _body(keys: list[tuple[bytes, bytes]]) -> bytes:
    """Return two ciphertext blocks and the one tag that both (key, nonce) pairs accept."""
    opening = int.from_bytes(b"sixteen bytes ok", "big")
    hashed, masks = [], []
    for key, nonce in keys:
        hashed.append(int.from_bytes(_block(key, bytes(16)), "big"))
        masks.append(int.from_bytes(_block(key, nonce + b"\x00\x00\x00\x01"), "big"))
    lengths = 256  # Bits of ciphertext; no associated data.
    wanted = 0
    for h, mask in zip(hashed, masks, strict=True):
        square = _times(h, h)
        wanted ^= _times(opening, _times(square, h)) ^ _times(lengths, h) ^ mask
    closing = _times(wanted, _inverse(_times(hashed[0], hashed[0]) ^ _times(hashed[1], hashed[1])))
    h = hashed[0]
    square = _times(h, h)
    tag = _times(opening, _times(square, h)) ^ _times(closing, square) ^ _times(lengths, h)
    return b"".join(n.to_bytes(16, "big") for n in (opening, closing, tag ^ masks[0]))


def _block(key: bytes, block: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block of GCM
    return encryptor.update(block) + encryptor.finalize()


def _times(a: int, b: int) -> int:
    """Multiply in GF(2^128), bits in GCM's order."""
    product = 0
    for bit in range(127, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_R if b & 1 else 0)
    return product


def _inverse(a: int) -> int:
    """Return a^(2^128 - 2)."""
    result, power = 1 << 127, a
    for _ in range(127):
        power = _times(power, power)
        result = _times(result, power)
    return result
