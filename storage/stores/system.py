"""What a deployment is: its id, its own wrapped keys, and the policies that decide."""

from typing import Final

from sqlalchemy import insert, literal, select, text

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed, wrapped_key, wrapped_values
from storage.tables.columns import table_of
from storage.tables.system import PolicyBundleRow, PolicyPointerRow, SystemKeyRow, VaultRow
from vault.crypto.keys import WrappedKey
from vault.ports import ActivePolicy

_META: Final = table_of(VaultRow)
_KEY: Final = table_of(SystemKeyRow)
_BUNDLE: Final = table_of(PolicyBundleRow)
_POINTER: Final = table_of(PolicyPointerRow)
_GUARDED: Final = GUARDED[_POINTER.name]
_ONLY: Final = 1
"""Key of a table that has one row."""

_VAULT_ID: Final = Prepared(select(_META.c.vault_id).where(_META.c.meta_id == literal(_ONLY)))
_SET_VAULT_ID: Final = Prepared(insert(_META))
_KEYS: Final = Prepared(
    select(_KEY).order_by(_KEY.c.purpose, _KEY.c.owner_id, _KEY.c.name, _KEY.c.version)
)
_ADD_KEY: Final = Prepared(insert(_KEY))

_ACTIVE: Final = Prepared(select(_POINTER).where(_POINTER.c.pointer_id == literal(_ONLY)))
_TEXT: Final = Prepared(select(_BUNDLE.c.text).where(keyed(_BUNDLE, "bundle_hash")))
# SQLAlchemy has no such INSERT for every database; this text is good for both of ours.
_KEEP: Final = Prepared(
    text(
        "INSERT INTO policy_bundle (bundle_hash, text) VALUES (:bundle_hash, :text)"
        " ON CONFLICT (bundle_hash) DO NOTHING"
    )
)
_POINT: Final = Prepared(
    text(
        "INSERT INTO policy_pointer (pointer_id, bundle_hash, version, mac)"
        " VALUES (:pointer_id, :bundle_hash, :version, :mac) ON CONFLICT (pointer_id) DO UPDATE"
        " SET bundle_hash = excluded.bundle_hash, version = excluded.version, mac = excluded.mac"
    )
)


class SqlSystemKeys:
    """Implements ``vault.ports.SystemKeys``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def vault_id(self) -> bytes | None:
        """Return the id of the deployment, once it has one."""
        row = _VAULT_ID.one(self._driver)
        return None if row is None else row[0]

    def set_vault_id(self, vault_id: bytes) -> None:
        """Give the deployment its id, for good."""
        _SET_VAULT_ID.change(self._driver, meta_id=_ONLY, vault_id=vault_id)

    def all(self) -> tuple[WrappedKey, ...]:
        """Return every wrapped key of the deployment."""
        return tuple(wrapped_key(*row) for row in _KEYS.all(self._driver))

    def add(self, key: WrappedKey) -> None:
        """Write a wrapped key."""
        _ADD_KEY.change(
            self._driver,
            purpose=key.purpose.value,
            owner_id=key.owner_id,
            name=key.name,
            **wrapped_values(key),
        )


class SqlPolicies:
    """Implements ``vault.ports.Policies``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def active(self) -> ActivePolicy | None:
        """Return the bundle that decides now."""
        row = _ACTIVE.one(self._driver)
        if row is None:
            return None
        _, bundle_hash, version = self._driver.guard.checked(_GUARDED, row)
        return ActivePolicy(bundle_hash=bundle_hash, version=version)

    def text(self, bundle_hash: bytes) -> str | None:
        """Return the text of a bundle that was ever active."""
        row = _TEXT.one(self._driver, bundle_hash=bundle_hash)
        return None if row is None else row[0]

    def activate(self, bundle_hash: bytes, *, text: str) -> None:
        """Let a bundle decide from now on; keep its text for ever."""
        _KEEP.change(self._driver, bundle_hash=bundle_hash, text=text)
        before = self.active()
        row = {
            "pointer_id": _ONLY,
            "bundle_hash": bundle_hash,
            "version": 1 if before is None else before.version + 1,
        }
        _POINT.change(self._driver, **self._driver.guard.sealed(_GUARDED, row))
