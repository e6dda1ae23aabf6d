"""Chunked encryption that commits to its key (C2SP chunked-encryption, crypto.md 3).

    key ‖ base_nonce ‖ commitment = HKDF-Expand(key, "c2sp.org/chunked-encryption@v1+" ‖ AEAD
                                                     ‖ 00 ‖ salt[24] ‖ context)
    sealed  = salt[24] ‖ commitment[32] ‖ chunk_0 ‖ chunk_1 ‖ …
    chunk_i = AEAD(key, base_nonce XOR i, plaintext[16384·i : 16384·(i+1)])

The last chunk is always shorter than 16,384 bytes and may be empty, so each length has
exactly one chunking. Opening checks length, then commitment, and only then decrypts. Every
refusal is one ``IntegrityError``; the check that failed is its cause, for the operator's log.
"""

from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple, NoReturn

from cryptography.exceptions import InvalidTag

from vault.crypto.ciphers import NONCE_BYTES, TAG_BYTES, Aead, cipher
from vault.crypto.contexts import Context
from vault.crypto.keys import Key
from vault.errors import IntegrityError, TooLargeError
from vault.ids import RandomBytes

SALT_BYTES: Final = 24
COMMITMENT_BYTES: Final = 32
HEADER_BYTES: Final = SALT_BYTES + COMMITMENT_BYTES
CHUNK_BYTES: Final = 16384
SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + TAG_BYTES
SHORTEST_BYTES: Final = HEADER_BYTES + TAG_BYTES
MAX_WHOLE_BYTES: Final = 1 << 20
"""Plaintext that is sealed and opened in one piece (crypto.md 5); files are streamed."""

_INFO: Final = b"c2sp.org/chunked-encryption@v1+"


