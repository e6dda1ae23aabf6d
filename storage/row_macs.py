"""Keyed hashes of guarded rows, under a key that whoever writes the database does not have.

    HMAC(row key, "cv1/row" ‖ 00 ‖ vault_id ‖ table ‖ each column that is not NULL, by name)

SHA-256, or SM3 in suite 2. Every column of the table goes in; the only one that does not is
``mac`` itself, which is its last. So a column that is added later is covered from the first,
and rows that have nothing in it keep their hash. The primary key and the version are columns
like any other: a row that was moved, or that takes another's version, does not verify.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Table

from storage.tables import METADATA
from vault.crypto.keys import ServiceKey
from vault.errors import IntegrityError
from vault.ids import HolderId, Space

MAC: Final = "mac"
STATE: Final = "guarded_state"
NAME: Final = "row-macs"
"""Name of the service key."""

KEY_BYTES: Final = 12
"""How much of a hash names a row in a state row."""

_log = structlog.get_logger(__name__)

Row = Sequence[Any]
Values = Mapping[str, object]

_ROW: Final = b"cv1/row\0"
_STATE: Final = b"cv1/row-state\0"


class GuardedTable(NamedTuple):
    """How the rows of a guarded table are read; all of it is derived from the table.

    Attributes:
        name: Of the table.
        columns: Every column but ``mac``, in order; ``mac`` is the last.
        labels: The encoded name of each column.
        key: Where the primary key stands in a row.
        version: Where the version stands in a row.
        owned: Whether the rows belong to a holder, whom the first two columns name.
    """

    name: str
    columns: tuple[str, ...]
    labels: tuple[bytes, ...]
    key: tuple[int, ...]
    version: int
    owned: bool

    @classmethod
    def of(cls, table: Table) -> "GuardedTable":
        """Derive it from ``table``."""
        *columns, last = (column.name for column in table.c)
        if last != MAC:
            raise TypeError(f"the last column of {table.name} is not {MAC}")
        key = tuple(columns.index(column.name) for column in table.primary_key.columns)
        return cls(
            name=table.name,
            columns=tuple(columns),
            labels=tuple(map(_text, columns)),
            key=key,
            version=columns.index("version"),
            owned=tuple(columns[:2]) == ("log_id", "holder_id"),
        )

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """Return the primary key of a row."""
        return tuple([row[at] for at in self.key])

    def space_of(self, row: Row) -> Space | None:
        """Return whose row it is; ``None`` for one of the deployment's."""
        return Space(row[0], HolderId(row[1])) if self.owned else None


class StateRow(NamedTuple):
    """Vouches for the versions of all guarded rows of one owner (architecture.md 9.6).

    Attributes:
        owner_id: The holder; for the rows of the deployment, the system's own actor.
        seq: How many entries the owner has in the log.
        idx: Index of the last of them; -1 while there is none.
        versions: Of every row: the name that ``row_name`` gives, and its version.
    """

    log_id: int
    owner_id: bytes
    seq: int
    idx: int
    versions: bytes


class RowMacs:
    """Makes and checks the hashes."""

    def __init__(self, key: ServiceKey, *, vault_id: bytes) -> None:
        """Use ``key``, for one deployment."""
        self._key = key
        self._vault_id = vault_id

    def of_row(self, table: GuardedTable, row: Row) -> bytes:
        """Return the hash of a row: the values of ``table.columns``, in their order."""
        parts = [_ROW, self._vault_id, _text(table.name)]
        for label, value in zip(table.labels, row, strict=True):
            if value is None:
                continue
            parts.append(label)
            if isinstance(value, str):
                found = value.encode()
                parts.append(b"t" + len(found).to_bytes(4, "big"))
                parts.append(found)
            elif isinstance(value, int):
                parts.append(b"n" + value.to_bytes(8, "big", signed=True))
            else:
                parts.append(b"b" + len(value).to_bytes(4, "big"))
                parts.append(value)
        return self._key.hmac(b"".join(parts))

    def checked(self, table: GuardedTable, row: Row) -> Row:
        """Return a row as it was read, without its hash, once that holds.

        Raises:
            IntegrityError: It is not what was written, or was never written by us.
        """
        if not self.holds(table, row):
            _log.error("a guarded row does not verify", table=table.name)
            raise IntegrityError(f"a row of {table.name} is not as it was written")
        return row[:-1]

    def holds(self, table: GuardedTable, row: Row) -> bool:
        """Say whether a row as it was read fits its hash, which is its last column."""
        *values, mac = row
        return mac is not None and compare_digest(mac, self.of_row(table, values))

    def sealed(self, table: GuardedTable, values: Values) -> dict[str, object]:
        """Return ``values``, one for each column, with their hash."""
        row = [values[name] for name in table.columns]
        return {**values, MAC: self.of_row(table, row)}

    def of_state(self, state: StateRow) -> bytes:
        """Return the hash of a state row."""
        numbers = (state.log_id, state.seq, state.idx)
        return self._key.hmac(
            b"".join(
                (
                    _STATE,
                    self._vault_id,
                    state.owner_id,
                    *(number.to_bytes(8, "big", signed=True) for number in numbers),
                    state.versions,
                )
            )
        )

    def checked_state(self, state: StateRow, mac: bytes) -> StateRow:
        """Return a state row once its hash holds.

        Raises:
            IntegrityError: It is not what was written.
        """
        if not compare_digest(mac, self.of_state(state)):
            raise IntegrityError("a state row is not as it was written")
        return state


@lru_cache(maxsize=65536)
def row_name(table: str, key: tuple[Any, ...]) -> bytes:
    """Return what names a row in the state row of its owner."""
    parts = [_text(table)]
    for value in key:
        plain = value if isinstance(value, bytes) else str(value).encode()
        parts.append(len(plain).to_bytes(4, "big") + plain)
    return sha256(b"".join(parts)).digest()[:KEY_BYTES]


def _text(text: str) -> bytes:
    plain = text.encode()
    return len(plain).to_bytes(2, "big") + plain


GUARDED: Final[Mapping[str, GuardedTable]] = {
    table.name: GuardedTable.of(table)
    for table in METADATA.sorted_tables
    if MAC in table.c and table.name != STATE
}
"""Every table whose rows carry their hash."""
