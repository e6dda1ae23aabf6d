"""A vault for tests of the verbs: departments, made-up holders, and short words for what they do.

What a front door would have proven (token, proof, sign-in) is made here. Everything behind it is
the verbs' own, over memory or over SQLite.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from policies.scopes import View
from tests.support.ports import Ports, open_ports
from tests.support.world_people import People
from tests.support.world_values import (
    ASKS,
    CODES,
    FIELDS,
    GRANTED,
    HOUR,
    ISSUES,
    ITEM,
    MARKET,
    PURPOSE,
    a_town_client,
    a_town_department,
)
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    PushedRequest,
)
from vault.consents import Consent
from vault.consents.details import Details, EvidenceGrant
from vault.crypto.secrets import SEALING, Secrets
from vault.crypto.tokens import PEPPER
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, CaseNumber, DepartmentId, GrantId, RecordId, Space
from vault.journal.receipts import Receipt
from vault.numbers import SPACE_KINDS, NumberIndex, key_name
from vault.records import RecordHead, RecordStatus
from vault.services import Vault
from vault.services.acting import Caller, Member
from vault.services.activate_policy import activate_policy
from vault.services.change_status import StatusChange, change_status
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, Revision, deposit, revise
from vault.services.end_consent import (
    NarrowConsent,
    RevokeConsent,
    narrow_consent,
    revoke_consent,
)
from vault.services.give_consent import GiveConsent, give_consent
from vault.services.open_case import OpenCase, OpenedCase, open_case
from vault.services.pull import Pull, Release, pull_evidence
from vault.services.register_client import register_client
from vault.services.register_department import register_department
from vault.services.suspend_client import suspend_client
from vault.services.versions import Deposited


@dataclass(frozen=True)
class Granted:
    """A consent that was given, and the token that came of it.

    Attributes:
        asked: What the holder decided on.
        token: As stored.
    """

    asked: GiveConsent
    token: AccessToken
    receipt: Receipt

    @property
    def grant_id(self) -> GrantId:
        """Name the consent."""
        return self.asked.code.grant_id

    @property
    def space(self) -> Space:
        """Name the holder."""
        return self.asked.signin.space


class World(People):
    """Says what happens."""

    # Issuing.

    def evidence(self, code: str = "ID01", **changes: Any) -> Evidence:  # noqa: ANN401 - any attribute
        """Return evidence that the catalogue takes."""
        return replace(Evidence(code=code, fields=FIELDS.get(code, {})), **changes)

    def deposit(
        self,
        code: str = "ID01",
        *,
        number: Identifier | None = None,
        caller: Caller | None = None,
        holder_name: str = "",
        contact: str = "",
        **changes: Any,  # noqa: ANN401 - any attribute of evidence
    ) -> Deposited:
        """Let the department that issues ``code`` deposit one piece of it."""
        issuer = next(name for name, codes in ISSUES.items() if code in codes)
        asked = Deposit(
            caller=caller or self.caller(issuer),
            number=number or self.person(),
            evidence=self.evidence(code, **changes),
            holder_name=holder_name,
            contact=contact,
        )
        return deposit(self.vault, asked)

    def revise(
        self,
        record_id: RecordId,
        *,
        expected: int = 1,
        code: str = "ID01",
        caller: Caller | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute of evidence
    ) -> Deposited:
        """Let the police write the next version."""
        asked = Revision(
            caller=caller or self.caller(),
            record_id=record_id,
            expected=expected,
            evidence=self.evidence(code, **changes),
        )
        return revise(self.vault, asked)

    def change_status(
        self,
        record_id: RecordId,
        status: RecordStatus,
        *,
        expected: int = 1,
        caller: Caller | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute
    ) -> Deposited:
        """Let the police say what became of a record."""
        asked = StatusChange(
            caller=caller or self.caller(),
            record_id=record_id,
            expected=expected,
            status=status,
            **changes,
        )
        return change_status(self.vault, asked)

    def heads(self, number: Identifier | None = None) -> tuple[RecordHead, ...]:
        """Return what is in a space."""
        space = self._space(number)
        with self.vault.read() as tx:
            return tx.records.heads(space)

    # Asking and consenting.

    def open_case(
        self,
        number: Identifier | None = None,
        *,
        item: str = ITEM,
        caller: Caller | None = None,
    ) -> OpenedCase:
        """Let the market department take up an application."""
        asked = OpenCase(
            caller=caller or self.caller(MARKET), number=number or self.person(), item=item
        )
        return open_case(self.vault, asked)

    def details(
        self,
        *codes: str,
        views: dict[str, View] | None = None,
        fields: dict[str, tuple[str, ...]] | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute
    ) -> Details:
        """Return what a department asks for."""
        names = GRANTED | (fields or {})
        evidence = {
            code: EvidenceGrant(
                code=code,
                view=view,
                fields=frozenset() if view is View.VERIFY else frozenset(names[code]),
            )
            for code in codes or ("ID01",)
            for view in [(ASKS | (views or {}))[code]]
        }
        plain = Details(
            evidence=evidence,
            starts_at=self.now() - 60,
            ends_at=self.now() + HOUR,
            uses=None,
            retention_days=30,
        )
        return replace(plain, **changes)

    def asked(
        self,
        case_no: CaseNumber,
        details: Details | None = None,
        *,
        number: Identifier | None = None,
        **how: Any,  # noqa: ANN401 - as signin
    ) -> GiveConsent:
        """Push a request of the market department; return what the holder may grant."""
        space = self._space(number)
        pushed = PushedRequest(
            request_hash=os.urandom(32),
            client_id=self.client_id(MARKET),
            params=b"sealed parameters",
            cnf=Confirmation.key("thumbprint"),
            expires_at=self.now() + 60,
        )
        interaction = Interaction(
            interaction_id=os.urandom(ID_BYTES),
            request_hash=pushed.request_hash,
            browser_hash=os.urandom(32),
            signin_hash=None,
            state=InteractionState.OPEN,
            expires_at=self.now() + 600,
        )
        with self.vault.work() as tx:
            tx.protocol.push(pushed)
            tx.protocol.open_interaction(interaction)
        signin = self.signin(space, **how)
        return GiveConsent(
            interaction_id=interaction.interaction_id,
            request_hash=pushed.request_hash,
            signin=signin,
            client_id=pushed.client_id,
            purpose=PURPOSE,
            item=ITEM,
            case_no=case_no,
            details=details or self.details(),
            shown_hash=sha256(b"what was shown").digest(),
            shown_locale="zh-CN",
            note=b"sealed note",
            code=AuthorizationCode(
                code_hash=os.urandom(32),
                space=space,
                grant_id=GrantId(os.urandom(ID_BYTES)),
                family_id=os.urandom(ID_BYTES),
                client_id=pushed.client_id,
                redirect_uri="https://client.example.org/cb",
                code_challenge="challenge",
                cnf=pushed.cnf,
                auth=signin.auth,
                scope="",
                expires_at=self.now() + 60,
            ),
        )

    def consent(
        self,
        *codes: str,
        number: Identifier | None = None,
        case_no: CaseNumber | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute of details
    ) -> Granted:
        """Open a case if none is named, let the holder consent, and issue the token."""
        case_no = case_no or self.open_case(number).case_no
        asked = self.asked(case_no, self.details(*codes, **changes), number=number)
        receipt = give_consent(self.vault, asked)
        token = AccessToken(
            token_hash=os.urandom(32),
            space=asked.signin.space,
            grant_id=asked.code.grant_id,
            family_id=asked.code.family_id,
            client_id=asked.client_id,
            scope="",
            details=asked.details.to_json(),
            cnf=asked.code.cnf,
            auth=asked.code.auth,
            issued_at=self.now(),
            expires_at=self.now() + 30 * HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.add_token(token)
        return Granted(asked=asked, token=token, receipt=receipt)

    def consent_row(self, granted: Granted) -> Consent:
        """Return a consent as it is now."""
        with self.vault.read() as tx:
            found = tx.consents.get(granted.space, grant_id=granted.grant_id)
        assert found is not None
        return found

    def used(self, granted: Granted) -> dict[str, int]:
        """Return how often each evidence type was released."""
        with self.vault.read() as tx:
            uses = tx.consents.uses(granted.space, grant_id=granted.grant_id)
        return {code: use.used for code, use in uses.items()}

    def revoke(self, granted: Granted) -> Receipt:
        """Let the holder take a consent back."""
        member = Member(signin=self.signin(granted.space))
        return revoke_consent(self.vault, RevokeConsent(member=member, grant_id=granted.grant_id))

    def narrow(self, granted: Granted, details: Details) -> Receipt:
        """Let the holder take a part of a consent back."""
        member = Member(signin=self.signin(granted.space))
        asked = NarrowConsent(member=member, grant_id=granted.grant_id, details=details)
        return narrow_consent(self.vault, asked)

    # Pulling.

    def requester(self, granted: Granted, *, claim: Claim | None = None) -> Caller:
        """Return the market department's system with the token of a consent."""
        with self.vault.read() as tx:
            live = tx.protocol.live_token(granted.token.token_hash, now=self.now())
        assert live is not None
        return Caller(live=live, claim=claim or self.claim(), proof_hash=sha256(b"proof").digest())

    def requester_again(self, caller: Caller) -> Caller:
        """Return the same caller with a proof that nobody has shown."""
        return replace(caller, claim=self.claim())

    def pull(
        self,
        granted: Granted,
        code: str = "ID01",
        *,
        view: View | None = None,
        fields: frozenset[str] | None = None,
        caller: Caller | None = None,
    ) -> Release:
        """Let the market department pull one piece of evidence in the widest granted view."""
        widest = granted.asked.details.evidence.get(code)
        asked = Pull(
            caller=caller or self.requester(granted),
            code=code,
            view=view or (View.FULL if widest is None else widest.view),
            fields=fields,
        )
        return pull_evidence(self.vault, asked)

    def suspend(self, department: str = MARKET) -> Receipt:
        """Let the operator suspend a department's system."""
        return suspend_client(self.vault, self.client_id(department))

    def _space(self, number: Identifier | None) -> Space:
        return self.space(number or self.person())


