"""The guarded rows as they are found, in the words of ``StateChange``."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection

from vault.journal.operations import Guarded
from vault.journal.state_check import ObjectName, StateRow


class _Columns(NamedTuple):
    name: str
    state: str


_COLUMNS: Final[Mapping[Guarded, _Columns]] = {
    Guarded.GRANT: _Columns("grant_id", "status"),
    Guarded.RECORD: _Columns("record_id", "status"),
    Guarded.HOLDER: _Columns("holder_id", "state"),
    Guarded.CASE: _Columns("case_no", "state"),
    Guarded.MANDATE: _Columns("mandate_id", "status"),
    Guarded.CLIENT: _Columns("client_id", "status"),
    Guarded.DEPARTMENT: _Columns("department_id", "status"),
    Guarded.DEVELOPER: _Columns("appointment_id", "status"),
    Guarded.POLICY: _Columns("pointer_id", "bundle_hash"),
    Guarded.SIGNING_KEYS: _Columns("set_id", "digest"),
}


def state_rows(connection: Connection) -> Iterator[StateRow]:
    """Yield every row of every guarded table."""
    for table, columns in _COLUMNS.items():
        for name, version, state in connection.exec_driver_sql(
            f"SELECT {columns.name}, version, {columns.state} FROM {table.value}"  # noqa: S608 - names from above
        ):
            yield StateRow(
                name=ObjectName(table.value, _text(name)), version=version, state=_text(state)
            )


def _text(value: bytes | int | str) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
