"""Journal entries as the portal and the verifier read them; only the writer appends."""

from typing import Final

from sqlalchemy import bindparam, select

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.journal import EntryRow
from vault.ids import EntryId, HolderId, Space
from vault.ports import KeptEntry

_ENTRY: Final = table_of(EntryRow)
_KEPT: Final = select(
    _ENTRY.c.log_id,
    _ENTRY.c.idx,
    _ENTRY.c.entry_id,
    _ENTRY.c.holder_id,
    _ENTRY.c.holder_seq,
    _ENTRY.c.actor_id,
    _ENTRY.c.actor_seq,
    _ENTRY.c.key_version,
    _ENTRY.c.leaf,
    _ENTRY.c.payload,
    _ENTRY.c.inputs,
)

_GET: Final = Prepared(_KEPT.where(keyed(_ENTRY, "log_id", "entry_id")))
_OF_HOLDER: Final = Prepared(
    _KEPT.where(keyed(_ENTRY, "log_id", "holder_id"), _ENTRY.c.holder_seq < bindparam("before"))
    .order_by(_ENTRY.c.holder_seq.desc())
    .limit(bindparam("most"))
)
_ACTS: Final = Prepared(
    select(_ENTRY.c.actor_seq)
    .where(keyed(_ENTRY, "log_id", "actor_id"), _ENTRY.c.idx < bindparam("size"))
    .order_by(_ENTRY.c.actor_seq.desc())  # Numbers have no holes: the last one counts them.
    .limit(1)
)

_NO_END: Final = (1 << 63) - 1


class SqlEntries:
    """Implements ``vault.ports.Entries``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, log_id: int, *, entry_id: EntryId) -> KeptEntry | None:
        """Return an entry of one log."""
        row = _GET.one(self._driver, log_id=log_id, entry_id=entry_id)
        return None if row is None else _entry(row)

    def of_holder(self, space: Space, *, before: int | None, limit: int) -> tuple[KeptEntry, ...]:
        """Return a holder's entries, newest first, with ``holder_seq`` below ``before``."""
        rows = _OF_HOLDER.all(
            self._driver,
            **space._asdict(),
            before=_NO_END if before is None else before,
            most=limit,
        )
        return tuple(map(_entry, rows))

    def acts(self, log_id: int, *, actor_id: bytes, size: int) -> int:
        """Return how many of the first ``size`` entries of a log an actor made."""
        row = _ACTS.one(self._driver, log_id=log_id, actor_id=actor_id, size=size)
        return 0 if row is None else int(row[0]) + 1


def _entry(row: Row) -> KeptEntry:
    log_id, index, entry_id, holder_id, holder_seq, actor_id, actor_seq, version, *rest = row
    leaf, payload, inputs = rest
    return KeptEntry(
        log_id=log_id,
        index=index,
        entry_id=EntryId(entry_id),
        space=None if holder_id is None else Space(log_id, HolderId(holder_id)),
        holder_seq=holder_seq,
        actor_id=actor_id,
        actor_seq=actor_seq,
        key_version=version,
        leaf=leaf,
        payload=payload or b"",  # Removed at the end of its retention: it opens no more.
        inputs=inputs,
    )