class CheckFailedError(Exception):
    """Which check refused; travels as the cause of an ``IntegrityError``.

    Attributes:
        check: ``short``, ``long``, ``truncated``, ``key``, ``commitment``, ``manifest``, ``tag``.
    """

    def __init__(self, check: str) -> None:
        """Keep the name of the check; it is the message."""
        super().__init__(check)
        self.check = check


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was written: refuses a sealed object that was cut, swapped or replaced.

    Attributes:
        length: Bytes of the sealed object.
        sha256: Digest of the sealed object, 32 bytes.
        commitment: Key commitment of its envelope, 32 bytes.
    """

    length: int
    sha256: bytes
    commitment: bytes

    @classmethod
    def of(cls, sealed: bytes) -> "Manifest":
        """Return the manifest of a sealed object that is at hand as a whole."""
        return cls(
            length=len(sealed),
            sha256=sha256(sealed).digest(),
            commitment=sealed[SALT_BYTES:HEADER_BYTES],
        )


def sealed_length(plain_length: int) -> int:
    """Return how many bytes ``plain_length`` bytes have once sealed."""
    return HEADER_BYTES + plain_length + TAG_BYTES * (plain_length // CHUNK_BYTES + 1)


def plain_length(sealed_length: int) -> int:
    """Return how many bytes come out of a sealed object of that length.

    Raises:
        IntegrityError: No sealed object has that length.
    """
    full, rest = split(sealed_length)
    return full * CHUNK_BYTES + rest - TAG_BYTES


def seal(key: Key, context: Context, plaintext: bytes, *, random: RandomBytes) -> bytes:
    """Return ``plaintext``, sealed under ``key`` and bound to ``context``.

    Args:
        key: Of the context's suite, and made for its purpose.
        context: What the result is bound to; opening takes the same.
        plaintext: At most 1 MiB.
        random: Gives the salt, 24 bytes; the only randomness there is.

    Raises:
        IntegrityError: The key is not for this context.
        TooLargeError: More than 1 MiB; use ``seal_stream``.
    """
    if len(plaintext) > MAX_WHOLE_BYTES:
        raise TooLargeError("at most 1 MiB is sealed in one piece")
    salt = random(SALT_BYTES)
    derived = derive(key, context=context, salt=salt)
    sealed = [salt, derived.commitment]
    for number in range(len(plaintext) // CHUNK_BYTES + 1):
        start = number * CHUNK_BYTES
        sealed.append(derived.encrypt(number, chunk=plaintext[start : start + CHUNK_BYTES]))
    return b"".join(sealed)


def open_sealed(key: Key, context: Context, sealed: bytes) -> bytes:
    """Return the plaintext that ``seal`` took; nothing of it if any byte is wrong.

    Raises:
        IntegrityError: Not sealed under this key and context, or altered since.
    """
    full, _ = split(len(sealed))
    if len(sealed) > sealed_length(MAX_WHOLE_BYTES):
        refuse("long")
    derived = derive_opened(key, context=context, header=sealed[:HEADER_BYTES])
    starts = range(
        HEADER_BYTES, HEADER_BYTES + (full + 1) * SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES
    )
    return b"".join(
        [
            derived.decrypt(number, chunk=sealed[start : start + SEALED_CHUNK_BYTES])
            for number, start in enumerate(starts)
        ]
    )


class Derived(NamedTuple):
    """What one salt and context derive from a key."""

    aead: Aead
    base_nonce: int
    commitment: bytes

    def nonce(self, number: int) -> bytes:
        """Return the nonce of chunk ``number``: it is added by XOR, as 96 bits."""
        return (self.base_nonce ^ number).to_bytes(NONCE_BYTES, "big")

    def encrypt(self, number: int, *, chunk: bytes) -> bytes:
        """Return chunk ``number``, sealed."""
        return self.aead.encrypt(self.nonce(number), chunk, None)

    def decrypt(self, number: int, *, chunk: bytes) -> bytes:
        """Return the plaintext of chunk ``number``.

        Raises:
            IntegrityError: Not the chunk that was sealed at this place.
        """
        try:
            return self.aead.decrypt(self.nonce(number), chunk, None)
        except InvalidTag:
            refuse("tag")


def derive(key: Key, *, context: Context, salt: bytes) -> Derived:
    """Derive what seals or opens one object.

    Raises:
        IntegrityError: The key has another suite, or is not made for this purpose.
    """
    suite = context.suite
    if key.suite is not suite or context.purpose not in key.seals:
        refuse("key")
    key_bytes = suite.key_bytes
    expanded = suite.expand(
        key.reveal(),
        info=b"".join((_INFO, suite.aead_name, b"\0", salt, context.bytes)),
        length=key_bytes + NONCE_BYTES + COMMITMENT_BYTES,
    )
    return Derived(
        aead=cipher(suite, key=expanded[:key_bytes]),
        base_nonce=int.from_bytes(expanded[key_bytes : key_bytes + NONCE_BYTES], "big"),
        commitment=expanded[key_bytes + NONCE_BYTES :],
    )


def derive_opened(key: Key, *, context: Context, header: bytes) -> Derived:
    """Derive from a stored header; the commitment is compared before anything is decrypted.

    Raises:
        IntegrityError: Another key or context, or an altered header.
    """
    derived = derive(key, context=context, salt=header[:SALT_BYTES])
    if not compare_digest(derived.commitment, header[SALT_BYTES:]):
        refuse("commitment")
    return derived


def split(length: int) -> tuple[int, int]:
    """Return how many full chunks a sealed length has, and the bytes of the last one.

    Raises:
        IntegrityError: No sealed object has that length.
    """
    if length < SHORTEST_BYTES:
        refuse("short")
    full, rest = divmod(length - HEADER_BYTES, SEALED_CHUNK_BYTES)
    if rest < TAG_BYTES:
        refuse("truncated")
    return full, rest


def refuse(check: str) -> NoReturn:
    """Refuse alike whatever failed; ``check`` goes to the operator's log only."""
    raise IntegrityError("sealed bytes do not open") from CheckFailedError(check)
