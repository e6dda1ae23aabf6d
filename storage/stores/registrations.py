"""Initial tokens, and how clients registered themselves."""

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.registrations import InitialTokenRow, RegistrationRow
from vault.clients.registrations import InitialToken, Registration
from vault.ids import ClientId, DepartmentId

_TOKEN: Final = table_of(InitialTokenRow)
_REGISTRATION: Final = table_of(RegistrationRow)

_ADD_TOKEN: Final = Prepared(insert(_TOKEN))
_GET_TOKEN: Final = Prepared(select(_TOKEN).where(keyed(_TOKEN, "token_hash")))
_SPEND_TOKEN: Final = Prepared(
    update(_TOKEN)
    .where(
        keyed(_TOKEN, "token_hash"),
        _TOKEN.c.spent_at.is_(None),
        _TOKEN.c.expires_at > bindparam("now"),
    )
    .values(spent_at=bindparam("now"))
)
_ADD: Final = Prepared(insert(_REGISTRATION))
_OF_CLIENT: Final = Prepared(select(_REGISTRATION).where(keyed(_REGISTRATION, "client_id")))


class SqlRegistrations:
    """Implements ``vault.ports.Registrations``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def add_token(self, token: InitialToken) -> None:
        """Keep an initial access token."""
        _ADD_TOKEN.change(
            self._driver,
            token_hash=token.token_hash,
            department_id=token.department_id,
            expires_at=token.expires_at,
            spent_at=token.spent_at,
        )

    def token(self, token_hash: bytes) -> InitialToken | None:
        """Return an initial token, expired and spent ones too, or ``None``."""
        row = _GET_TOKEN.one(self._driver, token_hash=token_hash)
        if row is None:
            return None
        found, department_id, expires_at, spent_at = row
        return InitialToken(
            token_hash=found,
            department_id=DepartmentId(department_id),
            expires_at=expires_at,
            spent_at=spent_at,
        )

    def spend_token(self, token_hash: bytes, *, now: int) -> bool:
        """Claim an initial token in one statement; say whether it was unspent and unexpired."""
        return _SPEND_TOKEN.change(self._driver, token_hash=token_hash, now=now) == 1

    def add(self, registration: Registration) -> None:
        """Keep a registration; ``ConflictError`` where its client or statement has one."""
        _ADD.change(
            self._driver,
            client_id=registration.client_id,
            token_hash=registration.token_hash,
            statement=registration.statement,
            once=registration.once,
            registered_at=registration.registered_at,
        )

    def of_client(self, client_id: ClientId) -> Registration | None:
        """Return the registration of a client, or ``None`` where the operator entered it."""
        row = _OF_CLIENT.one(self._driver, client_id=client_id)
        if row is None:
            return None
        found, token_hash, statement, once, registered_at = row
        return Registration(
            client_id=ClientId(found),
            token_hash=token_hash,
            statement=statement,
            once=once,
            registered_at=registered_at,
        )
