"""Access and refresh tokens; every use of one joins it to its live client and grant."""

from typing import Any, Final

from sqlalchemy import and_, bindparam, insert, literal, or_, select, update

from storage.statements import Driver, Prepared, Row
from storage.stores.clients import CLIENT, SqlClients
from storage.stores.consents import CONSENT, SqlConsents
from storage.stores.departments import DEPARTMENT, SqlDepartments
from storage.stores.keyed import (
    authentication_of_row,
    authentication_row,
    keyed,
    space_of_row,
    space_row,
)
from storage.stores.mandates import SqlMandates
from storage.tables.columns import table_of
from storage.tables.oauth import RefreshTokenRow, TokenRow
from vault.clients import ClientStatus
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import AccessToken, Authentication, RefreshToken
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.departments import DepartmentStatus
from vault.ids import ClientId, GrantId, HolderId, Space
from vault.mandates import lives
from vault.ports import LiveToken

_TOKEN: Final = table_of(TokenRow)
_UNREVOKED: Final = _TOKEN.c.revoked_at.is_(None)

_ADD: Final = Prepared(insert(_TOKEN))
_GET: Final = Prepared(select(_TOKEN).where(keyed(_TOKEN, "token_hash")))
_LIVE: Final = Prepared(
    select(_TOKEN, CLIENT, DEPARTMENT, CONSENT)
    .join_from(_TOKEN, CLIENT, CLIENT.c.client_id == _TOKEN.c.client_id)
    .join(DEPARTMENT, DEPARTMENT.c.department_id == CLIENT.c.department_id)
    .outerjoin(
        CONSENT,
        and_(
            CONSENT.c.log_id == _TOKEN.c.log_id,
            CONSENT.c.holder_id == _TOKEN.c.holder_id,
            CONSENT.c.grant_id == _TOKEN.c.grant_id,
        ),
    )
    .where(
        keyed(_TOKEN, "token_hash"),
        _UNREVOKED,
        _TOKEN.c.expires_at > bindparam("now"),
        CLIENT.c.status == literal(ClientStatus.ACTIVE.value),
        DEPARTMENT.c.status == literal(DepartmentStatus.ACTIVE.value),
        or_(
            _TOKEN.c.grant_id.is_(None),
            and_(
                CONSENT.c.status == literal(ConsentStatus.ACTIVE.value),
                CONSENT.c.expires_at_ms > bindparam("now_ms"),
            ),
        ),
    )
)
_REVOKE: Final = Prepared(
    update(_TOKEN)
    .where(keyed(_TOKEN, "token_hash", "client_id"), _UNREVOKED)
    .values(revoked_at=bindparam("now"))
)
_REVOKE_FAMILY: Final = Prepared(
    update(_TOKEN)
    .where(keyed(_TOKEN, "family_id"), _UNREVOKED)
    .values(revoked_at=bindparam("now"))
)

_REFRESH: Final = table_of(RefreshTokenRow)
_UNENDED: Final = _REFRESH.c.revoked_at.is_(None)

_ADD_REFRESH: Final = Prepared(insert(_REFRESH))
_GET_REFRESH: Final = Prepared(select(_REFRESH).where(keyed(_REFRESH, "token_hash")))
_CLAIM_REFRESH: Final = Prepared(
    update(_REFRESH)
    .where(
        keyed(_REFRESH, "family_id"),
        _UNENDED,
        _REFRESH.c.idle_expires_at > bindparam("now"),
        _REFRESH.c.expires_at > bindparam("now"),
    )
    .values(token_hash=bindparam("newest"), idle_expires_at=bindparam("idle"))
)
_REVOKE_REFRESH: Final = Prepared(
    update(_REFRESH)
    .where(keyed(_REFRESH, "family_id"), _UNENDED)
    .values(revoked_at=bindparam("now"))
)

_CLIENT_AT: Final = len(_TOKEN.c)
_DEPARTMENT_AT: Final = _CLIENT_AT + len(CLIENT.c)
_CONSENT_AT: Final = _DEPARTMENT_AT + len(DEPARTMENT.c)


