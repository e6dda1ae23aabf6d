"""Signing in, counted tries, and messages on their way out."""

from typing import Final

from sqlalchemy import bindparam, insert, select, text, update

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import (
    authentication_of_row,
    authentication_row,
    keyed,
    space_of_row,
    space_row,
)
from storage.tables.columns import table_of
from storage.tables.signins import MessageRow, SignInAttemptRow, SignInRow, TryRow
from vault.clients.protocol import Authentication, Message, SignIn, SignInAttempt, sid_of
from vault.ids import HolderId, MandateId, Space

_ATTEMPT: Final = table_of(SignInAttemptRow)
_SIGNIN: Final = table_of(SignInRow)
_MESSAGE: Final = table_of(MessageRow)
_TRY_ROW: Final = table_of(TryRow)

_ADD_ATTEMPT: Final = Prepared(insert(_ATTEMPT))
_GET_ATTEMPT: Final = Prepared(select(_ATTEMPT).where(keyed(_ATTEMPT, "attempt_hash")))
_TRY: Final = Prepared(
    update(_ATTEMPT)
    .where(
        keyed(_ATTEMPT, "attempt_hash"),
        _ATTEMPT.c.tries < bindparam("most"),
        _ATTEMPT.c.spent_at.is_(None),
        _ATTEMPT.c.expires_at > bindparam("now"),
    )
    .values(tries=_ATTEMPT.c.tries + 1)
    .returning(*_ATTEMPT.c)
)
_SPEND: Final = Prepared(
    update(_ATTEMPT)
    .where(
        keyed(_ATTEMPT, "attempt_hash"),
        _ATTEMPT.c.spent_at.is_(None),
        _ATTEMPT.c.expires_at > bindparam("now"),
    )
    .values(spent_at=bindparam("now"))
)
# SQLAlchemy has no such INSERT for every database; this text is good for both of ours.
_COUNT: Final = Prepared(
    text(
        "INSERT INTO signin_try (key_hash, window_start, tries)"
        " VALUES (:key_hash, :window_start, 1) ON CONFLICT (key_hash, window_start)"
        " DO UPDATE SET tries = signin_try.tries + 1 RETURNING tries"
    )
)
_FORGIVE: Final = Prepared(
    update(_TRY_ROW)
    .where(
        keyed(_TRY_ROW, "key_hash"),
        _TRY_ROW.c.window_start == bindparam("start"),
        _TRY_ROW.c.tries > 1,
    )
    .values(tries=_TRY_ROW.c.tries - 1)
)
_TRIES: Final = Prepared(
    select(_TRY_ROW.c.tries).where(
        keyed(_TRY_ROW, "key_hash"), _TRY_ROW.c.window_start == bindparam("start")
    )
)

