"""The statements about state rows: read for a whole batch, written for a whole batch."""

from collections.abc import Iterator, Sequence
from typing import Final

from storage.dialects import Row
from storage.log_rows import LogRows

_STATES: Final = (
    "WITH w(log_id, owner_id) AS ({listed})"
    " SELECT w.log_id, w.owner_id, s.seq, s.idx, s.versions, s.mac, c.seq,"
    " e.holder_id, e.holder_seq, e.actor_id, e.actor_seq FROM w"
    " LEFT JOIN guarded_state s ON s.log_id = w.log_id AND s.owner_id = w.owner_id"
    " LEFT JOIN journal_counter c ON c.log_id = w.log_id AND c.owner_id = w.owner_id"
    " LEFT JOIN journal_entry e ON e.log_id = s.log_id AND e.year = ? AND e.idx = s.idx"
)
_STATE_ANEW: Final = (
    " ON CONFLICT (log_id, owner_id) DO UPDATE SET seq = excluded.seq, idx = excluded.idx,"
    " versions = excluded.versions, mac = excluded.mac"
)


class StateStatements(LogRows):
    """What ``row_states`` says to the database."""

    __slots__ = ()

    def states(
        self, owners: Sequence[tuple[int, bytes]], *, year: int
    ) -> Iterator[tuple[tuple[int, bytes], Row | None, int | None, Row | None]]:
        """Yield what vouches for the rows of each owner, not yet checked.

        Yields:
            The owner; its state row, if there is one; how many entries are counted; and whose
            entry stands where the state row says that the last one does, with its number.
        """
        listed = self.dialect.listed("guarded_state", ("log_id", "owner_id"), count=len(owners))
        given = (*self.dialect.given(owners), year)
        for log_id, owner_id, *found in self._all(_STATES.format(listed=listed), given):
            seq, idx, versions, mac, counted, holder_id, holder_seq, actor_id, actor_seq = found
            at_idx = (actor_id, actor_seq) if actor_id == owner_id else (holder_id, holder_seq)
            stored = None if mac is None else (seq, idx, versions, mac)
            yield (log_id, owner_id), stored, counted, at_idx

    def put_states(self, rows: Sequence[Row]) -> None:
        """Write state rows, over those of before."""
        if rows:
            columns = ("log_id", "owner_id", "seq", "idx", "versions", "mac")
            statement = self._insert("guarded_state", columns, rows, then=_STATE_ANEW)
            self._run(statement, self.dialect.given(rows))
