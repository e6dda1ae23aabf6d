"""Seals what is deposited: the payload as one object, each file as a stream.

One record key for one version. Files are written before the deposit is journalled; what is
never committed is collected later (crypto.md 7).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from vault.crypto import contexts
from vault.crypto.envelope import Manifest, seal
from vault.crypto.keys import RecordKey, WrappedKey
from vault.crypto.record_keys import new_record_key
from vault.crypto.streams import seal_stream
from vault.errors import InvalidInputError, StorageError
from vault.files import MAX_FILES, check_name, media_type
from vault.records import FieldValue, FileNote, RecordPayload, SealedFile, VersionRef
from vault.services import Vault

PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Incoming:
    """A file as it is handed in.

    Attributes:
        content: At its start, and seekable; never a file on disk in plain.
    """

    name: str
    content: BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A payload and its files, ready to become a version."""

    key: WrappedKey
    manifest: Manifest
    payload: bytes = field(repr=False)
    files: tuple[SealedFile, ...]


def seal_record(
    vault: Vault,
    ref: VersionRef,
    *,
    code: str,
    fields: Mapping[str, FieldValue],
    files: Sequence[Incoming],
    data_key: WrappedKey,
) -> Sealed:
    """Seal a payload, and seal and write its files.

    Args:
        vault: The vault.
        ref: The version that it will be.
        code: Its evidence code.
        fields: Checked against the catalogue.
        files: In the order of their numbers, from 1.
        data_key: Of the holder, wrapped.

    Raises:
        InvalidInputError, UnsupportedFileError, TooLargeError: A file cannot be taken.
        StorageError: A file cannot be written.
    """
    notes = _notes(files)
    key, row = new_record_key(
        vault.keyring, data_wrap=data_key, record_id=ref.record_id, version=ref.version
    )
    written = tuple(
        _write(vault, ref, key, code=code, number=number, file=file)
        for number, file in enumerate(files, start=1)
    )
    sizes = {one.number: one.size_bytes for one in written}
    payload = RecordPayload(
        fields=fields,
        files=tuple(
            FileNote(
                number=note.number,
                name=note.name,
                media_type=note.media_type,
                size_bytes=sizes[note.number],
            )
            for note in notes
        ),
    )
    context = contexts.record_blob(
        suite=key.suite,
        vault_id=vault.keyring.vault_id,
        holder_id=ref.space.holder_id,
        record_id=ref.record_id,
        version=ref.version,
        code=code,
    )
    sealed = seal(key, context, payload.to_bytes(), random=vault.random)
    return Sealed(
        key=row,
        manifest=Manifest.of(sealed),
        payload=sealed,
        files=tuple(one.sealed for one in written),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    number: int
    name: str = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    number: int
    size_bytes: int
    sealed: SealedFile


def _notes(files: Sequence[Incoming]) -> tuple[_Note, ...]:
    if len(files) > MAX_FILES:
        raise InvalidInputError(f"a record has at most {MAX_FILES} files", field="files")
    return tuple(
        _Note(number=number, name=check_name(file.name), media_type=media_type(file.content))
        for number, file in enumerate(files, start=1)
    )


def _write(
    vault: Vault, ref: VersionRef, key: RecordKey, *, code: str, number: int, file: Incoming
) -> _Written:
    context = contexts.record_file(
        suite=key.suite,
        vault_id=vault.keyring.vault_id,
        holder_id=ref.space.holder_id,
        record_id=ref.record_id,
        version=ref.version,
        code=code,
        number=number,
    )
    counted = _Counted(file.content)
    stream = seal_stream(key, context, counted, random=vault.random, limit=vault.max_file_bytes)
    object_key, length = vault.blobs.write(ref.space, chunks=stream, now_ms=vault.clock.now_ms())
    if length != stream.manifest.length:
        raise StorageError("a file was not written whole")
    return _Written(
        number=number,
        size_bytes=counted.size,
        sealed=SealedFile(number=number, object_key=object_key, manifest=stream.manifest),
    )


class _Counted:
    """The pieces of a file, and how many bytes they were."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._content.read(PIECE_BYTES):
            self.size += len(piece)
            yield piece