_ADD: Final = Prepared(insert(_SIGNIN))
_GET: Final = Prepared(
    select(_SIGNIN).where(
        keyed(_SIGNIN, "signin_hash"),
        _SIGNIN.c.ended_at.is_(None),
        _SIGNIN.c.expires_at > bindparam("now"),
        _SIGNIN.c.idle_expires_at > bindparam("now"),
    )
)
_TOUCH: Final = Prepared(
    update(_SIGNIN).where(keyed(_SIGNIN, "signin_hash")).values(idle_expires_at=bindparam("until"))
)
_SWITCH: Final = Prepared(
    update(_SIGNIN)
    .where(keyed(_SIGNIN, "signin_hash"))
    .values(
        log_id=bindparam("log"), holder_id=bindparam("holder"), mandate_id=bindparam("mandate")
    )
)
_END: Final = Prepared(
    update(_SIGNIN)
    .where(keyed(_SIGNIN, "signin_hash"), _SIGNIN.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
_END_OTHERS: Final = Prepared(
    update(_SIGNIN)
    .where(
        _SIGNIN.c.person_log_id == bindparam("log"),
        _SIGNIN.c.person_id == bindparam("person"),
        _SIGNIN.c.signin_hash != bindparam("but"),
        _SIGNIN.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("now"))
)

_ENQUEUE: Final = Prepared(insert(_MESSAGE))
_MESSAGES: Final = Prepared(
    select(_MESSAGE)
    .where(_MESSAGE.c.done_at.is_(None))
    .order_by(_MESSAGE.c.created_at, _MESSAGE.c.message_id)
    .limit(bindparam("most"))
)
_DONE: Final = Prepared(
    update(_MESSAGE)
    .where(keyed(_MESSAGE, "message_id"), _MESSAGE.c.done_at.is_(None))
    .values(done_at=bindparam("now"))
)


class SqlSignIns:
    """The part of ``vault.ports.ProtocolRows`` about holders' browsers."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_attempt(self, attempt: SignInAttempt) -> None:
        """Write an attempt to sign in."""
        _ADD_ATTEMPT.change(
            self._driver,
            attempt_hash=attempt.attempt_hash,
            **space_row(attempt.space),
            code_hash=attempt.code_hash,
            tries=attempt.tries,
            expires_at=attempt.expires_at,
            spent_at=attempt.spent_at,
        )

    def attempt(self, attempt_hash: bytes) -> SignInAttempt | None:
        """Return an attempt, also one that expired or was spent."""
        row = _GET_ATTEMPT.one(self._driver, attempt_hash=attempt_hash)
        return None if row is None else _attempt(row)

    def try_attempt(self, attempt_hash: bytes, *, most: int, now: int) -> SignInAttempt | None:
        """Count a try before its code is looked at (see the port)."""
        row = _TRY.one(self._driver, attempt_hash=attempt_hash, most=most, now=now)
        return None if row is None else _attempt(row)

    def spend_attempt(self, attempt_hash: bytes, *, now: int) -> bool:
        """Spend an unexpired attempt; say whether it was there to be spent."""
        return _SPEND.change(self._driver, attempt_hash=attempt_hash, now=now) == 1

    def count_try(self, key_hash: bytes, *, window_start: int) -> int:
        """Count one try under ``key_hash`` in a window; return how many there are now."""
        row = _COUNT.one(self._driver, key_hash=key_hash, window_start=window_start)
        return 0 if row is None else row[0]

    def forgive_try(self, key_hash: bytes, *, window_start: int) -> None:
        """Count one try less, where there was more than one."""
        _FORGIVE.change(self._driver, key_hash=key_hash, start=window_start)

    def tries(self, key_hash: bytes, *, window_start: int) -> int:
        """Return how many tries were counted under ``key_hash`` in a window."""
        row = _TRIES.one(self._driver, key_hash=key_hash, start=window_start)
        return 0 if row is None else row[0]

    def add_signin(self, signin: SignIn) -> None:
        """Write a sign-in."""
        _ADD.change(
            self._driver,
            signin_hash=signin.signin_hash,
            **signin.space._asdict(),
            csrf_hash=signin.csrf_hash,
            **_authentication(signin.auth),
            idle_expires_at=signin.idle_expires_at,
            expires_at=signin.expires_at,
            ended_at=signin.ended_at,
            mandate_id=signin.mandate_id,
        )

    def signin(self, signin_hash: bytes, *, now: int) -> SignIn | None:
        """Return a sign-in that neither ended nor expired."""
        row = _GET.one(self._driver, signin_hash=signin_hash, now=now)
        return None if row is None else _signin(row)

    def touch_signin(self, signin_hash: bytes, *, idle_expires_at: int) -> None:
        """Say until when a sign-in lasts without another request."""
        _TOUCH.change(self._driver, signin_hash=signin_hash, until=idle_expires_at)

    def switch_signin(self, signin: SignIn) -> None:
        """Say which space is open in a sign-in."""
        _SWITCH.change(
            self._driver,
            signin_hash=signin.signin_hash,
            log=signin.space.log_id,
            holder=signin.space.holder_id,
            mandate=signin.mandate_id,
        )

    def end_signin(self, signin_hash: bytes, *, now: int) -> None:
        """End a sign-in, if it has not ended."""
        _END.change(self._driver, signin_hash=signin_hash, now=now)

    def end_other_signins(self, person: Space, *, but: bytes, now: int) -> None:
        """End every sign-in of a person but one."""
        _END_OTHERS.change(
            self._driver, log=person.log_id, person=person.holder_id, but=but, now=now
        )

    def enqueue(self, message: Message) -> None:
        """Write a message that waits for a gateway."""
        _ENQUEUE.change(
            self._driver,
            message_id=message.message_id,
            kind=message.kind,
            sealed=message.sealed,
            created_at=message.created_at,
            done_at=message.done_at,
        )

    def messages(self, *, limit: int) -> tuple[Message, ...]:
        """Return the messages that wait, oldest first."""
        return tuple(map(_message, _MESSAGES.all(self._driver, most=limit)))

    def message_done(self, message_id: bytes, *, now: int) -> None:
        """Say that a message needs no delivery any more."""
        _DONE.change(self._driver, message_id=message_id, now=now)


def _attempt(row: Row) -> SignInAttempt:
    attempt_hash, log_id, holder_id, code_hash, tries, expires_at, spent_at = row
    return SignInAttempt(
        attempt_hash=attempt_hash,
        space=space_of_row(log_id, holder_id),
        code_hash=code_hash,
        tries=tries,
        expires_at=expires_at,
        spent_at=spent_at,
    )


def _authentication(auth: Authentication) -> dict[str, object]:
    """Return the columns; ``sid`` is none of them, as it follows from the row's own key."""
    return {name: value for name, value in authentication_row(auth).items() if name != "sid"}


def _signin(row: Row) -> SignIn:
    signin_hash, log_id, holder_id, csrf_hash, acr, auth_time, *rest = row
    idle_expires_at, expires_at, ended_at, person_log_id, person_id, amr, mandate_id = rest
    space = Space(log_id, HolderId(holder_id))
    return SignIn(
        signin_hash=signin_hash,
        space=Space(log_id, HolderId(holder_id)),
        csrf_hash=csrf_hash,
        auth=authentication_of_row(
            space,
            acr=acr,
            auth_time=auth_time,
            person=space_of_row(person_log_id, person_id),
            amr=amr,
            sid=sid_of(signin_hash),
        ),
        idle_expires_at=idle_expires_at,
        expires_at=expires_at,
        ended_at=ended_at,
        mandate_id=None if mandate_id is None else MandateId(mandate_id),
    )


def _message(row: Row) -> Message:
    message_id, kind, sealed, created_at, done_at = row
    return Message(
        message_id=message_id, kind=kind, sealed=sealed, created_at=created_at, done_at=done_at
    )
