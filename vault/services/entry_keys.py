"""The keys that one entry is sealed and tagged with, unwrapped before it is queued."""

from collections.abc import Iterable

from vault.crypto.contexts import Purpose
from vault.crypto.keyring import SYSTEM_JOURNAL, Keyring
from vault.crypto.keys import WrappedKey, WrapState
from vault.errors import KeyUnavailableError
from vault.ids import DepartmentId, RecordId, Space
from vault.journal.sealing import EntryKeys
from vault.journal.tags import record_ref
from vault.ports import Tx


def entry_keys(
    tx: Tx, *, keyring: Keyring, space: Space, actor_id: DepartmentId, version: int | None = None
) -> EntryKeys:
    """Return the keys of an entry that concerns a holder.

    Args:
        tx: Where the wrapped keys lie.
        keyring: Unwraps them.
        space: The holder.
        actor_id: Department, or one of the two reserved actors.
        version: Of the holder's journal key; the live one if none is named.

    Raises:
        KeyUnavailableError: One of them is not there (any more).
    """
    return new_entry_keys(
        tx,
        keyring=keyring,
        wraps=tx.holders.keys(space),
        log_id=space.log_id,
        actor_id=actor_id,
        version=version,
    )


def new_entry_keys(
    tx: Tx,
    *,
    keyring: Keyring,
    wraps: Iterable[WrappedKey],
    log_id: int,
    actor_id: DepartmentId,
    version: int | None = None,
) -> EntryKeys:
    """Return the keys of an entry about a holder whose wrapped keys are at hand."""
    rows = tuple(wraps)
    journal = held(rows, Purpose.HOLDER_JOURNAL_KEY, version=version)
    tag = held(rows, Purpose.HOLDER_TAG_KEY)
    parent = held(rows, Purpose.HOLDER_JOURNAL_KEY, version=tag.parent_version)
    return EntryKeys(
        journal_key=keyring.journal_key(journal),
        journal_key_version=journal.version,
        holder_tag_key=keyring.holder_tag_key(tag, journal=parent),
        actor_tag_key=keyring.department_tag_key(_tag_key(tx, actor_id)),
        actor_lane=log_id,
    )


def system_entry_keys(
    tx: Tx, *, keyring: Keyring, actor_id: DepartmentId, version: int | None = None
) -> EntryKeys:
    """Return the keys of an entry that concerns no holder; such entries stand in log 0.

    Raises:
        KeyUnavailableError: One of them is not there.
    """
    rows = [row for row in tx.system.all() if row.name == SYSTEM_JOURNAL]
    journal = held(rows, Purpose.SERVICE_KEY, version=version)
    return EntryKeys(
        journal_key=keyring.system_journal_key(journal),
        journal_key_version=journal.version,
        holder_tag_key=None,
        actor_tag_key=keyring.department_tag_key(_tag_key(tx, actor_id)),
        actor_lane=0,
    )


def record_reference(
    keys: EntryKeys, *, department_id: DepartmentId, record_id: RecordId
) -> bytes | None:
    """Return how an entry names a record to one department; ``None`` where there is no holder."""
    if keys.holder_tag_key is None:
        return None
    return record_ref(keys.holder_tag_key, department_id=department_id, record_id=record_id)


def held(
    rows: Iterable[WrappedKey], purpose: Purpose, *, version: int | None = None
) -> WrappedKey:
    """Return the live key for ``purpose`` among ``rows``, or the one of ``version``.

    Raises:
        KeyUnavailableError: It is not there.
    """
    for row in rows:
        wanted = row.state is WrapState.LIVE if version is None else row.version == version
        if row.purpose is purpose and wanted:
            return row
    raise KeyUnavailableError("a key is not there any more")


def _tag_key(tx: Tx, actor_id: DepartmentId) -> WrappedKey:
    row = tx.departments.tag_key(actor_id)
    if row is None:
        raise KeyUnavailableError("the actor of an entry has no key")
    return row
