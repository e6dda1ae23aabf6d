"""What every store does alike: conditions on keys, wrapped keys, lists as canonical JSON."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam

from storage.statements import Driver, Prepared
from vault.clients.protocol import Authentication
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.suites import suite_numbered
from vault.errors import ConflictError, IntegrityError
from vault.ids import HolderId, Space


def keyed(table: Table, *names: str) -> ColumnElement[bool]:
    """Return the condition that each column named equals the parameter of its name."""
    return and_(*(table.c[name] == bindparam(name) for name in names))


def at_version(table: Table, *names: str) -> ColumnElement[bool]:
    """Return ``keyed``, and that the row stands at the version ``expected``."""
    return and_(keyed(table, *names), table.c.version == bindparam("expected"))


def but_key(table: Table) -> dict[str, Any]:
    """Return a parameter for every column that is no part of the primary key."""
    return {column.name: bindparam(column.name) for column in table.c if not column.primary_key}


def replace_row(
    statement: Prepared, driver: Driver, *, row: Mapping[str, object], expected: int
) -> None:
    """Write ``row`` over its version ``expected``, which it follows.

    Raises:
        ConflictError: The row is not there, stands at another version, or does not follow.
    """
    if row["version"] != expected + 1:
        raise ConflictError("a new version follows the one it was made from")
    statement.change_one(driver, **row, expected=expected)


def space_row(space: Space | None) -> dict[str, object]:
    """Return the columns of a space, where a row need not have one."""
    return {"log_id": None, "holder_id": None} if space is None else space._asdict()


def space_of_row(log_id: int | None, holder_id: bytes | None) -> Space | None:
    """Return the space of the columns that ``space_row`` gives."""
    return None if log_id is None or holder_id is None else Space(log_id, HolderId(holder_id))


def authentication_row(auth: Authentication | None) -> dict[str, object]:
    """Return the columns of an authentication, where a row need not have one."""
    if auth is None:
        return dict.fromkeys(("person_log_id", "person_id", "acr", "amr", "auth_time", "sid"))
    return {
        "person_log_id": auth.person.log_id,
        "person_id": auth.person.holder_id,
        "acr": auth.acr,
        "amr": " ".join(auth.amr),
        "auth_time": auth.auth_time,
        "sid": auth.sid or None,
    }


def authentication_of_row(
    space: Space, *, acr: str, auth_time: int, person: Space | None, amr: str | None, sid: bytes
) -> Authentication:
    """Return the authentication of the columns of ``authentication_row``.

    Rows of programs that did not know ``person`` are of people who acted in their own space.
    """
    return Authentication(
        person=person or space,
        acr=acr,
        amr=tuple((amr or "").split()),
        auth_time=auth_time,
        sid=sid,
    )


def wrapped_values(key: WrappedKey) -> dict[str, object]:
    """Return the columns that every table of wrapped keys has."""
    return {
        "version": key.version,
        "parent_version": key.parent_version,
        "suite": int(key.suite),
        "wrap": key.wrap,
        "state": key.state.value,
    }


def wrapped_key(
    purpose: str,
    owner_id: bytes,
    name: str,
    *columns: Any,  # noqa: ANN401 - what a driver gives
) -> WrappedKey:
    """Return a wrapped key; ``columns`` are those of ``wrapped_values``, in their order."""
    version, parent_version, suite, wrap, state = columns
    return WrappedKey(
        purpose=Purpose(purpose),
        owner_id=owner_id,
        name=name,
        version=version,
        parent_version=parent_version,
        suite=suite_numbered(suite),
        wrap=wrap,
        state=WrapState(state),
    )


def to_json(value: Mapping[str, str] | Iterable[str]) -> str:
    """Return words, or words by name, as canonical JSON."""
    plain = dict(value) if isinstance(value, Mapping) else list(value)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Return the words that ``to_json`` wrote, in their order.

    Raises:
        IntegrityError: The text is something else.
    """
    found = _read(text)
    if not isinstance(found, list):
        raise IntegrityError("a list in a row is malformed")
    return tuple(found)


@lru_cache(maxsize=4096)
def named_words(text: str) -> Mapping[str, str]:
    """Return the words by name that ``to_json`` wrote; they cannot be changed.

    Raises:
        IntegrityError: The text is something else.
    """
    found = _read(text)
    if not isinstance(found, dict):
        raise IntegrityError("a list in a row is malformed")
    return MappingProxyType(found)


def _read(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError as error:
        raise IntegrityError("a list in a row is malformed") from error
    return found
