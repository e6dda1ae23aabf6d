"""The life of records and consents: every implementation against the plainest model.

A few holders' worth of numbers and sets is the model; every rule does the same thing to the
model, to memory, to SQLite and to PostgreSQL through the journal; all come to the same.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.support.operations import DENY, PERMIT, a_change, a_disclosure, entry_id_of
from tests.support.ports import Ports, open_ports
from tests.support.vault_values import (
    NOW_MS,
    SPACE,
    a_consent,
    a_head,
    a_holder,
    a_record,
    a_use,
    holder_keys,
    record_key,
    revoked,
    some_details,
)
from vault.consents import Consent, ConsentStatus
from vault.errors import ConflictError
from vault.ids import GrantId, RecordId
from vault.journal.operations import Committed, Decided, Guarded, Refused, Seen, Spend
from vault.ports import Tx
from vault.records import RecordHead, RecordStatus

Effect = Callable[[Tx], None]

CODES = ("ID01", "LC01")
STATUSES = st.sampled_from([RecordStatus.VALID, RecordStatus.SUSPENDED, RecordStatus.REVOKED])


@dataclass
class Given:
    """A consent as the model knows it."""

    codes: frozenset[str]
    limit: int | None
    version: int = 1
    live: bool = True
    used: dict[str, int] = field(default_factory=dict)

    def left(self, code: str) -> bool:
        """Say whether one more use of ``code`` is allowed."""
        return self.limit is None or self.used.get(code, 0) < self.limit


@dataclass
class Written:
    """A record as the model knows it: its versions as status and payload."""

    versions: list[tuple[RecordStatus, str]]


class Life(RuleBasedStateMachine):
    """Deposits, revises, changes status, consents, narrows, revokes, pulls."""

    records = Bundle("records")
    consents = Bundle("consents")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.each = [
            self.stack.enter_context(open_ports(name, folder / name))
            for name in ("memory", "sqlite", "postgresql")
        ]
        for ports in self.each:
            with ports.work() as tx:
                tx.holders.add(a_holder(), numbers=[], keys=holder_keys())
        self.written: dict[RecordId, Written] = {}
        self.given: dict[GrantId, Given] = {}
        self.count = 0
        self.entries = 0

    def teardown(self) -> None:
        self.stack.close()

    # What happens.

    @rule(target=records, text=st.text("abc", min_size=1, max_size=5))
    def deposit(self, text: str) -> RecordId:
        record_id = RecordId(self._id())
        head = a_head(record_id, updated_at_ms=NOW_MS + self.count)
        assert self._change(lambda tx: self._add(tx, head, text, expected=0))
        self.written[record_id] = Written([(RecordStatus.VALID, text)])
        return record_id

    @rule(record_id=records, text=st.text("abc", min_size=1, max_size=5), late=st.integers(0, 1))
    def revise(self, record_id: RecordId, text: str, late: int) -> None:
        record = self.written[record_id]
        expected = len(record.versions) - late
        head = a_head(record_id, version=expected + 1, payload_version=expected + 1)
        done = self._change(lambda tx: self._add(tx, head, text, expected=expected))
        assert done is (late == 0)
        if done:
            record.versions.append((RecordStatus.VALID, text))

    @rule(record_id=records, status=STATUSES, late=st.integers(0, 1))
    def change_status(self, record_id: RecordId, status: RecordStatus, late: int) -> None:
        record = self.written[record_id]
        expected = len(record.versions) - late

        def effect(tx: Tx) -> None:
            before = tx.records.head(SPACE, record_id=record_id)
            assert before is not None
            after = replace(before, version=expected + 1, status=status)
            tx.records.carry_on(after, expected=expected, entry_id=entry_id_of(self.count))

        done = self._change(effect)
        assert done is (late == 0)
        if done:
            record.versions.append((status, record.versions[-1][1]))

    @rule(
        target=consents,
        codes=st.sets(st.sampled_from(CODES), min_size=1).map(frozenset),
        limit=st.none() | st.integers(1, 3),
    )
    def consent(self, codes: frozenset[str], limit: int | None) -> GrantId:
        grant_id = GrantId(self._id())
        consent = a_consent(grant_id, details=some_details(*sorted(codes), uses=limit))
        uses = [replace(a_use(code, limit=limit), grant_id=grant_id) for code in sorted(codes)]
        assert self._change(lambda tx: tx.consents.add(consent, uses=uses))
        self.given[grant_id] = Given(codes, limit)
        return grant_id

    @rule(grant_id=consents, code=st.sampled_from(CODES), limit=st.integers(1, 3))
    def narrow(self, grant_id: GrantId, code: str, limit: int) -> None:
        given = self.given[grant_id]
        if not given.live or code not in given.codes:
            return
        kept = limit if given.limit is None else min(limit, given.limit)
        details = some_details(code, uses=kept)
        version = given.version

        def effect(tx: Tx) -> None:
            before = self._consent(tx, grant_id)
            after = replace(before, version=version + 1, details=details)
            tx.consents.replace(after, expected=version)

        assert self._change(effect)
        given.codes, given.version, given.limit = frozenset({code}), version + 1, kept

    @rule(grant_id=consents)
    def revoke(self, grant_id: GrantId) -> None:
        given = self.given[grant_id]
        if not given.live:
            return

        def effect(tx: Tx) -> None:
            before = self._consent(tx, grant_id)
            tx.consents.replace(revoked(before), expected=given.version)

        assert self._change(effect)
        given.live, given.version = False, given.version + 1

    @rule(grant_id=consents, code=st.sampled_from(CODES), stale=st.booleans())
    def pull(self, grant_id: GrantId, code: str, *, stale: bool) -> None:
        given = self.given[grant_id]
        seen = Seen(Guarded.GRANT, (*SPACE, grant_id), 1 if stale else given.version)

        def decide(tx: Tx, _at_ms: int) -> Decided:
            live = self._consent(tx, grant_id)
            active = live.status is ConsentStatus.ACTIVE and code in live.details.evidence
            return PERMIT if active else DENY

        current = PERMIT if given.live and code in given.codes else DENY
        early = replace(
            PERMIT if stale and seen.version != given.version else current, seen=(seen,)
        )
        self.count += 1
        outcomes = {
            type(
                ports.journal.submit(
                    a_disclosure(
                        self.count,
                        decided=early,
                        decide=decide,
                        spends=(Spend(SPACE, grant_id, code),),
                    )
                )
            )
            for ports in self.each
        }
        self.entries += 1
        released = given.live and code in given.codes and given.left(code)
        assert outcomes == {Committed if released else Refused}
        if released:
            given.used[code] = given.used.get(code, 0) + 1

    # What must be so after each step.

    @invariant()
    def all_agree(self) -> None:
        for ports in self.each:
            with ports.read() as tx:
                self._compare_records(tx)
                self._compare_consents(tx)
            assert ports.log.size() == self.entries
        memory, *others = self.each
        with memory.read() as tx:
            heads, consents = tx.records.heads(SPACE), tx.consents.of_holder(SPACE)
        for ports in others:
            with ports.read() as tx:
                assert tx.records.heads(SPACE) == heads
                assert tx.consents.of_holder(SPACE) == consents

    def _compare_records(self, tx: Tx) -> None:
        found = {head.record_id: head for head in tx.records.heads(SPACE)}
        assert found.keys() == self.written.keys()
        for record_id, record in self.written.items():
            head = found[record_id]
            assert (head.version, head.status) == (
                len(record.versions),
                record.versions[-1][0],
            )
            for version, (status, text) in enumerate(record.versions, 1):
                kept = tx.records.version(head.ref._replace(version=version))
                assert kept is not None
                assert (kept.head.status, kept.sealed) == (status, text.encode() * 8)

    def _compare_consents(self, tx: Tx) -> None:
        found = {one.grant_id: one for one in tx.consents.of_holder(SPACE)}
        assert found.keys() == self.given.keys()
        for grant_id, given in self.given.items():
            consent = found[grant_id]
            assert (
                consent.version,
                consent.status is ConsentStatus.ACTIVE,
                frozenset(consent.details.evidence),
            ) == (given.version, given.live, given.codes)
            uses = tx.consents.uses(SPACE, grant_id=grant_id)
            assert {code: use.used for code, use in uses.items()} == {
                code: given.used.get(code, 0) for code in uses
            }

    # How.

    def _id(self) -> bytes:
        return (self.count + 1).to_bytes(16, "big")

    def _change(self, effect: Effect) -> bool:
        """Submit one change to both; say whether it took effect, in both alike."""
        self.count += 1
        done = {self._one(ports, effect) for ports in self.each}
        assert len(done) == 1
        self.entries += done == {True}
        return done == {True}

    def _one(self, ports: Ports, effect: Effect) -> bool:
        change = a_change(self.count, effect=lambda tx, _at_ms: effect(tx))
        try:
            return isinstance(ports.journal.submit(change), Committed)
        except ConflictError:
            return False

    def _add(self, tx: Tx, head: RecordHead, text: str, *, expected: int) -> None:
        record = a_record(head, text=text)
        tx.records.add_version(
            record,
            key=record_key(record),
            expected=expected,
            entry_id=entry_id_of(self.count),
        )

    @staticmethod
    def _consent(tx: Tx, grant_id: GrantId) -> Consent:
        found = tx.consents.get(SPACE, grant_id=grant_id)
        assert found is not None
        return found


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
