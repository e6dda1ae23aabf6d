"""Consents, which are the OAuth grants, and how often each was used."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, insert, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row
from storage.tables.columns import table_of
from storage.tables.oauth import ConsentRow, UseRow
from vault.consents import Consent, ConsentStatus, Use
from vault.consents.details import details_of
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    EntryId,
    GrantId,
    HolderId,
    MandateId,
    Space,
)

CONSENT: Final = table_of(ConsentRow)

_KEY: Final = ("log_id", "holder_id", "grant_id")
_GUARDED: Final = GUARDED[CONSENT.name]
_USE: Final = table_of(UseRow)
_GUARDED_USE: Final = GUARDED[_USE.name]
_BEGUN: Final = 32
"""Bits below the version of a consent: the versions of its uses, which begin anew with it."""


_GET: Final = Prepared(select(CONSENT).where(keyed(CONSENT, *_KEY)))
_FIND: Final = Prepared(select(CONSENT).where(keyed(CONSENT, "grant_id")))
_OF_HOLDER: Final = Prepared(
    select(CONSENT)
    .where(keyed(CONSENT, "log_id", "holder_id"))
    .order_by(CONSENT.c.created_at_ms.desc(), CONSENT.c.grant_id)
)
_ADD: Final = Prepared(insert(CONSENT))
_REPLACE: Final = Prepared(
    update(CONSENT).where(at_version(CONSENT, *_KEY)).values(**but_key(CONSENT))
)
_USES: Final = Prepared(select(_USE).where(keyed(_USE, *_KEY)).order_by(_USE.c.code))
_ADD_USE: Final = Prepared(insert(_USE))
_DROP_USES: Final = Prepared(delete(_USE).where(keyed(_USE, *_KEY)))
_LOWER: Final = Prepared(
    update(_USE).where(at_version(_USE, *_KEY, "code")).values(**but_key(_USE))
)


class SqlConsents:
    """Implements ``vault.ports.Consents``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, space: Space, *, grant_id: GrantId) -> Consent | None:
        """Return a consent of a holder."""
        row = _GET.one(self._driver, **space._asdict(), grant_id=grant_id)
        return None if row is None else self.read(row)

    def find(self, grant_id: GrantId) -> Consent | None:
        """Return a consent by its id alone: clients name their grants so."""
        row = _FIND.one(self._driver, grant_id=grant_id)
        return None if row is None else self.read(row)

    def of_holder(self, space: Space) -> tuple[Consent, ...]:
        """Return the consents of a holder, newest first."""
        return tuple(map(self.read, _OF_HOLDER.all(self._driver, **space._asdict())))

    def uses(self, space: Space, *, grant_id: GrantId) -> Mapping[str, Use]:
        """Return the uses of a consent, by evidence code."""
        rows = self._use_rows(space, grant_id=grant_id)
        return {
            code: Use(space=space, grant_id=grant_id, code=code, used=used, limit=limit)
            for _, _, _, code, used, limit, _ in rows
        }

    def add(self, consent: Consent, *, uses: Sequence[Use]) -> None:
        """Write a new consent with its uses."""
        _ADD.change(self._driver, **self._sealed(consent))
        self._add_uses(uses, consent=consent)

    def renew(self, consent: Consent, *, uses: Sequence[Use], expected: int) -> None:
        """Write a consent that was given anew; its counters begin anew."""
        replace_row(_REPLACE, self._driver, row=self._sealed(consent), expected=expected)
        for *key, _, _, _ in self._use_rows(consent.space, grant_id=consent.grant_id):
            self._driver.guard.dropped(_GUARDED_USE, tuple(key))
        _DROP_USES.change(self._driver, **consent.space._asdict(), grant_id=consent.grant_id)
        self._add_uses(uses, consent=consent)

    def _add_uses(self, uses: Sequence[Use], *, consent: Consent) -> None:
        for use in uses:
            row = {
                **use.space._asdict(),
                "grant_id": use.grant_id,
                "code": use.code,
                "used": use.used,
                "max_uses": use.limit,
                "version": consent.version << _BEGUN,
            }
            _ADD_USE.change(self._driver, **self._driver.guard.sealed(_GUARDED_USE, row))

    def replace(self, consent: Consent, *, expected: int) -> None:
        """Write the version of a consent that follows ``expected``; lower its limits to it."""
        replace_row(_REPLACE, self._driver, row=self._sealed(consent), expected=expected)
        most = consent.details.uses
        if most is not None:
            self._lower(consent, most=most)

    def read(self, row: Row) -> Consent:
        """Return the consent of a row of ``CONSENT``, all columns in their order."""
        return _consent(self._driver.guard.checked(_GUARDED, row))

    def _sealed(self, consent: Consent) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(consent))

    def _use_rows(self, space: Space, *, grant_id: GrantId) -> Sequence[Row]:
        rows = _USES.all(self._driver, **space._asdict(), grant_id=grant_id)
        return [self._driver.guard.checked(_GUARDED_USE, row) for row in rows]

    def _lower(self, consent: Consent, *, most: int) -> None:
        """Lower the limits that are above ``most``; none falls below what was used."""
        for row in self._use_rows(consent.space, grant_id=consent.grant_id):
            values = dict(zip(_GUARDED_USE.columns, row, strict=True))
            if values["max_uses"] is None or values["max_uses"] > most:
                values["max_uses"] = max(values["used"], most)
                values["version"] += 1
                sealed = self._driver.guard.sealed(_GUARDED_USE, values)
                _LOWER.change_one(self._driver, **sealed, expected=values["version"] - 1)


def _consent(row: Row) -> Consent:
    log_id, holder_id, grant_id, client_id, department_id, status, version, *rest = row
    details, note, purpose, item, case_no, shown_hash, shown_locale, *rest = rest
    created_at_ms, expires_at_ms, ended_at_ms, state_entry, parent_id, mandate_id = rest
    return Consent(
        space=Space(log_id, HolderId(holder_id)),
        grant_id=GrantId(grant_id),
        client_id=ClientId(client_id),
        department_id=DepartmentId(department_id),
        status=ConsentStatus(status),
        version=version,
        details=details_of(details),
        note=note,
        purpose=purpose,
        item=item,
        case_no=CaseNumber(case_no),
        shown_hash=shown_hash,
        shown_locale=shown_locale,
        created_at_ms=created_at_ms,
        expires_at_ms=expires_at_ms,
        ended_at_ms=ended_at_ms,
        state_entry=EntryId(state_entry),
        parent_id=None if parent_id is None else GrantId(parent_id),
        mandate_id=None if mandate_id is None else MandateId(mandate_id),
    )


def _row(consent: Consent) -> Mapping[str, object]:
    return {
        **consent.space._asdict(),
        "grant_id": consent.grant_id,
        "client_id": consent.client_id,
        "department_id": consent.department_id,
        "status": consent.status.value,
        "version": consent.version,
        "details": consent.details.to_json(),
        "note": consent.note,
        "purpose": consent.purpose,
        "item": consent.item,
        "case_no": consent.case_no,
        "shown_hash": consent.shown_hash,
        "shown_locale": consent.shown_locale,
        "created_at_ms": consent.created_at_ms,
        "expires_at_ms": consent.expires_at_ms,
        "ended_at_ms": consent.ended_at_ms,
        "state_entry": consent.state_entry,
        "parent_grant_id": consent.parent_id,
        "mandate_id": consent.mandate_id,
    }
