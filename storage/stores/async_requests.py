"""Requests of kiosks and counters: every step is claimed by one statement, once."""

from typing import Final

from sqlalchemy import bindparam, insert, literal, or_, select, update

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import (
    authentication_of_row,
    authentication_row,
    keyed,
    space_of_row,
    space_row,
)
from storage.tables.async_requests import AsyncRequestRow, ShownCodeRow
from storage.tables.columns import table_of
from vault.clients.async_requests import (
    Approval,
    AsyncKind,
    AsyncRequest,
    AsyncState,
    ShownCode,
)
from vault.clients.confirmation import Confirmation
from vault.ids import ClientId, GrantId, HolderId, Space

SLOWER_SECONDS: Final = 5
"""What an interval grows by (RFC 8628 s. 3.5)."""

_ASYNC: Final = table_of(AsyncRequestRow)
_SHOWN: Final = table_of(ShownCodeRow)
_PENDING: Final = _ASYNC.c.state == literal(AsyncState.PENDING.value)
_APPROVED: Final = _ASYNC.c.state == literal(AsyncState.APPROVED.value)
_LIVE: Final = _ASYNC.c.expires_at > bindparam("now")

_ADD: Final = Prepared(insert(_ASYNC))
_GET: Final = Prepared(select(_ASYNC).where(keyed(_ASYNC, "request_id")))
_OF_CODE: Final = Prepared(select(_ASYNC).where(keyed(_ASYNC, "code_hash")))
_OF_USER_CODE: Final = Prepared(select(_ASYNC).where(keyed(_ASYNC, "user_code_hash")))
_WAITING: Final = Prepared(
    select(_ASYNC)
    .where(
        keyed(_ASYNC, "log_id", "holder_id"),
        _ASYNC.c.kind == literal(AsyncKind.CIBA.value),
        _PENDING,
        _LIVE,
    )
    .order_by(_ASYNC.c.created_at)
)
_BIND: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id"), _ASYNC.c.signin_hash.is_(None), _PENDING)
    .values(signin_hash=bindparam("signin"))
)
_POLL: Final = Prepared(
    update(_ASYNC)
    .where(
        keyed(_ASYNC, "request_id"),
        _PENDING,
        or_(
            _ASYNC.c.polled_at.is_(None),
            _ASYNC.c.polled_at + _ASYNC.c.interval_s <= bindparam("now"),
        ),
    )
    .values(polled_at=bindparam("now"))
)
_SLOW: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id"), _PENDING)
    .values(polled_at=bindparam("now"), interval_s=_ASYNC.c.interval_s + literal(SLOWER_SECONDS))
)
_APPROVE: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id"), _PENDING, _LIVE)
    .values(
        state=literal(AsyncState.APPROVED.value),
        **{
            name: bindparam(name)
            for name in (
                *("grant_id", "scope", "person_log_id", "person_id"),
                *("acr", "amr", "auth_time", "sid"),
            )
        },
    )
)
_DENY: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id"), _PENDING, _LIVE)
    .values(state=literal(AsyncState.DENIED.value))
)
_END_UNMET: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id"), _PENDING, _LIVE)
    .values(state=literal(AsyncState.DENIED.value), acr=bindparam("needed"))
)
_REDEEM: Final = Prepared(
    update(_ASYNC)
    .where(keyed(_ASYNC, "request_id", "client_id"), _APPROVED, _LIVE)
    .values(state=literal(AsyncState.CONSUMED.value))
)