class SqlTokens:
    """The part of ``vault.ports.ProtocolRows`` about tokens."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_token(self, token: AccessToken) -> None:
        """Write a token."""
        _ADD.change(
            self._driver,
            token_hash=token.token_hash,
            **space_row(token.space),
            grant_id=token.grant_id,
            family_id=token.family_id,
            client_id=token.client_id,
            scope=token.scope,
            details=token.details,
            dpop_jkt=token.cnf.text,
            **authentication_row(token.auth),
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )

    def live_token(self, token_hash: bytes, *, now: int) -> LiveToken | None:
        """Return the token joined to live client, department and grant, in one query."""
        row = _LIVE.one(self._driver, token_hash=token_hash, now=now, now_ms=now * MS)
        if row is None:
            return None
        token = _token(row[:_CLIENT_AT])
        consent = (
            None if token.grant_id is None else SqlConsents(self._driver).read(row[_CONSENT_AT:])
        )
        if consent is not None and not self._bounded(consent, now_ms=now * MS):
            return None
        return LiveToken(
            token=token,
            client=SqlClients(self._driver).read(row[_CLIENT_AT:_DEPARTMENT_AT]),
            department=SqlDepartments(self._driver).read(row[_DEPARTMENT_AT:_CONSENT_AT]),
            consent=consent,
        )

    def token(self, token_hash: bytes) -> AccessToken | None:
        """Return a token, also one that is of no use any more."""
        row = _GET.one(self._driver, token_hash=token_hash)
        return None if row is None else _token(row)

    def revoke_token(self, token_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        """Revoke a token of this client; say whether that was needed."""
        revoked = _REVOKE.change(self._driver, token_hash=token_hash, client_id=client_id, now=now)
        return revoked == 1

    def revoke_family(self, family_id: bytes, *, now: int) -> int:
        """Revoke every token that came of one code, that which begets others first."""
        ended = _REVOKE_REFRESH.change(self._driver, family_id=family_id, now=now)
        return ended + _REVOKE_FAMILY.change(self._driver, family_id=family_id, now=now)

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Write a refresh token."""
        _ADD_REFRESH.change(
            self._driver,
            token_hash=token.token_hash,
            **token.space._asdict(),
            grant_id=token.grant_id,
            family_id=token.family_id,
            client_id=token.client_id,
            scope=token.scope,
            details=token.details,
            dpop_jkt=token.cnf.text,
            **authentication_row(token.auth),
            issued_at=token.issued_at,
            idle_expires_at=token.idle_expires_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )

    def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, also one that is of no use any more."""
        row = _GET_REFRESH.one(self._driver, token_hash=token_hash)
        return None if row is None else _refresh_token(row)

    def claim_refresh_token(
        self, family_id: bytes, *, token_hash: bytes, idle_expires_at: int, now: int
    ) -> bool:
        """Prolong a refresh token in one statement; say whether it may be used."""
        claimed = _CLAIM_REFRESH.change(
            self._driver, family_id=family_id, newest=token_hash, idle=idle_expires_at, now=now
        )
        return claimed == 1

    def _bounded(self, consent: Consent, *, now_ms: int) -> bool:
        """Say whether what a part of a consent stands on lives; few grants are such a part."""
        if consent.parent_id is None or consent.mandate_id is None:
            return True
        parent = SqlConsents(self._driver).get(consent.space, grant_id=consent.parent_id)
        if parent is None or parent.status is not ConsentStatus.ACTIVE:
            return False
        chain = SqlMandates(self._driver).chain(consent.space, mandate_id=consent.mandate_id)
        return parent.expires_at_ms > now_ms and lives(chain, now_ms=now_ms)


def _token(row: Row) -> AccessToken:
    token_hash, log_id, holder_id, grant_id, family_id, client_id, scope, *rest = row
    details, dpop_jkt, acr, auth_time, issued_at, expires_at, revoked_at, *signed_in = rest
    space = space_of_row(log_id, holder_id)
    return AccessToken(
        token_hash=token_hash,
        space=space,
        grant_id=None if grant_id is None else GrantId(grant_id),
        family_id=family_id,
        client_id=ClientId(client_id),
        scope=scope,
        details=details,
        cnf=Confirmation.of(dpop_jkt),
        auth=None if space is None else _auth(space, acr, auth_time, *signed_in),
        issued_at=issued_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def _refresh_token(row: Row) -> RefreshToken:
    token_hash, log_id, holder_id, grant_id, family_id, client_id, scope, *rest = row
    details, dpop_jkt, acr, auth_time, issued_at, *ends = rest
    idle_expires_at, expires_at, revoked_at, *signed_in = ends
    space = Space(log_id, HolderId(holder_id))
    return RefreshToken(
        token_hash=token_hash,
        space=space,
        grant_id=GrantId(grant_id),
        family_id=family_id,
        client_id=ClientId(client_id),
        scope=scope,
        details=details,
        cnf=Confirmation.of(dpop_jkt),
        auth=_auth(space, acr, auth_time, *signed_in),
        issued_at=issued_at,
        idle_expires_at=idle_expires_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
    )


def _auth(space: Space, *columns: Any) -> Authentication:  # noqa: ANN401 - what a driver gives
    acr, auth_time, person_log_id, person_id, amr, sid = columns
    return authentication_of_row(
        space,
        acr=acr,
        auth_time=auth_time,
        person=space_of_row(person_log_id, person_id),
        amr=amr,
        sid=sid or b"",
    )
