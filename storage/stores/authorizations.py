"""A pushed request on its way to a code: each step is spent by one statement, once."""

from typing import Final

from sqlalchemy import bindparam, insert, literal, select, update

from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import (
    authentication_of_row,
    authentication_row,
    keyed,
    space_of_row,
)
from storage.tables.columns import table_of
from storage.tables.oauth import CodeRow, InteractionRow, PushedRequestRow
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import (
    AuthorizationCode,
    Interaction,
    InteractionState,
    PushedRequest,
)
from vault.ids import ClientId, GrantId, HolderId, Space

_PUSHED: Final = table_of(PushedRequestRow)
_INTERACTION: Final = table_of(InteractionRow)
_CODE: Final = table_of(CodeRow)
_OPEN: Final = _INTERACTION.c.state == literal(InteractionState.OPEN.value)

_PUSH: Final = Prepared(insert(_PUSHED))
_GET_PUSHED: Final = Prepared(select(_PUSHED).where(keyed(_PUSHED, "request_hash")))
_SPEND_PUSHED: Final = Prepared(
    update(_PUSHED)
    .where(keyed(_PUSHED, "request_hash"), _PUSHED.c.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
)

_OPEN_INTERACTION: Final = Prepared(insert(_INTERACTION))
_GET_INTERACTION: Final = Prepared(
    select(_INTERACTION).where(keyed(_INTERACTION, "interaction_id"))
)
_INTERACTION_OF: Final = Prepared(
    select(_INTERACTION).where(keyed(_INTERACTION, "request_hash", "browser_hash"))
)
_BIND: Final = Prepared(
    update(_INTERACTION)
    .where(keyed(_INTERACTION, "interaction_id"), _INTERACTION.c.signin_hash.is_(None), _OPEN)
    .values(signin_hash=bindparam("signin"))
)
_CLOSE: Final = Prepared(
    update(_INTERACTION)
    .where(keyed(_INTERACTION, "interaction_id"), _OPEN)
    .values(state=bindparam("closed"))
)

_ADD_CODE: Final = Prepared(insert(_CODE))
_GET_CODE: Final = Prepared(select(_CODE).where(keyed(_CODE, "code_hash")))
_SPEND_CODE: Final = Prepared(
    update(_CODE)
    .where(
        keyed(_CODE, "code_hash", "client_id"),
        _CODE.c.used_at.is_(None),
        _CODE.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
)


class SqlAuthorizations:
    """The part of ``vault.ports.ProtocolRows`` before there is a token."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def push(self, request: PushedRequest) -> None:
        """Write a pushed request."""
        _PUSH.change(
            self._driver,
            request_hash=request.request_hash,
            client_id=request.client_id,
            params=request.params,
            dpop_jkt=request.cnf.text,
            expires_at=request.expires_at,
            consumed_at=request.consumed_at,
        )

    def pushed(self, request_hash: bytes) -> PushedRequest | None:
        """Return a pushed request, also one that expired or was spent."""
        row = _GET_PUSHED.one(self._driver, request_hash=request_hash)
        return None if row is None else _pushed(row)

    def spend_pushed(self, request_hash: bytes, *, now: int) -> bool:
        """Spend a request; say whether it was there to be spent."""
        return _SPEND_PUSHED.change(self._driver, request_hash=request_hash, now=now) == 1

    def open_interaction(self, interaction: Interaction) -> None:
        """Write an interaction; a browser has one for each request."""
        _OPEN_INTERACTION.change(
            self._driver,
            interaction_id=interaction.interaction_id,
            request_hash=interaction.request_hash,
            browser_hash=interaction.browser_hash,
            signin_hash=interaction.signin_hash,
            state=interaction.state.value,
            expires_at=interaction.expires_at,
        )

    def interaction(self, interaction_id: bytes) -> Interaction | None:
        """Return an interaction."""
        row = _GET_INTERACTION.one(self._driver, interaction_id=interaction_id)
        return None if row is None else _interaction(row)

    def interaction_of(self, request_hash: bytes, *, browser_hash: bytes) -> Interaction | None:
        """Return a browser's interaction with one request."""
        row = _INTERACTION_OF.one(
            self._driver, request_hash=request_hash, browser_hash=browser_hash
        )
        return None if row is None else _interaction(row)

    def bind_interaction(self, interaction_id: bytes, *, signin_hash: bytes) -> bool:
        """Bind an open interaction to a sign-in; say whether it was bound to none before."""
        bound = _BIND.change(self._driver, interaction_id=interaction_id, signin=signin_hash)
        return bound == 1

    def close_interaction(self, interaction_id: bytes, *, state: InteractionState) -> bool:
        """Close an open interaction; say whether it was open."""
        closed = _CLOSE.change(self._driver, interaction_id=interaction_id, closed=state.value)
        return closed == 1

    def add_code(self, code: AuthorizationCode) -> None:
        """Write a code."""
        _ADD_CODE.change(
            self._driver,
            code_hash=code.code_hash,
            **code.space._asdict(),
            grant_id=code.grant_id,
            family_id=code.family_id,
            client_id=code.client_id,
            redirect_uri=code.redirect_uri,
            code_challenge=code.code_challenge,
            dpop_jkt=code.cnf.text,
            **authentication_row(code.auth),
            nonce=code.nonce or None,
            scope=code.scope,
            expires_at=code.expires_at,
            used_at=code.used_at,
        )

    def code(self, code_hash: bytes) -> AuthorizationCode | None:
        """Return a code, also one that expired or was spent."""
        row = _GET_CODE.one(self._driver, code_hash=code_hash)
        return None if row is None else _code(row)

    def spend_code(self, code_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        """Claim a code in one statement: unspent, unexpired and this client's."""
        spent = _SPEND_CODE.change(self._driver, code_hash=code_hash, client_id=client_id, now=now)
        return spent == 1


def _pushed(row: Row) -> PushedRequest:
    request_hash, client_id, params, dpop_jkt, expires_at, consumed_at = row
    return PushedRequest(
        request_hash=request_hash,
        client_id=ClientId(client_id),
        params=params,
        cnf=Confirmation.of(dpop_jkt),
        expires_at=expires_at,
        consumed_at=consumed_at,
    )


def _interaction(row: Row) -> Interaction:
    interaction_id, request_hash, browser_hash, signin_hash, state, expires_at = row
    return Interaction(
        interaction_id=interaction_id,
        request_hash=request_hash,
        browser_hash=browser_hash,
        signin_hash=signin_hash,
        state=InteractionState(state),
        expires_at=expires_at,
    )


def _code(row: Row) -> AuthorizationCode:
    code_hash, log_id, holder_id, grant_id, family_id, client_id, *rest = row
    redirect_uri, code_challenge, dpop_jkt, acr, auth_time, *rest = rest
    scope, expires_at, used_at, person_log_id, person_id, amr, sid, nonce = rest
    space = Space(log_id, HolderId(holder_id))
    return AuthorizationCode(
        code_hash=code_hash,
        space=space,
        grant_id=GrantId(grant_id),
        family_id=family_id,
        client_id=ClientId(client_id),
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        cnf=Confirmation.of(dpop_jkt),
        auth=authentication_of_row(
            space,
            acr=acr,
            auth_time=auth_time,
            person=space_of_row(person_log_id, person_id),
            amr=amr,
            sid=sid or b"",
        ),
        nonce=nonce or "",
        scope=scope,
        expires_at=expires_at,
        used_at=used_at,
    )
