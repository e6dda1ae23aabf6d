"""A small town: two departments, made-up holders, every verb.

What a front door would have proven (token, proof, sign-in) is made here; everything behind it
is the real thing: wiring, the database, sealed files, the journal (``tests.support.founding``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from policies.scopes import View
from tests.support.founding import MARKET, POLICE
from vault.clients.confirmation import Confirmation
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    PushedRequest,
    SignIn,
    authenticated,
)
from vault.clock import MS, legal_day
from vault.consents.details import Details, EvidenceGrant
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id
from vault.ids import ID_BYTES, CaseNumber, ClientId, GrantId, Space
from vault.journal.receipts import Receipt
from vault.ports import LiveToken
from vault.services import Vault
from vault.services.acting import Caller, Member
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, deposit
from vault.services.end_consent import (
    NarrowConsent,
    RevokeConsent,
    narrow_consent,
    revoke_consent,
)
from vault.services.give_consent import GiveConsent, give_consent
from vault.services.open_case import OpenCase, OpenedCase, open_case
from vault.services.pull import Pull, Release, pull_evidence
from vault.services.sealing import Incoming
from vault.services.versions import Deposited

ITEM: Final = "11110105PDY001012C4000131020100"
PURPOSE: Final = "licence_application"
CODE: Final = "ID01"
FIELDS: Final = frozenset({"name", "id_number", "valid_to"})
ACR: Final = "urn:myspace:acr:aal1"
HOUR: Final = 3600
PDF: Final = b"%PDF-1.7\n"


@dataclass(frozen=True)
class Granted:
    """A consent, and the token that came of it.

    Attributes:
        live: As it was resolved when the token was new; what it says may be out of date.
    """

    live: LiveToken
    member: Member
    grant_id: GrantId
    receipt: Receipt
    request: GiveConsent


@dataclass(frozen=True)
class Town:
    """Says what happens; the departments' systems are registered."""

    vault: Vault

    def number(self, person: int) -> Identifier:
        """Return the number of the ``person``-th made-up holder."""
        today = legal_day(self.vault.clock.now_ms())
        return parse(IdentifierKind.RESIDENT_ID, synthetic_resident_id(person), today=today)

    def deposit(
        self, person: int, *, name: str, files: Sequence[Incoming] = (), contact: str = ""
    ) -> Deposited:
        """Let the police deposit an identity card, with files."""
        number = self.number(person)
        evidence = Evidence(
            code=CODE,
            fields={
                "name": name,
                "sex": "女",
                "ethnicity": "示范族",
                "birth_date": "1900-01-01",
                "domicile_address": "示范省示范市示范区示范路1号",
                "id_number": number.value,
                "issuing_authority": "示范区公安分局（模拟）",
                "valid_from": "2020-01-01",
                "valid_to": "2040-01-01",
            },
            files=files,
        )
        asked = Deposit(
            caller=self.caller(POLICE),
            number=number,
            evidence=evidence,
            holder_name=name,
            contact=contact,
        )
        return deposit(self.vault, asked)

    def open_case(self, person: int) -> OpenedCase:
        """Let the market department take up the person's application."""
        asked = OpenCase(caller=self.caller(MARKET), number=self.number(person), item=ITEM)
        return open_case(self.vault, asked)

    def space(self, person: int) -> Space:
        """Return the space of a person who has one."""
        index = self.vault.numbers.of(self.number(person))[0]
        with self.vault.read() as tx:
            found = tx.holders.find(index.kind, index.index)
        assert found is not None
        return found

    def asked(self, person: int, case_no: CaseNumber, *, uses: int | None = None) -> GiveConsent:
        """Let the market department push a request; return what the holder may grant."""
        now, space = self.now(), self.space(person)
        client_id = self.client_id(MARKET)
        pushed = PushedRequest(
            request_hash=self.vault.random(32),
            client_id=client_id,
            params=b"sealed parameters",
            cnf=Confirmation.key("thumbprint"),
            expires_at=now + HOUR,
        )
        interaction = Interaction(
            interaction_id=self.vault.random(ID_BYTES),
            request_hash=pushed.request_hash,
            browser_hash=self.vault.random(32),
            signin_hash=None,
            state=InteractionState.OPEN,
            expires_at=now + HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.push(pushed)
            tx.protocol.open_interaction(interaction)
        details = Details(
            evidence={CODE: EvidenceGrant(code=CODE, view=View.FULL, fields=FIELDS)},
            starts_at=now - 60,
            ends_at=now + HOUR,
            uses=uses,
            retention_days=30,
        )
        return GiveConsent(
            interaction_id=interaction.interaction_id,
            request_hash=pushed.request_hash,
            signin=self.signin(space),
            client_id=client_id,
            purpose=PURPOSE,
            item=ITEM,
            case_no=case_no,
            details=details,
            shown_hash=sha256(b"what was shown").digest(),
            shown_locale="zh-CN",
            note=b"sealed note",
            code=self.code(space, client_id, now=now),
        )

    def code(self, space: Space, client_id: ClientId, *, now: int) -> AuthorizationCode:
        """Return an authorization code for a new grant."""
        return AuthorizationCode(
            code_hash=self.vault.random(32),
            space=space,
            grant_id=GrantId(self.vault.random(ID_BYTES)),
            family_id=self.vault.random(ID_BYTES),
            client_id=client_id,
            redirect_uri="https://client.example.org/callback",
            code_challenge="challenge",
            cnf=Confirmation.key("thumbprint"),
            auth=authenticated(space, acr=ACR, at=now, signin_hash=b""),
            scope="ev:identity:id_card:full",
            expires_at=now + 60,
        )

    def consent(self, person: int, case_no: CaseNumber, *, uses: int | None = None) -> Granted:
        """Let the person grant the identity card for a case; redeem the code for a token."""
        asked = self.asked(person, case_no, uses=uses)
        receipt = give_consent(self.vault, asked)
        token = AccessToken(
            token_hash=self.vault.random(32),
            space=asked.signin.space,
            grant_id=asked.code.grant_id,
            family_id=asked.code.family_id,
            client_id=asked.client_id,
            scope=asked.code.scope,
            details=asked.details.to_json(),
            cnf=asked.code.cnf,
            auth=asked.code.auth,
            issued_at=self.now(),
            expires_at=self.now() + HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.add_token(token)
        live = self.live(token.token_hash)
        assert live is not None
        return Granted(
            live=live,
            member=Member(signin=asked.signin),
            grant_id=asked.code.grant_id,
            receipt=receipt,
            request=asked,
        )

    def live(self, token_hash: bytes) -> LiveToken | None:
        """Resolve a token as the front door does."""
        with self.vault.read() as tx:
            return tx.protocol.live_token(token_hash, now=self.now())

    def pull(self, live: LiveToken, *, claim: Claim | None = None) -> Release:
        """Let the market department pull the identity card, with a proof of its own."""
        fresh = Claim(kind="dpop", key_hash=self.vault.random(32), expires_at=self.now() + HOUR)
        caller = Caller(live=live, claim=claim or fresh, proof_hash=bytes(32))
        return pull_evidence(self.vault, Pull(caller=caller, code=CODE, view=View.FULL))

    def revoke(self, granted: Granted) -> Receipt:
        """Let the holder take a consent back."""
        asked = RevokeConsent(member=granted.member, grant_id=granted.grant_id)
        return revoke_consent(self.vault, asked)

    def shorten(self, granted: Granted) -> Receipt:
        """Let the holder end a consent a minute earlier than it was granted for."""
        before = granted.request.details
        asked = NarrowConsent(
            member=granted.member,
            grant_id=granted.grant_id,
            details=replace(before, ends_at=before.ends_at - 60),
        )
        return narrow_consent(self.vault, asked)

    def caller(self, department: str) -> Caller:
        """Return a department's system with a registry token."""
        with self.vault.read() as tx:
            client = tx.clients.get(self.client_id(department))
            assert client is not None
            owner = tx.departments.get(client.department_id)
            assert owner is not None
        token = AccessToken(
            token_hash=self.vault.random(32),
            space=None,
            grant_id=None,
            family_id=self.vault.random(ID_BYTES),
            client_id=client.client_id,
            scope="records:write cases:write",
            details=None,
            cnf=Confirmation.key("thumbprint"),
            auth=None,
            issued_at=self.now(),
            expires_at=self.now() + HOUR,
        )
        with self.vault.work() as tx:
            tx.protocol.add_token(token)
        live = LiveToken(token=token, client=client, department=owner, consent=None)
        claim = Claim(kind="dpop", key_hash=self.vault.random(32), expires_at=self.now() + HOUR)
        return Caller(live=live, claim=claim, proof_hash=bytes(32))

    def signin(self, space: Space) -> SignIn:
        """Return a holder's sign-in of just now."""
        now = self.now()
        signin_hash = self.vault.random(32)
        return SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=self.vault.random(32),
            auth=authenticated(space, acr=ACR, at=now, signin_hash=signin_hash),
            idle_expires_at=now + HOUR,
            expires_at=now + HOUR,
        )

    def client_id(self, department: str) -> ClientId:
        """Return the id of a department's system."""
        return ClientId(f"demo-{department[11:17].lower()}")

    def now(self) -> int:
        """Return UTC seconds."""
        return self.vault.clock.now_ms() // MS
