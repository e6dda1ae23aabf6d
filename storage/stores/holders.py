"""Holders, the keyed hashes of their numbers, and their wrapped keys."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, keyed, wrapped_key, wrapped_values
from storage.tables.columns import table_of
from storage.tables.holders import HolderKeyRow, HolderNumberRow, HolderRow
from vault.crypto.keys import WrappedKey
from vault.errors import ConflictError
from vault.holders import Holder, HolderKind, HolderState
from vault.identifiers import IdentifierKind
from vault.ids import HolderId, Space
from vault.ports import IdentifierIndex

_HOLDER: Final = table_of(HolderRow)
_GUARDED: Final = GUARDED[_HOLDER.name]
_NUMBER: Final = table_of(HolderNumberRow)
_KEY: Final = table_of(HolderKeyRow)
_SPACE: Final = ("log_id", "holder_id")

_GET: Final = Prepared(select(_HOLDER).where(keyed(_HOLDER, *_SPACE)))
_FIND: Final = Prepared(
    select(_NUMBER.c.log_id, _NUMBER.c.holder_id).where(keyed(_NUMBER, "kind", "number_index"))
)
_KEYS: Final = Prepared(
    select(_KEY).where(keyed(_KEY, *_SPACE)).order_by(_KEY.c.purpose, _KEY.c.version.desc())
)
_ADD: Final = Prepared(insert(_HOLDER))
_ADD_NUMBER: Final = Prepared(insert(_NUMBER))
_ADD_KEY: Final = Prepared(insert(_KEY))
_SET_PROFILE: Final = Prepared(
    update(_HOLDER)
    .where(at_version(_HOLDER, *_SPACE))
    .values(profile=bindparam("profile"), version=bindparam("version"), mac=bindparam("mac"))
)


class SqlHolders:
    """Implements ``vault.ports.Holders``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space) -> Holder | None:
        """Return a holder."""
        row = _GET.one(self._driver, **space._asdict())
        return None if row is None else self._read(row)

    def find(self, kind: IdentifierKind, index: bytes) -> Space | None:
        """Say whose number has the keyed hash ``index``."""
        row = _FIND.one(self._driver, kind=kind.value, number_index=index)
        return None if row is None else Space(row[0], HolderId(row[1]))

    def keys(self, space: Space) -> tuple[WrappedKey, ...]:
        """Return the wrapped keys of a holder: by purpose, the newest version first."""
        rows = _KEYS.all(self._driver, **space._asdict())
        return tuple(
            wrapped_key(purpose, owner_id, "", *columns) for _, owner_id, purpose, *columns in rows
        )

    def add(
        self, holder: Holder, *, numbers: Sequence[IdentifierIndex], keys: Sequence[WrappedKey]
    ) -> None:
        """Write a new holder with numbers and keys."""
        space = holder.space._asdict()
        _ADD.change(self._driver, **self._sealed(holder))
        for number in numbers:
            _ADD_NUMBER.change(
                self._driver,
                **space,
                kind=number.kind.value,
                key_version=number.key_version,
                number_index=number.index,
            )
        for key in keys:
            _ADD_KEY.change(
                self._driver,
                log_id=holder.space.log_id,
                holder_id=key.owner_id,
                purpose=key.purpose.value,
                **wrapped_values(key),
            )

    def set_profile(self, space: Space, *, profile: bytes, expected: int) -> None:
        """Write the profile of the version that follows ``expected``."""
        holder = self.get(space)
        if holder is None:
            raise ConflictError("there is no such space any more")
        row = self._sealed(replace(holder, profile=profile, version=expected + 1))
        _SET_PROFILE.change_one(
            self._driver,
            **space._asdict(),
            profile=profile,
            version=expected + 1,
            mac=row["mac"],
            expected=expected,
        )

    def _read(self, row: Row) -> Holder:
        return _holder(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, holder: Holder) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(holder))


def _holder(row: Row) -> Holder:
    log_id, holder_id, kind, state, version, profile, created_at_ms = row
    return Holder(
        space=Space(log_id, HolderId(holder_id)),
        kind=HolderKind(kind),
        state=HolderState(state),
        version=version,
        profile=profile,
        created_at_ms=created_at_ms,
    )


def _row(holder: Holder) -> Mapping[str, object]:
    return {
        **holder.space._asdict(),
        "kind": holder.kind.value,
        "state": holder.state.value,
        "version": holder.version,
        "profile": holder.profile,
        "created_at_ms": holder.created_at_ms,
    }
