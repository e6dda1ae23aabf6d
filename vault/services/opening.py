"""Opens what a committed entry releases: the payload of a record, or one of its files."""

from collections.abc import Iterator

from vault.crypto import contexts
from vault.crypto.envelope import Manifest, open_sealed, plain_length
from vault.crypto.keys import RecordKey
from vault.crypto.streams import read_range
from vault.crypto.suites import suite_numbered
from vault.errors import IntegrityError
from vault.journal.operations import Committed
from vault.journal.release import release
from vault.ports import Tx
from vault.records import RecordHead, RecordPayload, SealedFile, SealedRecord
from vault.services import Vault


def sealed_record(tx: Tx, head: RecordHead) -> SealedRecord | None:
    """Return the version that a head names: payload, files, and what the head says of it.

    Raises:
        IntegrityError: The version says something else than the head, which is guarded.
    """
    record = tx.records.version(head.ref)
    if record is not None and record.head != head:
        raise IntegrityError("a version of a record is not what its head says")
    return record


def key_of(vault: Vault, record: SealedRecord, *, committed: Committed) -> RecordKey:
    """Return the key of a record whose release is committed; works once.

    Raises:
        KeyUnavailableError: The entry released it before, or too long ago.
        IntegrityError: A wrapped key is another's.
    """
    return release(committed, keyring=vault.keyring)[record.head.key_ref]


def opened(vault: Vault, record: SealedRecord, *, key: RecordKey) -> RecordPayload:
    """Return the payload of a record.

    Raises:
        IntegrityError: It is not what its manifest says, or does not open.
    """
    head = record.head
    if Manifest.of(record.sealed) != record.manifest:
        raise IntegrityError("a record is not what was deposited")
    context = contexts.record_blob(
        suite=suite_numbered(record.suite),
        vault_id=vault.keyring.vault_id,
        holder_id=head.space.holder_id,
        record_id=head.record_id,
        version=head.payload_version,
        code=head.code,
    )
    return RecordPayload.from_bytes(open_sealed(key, context, record.sealed))


def opened_file(
    vault: Vault, record: SealedRecord, file: SealedFile, *, key: RecordKey
) -> Iterator[bytes]:
    """Return the content of one file of a record in pieces, each verified before it leaves.

    Header and last chunk are checked before this returns; a piece that does not open raises
    ``IntegrityError`` in the middle, and the caller breaks the answer off.

    Raises:
        IntegrityError: The object is not what its manifest says.
        StorageError: The object cannot be read.
    """
    head = record.head
    context = contexts.record_file(
        suite=suite_numbered(record.suite),
        vault_id=vault.keyring.vault_id,
        holder_id=head.space.holder_id,
        record_id=head.record_id,
        version=head.payload_version,
        code=head.code,
        number=file.number,
    )

    def read(offset: int, length: int) -> bytes:
        return vault.blobs.read(file.object_key, offset=offset, length=length)

    whole = plain_length(file.manifest.length)
    return read_range(key, context, read, manifest=file.manifest, offset=0, length=whole)
