"""Calls to registered addresses of clients, until they are made."""

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.openid import OutgoingCallRow
from vault.clients.told import OutgoingCall

_CALL: Final = table_of(OutgoingCallRow)
_COLUMNS: Final = tuple(_CALL.c.keys())

_ADD: Final = Prepared(insert(_CALL))
_DUE: Final = Prepared(
    select(_CALL)
    .where(_CALL.c.done_at.is_(None), _CALL.c.next_at <= bindparam("now"))
    .order_by(_CALL.c.next_at, _CALL.c.call_id)
    .limit(bindparam("most"))
)
_TAKE: Final = Prepared(
    update(_CALL)
    .where(keyed(_CALL, "call_id"), _CALL.c.done_at.is_(None))
    .where(_CALL.c.attempts == bindparam("before"))
    .values(attempts=bindparam("tried"), next_at=bindparam("until"))
)
_DONE: Final = Prepared(
    update(_CALL)
    .where(keyed(_CALL, "call_id"), _CALL.c.done_at.is_(None))
    .values(done_at=bindparam("now"), outcome=bindparam("word"))
)


class SqlCalls:
    """The part of ``vault.ports.ProtocolRows`` about calls to clients."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_call(self, call: OutgoingCall) -> None:
        """Write a call that waits."""
        _ADD.change(self._driver, **{name: getattr(call, name) for name in _COLUMNS})

    def due_calls(self, *, now: int, limit: int) -> tuple[OutgoingCall, ...]:
        """Return the calls whose time has come, the longest due first."""
        rows = _DUE.all(self._driver, now=now, most=limit)
        return tuple(OutgoingCall(**dict(zip(_COLUMNS, row, strict=True))) for row in rows)

    def take_call(self, call: OutgoingCall, *, next_at: int) -> bool:
        """Count a try; say whether nobody else has taken the call."""
        taken = _TAKE.change(
            self._driver,
            call_id=call.call_id,
            before=call.attempts,
            tried=call.attempts + 1,
            until=next_at,
        )
        return taken == 1

    def call_done(self, call_id: bytes, *, outcome: str, now: int) -> None:
        """Say that a call is not tried again."""
        _DONE.change(self._driver, call_id=call_id, word=outcome, now=now)
