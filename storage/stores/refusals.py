"""Refused requests, kept for a week."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.registrations import RefusalRow
from vault.clients.refusals import MOST_OF_A_CLIENT, RefusedRequest
from vault.ids import ClientId

_REFUSAL: Final = table_of(RefusalRow)
_NEWEST: Final = (_REFUSAL.c.at.desc(), _REFUSAL.c.correlation.desc())

_ADD: Final = Prepared(insert(_REFUSAL))
_GET: Final = Prepared(select(_REFUSAL).where(keyed(_REFUSAL, "correlation")))
_OF_CLIENT: Final = Prepared(
    select(_REFUSAL)
    .where(keyed(_REFUSAL, "client_id"))
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_TRIM: Final = Prepared(
    delete(_REFUSAL).where(
        keyed(_REFUSAL, "client_id", "proven"),
        _REFUSAL.c.correlation.not_in(
            select(_REFUSAL.c.correlation)
            .where(keyed(_REFUSAL, "client_id", "proven"))
            .order_by(*_NEWEST)
            .limit(bindparam("most"))
        ),
    )
)


class SqlRefusals:
    """Implements ``vault.ports.Refusals``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def keep(self, refused: Sequence[RefusedRequest]) -> None:
        """Write them; the oldest of a client make room, proven and unproven apart."""
        for one in refused:
            _ADD.change(
                self._driver,
                correlation=one.correlation,
                client_id=one.client_id,
                proven=int(one.proven),
                at=one.at,
                method=one.method,
                path=one.path,
                status=one.status,
                error=one.error,
                reason=one.reason,
            )
        for client_id, proven in sorted({(one.client_id, one.proven) for one in refused}):
            _TRIM.change(
                self._driver, client_id=client_id, proven=int(proven), most=MOST_OF_A_CLIENT
            )

    def get(self, correlation: str) -> RefusedRequest | None:
        """Return the one with this correlation id, or ``None``."""
        row = _GET.one(self._driver, correlation=correlation)
        return None if row is None else _refused(row)

    def of_client(self, client_id: ClientId, *, limit: int) -> tuple[RefusedRequest, ...]:
        """Return at most ``limit`` of a client, newest first."""
        rows = _OF_CLIENT.all(self._driver, client_id=client_id, most=limit)
        return tuple(map(_refused, rows))


def _refused(row: Row) -> RefusedRequest:
    correlation, client_id, proven, at, method, path, status, error, reason = row
    return RefusedRequest(
        correlation=correlation,
        client_id=ClientId(client_id),
        proven=bool(proven),
        at=at,
        method=method,
        path=path,
        status=status,
        error=error,
        reason=reason,
    )
