"""Files, sealed and opened piece by piece in constant memory (crypto.md 6).

No byte leaves before the tag of its chunk was verified. The last chunk is opened first: it
authenticates the total length, so a file that was cut is refused before anything is shown.
"""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from vault.crypto.contexts import Context
from vault.crypto.envelope import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SALT_BYTES,
    SEALED_CHUNK_BYTES,
    Derived,
    Manifest,
    derive,
    derive_opened,
    refuse,
    split,
)
from vault.crypto.keys import Key
from vault.errors import InvalidInputError, TooLargeError
from vault.ids import RandomBytes

MAX_STREAM_BYTES: Final = 5 << 30
READ_CHUNKS: Final = 256
"""Chunks asked for at once when a range is read: one request, and a round trip, of about 4 MiB."""

ReadBytes = Callable[[int, int], bytes]
"""Returns up to ``length`` bytes of a sealed object from ``offset``."""


class SealingStream(Iterator[bytes]):
    """Pieces of a sealed object as they are made; afterwards, its manifest."""

    def __init__(self, pieces: Iterator[bytes], *, commitment: bytes) -> None:
        """Count and hash ``pieces`` as they pass."""
        self._pieces = self._counted(pieces, commitment=commitment)
        self._manifest: Manifest | None = None

    def __next__(self) -> bytes:
        """Return the next piece: the header, then one chunk at a time."""
        return next(self._pieces)

    @property
    def manifest(self) -> Manifest:
        """What was written, once everything was.

        Raises:
            RuntimeError: The stream has not been read to its end, or failed.
        """
        if self._manifest is None:
            raise RuntimeError("the manifest is known when the last piece was taken")
        return self._manifest

    def _counted(self, pieces: Iterator[bytes], *, commitment: bytes) -> Iterator[bytes]:
        length, digest = 0, sha256()
        for piece in pieces:
            length += len(piece)
            digest.update(piece)
            yield piece
        self._manifest = Manifest(length=length, sha256=digest.digest(), commitment=commitment)


def seal_stream(
    key: Key,
    context: Context,
    chunks: Iterable[bytes],
    *,
    random: RandomBytes,
    limit: int = MAX_STREAM_BYTES,
) -> SealingStream:
    """Seal a file piece by piece, in constant memory.

    Args:
        key: Of the context's suite, and made for its purpose.
        context: What the result is bound to.
        chunks: The plaintext in pieces of any length.
        random: Gives the salt, 24 bytes.
        limit: Most bytes of plaintext; the deployment may set less than 5 GiB.

    Returns:
        An iterator over the sealed bytes; raises ``TooLargeError`` past the limit.

    Raises:
        IntegrityError: The key is not for this context.
    """
    salt = random(SALT_BYTES)
    derived = derive(key, context=context, salt=salt)
    pieces = _sealed_pieces(derived, salt=salt, chunks=chunks, limit=limit)
    return SealingStream(pieces, commitment=derived.commitment)


def read_range(
    key: Key, context: Context, reader: ReadBytes, *, manifest: Manifest, offset: int, length: int
) -> Iterator[bytes]:
    """Open a part of a sealed object; header and last chunk are checked before this returns.

    The last chunk authenticates the total length, the manifest says which object it must be;
    then only the chunks that overlap are read.

    Args:
        key: The record key.
        context: What the object is bound to.
        reader: Reads the sealed object.
        manifest: From the record row.
        offset: First plaintext byte.
        length: How many bytes are wanted; past the end there are fewer, and no error.

    Returns:
        The plaintext in pieces, each verified before it is yielded. A chunk that does not
        open raises ``IntegrityError`` in the middle: the caller breaks the answer off.

    Raises:
        IntegrityError: Header, last chunk or manifest do not fit.
        InvalidInputError: A negative ``offset`` or ``length``.
    """
    if offset < 0 or length < 0:
        raise InvalidInputError("a range has no negative bounds")
    full, rest = split(manifest.length)
    header = reader(0, HEADER_BYTES)
    derived = derive_opened(key, context=context, header=header)
    if not compare_digest(derived.commitment, manifest.commitment):
        refuse("manifest")
    ending = reader(HEADER_BYTES + full * SEALED_CHUNK_BYTES, rest + 1)
    if len(ending) != rest:  # One byte more was asked for: an object that goes on is refused.
        refuse("manifest")
    last = derived.decrypt(full, chunk=ending)
    end = min(offset + length, full * CHUNK_BYTES + len(last))
    return _opened_pieces(derived, reader=reader, last=(full, last), offset=offset, end=end)


def _sealed_pieces(
    derived: Derived, *, salt: bytes, chunks: Iterable[bytes], limit: int
) -> Iterator[bytes]:
    yield salt + derived.commitment
    waiting, number = bytearray(), 0
    for piece in chunks:
        waiting += piece
        if number * CHUNK_BYTES + len(waiting) > limit:
            raise TooLargeError("the file is larger than this deployment takes")
        while len(waiting) >= CHUNK_BYTES:
            yield derived.encrypt(number, chunk=bytes(waiting[:CHUNK_BYTES]))
            del waiting[:CHUNK_BYTES]
            number += 1
    yield derived.encrypt(number, chunk=bytes(waiting))


def _opened_pieces(
    derived: Derived, *, reader: ReadBytes, last: tuple[int, bytes], offset: int, end: int
) -> Iterator[bytes]:
    """Yield plaintext ``offset`` to ``end``; ``last`` is the chunk that is open already."""
    if offset >= end:
        return
    full, ending = last
    past = min(full, -(-end // CHUNK_BYTES))
    for first in range(offset // CHUNK_BYTES, past, READ_CHUNKS):
        numbers = range(first, min(first + READ_CHUNKS, past))
        at = HEADER_BYTES + first * SEALED_CHUNK_BYTES
        sealed = reader(at, len(numbers) * SEALED_CHUNK_BYTES)
        for place, number in enumerate(numbers):
            at = place * SEALED_CHUNK_BYTES
            plain = derived.decrypt(number, chunk=sealed[at : at + SEALED_CHUNK_BYTES])
            start = number * CHUNK_BYTES
            yield plain[max(offset - start, 0) : end - start]
    start = full * CHUNK_BYTES
    if end > start:
        yield ending[max(offset - start, 0) : end - start]
