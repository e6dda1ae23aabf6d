"""The people and systems of ``tests.support.world``, and how they present themselves."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from tests.support.memory.journal import MemoryJournal
from tests.support.memory.rows import Rows
from tests.support.ports import FixedClock, HookedJournal, Ports
from tests.support.world_values import (
    HOUR,
    POLICE,
)
from vault.clients import Client
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import AccessToken, Claim, SignIn, authenticated
from vault.clock import MS, legal_day
from vault.departments import DepartmentStatus
from vault.errors import JournalUnavailableError
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id, synthetic_uscc
from vault.ids import ID_BYTES, ClientId, DepartmentId, Space
from vault.journal.entries import Entry
from vault.journal.kinds import Kind
from vault.notices import NoticeKind
from vault.ports import LiveToken
from vault.services import Vault
from vault.services.acting import Caller, Member
from vault.services.sign_in import ACR


@dataclass
class People:
    """A vault with its holders and departments, before anything happens. Ids by name."""

    ports: Ports
    vault: Vault
    departments: dict[str, DepartmentId] = field(default_factory=dict)

    # Seen from outside.

    @property
    def clock(self) -> FixedClock:
        """The only clock."""
        return self.ports.clock

    @property
    def journal(self) -> HookedJournal:
        """The journal, with its hook."""
        return self.ports.journal

    @property
    def entries(self) -> list[Entry]:
        """Every entry of the log, opened, in order; over memory alone."""
        assert isinstance(self.journal.inner, MemoryJournal)
        return self.journal.inner.entries

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of all entries, in order."""
        return [entry.kind for entry in self.entries]

    @property
    def last(self) -> Entry:
        """The newest entry."""
        return self.entries[-1]

    @property
    def told(self) -> list[NoticeKind]:
        """What the usual person was told, in the order of the log."""
        space = self.space()
        with self.vault.read() as tx:
            notices = tx.notices.of_holder(space, limit=99)
        order = {entry.entry_id: at for at, entry in enumerate(self.entries)}
        return [one.kind for one in sorted(notices, key=lambda one: order[one.entry_id])]

    def now(self) -> int:
        """Return UTC seconds."""
        return self.clock.now_ms() // MS

    @contextmanager
    def spoiling(self) -> Iterator[Rows]:
        """Give the rows themselves, as one with access to the database has them."""
        assert self.ports.memory is not None
        with self.ports.memory.changing() as rows:
            yield rows

    def fail_next(self) -> None:
        """Let the journal not take the next operation."""

        def fail() -> None:
            raise JournalUnavailableError("the journal cannot be written")

        self.journal.just_before_the_lock(fail)

    # People and departments.

    def person(self, number: int = 1) -> Identifier:
        """Return the number of a made-up person."""
        today = legal_day(self.clock.now_ms())
        return parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(number), today=today)

    def organisation(self, number: int = 1) -> Identifier:
        """Return the number of a made-up organisation."""
        today = legal_day(self.clock.now_ms())
        return parse(IdentifierKind.USCC, synthetic_uscc(number), today=today)

    def space(self, number: Identifier | None = None) -> Space:
        """Return a space that must be there."""
        found = self.find(number or self.person())
        assert found is not None
        return found

    def find(self, number: Identifier) -> Space | None:
        """Return the space of a number."""
        with self.vault.read() as tx:
            for one in self.vault.numbers.of(number):
                found = tx.holders.find(one.kind, one.index)
                if found is not None:
                    return found
        return None

    def client_id(self, department: str) -> ClientId:
        """Return the id of a department's system."""
        return ClientId(f"{department}-system")

    def client(self, department: str) -> Client:
        """Return a department's system as it is registered now."""
        with self.vault.read() as tx:
            found = tx.clients.get(self.client_id(department))
        assert found is not None
        return found

    def change_client(self, department: str, **changes: Any) -> None:  # noqa: ANN401 - any column
        """Change a department's system, as an operator would."""
        before = self.client(department)
        with self.vault.work() as tx:
            after = replace(before, version=before.version + 1, **changes)
            tx.clients.replace(after, expected=before.version)

    def suspend_department(self, department: str) -> None:
        """Suspend a department, as an operator would."""
        with self.vault.work() as tx:
            before = tx.departments.get(self.departments[department])
            assert before is not None
            after = replace(before, status=DepartmentStatus.SUSPENDED, version=before.version + 1)
            tx.departments.replace(after, expected=before.version)

    def claim(self) -> Claim:
        """Return the replay row of a proof that nobody has shown."""
        return Claim(kind="dpop", key_hash=os.urandom(32), expires_at=self.now() + HOUR)

    def caller(
        self,
        department: str = POLICE,
        *,
        request_id: str | None = None,
        claim: Claim | None = None,
    ) -> Caller:
        """Return a department's system with a registry token and a fresh proof."""
        client = self.client(department)
        with self.vault.read() as tx:
            owner = tx.departments.get(client.department_id)
        assert owner is not None
        token = AccessToken(
            token_hash=os.urandom(32),
            space=None,
            grant_id=None,
            family_id=os.urandom(ID_BYTES),
            client_id=client.client_id,
            scope=" ".join(sorted(client.scopes)),
            details=None,
            cnf=Confirmation.key("thumbprint"),
            auth=None,
            issued_at=self.now(),
            expires_at=self.now() + HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.add_token(token)
        live = LiveToken(token=token, client=client, department=owner, consent=None)
        return Caller(
            live=live,
            claim=claim or self.claim(),
            proof_hash=sha256(b"proof").digest(),
            network="192.0.2.0/24",
            correlation="correlation-1",
            request_id=request_id,
        )

    def signin(self, space: Space, *, age: int = 10, acr: str = ACR) -> SignIn:
        """Return a holder's live sign-in, ``age`` seconds old."""
        signin_hash = os.urandom(32)
        return SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=os.urandom(32),
            auth=authenticated(space, acr=acr, at=self.now() - age, signin_hash=signin_hash),
            idle_expires_at=self.now() + HOUR,
            expires_at=self.now() + HOUR,
        )

    def member(self, number: Identifier | None = None, **how: Any) -> Member:  # noqa: ANN401 - as signin
        """Return a holder who is signed in."""
        return Member(
            signin=self.signin(self.space(number), **how),
            network="198.51.100.0/24",
            correlation="correlation-2",
        )
