"""The one door to record keys (crypto.md 1.5). Only deposit, release and rotation come here.

A record key seals one record version: its payload and its files. It is wrapped by the
holder's data key, and the wrap names holder, record and version, so that a row which was put
in another's place does not open.
"""

from collections.abc import Sequence
from typing import NamedTuple

from vault.crypto import contexts
from vault.crypto.contexts import Context, Purpose
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keyring import Keyring
from vault.crypto.keys import HolderDataKey, RecordKey, WrappedKey, WrapState
from vault.crypto.suites import suite_numbered
from vault.errors import IntegrityError
from vault.ids import HolderId, RecordId


class RecordKeyWrap(NamedTuple):
    """Which record key is wanted, and the two rows that hold it.

    The names come from what was decided, the rows from the database: both must say the same.
    """

    holder_id: HolderId
    record_id: RecordId
    version: int
    record_key: WrappedKey
    data_key: WrappedKey


def new_record_key(
    keyring: Keyring, *, data_wrap: WrappedKey, record_id: RecordId, version: int
) -> tuple[RecordKey, WrappedKey]:
    """Draw the key of a record version that is about to be written.

    Args:
        keyring: Unwraps the holder's data key.
        data_wrap: Row of the data key of the holder whose record it is.
        record_id: 16 bytes.
        version: Of the record.

    Returns:
        The key, and the row to store with the version.
    """
    data_key = keyring.data_key(data_wrap)
    key = RecordKey(keyring.random(RecordKey.length(data_key.suite)), suite=data_key.suite)
    context = _context(keyring, data_key, data_wrap, record_id, version)
    return key, WrappedKey(
        purpose=Purpose.RECORD_KEY,
        owner_id=record_id,
        name="",
        version=version,
        parent_version=data_wrap.version,
        suite=data_key.suite,
        wrap=seal(data_key, context, key.reveal(), random=keyring.random),
        state=WrapState.LIVE,
    )


def unwrap_record_keys(
    keyring: Keyring, *, wraps: Sequence[RecordKeyWrap]
) -> tuple[RecordKey, ...]:
    """Return the record keys that ``wraps`` name, one for each and in their order.

    Raises:
        IntegrityError: A row is not what it should be; no key at all is returned.
        KeyUnavailableError: A vault key is gone.
    """
    return tuple(_unwrap(keyring, wanted) for wanted in wraps)


def _unwrap(keyring: Keyring, wanted: RecordKeyWrap) -> RecordKey:
    row, parent = wanted.record_key, wanted.data_key
    found = (row.purpose, row.name, row.owner_id, row.version, row.parent_version, parent.owner_id)
    named = (wanted.record_id, wanted.version, parent.version, wanted.holder_id)
    if found != (Purpose.RECORD_KEY, "", *named):
        raise IntegrityError("a record key's row is another's")
    data_key = keyring.data_key(parent)
    if data_key.suite is not suite_numbered(row.suite):
        raise IntegrityError("a record key has another suite than the key that wraps it")
    context = _context(keyring, data_key, parent, wanted.record_id, wanted.version)
    return RecordKey(open_sealed(data_key, context, row.wrap), suite=data_key.suite)


def _context(
    keyring: Keyring,
    data_key: HolderDataKey,
    data_wrap: WrappedKey,
    record_id: RecordId,
    version: int,
) -> Context:
    return contexts.record_key(
        suite=data_key.suite,
        vault_id=keyring.vault_id,
        holder_id=data_wrap.owner_id,
        data_key_version=data_wrap.version,
        record_id=record_id,
        version=version,
    )