_SHOW: Final = Prepared(insert(_SHOWN))
_CLAIM: Final = Prepared(
    update(_SHOWN)
    .where(
        keyed(_SHOWN, "code_hash"),
        _SHOWN.c.used_at.is_(None),
        _SHOWN.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(_SHOWN.c.log_id, _SHOWN.c.holder_id)
)


class SqlAsyncRequests:
    """Implements ``vault.ports.async_requests.AsyncRows``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_async(self, request: AsyncRequest) -> None:
        """Write a request; its codes are taken from now on."""
        _ADD.change(
            self._driver,
            request_id=request.request_id,
            kind=request.kind.value,
            code_hash=request.code_hash,
            user_code_hash=request.user_code_hash,
            client_id=request.client_id,
            **space_row(request.space),
            params=request.params,
            cnf=request.cnf.text,
            state=request.state.value,
            interval_s=request.interval,
            polled_at=request.polled_at,
            signin_hash=request.signin_hash,
            notify=request.notify,
            created_at=request.created_at,
            expires_at=request.expires_at,
            **_approval_row(request.approval),
        )

    def async_request(self, request_id: bytes) -> AsyncRequest | None:
        """Return a request of any state."""
        return _found(_GET.one(self._driver, request_id=request_id))

    def async_of_code(self, code_hash: bytes) -> AsyncRequest | None:
        """Return the request that a client polls for."""
        return _found(_OF_CODE.one(self._driver, code_hash=code_hash))

    def async_of_user_code(self, user_code_hash: bytes) -> AsyncRequest | None:
        """Return the request that a kiosk shows a code of."""
        return _found(_OF_USER_CODE.one(self._driver, user_code_hash=user_code_hash))

    def async_waiting(self, space: Space, *, now: int) -> tuple[AsyncRequest, ...]:
        """Return what counters wait for a holder to decide."""
        rows = _WAITING.all(self._driver, **space._asdict(), now=now)
        return tuple(_request(row) for row in rows)

    def bind_async(self, request_id: bytes, *, signin_hash: bytes) -> bool:
        """Bind a pending request; say whether it was bound to none before."""
        bound = _BIND.change(self._driver, request_id=request_id, signin=signin_hash)
        return bound == 1

    def poll_async(self, request_id: bytes, *, now: int) -> bool:
        """Count a poll; of two at once the second comes too early."""
        if _POLL.change(self._driver, request_id=request_id, now=now) == 1:
            return True
        _SLOW.change(self._driver, request_id=request_id, now=now)
        return False

    def approve_async(self, approval: Approval, *, now: int) -> bool:
        """Approve a request; say whether it was there to be decided."""
        approved = _APPROVE.change(
            self._driver,
            request_id=approval.request_id,
            now=now,
            **_approval_row(approval),
        )
        return approved == 1

    def deny_async(self, request_id: bytes, *, now: int) -> bool:
        """Deny a request; say whether it was there to be decided."""
        return _DENY.change(self._driver, request_id=request_id, now=now) == 1

    def end_unmet(self, request_id: bytes, *, acr: str, now: int) -> bool:
        """Deny a request, and keep the level that it would have taken: nobody has decided."""
        return _END_UNMET.change(self._driver, request_id=request_id, needed=acr, now=now) == 1

    def redeem_async(self, request_id: bytes, *, client_id: ClientId, now: int) -> bool:
        """Claim an approved request in one statement."""
        redeemed = _REDEEM.change(
            self._driver, request_id=request_id, client_id=client_id, now=now
        )
        return redeemed == 1

    def add_shown_code(self, code: ShownCode) -> None:
        """Write a code that a screen shows."""
        _SHOW.change(
            self._driver,
            code_hash=code.code_hash,
            **code.space._asdict(),
            expires_at=code.expires_at,
            used_at=code.used_at,
        )

    def claim_shown_code(self, code_hash: bytes, *, now: int) -> Space | None:
        """Claim a shown code in one statement; return whose it was."""
        row = _CLAIM.one(self._driver, code_hash=code_hash, now=now)
        return None if row is None else Space(row[0], HolderId(row[1]))


def _approval_row(approval: Approval | None) -> dict[str, object]:
    told = None if approval is None else approval.auth
    return {
        "grant_id": None if approval is None else approval.grant_id,
        "scope": None if approval is None else approval.scope,
        **authentication_row(told),
    }


def _found(row: Row | None) -> AsyncRequest | None:
    return None if row is None else _request(row)


def _request(row: Row) -> AsyncRequest:
    request_id, kind, code_hash, user_code_hash, client_id, log_id, holder_id, *rest = row
    params, cnf, state, interval, polled_at, signin_hash, *rest = rest
    notify, created_at, expires_at, *decided = rest
    space = space_of_row(log_id, holder_id)
    return AsyncRequest(
        request_id=request_id,
        kind=AsyncKind(kind),
        code_hash=code_hash,
        user_code_hash=user_code_hash,
        client_id=ClientId(client_id),
        space=space,
        params=params,
        cnf=Confirmation.of(cnf),
        state=AsyncState(state),
        interval=interval,
        polled_at=polled_at,
        signin_hash=signin_hash,
        approval=None if space is None else _approval(request_id, space, decided),
        unmet=_unmet(decided),
        notify=notify,
        created_at=created_at,
        expires_at=expires_at,
    )


def _unmet(decided: Row) -> str:
    """Return the level that was missing: it stands where that of an approval would."""
    grant_id, _, _, _, acr, *_ = decided
    return acr if grant_id is None and acr is not None else ""


def _approval(request_id: bytes, space: Space, decided: Row) -> Approval | None:
    grant_id, scope, person_log_id, person_id, acr, amr, auth_time, sid = decided
    if grant_id is None:
        return None
    return Approval(
        request_id=request_id,
        grant_id=GrantId(grant_id),
        scope=scope,
        auth=authentication_of_row(
            space,
            acr=acr,
            auth_time=auth_time,
            person=space_of_row(person_log_id, person_id),
            amr=amr,
            sid=sid or b"",
        ),
    )
