"""State rows in one batch of the journal: what is read is compared, what is written is told.

The state row of an owner lists the version of each of its guarded rows, and how many entries
the owner has in the log and where the last one stands. It is written anew with each entry of
the owner, under the lock and in the transaction of that entry. So an older row is refused that
was once good; so is an older state row, for the log goes on; and state, counter and entries put
back together meet the signed head (journal.md 6).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from storage.log_rows import EntryRow, HeadRow
from storage.row_macs import (
    GUARDED,
    GuardedTable,
    Row,
    RowMacs,
    StateRow,
    Values,
    row_name,
)
from storage.row_versions import Versions
from storage.state_statements import StateStatements
from vault.crypto.keyring import SYSTEM_ACTOR_ID
from vault.errors import IntegrityError
from vault.journal.operations import Seen

Owner = tuple[int, bytes]
"""A log, and the id of a holder in it; or ``SYSTEM``."""

SYSTEM: Final[Owner] = (0, SYSTEM_ACTOR_ID)
"""Owner of the rows that belong to no holder: they are changed by entries of the system."""

NOWHERE: Final = -1

_OLDER: Final = "a guarded row is older than the journal knows it, or was never written"
_ASTRAY: Final = "a state row does not belong to the entries of the log"


class RowStates:
    """The state rows that one batch meets; written once, after its entries."""

    def __init__(self, rows: StateStatements, *, macs: RowMacs, head: HeadRow) -> None:
        """Stand on the transaction of ``rows``, whose ``head`` is locked."""
        self._rows = rows
        self._macs = macs
        self._head = head
        self._found: dict[Owner, StateRow | IntegrityError] = {}
        self._versions: dict[Owner, Versions] = {}
        self._told: list[tuple[Owner, bytes, int | None]] = []
        self._changed: dict[Owner, None] = {}

    def load(self, owners: Iterable[Owner]) -> None:
        """Read the state rows of ``owners`` together."""
        wanted = sorted(set(owners) - self._found.keys())
        if not wanted:
            return
        for owner, stored, counted, at_idx in self._rows.states(wanted, year=self._head.year):
            try:
                self._found[owner] = state = self._checked(owner, stored, counted, at_idx)
            except IntegrityError as error:
                self._found[owner] = error
            else:
                self._versions[owner] = Versions(state.versions)

    def locked(self, owner: Owner) -> bool:
        """Say whether nobody else can change the owner's rows now: their log is not another."""
        return owner == SYSTEM or owner[0] == self._head.log_id

    def check(self, owner: Owner) -> StateRow:
        """Return the state row of an owner, as it was before this batch.

        Raises:
            IntegrityError: It is gone, was edited, or is an older one.
        """
        self.load([owner])
        found = self._found[owner]
        if isinstance(found, IntegrityError):
            raise IntegrityError(*found.args) from found
        return found

    def expects(self, owner: Owner, table: str, key: tuple[Any, ...], *, version: int) -> None:
        """Check that a row stands at the version that the journal knows.

        Raises:
            IntegrityError: It is an older one, or one that the journal has never seen.
        """
        self.check(owner)
        if self._versions[owner].get(row_name(table, key)) != version:
            raise IntegrityError(_OLDER)

    def expects_seen(self, seen: Sequence[Seen]) -> None:
        """Check every row that a decision read.

        Raises:
            IntegrityError: One of them is an older one, or unknown to the journal.
        """
        for one in seen:
            owned = GUARDED[one.table].owned
            owner = (one.key[0], one.key[1]) if owned else SYSTEM
            self.expects(owner, one.table.value, one.key, version=one.version)  # type: ignore[arg-type]

    def wrote(self, owner: Owner, table: str, key: tuple[Any, ...], *, version: int) -> None:
        """List what was written.

        Raises:
            IntegrityError: The state row of the owner does not hold.
        """
        self._tell(owner, row_name(table, key), version)

    def dropped(self, owner: Owner, table: str, key: tuple[Any, ...]) -> None:
        """List a row no more."""
        self._tell(owner, row_name(table, key), None)

    def mark(self) -> int:
        """Return how much was told so far, for ``back``."""
        return len(self._told)

    def back(self, mark: int) -> None:
        """Forget what was told since ``mark``: the savepoint was undone."""
        if len(self._told) == mark:
            return
        del self._told[mark:]
        for owner in self._changed:
            self._versions[owner] = Versions(self.check(owner).versions)
        for owner, name, version in self._told:
            self._list(owner, name, version)

    def write(self, entries: Sequence[EntryRow]) -> None:
        """Write the state row of everybody who has an entry, or a changed row, in this batch."""
        last: dict[Owner, tuple[int, int]] = {}
        for entry in entries:
            if entry.holder_id is not None and entry.holder_seq is not None:
                last[entry.log_id, entry.holder_id] = (entry.holder_seq + 1, entry.idx)
            if (entry.log_id, entry.actor_id) == SYSTEM:
                last[SYSTEM] = (entry.actor_seq + 1, entry.idx)
        rows = []
        for owner in sorted(last.keys() | {owner for owner, _, _ in self._told}):
            before = self.check(owner)
            seq, idx = last.get(owner, (before.seq, before.idx))
            state = StateRow(*owner, seq, idx, bytes(self._versions[owner]))
            rows.append((*state, self._macs.of_state(state)))
        self._rows.put_states(rows)

    def _tell(self, owner: Owner, name: bytes, version: int | None) -> None:
        self.check(owner)
        self._told.append((owner, name, version))
        self._changed[owner] = None
        self._list(owner, name, version)

    def _list(self, owner: Owner, name: bytes, version: int | None) -> None:
        if version is None:
            self._versions[owner].drop(name)
        else:
            self._versions[owner].put(name, version)

    def _checked(
        self, owner: Owner, stored: Row | None, counted: int | None, at_idx: Row | None
    ) -> StateRow:
        if stored is None:
            if counted is not None:
                raise IntegrityError("the state row of an owner is gone")
            return StateRow(*owner, 0, NOWHERE, b"")
        *values, mac = stored
        state = self._macs.checked_state(StateRow(*owner, *values), mac)
        if (counted or 0) != state.seq:
            raise IntegrityError(_ASTRAY)
        own_log = owner[0] == self._head.log_id
        if own_log and state.seq and at_idx != (owner[1], state.seq - 1):
            raise IntegrityError(_ASTRAY)
        return state


