"""Where guarded rows become values: not before their hash holds.

Each unit of work has a guard. That of plain units checks rows one by one. Under the journal
lock an older row with its own good hash is refused as well: ``BatchGuard`` compares versions
with the owner's state row, and tells that of what is written.
"""

from typing import Any, Protocol

from storage.row_macs import GuardedTable, Row, RowMacs, Values
from vault.errors import KeyUnavailableError


class Guard(Protocol):
    """Stands between guarded rows and values."""

    @property
    def macs(self) -> RowMacs:
        """The key of the hashes."""
        ...

    @property
    def compares(self) -> bool:
        """Whether ``checked`` compares with state rows too."""
        ...

    def checked(self, table: GuardedTable, row: Row) -> Row:
        """Return a row that was read, without its hash.

        Raises:
            IntegrityError: It was edited, invented, or brought back.
            KeyUnavailableError: The key of the hashes is not there.
        """
        ...

    def sealed(self, table: GuardedTable, values: Values) -> dict[str, object]:
        """Return what is written: ``values``, one for each column, and their hash."""
        ...

    def dropped(self, table: GuardedTable, key: tuple[Any, ...]) -> None:
        """Say that a row is deleted."""
        ...


class RowGuard:
    """Checks each row by itself."""

    def __init__(self) -> None:
        """Be closed: no guarded row is read or written before ``unlock``."""
        self._macs: RowMacs | None = None

    def unlock(self, macs: RowMacs) -> None:
        """Take the key."""
        self._macs = macs

    @property
    def macs(self) -> RowMacs:
        """The key.

        Raises:
            KeyUnavailableError: There is none yet.
        """
        if self._macs is None:
            raise KeyUnavailableError("the key of the guarded rows is not there")
        return self._macs

    @property
    def compares(self) -> bool:
        """No: an older row may pass, until the journal's transaction looks at it."""
        return False

    def checked(self, table: GuardedTable, row: Row) -> Row:
        """Return a row whose hash holds (see the protocol)."""
        return self.macs.checked(table, row)

    def sealed(self, table: GuardedTable, values: Values) -> dict[str, object]:
        """Return the row with its hash (see the protocol)."""
        return self.macs.sealed(table, values)

    def dropped(self, table: GuardedTable, key: tuple[Any, ...]) -> None:
        """Take note of nothing: only the journal's transaction has state rows."""
