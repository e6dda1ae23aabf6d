"""Registered clients. Sets lie in their rows as sorted lists, so that equal ones are equal."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from sqlalchemy import insert, select, update

from policies.scopes import View
from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import (
    at_version,
    but_key,
    keyed,
    named_words,
    replace_row,
    to_json,
    words,
)
from storage.tables.columns import table_of
from storage.tables.departments import ClientRow
from vault.clients import Client, ClientStatus, Profile
from vault.clients.metadata import ClientMetadata
from vault.ids import ClientId, DepartmentId

CLIENT: Final = table_of(ClientRow)
_GUARDED: Final = GUARDED[CLIENT.name]

_GET: Final = Prepared(select(CLIENT).where(keyed(CLIENT, "client_id")))
_ALL: Final = Prepared(select(CLIENT).order_by(CLIENT.c.client_id))
_ADD: Final = Prepared(insert(CLIENT))
_REPLACE: Final = Prepared(
    update(CLIENT).where(at_version(CLIENT, "client_id")).values(**but_key(CLIENT))
)


class SqlClients:
    """Implements ``vault.ports.Clients``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def get(self, client_id: ClientId) -> Client | None:
        """Return a client."""
        row = _GET.one(self._driver, client_id=client_id)
        return None if row is None else self.read(row)

    def all(self) -> tuple[Client, ...]:
        """Return every client, by id."""
        return tuple(map(self.read, _ALL.all(self._driver)))

    def add(self, client: Client) -> None:
        """Write a new client."""
        _ADD.change(self._driver, **self._sealed(client))

    def replace(self, client: Client, *, expected: int) -> None:
        """Write the version of a client that follows ``expected``."""
        replace_row(_REPLACE, self._driver, row=self._sealed(client), expected=expected)

    def read(self, row: Row) -> Client:
        """Return the client of a row of ``CLIENT``, all columns in their order."""
        return _client(tuple(self._driver.guard.checked(_GUARDED, row)))

    def _sealed(self, client: Client) -> Mapping[str, object]:
        return self._driver.guard.sealed(_GUARDED, _row(client))


@lru_cache(maxsize=1024)
def _client(row: Row) -> Client:
    """Make a client once for each row that was ever read; equal rows are one value."""
    client_id, department_id, name_zh, name_en, profile, status, jwks, *rest = row
    *lists, version, metadata = rest
    redirect_uris, grant_types, scopes, evidence, issue_codes, service_items = lists
    return Client(
        client_id=ClientId(client_id),
        department_id=DepartmentId(department_id),
        name_zh=name_zh,
        name_en=name_en,
        profile=Profile(profile),
        status=ClientStatus(status),
        jwks=jwks,
        redirect_uris=words(redirect_uris),
        grant_types=frozenset(words(grant_types)),
        scopes=frozenset(words(scopes)),
        evidence=MappingProxyType(
            {code: View.of(label) for code, label in named_words(evidence).items()}
        ),
        issue_codes=frozenset(words(issue_codes)),
        service_items=frozenset(words(service_items)),
        version=version,
        metadata=ClientMetadata() if metadata is None else ClientMetadata.from_json(metadata),
    )


def _row(client: Client) -> Mapping[str, object]:
    return {
        "client_id": client.client_id,
        "department_id": client.department_id,
        "name_zh": client.name_zh,
        "name_en": client.name_en,
        "profile": client.profile.value,
        "status": client.status.value,
        "jwks": client.jwks,
        "redirect_uris": to_json(client.redirect_uris),
        "grant_types": to_json(sorted(client.grant_types)),
        "scopes": to_json(sorted(client.scopes)),
        "evidence": to_json({code: view.label for code, view in client.evidence.items()}),
        "issue_codes": to_json(sorted(client.issue_codes)),
        "service_items": to_json(sorted(client.service_items)),
        "version": client.version,
        "oauth_metadata": client.metadata.to_json(),
    }