class BatchGuard:
    """Checks rows by themselves and against the state rows of a batch."""

    def __init__(self, macs: RowMacs, states: RowStates) -> None:
        """Tell ``states`` of what is written."""
        self.macs = macs
        self.states = states

    @classmethod
    def over(cls, rows: StateStatements, *, macs: RowMacs, head: HeadRow) -> Self:
        """Return the guard of a batch whose ``head`` is locked."""
        return cls(macs, RowStates(rows, macs=macs, head=head))

    @property
    def compares(self) -> bool:
        """Yes: an older row is refused."""
        return True

    def checked(self, table: GuardedTable, row: Row) -> Row:
        """Return a row that is as it was written last (see ``Guard``)."""
        values = self.macs.checked(table, row)
        owner = _owner(table, values)
        if self.states.locked(owner):
            self.states.expects(
                owner, table.name, table.key_of(values), version=values[table.version]
            )
        return values

    def sealed(self, table: GuardedTable, values: Values) -> dict[str, object]:
        """Return the row with its hash, and list its version (see ``Guard``)."""
        row: list[Any] = [values[name] for name in table.columns]
        self.states.wrote(
            _owner(table, row), table.name, table.key_of(row), version=row[table.version]
        )
        return self.macs.sealed(table, values)

    def dropped(self, table: GuardedTable, key: tuple[Any, ...]) -> None:
        """List a row no more (see ``Guard``)."""
        self.states.dropped(_owner(table, key), table.name, key)


def _owner(table: GuardedTable, row: Row) -> Owner:
    """Return whose state row vouches for a row, by the row or its primary key."""
    return (row[0], row[1]) if table.owned else SYSTEM


def listed(rows: Iterable[tuple[GuardedTable, Row]]) -> Mapping[Owner, Versions]:
    """Return what the state rows list, of ``rows`` as they are now (without their hashes)."""
    found: dict[Owner, Versions] = {}
    for table, row in rows:
        versions = found.setdefault(_owner(table, row), Versions())
        versions.put(row_name(table.name, table.key_of(row)), row[table.version])
    return found
