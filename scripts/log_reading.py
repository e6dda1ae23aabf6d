"""Reads a stored log for verification: its rows, and the keys that open each entry.

Runs beside a server: one read transaction sees one state of everything, and nothing is written.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from hmac import compare_digest
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult

from storage.dialects import marked_for
from vault.crypto.keyring import Keyring
from vault.crypto.suites import suite_numbered
from vault.errors import IntegrityError, KeyUnavailableError
from vault.ids import DepartmentId, EntryId, HolderId, Space
from vault.journal.entries import Entry
from vault.journal.findings import StoredEntry, StoredHead
from vault.journal.leaves import Leaf
from vault.journal.sealing import EntryKeys, open_decision_inputs, open_entry
from vault.journal.tags import actor_tag, holder_tag
from vault.journal.tiles import Tile
from vault.ports import Tx
from vault.services.entry_keys import entry_keys, system_entry_keys

KEPT_KEYS: Final = 10_000
"""Holders whose keys are kept unwrapped while a log is verified."""

T = TypeVar("T")

_BATCH: Final = 500


class RowsLog:
    """One log in the database; implements ``LogSource``."""

    def __init__(self, connection: Connection, *, log_id: int, year: int) -> None:
        """Read the log ``(log_id, year)`` over an open read transaction."""
        self._connection = connection
        self._log = (log_id, year)

    def head(self) -> StoredHead:
        """Return the head."""
        row = self._said(
            "SELECT origin, size, root, frontier, note, last_ms FROM log_head"
            " WHERE log_id = ? AND year = ?",
            *self._log,
        ).one()
        return StoredHead(
            origin=row[0], size=row[1], root=row[2], frontier=row[3], note=row[4], last_ms=row[5]
        )

    def entries(self, start: int) -> Iterator[StoredEntry]:
        """Yield the entries from index ``start`` on, in order, some hundred at a time."""
        while True:
            rows = self._said(
                "SELECT idx, entry_id, holder_id, holder_seq, actor_id, actor_seq, key_version,"
                " leaf, leaf_hash, payload, inputs FROM journal_entry"
                " WHERE log_id = ? AND year = ? AND idx >= ? ORDER BY idx LIMIT ?",
                *self._log,
                start,
                _BATCH,
            ).fetchall()
            for row in rows:
                yield StoredEntry(
                    index=row[0],
                    entry_id=row[1],
                    holder_id=row[2],
                    holder_seq=row[3],
                    actor_id=row[4],
                    actor_seq=row[5],
                    key_version=row[6],
                    leaf=row[7],
                    leaf_hash=row[8],
                    payload=row[9],
                    inputs=row[10],
                )
            if len(rows) < _BATCH:
                return
            start = rows[-1][0] + 1

    def tiles(self) -> Iterator[tuple[Tile, bytes]]:
        """Yield every stored tile."""
        rows = self._said(
            "SELECT level, idx, data FROM log_tile WHERE log_id = ? AND year = ?", *self._log
        )
        for level, index, data in rows:
            yield Tile(level=level, index=index), data

    def _said(self, text: str, *values: int) -> CursorResult[*tuple[Any, ...]]:
        return self._connection.exec_driver_sql(marked_for(self._connection, text), values)


class Openings:
    """Opens entries with the keys that the database keeps wrapped; an ``Opener``."""

    def __init__(self, tx: Tx, *, keyring: Keyring, log_id: int) -> None:
        """Look keys up in ``tx``; each is unwrapped once and kept while this lives."""
        self._tx, self._keyring, self._log_id = tx, keyring, log_id
        self._keys = lru_cache(maxsize=KEPT_KEYS)(self._find_keys)

    def __call__(self, stored: StoredEntry) -> Entry:
        """Return the entry; its public tags must be those of its numbers.

        Raises:
            IntegrityError: Keys, numbers and payload do not belong together.
        """
        leaf = Leaf.from_bytes(stored.leaf)
        keys = self._keys_of(stored)
        own = actor_tag(keys.actor_tag_key, lane=keys.actor_lane, seq=stored.actor_seq)
        good = compare_digest(own, leaf.actor_tag)
        if keys.holder_tag_key is not None and stored.holder_seq is not None:
            expected = holder_tag(keys.holder_tag_key, stored.holder_seq)
            good = good and compare_digest(expected, leaf.holder_tag)
        if not good or stored.payload is None:
            raise IntegrityError("the leaf has the tags of other numbers")
        return self._opened(open_entry, stored.payload, stored, keys=keys)

    def inputs(self, stored: StoredEntry) -> bytes:
        """Return the inputs of the decision of an entry.

        Raises:
            IntegrityError: They are not there, or do not open with these keys and numbers.
        """
        if stored.inputs is None:
            raise IntegrityError("the inputs of a decision are missing")
        keys = self._keys_of(stored)
        return self._opened(open_decision_inputs, stored.inputs, stored, keys=keys)

    def _opened(
        self,
        opening: Callable[..., T],
        sealed: bytes,
        stored: StoredEntry,
        *,
        keys: EntryKeys,
    ) -> T:
        return opening(
            sealed,
            keys=keys,
            entry_id=EntryId(stored.entry_id),
            holder_seq=stored.holder_seq,
            actor_seq=stored.actor_seq,
            vault_id=self._keyring.vault_id,
            suite=suite_numbered(Leaf.from_bytes(stored.leaf).suite),
        )

    def _keys_of(self, stored: StoredEntry) -> EntryKeys:
        try:
            return self._keys(stored.holder_id, stored.actor_id, stored.key_version)
        except KeyUnavailableError as error:
            raise IntegrityError("a key of an entry is missing") from error

    def _find_keys(self, holder_id: bytes | None, actor: bytes, version: int) -> EntryKeys:
        actor_id = DepartmentId(actor)
        if holder_id is None:
            return system_entry_keys(self._tx, keyring=self._keyring, actor_id=actor_id)
        return entry_keys(
            self._tx,
            keyring=self._keyring,
            space=Space(self._log_id, HolderId(holder_id)),
            actor_id=actor_id,
            version=version,
        )