@contextmanager
def open_world(name: str, folder: Path) -> Iterator[World]:
    """Open a vault with policies in force and three departments registered."""
    with open_ports(name, folder) as ports:
        yield world_over(ports)


def world_over(ports: Ports) -> World:
    """Put policies in force over empty ports, and register three departments."""
    world = World(ports=ports, vault=_vault(ports))
    activate_policy(world.vault)
    for department in CODES:
        _register(world, department)
    return world


def _vault(ports: Ports) -> Vault:
    names = (PEPPER, SEALING, *map(key_name, SPACE_KINDS))
    rows = [ports.keyring.new_service_key(name) for name in names]
    with ports.work() as tx:
        for row in rows:
            tx.system.add(row)
    return Vault(
        read=ports.read,
        work=ports.work,
        shared=ports.shared,
        journal=ports.journal,
        logs=(ports.log,),
        blobs=ports.blobs,
        keyring=ports.keyring,
        secrets=Secrets.load(ports.keyring, rows=rows, random=os.urandom),
        numbers=NumberIndex.load(ports.keyring, rows=rows),
        clock=ports.clock,
        random=os.urandom,
    )


def _register(world: World, department: str) -> None:
    department_id = DepartmentId(os.urandom(ID_BYTES))
    world.departments[department] = department_id
    register_department(world.vault, a_town_department(department, department_id))
    register_client(world.vault, a_town_client(department, department_id), demo=False)
