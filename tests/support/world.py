"""A vault for tests of the verbs: departments, made-up holders, and short words for what they do.

What a front door would have proven (token, proof, sign-in) is made here. Everything behind it is
the verbs' own, over memory or over SQLite.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from policies.scopes import View
from tests.support.jws import Signer, ec_signer
from tests.support.memory.journal import MemoryJournal
from tests.support.memory.rows import Rows
from tests.support.ports import FixedClock, HookedJournal, Ports, open_ports
from vault.clients import Client, ClientStatus, Profile
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    PushedRequest,
    SignIn,
)
from vault.clock import MS, legal_day
from vault.consents import Consent
from vault.consents.details import Details, EvidenceGrant
from vault.crypto.secrets import SEALING, Secrets
from vault.crypto.tokens import PEPPER
from vault.departments import Department, DepartmentStatus
from vault.errors import JournalUnavailableError
from vault.identifiers import Identifier, IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id, synthetic_uscc
from vault.ids import ID_BYTES, CaseNumber, ClientId, DepartmentId, GrantId, RecordId, Space
from vault.journal.entries import Entry
from vault.journal.kinds import Kind
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.numbers import SPACE_KINDS, NumberIndex, key_name
from vault.ports import LiveToken
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
from vault.services.sign_in import ACR
from vault.services.suspend_client import suspend_client
from vault.services.versions import Deposited

HOUR: Final = 3600
ITEM: Final = "11110105PDY001012C4000131020100"
"""Food business licence: ID01 full, LC01 full, LC04 or MT04, SR05."""

PURPOSE: Final = "licence_application"
POLICE: Final = "police"
MARKET: Final = "market"
SCHOOL: Final = "school"
CODES: Final = {
    POLICE: "11110105PDY0010207",
    MARKET: "11110105PDY001012C",
    SCHOOL: "11110105PDY001047Y",
}
ISSUES: Final = {
    POLICE: frozenset({"ID01", "ID02", "ID07", "LC04", "MT04", "SR05"}),
    MARKET: frozenset({"LC01", "LC09", "CR02", "MT04"}),
    SCHOOL: frozenset({"LC13", "ID01"}),
}
ASKS: Final = {
    "ID01": View.FULL,
    "LC01": View.FULL,
    "LC04": View.SUMMARY,
    "MT04": View.FULL,
    "SR05": View.VERIFY,
}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "ID01": {
        "name": "示例甲",
        "sex": "女",
        "ethnicity": "示范族",
        "birth_date": "1900-01-01",
        "domicile_address": "示范省示范市示范区示范路1号",
        "id_number": synthetic_resident_id(1),
        "issuing_authority": "示范区公安分局（模拟）",
        "valid_from": "2020-01-01",
        "valid_to": "2040-01-01",
    },
    "LC01": {
        "uscc": synthetic_uscc(1),
        "name": "示例商行",
        "entity_type": "个体工商户",
        "legal_representative": "示例甲",
        "established_date": "2020-01-01",
        "business_scope": "食品销售",
        "address": "示范省示范市示范区示范路2号",
        "registration_authority": "示范区市场监督管理局（模拟）",
        "registration_status": "存续",
        "approval_date": "2020-01-02",
    },
    "LC04": {
        "certificate_no": "示范不动产权第0001号",
        "serial_no": "0001",
        "right_holder": "示例甲",
        "right_holder_id_type": "居民身份证",
        "right_holder_id_no": synthetic_resident_id(1),
        "location": "示范省示范市示范区示范路3号",
        "unit_number": "110110000000GB00001F00000001",
        "right_type": "国有建设用地使用权",
        "right_nature": "出让",
        "usage": "商业",
        "area": "80.5",
        "issue_date": "2020-01-03",
    },
    "MT04": {
        "address": "示范省示范市示范区示范路4号",
        "owner_name": "示例乙",
        "lessee_name": "示例甲",
        "area": "60",
        "usage": "餐饮",
        "lease_from": "2026-01-01",
        "lease_to": "2027-01-01",
        "file_hash": "0" * 64,
    },
    "SR05": {
        "certificate_no": "示范0001",
        "name": "示例甲",
        "id_number": synthetic_resident_id(1),
        "query_from": "2020-01-01",
        "query_to": "2026-01-01",
        "result": "无",
        "purpose": "办理许可",
        "issue_date": "2026-01-05",
        "authority": "示范区公安分局（模拟）",
    },
    "CR02": {
        "counterpart_name": "示例商行",
        "counterpart_category": "法人",
        "document_name": "许可决定书",
        "document_no": "示范许〔2026〕1号",
        "license_category": "普通",
        "content": "食品经营",
        "decision_date": "2026-01-04",
        "valid_from": "2026-01-04",
        "authority": "示范区市场监督管理局（模拟）",
        "authority_uscc": synthetic_uscc(2),
        "current_status": "有效",
        "source_unit": "示范区市场监督管理局（模拟）",
        "source_unit_uscc": synthetic_uscc(2),
    },
}
GRANTED: Final = {
    "ID01": ("name", "id_number", "valid_to"),
    "LC01": ("uscc", "name"),
    "LC04": ("location", "usage"),
    "MT04": ("address", "usage"),
}


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


@dataclass
class World:
    """Says what happens. Attributes are ids by name."""

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
            dpop_jkt="thumbprint",
            acr=None,
            auth_time=None,
            issued_at=self.now(),
            expires_at=self.now() + HOUR,
        )
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
        return SignIn(
            signin_hash=os.urandom(32),
            space=space,
            csrf_hash=os.urandom(32),
            acr=acr,
            auth_time=self.now() - age,
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
            dpop_jkt="thumbprint",
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
                dpop_jkt=pushed.dpop_jkt,
                acr=signin.acr,
                auth_time=signin.auth_time,
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
            dpop_jkt=asked.code.dpop_jkt,
            acr=asked.code.acr,
            auth_time=asked.code.auth_time,
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
        world = World(ports=ports, vault=_vault(ports))
        activate_policy(world.vault)
        for department in CODES:
            _register(world, department)
        yield world


def _vault(ports: Ports) -> Vault:
    names = (PEPPER, SEALING, *map(key_name, SPACE_KINDS))
    rows = [ports.keyring.new_service_key(name) for name in names]
    with ports.work() as tx:
        for row in rows:
            tx.system.add(row)
    return Vault(
        read=ports.read,
        work=ports.work,
        journal=ports.journal,
        log=ports.log,
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


def a_town_department(department: str, department_id: DepartmentId) -> Department:
    """Return a department as it is registered."""
    return Department(
        department_id=department_id,
        code=CODES[department],
        name_zh=f"示范区{department}（模拟）",
        name_en=f"Demo District {department} (simulated)",
        contact="service@example.org",
        privacy_officer="privacy@example.org",
        status=DepartmentStatus.ACTIVE,
        version=1,
    )


def a_town_client(department: str, department_id: DepartmentId, **changes: Any) -> Client:  # noqa: ANN401 - any column
    """Return a department's system as it is registered; only the market department asks."""
    plain = Client(
        client_id=ClientId(f"{department}-system"),
        department_id=department_id,
        name_zh="系统",
        name_en="System",
        profile=Profile.FAPI2,
        status=ClientStatus.ACTIVE,
        jwks=json.dumps({"keys": [KEY.jwk | {"kid": "k1"}]}),
        redirect_uris=("https://client.example.org/cb",),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        scopes=frozenset({"records:write", "cases:write"}),
        evidence=ASKS if department == MARKET else {},
        issue_codes=ISSUES[department],
        service_items=frozenset({ITEM}) if department == MARKET else frozenset(),
        version=1,
    )
    return replace(plain, **changes)


KEY: Final[Signer] = ec_signer()
