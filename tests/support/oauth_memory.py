"""Stores in memory, as far as the authorization server and its tests reach."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from vault.cases import Case
from vault.clients import Client, ClientStatus
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    PushedRequest,
    SignIn,
)
from vault.consents import Consent, ConsentStatus
from vault.crypto.keys import WrappedKey
from vault.departments import Department, DepartmentStatus
from vault.holders import Holder
from vault.ids import ClientId, Space
from vault.ports import LiveToken
from vault.records import RecordHead


@dataclass
class Rows:
    """One row each, by primary key."""

    clients: dict[str, Client] = field(default_factory=dict)
    departments: dict[bytes, Department] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    holders: dict[Space, Holder] = field(default_factory=dict)
    heads: list[RecordHead] = field(default_factory=list)
    consents: dict[tuple[Space, bytes], Consent] = field(default_factory=dict)
    keys: list[WrappedKey] = field(default_factory=list)
    pushed: dict[bytes, PushedRequest] = field(default_factory=dict)
    interactions: dict[bytes, Interaction] = field(default_factory=dict)
    codes: dict[bytes, AuthorizationCode] = field(default_factory=dict)
    tokens: dict[bytes, AccessToken] = field(default_factory=dict)
    signins: dict[bytes, SignIn] = field(default_factory=dict)
    claims: set[tuple[str, bytes]] = field(default_factory=set)
    tries: dict[tuple[bytes, int], int] = field(default_factory=dict)


class _Keyed:
    """A store that finds rows of one table by key."""

    def __init__(self, rows: dict[Any, Any]) -> None:
        self._rows = rows

    def get(self, key: Any, **rest: Any) -> Any:  # noqa: ANN401 - rows of any table
        return self._rows.get((key, *rest.values()) if rest else key)

    def find(self, key: Any) -> Any:  # noqa: ANN401 - rows of any table
        return self._rows.get(key)


class _Heads:
    def __init__(self, rows: list[RecordHead]) -> None:
        self._rows = rows

    def heads_of_code(self, space: Space, *, code: str) -> tuple[RecordHead, ...]:
        return tuple(head for head in self._rows if (head.space, head.code) == (space, code))


class _System:
    def __init__(self, rows: list[WrappedKey]) -> None:
        self._rows = rows

    def all(self) -> tuple[WrappedKey, ...]:
        return tuple(self._rows)


class _Protocol:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def push(self, request: PushedRequest) -> None:
        self._rows.pushed[request.request_hash] = request

    def pushed(self, request_hash: bytes) -> PushedRequest | None:
        return self._rows.pushed.get(request_hash)

    def spend_pushed(self, request_hash: bytes, *, now: int) -> bool:
        row = self._rows.pushed.get(request_hash)
        if row is None or row.consumed_at is not None:
            return False
        self._rows.pushed[request_hash] = replace(row, consumed_at=now)
        return True

    def open_interaction(self, interaction: Interaction) -> None:
        self._rows.interactions[interaction.interaction_id] = interaction

    def interaction(self, interaction_id: bytes) -> Interaction | None:
        return self._rows.interactions.get(interaction_id)

    def interaction_of(self, request_hash: bytes, *, browser_hash: bytes) -> Interaction | None:
        for row in self._rows.interactions.values():
            if (row.request_hash, row.browser_hash) == (request_hash, browser_hash):
                return row
        return None

    def bind_interaction(self, interaction_id: bytes, *, signin_hash: bytes) -> bool:
        row = self._rows.interactions[interaction_id]
        if row.signin_hash is not None:
            return False
        self._rows.interactions[interaction_id] = replace(row, signin_hash=signin_hash)
        return True

    def close_interaction(self, interaction_id: bytes, *, state: InteractionState) -> bool:
        row = self._rows.interactions[interaction_id]
        if row.state is not InteractionState.OPEN:
            return False
        self._rows.interactions[interaction_id] = replace(row, state=state)
        return True

    def add_code(self, code: AuthorizationCode) -> None:
        self._rows.codes[code.code_hash] = code

    def code(self, code_hash: bytes) -> AuthorizationCode | None:
        return self._rows.codes.get(code_hash)

    def spend_code(self, code_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        row = self._rows.codes.get(code_hash)
        if row is None or row.client_id != client_id or row.used_at is not None:
            return False
        if row.expires_at <= now:
            return False
        self._rows.codes[code_hash] = replace(row, used_at=now)
        return True

    def add_token(self, token: AccessToken) -> None:
        self._rows.tokens[token.token_hash] = token

    def token(self, token_hash: bytes) -> AccessToken | None:
        return self._rows.tokens.get(token_hash)

    def live_token(self, token_hash: bytes, *, now: int) -> LiveToken | None:
        row = self._rows.tokens.get(token_hash)
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            return None
        client = self._rows.clients[row.client_id]
        department = self._rows.departments[client.department_id]
        live = (client.status, department.status) == (
            ClientStatus.ACTIVE,
            DepartmentStatus.ACTIVE,
        )
        consent = None
        if row.grant_id is not None and row.space is not None:
            consent = self._rows.consents.get((row.space, row.grant_id))
            live = live and consent is not None and consent.status is ConsentStatus.ACTIVE
            live = live and consent is not None and consent.expires_at_ms > now * 1000
        if not live:
            return None
        return LiveToken(token=row, client=client, department=department, consent=consent)

    def revoke_token(self, token_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        row = self._rows.tokens.get(token_hash)
        if row is None or row.client_id != client_id or row.revoked_at is not None:
            return False
        self._rows.tokens[token_hash] = replace(row, revoked_at=now)
        return True

    def revoke_family(self, family_id: bytes, *, now: int) -> int:
        found = [row for row in self._rows.tokens.values() if row.family_id == family_id]
        for row in found:
            self._rows.tokens[row.token_hash] = replace(row, revoked_at=now)
        return len(found)

    def claim(self, claims: Sequence[Claim]) -> tuple[bool, ...]:
        fresh = tuple((one.kind, one.key_hash) not in self._rows.claims for one in claims)
        self._rows.claims |= {(one.kind, one.key_hash) for one in claims}
        return fresh

    def count_try(self, key_hash: bytes, *, window_start: int) -> int:
        key = (key_hash, window_start)
        self._rows.tries[key] = self._rows.tries.get(key, 0) + 1
        return self._rows.tries[key]

    def signin(self, signin_hash: bytes, *, now: int) -> SignIn | None:
        row = self._rows.signins.get(signin_hash)
        return row if row is not None and row.expires_at > now else None


class MemoryTx:
    """One transaction; the lock outside makes it one at a time."""

    def __init__(self, rows: Rows) -> None:
        """See ``rows``."""
        self.clients = _Keyed(rows.clients)
        self.departments = _Keyed(rows.departments)
        self.cases = _Keyed(rows.cases)
        self.holders = _Keyed(rows.holders)
        self.consents = _Keyed(rows.consents)
        self.records = _Heads(rows.heads)
        self.system = _System(rows.keys)
        self.protocol = _Protocol(rows)


class Memory:
    """A database: one writer at a time."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows = Rows()
        self._lock = threading.RLock()

    @contextmanager
    def work(self) -> Iterator[Any]:
        """Begin a unit of work."""
        with self._lock:
            yield MemoryTx(self.rows)

    read = work

    def client(self, client_id: str) -> Client:
        """Return a client by id."""
        return self.rows.clients[client_id]

    def add(
        self,
        *rows: Client | Department | Case | Holder | Consent | RecordHead | SignIn | WrappedKey,
    ) -> None:
        """Put rows where they belong; a row of the same key is replaced."""
        for row in rows:
            match row:
                case Client():
                    self.rows.clients[row.client_id] = row
                case Department():
                    self.rows.departments[row.department_id] = row
                case Case():
                    self.rows.cases[row.case_no] = row
                case Holder():
                    self.rows.holders[row.space] = row
                case Consent():
                    self.rows.consents[row.space, row.grant_id] = row
                case RecordHead():
                    self.rows.heads.append(row)
                case SignIn():
                    self.rows.signins[row.signin_hash] = row
                case WrappedKey():
                    self.rows.keys.append(row)
