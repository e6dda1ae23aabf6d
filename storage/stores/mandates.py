"""Mandates: who may act in whose space."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row
from storage.tables.columns import table_of
from storage.tables.mandates import MandateRow
from vault.ids import EntryId, HolderId, MandateId, Space
from vault.mandates import Mandate, MandateStatus, Powers

_MANDATE: Final = table_of(MandateRow)
_GUARDED: Final = GUARDED[_MANDATE.name]
_KEY: Final = ("log_id", "holder_id", "mandate_id")
_NEWEST: Final = (_MANDATE.c.created_at_ms.desc(), _MANDATE.c.mandate_id)

_GET: Final = Prepared(select(_MANDATE).where(keyed(_MANDATE, *_KEY)))
_FIND: Final = Prepared(select(_MANDATE).where(keyed(_MANDATE, "mandate_id")))
_OF_HOLDER: Final = Prepared(
    select(_MANDATE).where(keyed(_MANDATE, "log_id", "holder_id")).order_by(*_NEWEST)
)
_OF_RECEIVER: Final = Prepared(
    select(_MANDATE)
    .where(
        _MANDATE.c.receiver_log_id == bindparam("log_id"),
        _MANDATE.c.receiver_id == bindparam("holder_id"),
    )
    .order_by(*_NEWEST)
)
_ADD: Final = Prepared(insert(_MANDATE))
_REPLACE: Final = Prepared(
    update(_MANDATE).where(at_version(_MANDATE, *_KEY)).values(**but_key(_MANDATE))
)


class SqlMandates:
    """Implements ``vault.ports.Mandates``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space, *, mandate_id: MandateId) -> Mandate | None:
        """Return a mandate that opens a space."""
        row = _GET.one(self._driver, **space._asdict(), mandate_id=mandate_id)
        return None if row is None else self._read(row)

    def find(self, mandate_id: MandateId) -> Mandate | None:
        """Return a mandate by its id alone: receivers name it so."""
        row = _FIND.one(self._driver, mandate_id=mandate_id)
        return None if row is None else self._read(row)

    def chain(self, space: Space, *, mandate_id: MandateId) -> tuple[Mandate, ...]:
        """Return a mandate after what it was passed on from."""
        last = self.get(space, mandate_id=mandate_id)
        if last is None or last.parent_id is None:
            return () if last is None else (last,)
        first = self.get(space, mandate_id=last.parent_id)
        return (last,) if first is None else (first, last)

    def of_holder(self, space: Space) -> tuple[Mandate, ...]:
        """Return the mandates that ever opened a space, newest first."""
        return tuple(map(self._read, _OF_HOLDER.all(self._driver, **space._asdict())))

    def of_receiver(self, receiver: Space) -> tuple[Mandate, ...]:
        """Return the mandates that somebody ever received, newest first."""
        return tuple(map(self._read, _OF_RECEIVER.all(self._driver, **receiver._asdict())))

    def add(self, mandate: Mandate) -> None:
        """Write a new mandate."""
        _ADD.change(self._driver, **self._sealed(mandate))

    def replace(self, mandate: Mandate, *, expected: int) -> None:
        """Write the version of a mandate that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(mandate), expected=expected)

    def _read(self, row: Row) -> Mandate:
        return _mandate(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, mandate: Mandate) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(mandate))


def _mandate(row: Row) -> Mandate:
    log_id, holder_id, mandate_id, giver_log_id, giver_id, *rest = row
    receiver_log_id, receiver_id, parent_id, status, version, *rest = rest
    powers, label, created_at_ms, ended_at_ms, state_entry = rest
    return Mandate(
        space=Space(log_id, HolderId(holder_id)),
        mandate_id=MandateId(mandate_id),
        giver=Space(giver_log_id, HolderId(giver_id)),
        receiver=Space(receiver_log_id, HolderId(receiver_id)),
        parent_id=None if parent_id is None else MandateId(parent_id),
        status=MandateStatus(status),
        version=version,
        powers=Powers.from_json(powers),
        label=label,
        created_at_ms=created_at_ms,
        ended_at_ms=ended_at_ms,
        state_entry=EntryId(state_entry),
    )


def _row(mandate: Mandate) -> Mapping[str, object]:
    return {
        **mandate.space._asdict(),
        "mandate_id": mandate.mandate_id,
        "giver_log_id": mandate.giver.log_id,
        "giver_id": mandate.giver.holder_id,
        "receiver_log_id": mandate.receiver.log_id,
        "receiver_id": mandate.receiver.holder_id,
        "parent_id": mandate.parent_id,
        "status": mandate.status.value,
        "version": mandate.version,
        "powers": mandate.powers.to_json(),
        "label": mandate.label,
        "created_at_ms": mandate.created_at_ms,
        "ended_at_ms": mandate.ended_at_ms,
        "state_entry": mandate.state_entry,
    }
