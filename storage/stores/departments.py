"""Departments and their tag keys; the two reserved actors have theirs among the system's."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from sqlalchemy import insert, literal, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import (
    at_version,
    but_key,
    keyed,
    replace_row,
    wrapped_key,
    wrapped_values,
)
from storage.tables.columns import table_of
from storage.tables.departments import DepartmentKeyRow, DepartmentRow
from storage.tables.system import SystemKeyRow
from vault.crypto.contexts import Purpose
from vault.crypto.keyring import HOLDERS_ACTOR_ID, SYSTEM_ACTOR_ID
from vault.crypto.keys import WrappedKey
from vault.departments import Department, DepartmentStatus
from vault.ids import DepartmentId

DEPARTMENT: Final = table_of(DepartmentRow)
_GUARDED: Final = GUARDED[DEPARTMENT.name]

_KEY: Final = table_of(DepartmentKeyRow)
_SYSTEM_KEY: Final = table_of(SystemKeyRow)
_WRAP: Final = ("version", "parent_version", "suite", "wrap", "state")
_RESERVED: Final = frozenset({SYSTEM_ACTOR_ID, HOLDERS_ACTOR_ID})

_GET: Final = Prepared(select(DEPARTMENT).where(keyed(DEPARTMENT, "department_id")))
_FIND: Final = Prepared(select(DEPARTMENT).where(keyed(DEPARTMENT, "code")))
_ADD: Final = Prepared(insert(DEPARTMENT))
_REPLACE: Final = Prepared(
    update(DEPARTMENT).where(at_version(DEPARTMENT, "department_id")).values(**but_key(DEPARTMENT))
)
_TAG_KEY: Final = Prepared(
    select(*(_KEY.c[name] for name in _WRAP))
    .where(keyed(_KEY, "department_id"))
    .order_by(_KEY.c.version.desc())
    .limit(literal(1))
)
_RESERVED_TAG_KEY: Final = Prepared(
    select(*(_SYSTEM_KEY.c[name] for name in _WRAP))
    .where(keyed(_SYSTEM_KEY, "purpose", "owner_id", "name"))
    .order_by(_SYSTEM_KEY.c.version.desc())
    .limit(literal(1))
)
_ADD_KEY: Final = Prepared(insert(_KEY))


class SqlDepartments:
    """Implements ``vault.ports.Departments``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, department_id: DepartmentId) -> Department | None:
        """Return a department."""
        row = _GET.one(self._driver, department_id=department_id)
        return None if row is None else self.read(row)

    def find(self, code: str) -> Department | None:
        """Return the department with a unified social credit code."""
        row = _FIND.one(self._driver, code=code)
        return None if row is None else self.read(row)

    def tag_key(self, department_id: DepartmentId) -> WrappedKey | None:
        """Return the tag key of a department, of the holders' own acts, or of the system."""
        purpose = Purpose.DEPARTMENT_TAG_KEY.value
        if department_id in _RESERVED:
            row = _RESERVED_TAG_KEY.one(
                self._driver, purpose=purpose, owner_id=department_id, name=""
            )
        else:
            row = _TAG_KEY.one(self._driver, department_id=department_id)
        return None if row is None else wrapped_key(purpose, department_id, "", *row)

    def add(self, department: Department, *, tag_key: WrappedKey) -> None:
        """Write a new department with its tag key."""
        _ADD.change(self._driver, **self._sealed(department))
        _ADD_KEY.change(self._driver, department_id=tag_key.owner_id, **wrapped_values(tag_key))

    def replace(self, department: Department, *, expected: int) -> None:
        """Write the version of a department that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(department), expected=expected)

    def read(self, row: Row) -> Department:
        """Return the department of a row of ``DEPARTMENT``, all columns in their order."""
        return _department(tuple(self._driver.guard.checked(_GUARDED, row)))

    def _sealed(self, department: Department) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(department))


@lru_cache(maxsize=1024)
def _department(row: Row) -> Department:
    """Make a department once for each row that was ever read; equal rows are one value."""
    department_id, code, name_zh, name_en, contact, privacy_officer, status, version = row
    return Department(
        department_id=DepartmentId(department_id),
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        contact=contact,
        privacy_officer=privacy_officer,
        status=DepartmentStatus(status),
        version=version,
    )


def _row(department: Department) -> Mapping[str, object]:
    return {
        "department_id": department.department_id,
        "code": department.code,
        "name_zh": department.name_zh,
        "name_en": department.name_en,
        "contact": department.contact,
        "privacy_officer": department.privacy_officer,
        "status": department.status.value,
        "version": department.version,
    }
