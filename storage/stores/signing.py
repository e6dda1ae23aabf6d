"""The keys that sign JWTs: rows that one guarded row vouches for."""

from typing import Final

from sqlalchemy import insert, literal, select, text, true

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.tables.columns import table_of
from storage.tables.openid import SigningKeyRow, SigningKeySetRow
from storage.tables.system import VaultRow
from vault.clients.signing_keys import (
    Agreement,
    OpeningPurpose,
    SigningAlgorithm,
    SigningKey,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.suites import suite_numbered
from vault.errors import IntegrityError

_KEY: Final = table_of(SigningKeyRow)
_SET: Final = table_of(SigningKeySetRow)
_GUARDED: Final = GUARDED[_SET.name]
_VAULT: Final = table_of(VaultRow)
_ONLY: Final = 1
"""Key of a table that has one row."""
FIRST: Final = 1
"""A private key is wrapped once."""

_KEYS: Final = Prepared(select(_VAULT.c.vault_id, _KEY).select_from(_KEY.join(_VAULT, true())))
_VOUCHED: Final = Prepared(select(_SET).where(_SET.c.set_id == literal(_ONLY)))
_FOUND: Final = Prepared(insert(_SET))
# SQLAlchemy has no such statements for every database; these texts are good for both of ours.
_MOVE: Final = Prepared(
    text(
        "UPDATE signing_key_set SET digest = :digest, version = :version, mac = :mac"
        " WHERE set_id = :set_id AND version = :expected"
    )
)
_COLUMNS: Final = tuple(_KEY.c.keys())
_MOVING: Final = ("parent_version", "suite", "wrap", "activate_at", "retire_at", "remove_at")
_PUT: Final = Prepared(
    text(
        f"INSERT INTO signing_key ({', '.join(_COLUMNS)})"  # noqa: S608 - names from above
        f" VALUES ({', '.join(f':{name}' for name in _COLUMNS)}) ON CONFLICT (kid) DO UPDATE"
        f" SET {', '.join(f'{name} = excluded.{name}' for name in _MOVING)}"
    )
)


class SqlSigningKeys:
    """Implements ``vault.ports.SigningKeyStore``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def all(self) -> SigningKeys:
        """Return every key, once the row that vouches for them says that they are these."""
        vouched = _VOUCHED.one(self._driver)
        version, digest = 0, SigningKeys().digest
        if vouched is not None:
            _, digest, version = self._driver.guard.checked(_GUARDED, vouched)
        found = SigningKeys.of(map(_read, _KEYS.all(self._driver)), version=version)
        if found.digest != digest:
            raise IntegrityError("the signing keys are not those that the journal knows of")
        return found

    def replace(self, keys: SigningKeys, *, expected: int) -> None:
        """Write the next set over the version ``expected``."""
        row = {"set_id": _ONLY, "digest": keys.digest, "version": expected + 1}
        values = self._driver.guard.sealed(_GUARDED, row)
        if expected == 0:
            _FOUND.change(self._driver, **values)
        else:
            _MOVE.change_one(self._driver, **values, expected=expected)
        for key in keys.keys:
            _PUT.change(self._driver, **_written(key))


def _read(row: Row) -> SigningKey:
    vault_id, kid, purpose, algorithm, public_jwk, parent_version, suite, wrap, *times = row
    wrapped = None
    if wrap is not None:
        wrapped = WrappedKey(
            purpose=Purpose.SIGNING_KEY,
            owner_id=vault_id,
            name=kid,
            version=FIRST,
            parent_version=parent_version,
            suite=suite_numbered(suite),
            wrap=wrap,
            state=WrapState.LIVE,
        )
    publish_at, activate_at, retire_at, remove_at = times
    return SigningKey(
        kid=kid,
        slot=_slot(purpose, algorithm),
        public_jwk=public_jwk,
        wrapped=wrapped,
        publish_at=publish_at,
        activate_at=activate_at,
        retire_at=retire_at,
        remove_at=remove_at,
    )


def _slot(purpose: str, algorithm: str) -> Slot:
    if purpose in set(OpeningPurpose):
        return Slot(OpeningPurpose(purpose), Agreement(algorithm))
    return Slot(SigningPurpose(purpose), SigningAlgorithm(algorithm))


def _written(key: SigningKey) -> dict[str, object]:
    wrapped = key.wrapped
    return {
        "kid": key.kid,
        "purpose": key.slot.purpose.value,
        "alg": key.slot.algorithm.value,
        "public_jwk": key.public_jwk,
        "parent_version": wrapped and wrapped.parent_version,
        "suite": wrapped and int(wrapped.suite),
        "wrap": wrapped and wrapped.wrap,
        "publish_at": key.publish_at,
        "activate_at": key.activate_at,
        "retire_at": key.retire_at,
        "remove_at": key.remove_at,
    }
