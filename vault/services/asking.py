"""Turns live rows into a question for the policies, and remembers every row that was read.

The same functions run twice: before the queue, and under the journal lock if anything that
was read has changed since. ``decided`` closes a question: decision, rows, and the first
instant at which time alone could change the answer.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from policies.access import decide_each
from policies.bundle import Bundle, shipped
from policies.catalogue import catalogue
from policies.facts import (
    CaseFacts,
    ClientFacts,
    ConsentFacts,
    HolderFacts,
    MandateFacts,
    MemberFacts,
    RecordFacts,
    RequirementFacts,
)
from policies.items import items
from policies.requests import AccessRequest, joined
from vault.cases import Case
from vault.clients import Client
from vault.clock import MS, day_starts_ms, legal_day
from vault.consents import Consent
from vault.consents.details import Details
from vault.departments import Department
from vault.errors import KeyUnavailableError, NotFoundError
from vault.holders import Holder
from vault.ids import CaseNumber, ClientId, MandateId, Space
from vault.journal.operations import Decided, Guarded, Seen
from vault.mandates import MandateStatus, effective
from vault.ports import LiveToken, Tx
from vault.records import RecordHead
from vault.services.acting import Member
from vault.services.chains import chain_of

BASIS_CONSENT: Final = "consent"
BASIS_MANDATE: Final = "mandate"
POLICY_POINTER: Final = (1,)


class Asking:
    """Reads facts in one transaction at one instant.

    Attributes:
        now_ms: Judged at this time, UTC milliseconds.
    """

    def __init__(self, tx: Tx, *, now_ms: int, live: LiveToken | None = None) -> None:
        """Read from ``tx``; ``live`` was read a moment ago and need not be read again."""
        self.tx = tx
        self.now_ms = now_ms
        self._today = legal_day(now_ms)
        self._live = live
        self._seen: list[Seen] = []
        self._turns: list[int] = []

    def client(self, client_id: ClientId) -> ClientFacts:
        """Return the facts about a client and its department.

        Raises:
            NotFoundError: There is no such client.
        """
        client, department = self._client(client_id)
        self._saw(Guarded.CLIENT, (client.client_id,), client.version)
        self._saw(Guarded.DEPARTMENT, (department.department_id,), department.version)
        return ClientFacts(
            client_id=client.client_id,
            status=client.status.value,
            profile=client.profile.value,
            department_id=client.department_id.hex(),
            department_status=department.status.value,
            evidence_codes=frozenset(client.evidence),
            issue_codes=client.issue_codes,
            service_items=client.service_items,
            scopes=client.scopes,
        )

    def holder(self, space: Space) -> tuple[Holder, HolderFacts]:
        """Return a holder and the facts about it.

        Raises:
            NotFoundError: There is no such space.
        """
        holder = self.tx.holders.get(space)
        if holder is None:
            raise NotFoundError("no such space")
        self._saw(Guarded.HOLDER, space, holder.version)
        return holder, HolderFacts(
            holder_id=space.holder_id.hex(), kind=holder.kind.value, state=holder.state.value
        )

    def acting(
        self, member: Member, holder: Holder, *, code: str = ""
    ) -> tuple[MemberFacts, MandateFacts | None]:
        """Return the facts about who acts, and about the mandate if it is by one."""
        mandate_id = member.signin.mandate_id
        facts = member.facts(holder.kind, now_ms=self.now_ms)
        if mandate_id is None:
            return facts, None
        return facts, self.mandate(member.space, mandate_id, code=code)

    def mandate(
        self, space: Space, mandate_id: MandateId, *, code: str = "", of_client: bool = False
    ) -> MandateFacts:
        """Return the facts about a mandate: what the whole chain allows, for one evidence type.

        Raises:
            NotFoundError: There is no such mandate in ``space``.
        """
        chain = chain_of(self.tx, space, mandate_id=mandate_id)
        for link in chain:
            self._saw(Guarded.MANDATE, (*space, link.mandate_id), link.version)
        last, found = chain[-1], effective(chain)
        powers = last.powers if found is None else found
        starts_ms, ends_ms = powers.starts_at * MS, powers.ends_at * MS
        self._turns += [starts_ms, ends_ms]
        return MandateFacts(
            mandate_id=mandate_id.hex(),
            version=last.version,
            holder_id=space.holder_id.hex(),
            giver_id=last.giver.holder_id.hex(),
            receiver_id=last.receiver.holder_id.hex(),
            status=(MandateStatus.ENDED if found is None else MandateStatus.ACTIVE).value,
            started=starts_ms <= self.now_ms,
            expired=ends_ms <= self.now_ms,
            acts=frozenset(act.value for act in powers.acts),
            items=powers.items,
            passes_on=powers.passes_on,
            view=powers.evidence.get(code),
            of_client=of_client,
        )

    def above(
        self, consent: Consent, *, code: str = ""
    ) -> tuple[ConsentFacts | None, MandateFacts | None]:
        """Return what bounds a part of a consent: the whole, and the mandate it is under."""
        if consent.parent_id is None or consent.mandate_id is None:
            return None, None
        parent = self.tx.consents.get(consent.space, grant_id=consent.parent_id)
        if parent is None:
            raise NotFoundError("no such consent")
        mandate = self.mandate(consent.space, consent.mandate_id, code=code)
        return self.consent(parent, code=code), mandate

    def consent(
        self, consent: Consent, *, code: str = "", token: Details | None = None
    ) -> ConsentFacts:
        """Return the facts about a consent, for one evidence type or for none.

        Args:
            consent: The grant.
            code: Evidence type that is asked for.
            token: What the token was issued for; its overlap with the grant counts.
        """
        self._saw(Guarded.GRANT, (*consent.space, consent.grant_id), consent.version)
        starts_ms = consent.details.starts_at * MS
        self._turns += [starts_ms, consent.expires_at_ms]
        granted = consent.details.evidence.get(code)
        if granted is not None and token is not None:
            issued = token.evidence.get(code)
            granted = None if issued is None else issued.overlap(granted)
        return ConsentFacts(
            grant_id=consent.grant_id.hex(),
            version=consent.version,
            status=consent.status.value,
            started=starts_ms <= self.now_ms,
            expired=consent.expires_at_ms <= self.now_ms,
            client_id=consent.client_id,
            holder_id=consent.space.holder_id.hex(),
            item=consent.item,
            case_no=consent.case_no,
            purpose=consent.purpose,
            basis=BASIS_CONSENT if consent.parent_id is None else BASIS_MANDATE,
            view=None if granted is None else granted.view,
            fields=frozenset() if granted is None else granted.fields,
            uses_left=self._uses_left(consent, code) if granted is not None else None,
        )

    def record(self, head: RecordHead) -> RecordFacts:
        """Return the facts about a record as it stands on the legal day of ``now_ms``."""
        self._saw(Guarded.RECORD, (*head.space, head.record_id), head.version)
        for first in (head.valid_from, _after(head.valid_to), _after(head.served_until)):
            if first is not None:
                self._turns.append(day_starts_ms(first))
        return RecordFacts(
            record_id=head.record_id.hex(),
            version=head.version,
            code=head.code,
            level=catalogue()[head.code].level,
            holder_id=head.space.holder_id.hex(),
            department_id=head.department_id.hex(),
            status=head.status.value,
            in_date=head.in_date(self._today),
            served=head.served(self._today),
            trust_grade=head.trust_grade.value,
        )

    def case(self, space: Space, case_no: CaseNumber) -> CaseFacts | None:
        """Return the facts about a case of this holder; ``None`` if there is none."""
        case = self.tx.cases.get(space, case_no=case_no)
        if case is None:
            return None
        self._saw(Guarded.CASE, (*space, case_no), case.version)
        return case_facts(case)

    def decided(self, *requests: AccessRequest) -> Decided:
        """Decide under the policies in force.

        Raises:
            KeyUnavailableError: No policies are in force.
        """
        decision = decide_each(requests, bundle=self._bundle())
        ahead = [turn for turn in self._turns if turn > self.now_ms]
        return Decided(
            decision=decision,
            seen=tuple(dict.fromkeys(self._seen)),
            inputs=joined(requests),
            holds_until_ms=min(ahead, default=None),
        )

    def _client(self, client_id: ClientId) -> tuple[Client, Department]:
        if self._live is not None and self._live.client.client_id == client_id:
            return self._live.client, self._live.department
        client = self.tx.clients.get(client_id)
        department = None if client is None else self.tx.departments.get(client.department_id)
        if client is None or department is None:
            raise NotFoundError("no such client")
        return client, department

    def _uses_left(self, consent: Consent, code: str) -> int | None:
        use = self.tx.consents.uses(consent.space, grant_id=consent.grant_id).get(code)
        if use is None:
            return 0
        return None if use.limit is None else use.limit - use.used

    def _bundle(self) -> Bundle:
        active = self.tx.policies.active()
        if active is None:
            raise KeyUnavailableError("no policies are in force")
        self._saw(Guarded.POLICY, POLICY_POINTER, active.version)
        if active.bundle_hash == shipped().hash:
            return shipped()
        return _parsed(self.tx.policies.text(active.bundle_hash) or "")

    def _saw(self, table: Guarded, key: Sequence[int | bytes | str], version: int) -> None:
        self._seen.append(Seen(table, tuple(key), version))


def case_facts(case: Case) -> CaseFacts:
    """Return what policies may know of a case."""
    return CaseFacts(
        case_no=case.case_no,
        department_id=case.department_id.hex(),
        item=case.item,
        state=case.state.value,
        holder_id=case.space.holder_id.hex(),
    )


def requirement_facts(item: str, code: str) -> RequirementFacts | None:
    """Return what ``item`` needs of the evidence ``code``; ``None`` if it needs none."""
    found = items().get(item)
    needed = None if found is None else found.requirements.get(code)
    if needed is None:
        return None
    return RequirementFacts(
        code=needed.evidence, view=needed.view, fields=frozenset(needed.fields)
    )


def _after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Bundle:
    """Parse a bundle that is not this release's own, once."""
    return Bundle.from_text(text)
