"""Disclosures: which early decisions stand, what they use up, and which keys go with them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.support.operations import (
    DENY,
    PERMIT,
    SEEN,
    a_change,
    a_disclosure,
    committed,
    entry_id_of,
    opened,
    populate,
    refused,
)
from tests.support.ports import Ports
from tests.support.vault_values import (
    CLIENT_ID,
    ENTRY_ID,
    GRANT_ID,
    NOW_MS,
    OTHER_GRANT_ID,
    OTHER_MANDATE_ID,
    OTHER_RECORD_ID,
    OTHER_SPACE,
    SPACE,
    a_case,
    a_client,
    a_consent,
    a_department,
    a_head,
    a_holder,
    a_mandate,
    a_notice,
    a_passkey,
    a_record,
    an_appointment,
    holder_keys,
    record_key,
    revoked,
)
from vault.crypto.keys import RecordKey
from vault.crypto.record_keys import new_record_key
from vault.errors import ConflictError, IntegrityError, KeyUnavailableError, NotFoundError
from vault.ids import ClientId
from vault.journal.entries import Kind
from vault.journal.operations import (
    Committed,
    Decided,
    Decision,
    Guarded,
    RecordWrap,
    Seen,
    Spend,
)
from vault.journal.release import release
from vault.notices import Notice
from vault.ports import Tx
from vault.records import RecordStatus

RESTING = replace(PERMIT, seen=SEEN)
SPEND = Spend(SPACE, GRANT_ID, "ID01")
EXHAUSTED = ("uses-exhausted",)


@pytest.fixture(autouse=True)
def _rows(ports: Ports) -> None:
    populate(ports)


def anew(_tx: Tx, _at_ms: int) -> Decided:
    """Decide otherwise than before."""
    return DENY


def used(ports: Ports) -> dict[str, int]:
    with ports.read() as tx:
        uses = tx.consents.uses(SPACE, grant_id=GRANT_ID)
    return {code: use.used for code, use in uses.items()}


# What it rests on.


def test_a_decision_stands_while_every_row_it_read_stands(ports: Ports) -> None:
    outcome = ports.journal.submit(a_disclosure(decided=RESTING))

    assert committed(outcome).permit == PERMIT.decision


CHANGES: dict[Guarded, Any] = {
    Guarded.GRANT: lambda tx: tx.consents.replace(revoked(a_consent()), expected=1),
    Guarded.RECORD: lambda tx: tx.records.carry_on(
        a_head(version=2, status=RecordStatus.REVOKED), expected=1, entry_id=ENTRY_ID
    ),
    Guarded.HOLDER: lambda tx: tx.holders.set_profile(SPACE, profile=b"fuller", expected=1),
    Guarded.CASE: lambda tx: tx.cases.replace(a_case(version=2), expected=1),
    Guarded.PASSKEY: lambda tx: tx.passkeys.replace(a_passkey(version=2), expected=1),
    Guarded.MANDATE: lambda tx: tx.mandates.replace(a_mandate(version=2), expected=1),
    Guarded.CLIENT: lambda tx: tx.clients.replace(a_client(version=2), expected=1),
    Guarded.DEPARTMENT: lambda tx: tx.departments.replace(a_department(version=2), expected=1),
    Guarded.DEVELOPER: lambda tx: tx.developers.replace(an_appointment(version=2), expected=1),
    Guarded.POLICY: lambda tx: tx.policies.activate(b"\x62" * 32, text="forbid"),
}


def test_every_row_that_a_decision_may_read_is_tried() -> None:
    assert set(Guarded) - set(CHANGES) == {Guarded.SIGNING_KEYS}


@pytest.mark.parametrize("table", list(CHANGES))
def test_a_row_that_changed_since_is_decided_on_anew(ports: Ports, table: Guarded) -> None:
    seen = tuple(one for one in SEEN if one.table is table)
    disclosure = a_disclosure(2, decided=replace(PERMIT, seen=seen), decide=anew)
    ports.journal.just_before_the_lock(
        lambda: ports.journal.submit(a_change(1, effect=lambda tx, _at_ms: CHANGES[table](tx)))
    )

    outcome = refused(ports.journal.submit(disclosure))

    assert outcome.deny == DENY.decision
    assert opened(ports, outcome.entry_id).kind is Kind.REFUSAL


@pytest.mark.parametrize(
    "seen",
    [
        Seen(Guarded.GRANT, (*SPACE, OTHER_GRANT_ID), 1),
        Seen(Guarded.GRANT, (*OTHER_SPACE, GRANT_ID), 1),
        Seen(Guarded.RECORD, (*OTHER_SPACE, a_head().record_id), 1),
        Seen(Guarded.HOLDER, tuple(OTHER_SPACE), 1),
        Seen(Guarded.CASE, (*SPACE, "no such case"), 1),
        Seen(Guarded.MANDATE, (*SPACE, OTHER_MANDATE_ID), 1),
        Seen(Guarded.CLIENT, (ClientId("nobody"),), 1),
        Seen(Guarded.CLIENT, (CLIENT_ID,), 2),
    ],
    ids=lambda seen: f"{seen.table} {seen.version}",
)
def test_a_row_that_is_not_what_was_seen_is_decided_on_anew(ports: Ports, seen: Seen) -> None:
    disclosure = a_disclosure(decided=replace(RESTING, seen=(*SEEN, seen)), decide=anew)

    assert refused(ports.journal.submit(disclosure)).deny == DENY.decision


@pytest.mark.parametrize(("ahead_ms", "decided"), [(1, PERMIT), (0, DENY), (-1, DENY)])
def test_an_instant_that_has_come_is_decided_on_anew(
    ports: Ports, ahead_ms: int, decided: Decided
) -> None:
    holding = replace(RESTING, holds_until_ms=NOW_MS + ahead_ms)

    ports.journal.submit(a_disclosure(decided=holding, decide=anew))

    verdict = opened(ports, entry_id_of(1)).decision
    assert verdict is not None
    assert verdict.inputs == decided.decision.inputs_hash


def test_time_counts_when_the_turn_comes(ports: Ports) -> None:
    holding = replace(RESTING, holds_until_ms=NOW_MS + 1000)
    ports.journal.just_before_the_lock(lambda: ports.clock.advance(seconds=1))

    outcome = refused(ports.journal.submit(a_disclosure(decided=holding, decide=anew)))

    assert outcome.at_ms == NOW_MS + 1000


def test_a_refusal_too_is_decided_anew_and_may_become_a_permit(ports: Ports) -> None:
    stale = replace(DENY, seen=(Seen(Guarded.CLIENT, (CLIENT_ID,), 7),))

    outcome = ports.journal.submit(
        a_disclosure(decided=stale, decide=lambda _tx, _at_ms: PERMIT, spends=(SPEND,))
    )

    assert committed(outcome).permit == PERMIT.decision
    assert used(ports) == {"ID01": 1, "LC01": 0}


def test_what_decides_anew_reads_live_rows_at_the_batch_s_time(ports: Ports) -> None:
    seen: list[tuple[object, int]] = []

    def decide(tx: Tx, at_ms: int) -> Decided:
        seen.append((tx.consents.get(SPACE, grant_id=GRANT_ID), at_ms))
        return DENY

    holding = replace(PERMIT, holds_until_ms=NOW_MS)
    ports.journal.submit(a_disclosure(decided=holding, decide=decide))

    assert seen == [(a_consent(), NOW_MS)]


def test_a_revocation_that_comes_first_wins_against_every_pull(ports: Ports) -> None:
    def decide(tx: Tx, _at_ms: int) -> Decided:
        found = tx.consents.get(SPACE, grant_id=GRANT_ID)
        return RESTING if found == a_consent() else DENY

    acknowledged = threading.Event()
    numbers = iter(range(1, 10_000))
    lock = threading.Lock()

    def pull() -> list[tuple[bool, bool]]:
        seen: list[tuple[bool, bool]] = []
        while len(seen) < 3 or not seen[-1][0]:
            with lock:
                number = next(numbers)
            late = acknowledged.is_set()
            outcome = ports.journal.submit(a_disclosure(number, decided=RESTING, decide=decide))
            seen.append((late, isinstance(outcome, Committed)))
        return seen

    def revoke() -> None:
        change = a_change(
            0, effect=lambda tx, _at_ms: tx.consents.replace(revoked(a_consent()), expected=1)
        )
        committed(ports.journal.submit(change))
        acknowledged.set()

    with ThreadPoolExecutor(8) as threads:
        pulls = [threads.submit(pull) for _ in range(7)]
        threads.submit(revoke).result(10)
        found = [one for future in pulls for one in future.result(10)]

    assert [released for late, released in found if late] == [False] * sum(
        late for late, _ in found
    )


# What it uses up.


def test_a_release_counts_a_use(ports: Ports) -> None:
    ports.journal.submit(a_disclosure(1, spends=(SPEND,)))
    ports.journal.submit(a_disclosure(2, spends=(SPEND._replace(code="LC01"),)))

    assert used(ports) == {"ID01": 1, "LC01": 1}


def test_the_last_use_is_the_last(ports: Ports) -> None:
    for number in (1, 2):
        committed(ports.journal.submit(a_disclosure(number, spends=(SPEND,))))

    outcome = refused(ports.journal.submit(a_disclosure(3, spends=(SPEND,))))

    assert outcome.deny == replace(
        DENY.decision,
        request=PERMIT.decision.request,
        reasons=EXHAUSTED,
        inputs_hash=PERMIT.decision.inputs_hash,
    )
    assert opened(ports, outcome.entry_id).kind is Kind.REFUSAL
    assert used(ports) == {"ID01": 2, "LC01": 0}


def test_without_a_limit_there_is_always_one_more(ports: Ports) -> None:
    spends = (SPEND._replace(code="LC01"),)

    for number in range(5):
        committed(ports.journal.submit(a_disclosure(number, spends=spends)))

    assert used(ports) == {"ID01": 0, "LC01": 5}


@pytest.mark.parametrize(
    "spend",
    [
        SPEND._replace(code="SR05"),
        SPEND._replace(grant_id=OTHER_GRANT_ID),
        SPEND._replace(space=OTHER_SPACE),
    ],
    ids=["other evidence", "other grant", "other holder"],
)
def test_what_is_counted_nowhere_is_not_released(ports: Ports, spend: Spend) -> None:
    outcome = refused(ports.journal.submit(a_disclosure(spends=(spend,))))

    assert outcome.deny.reasons == EXHAUSTED
    assert used(ports) == {"ID01": 0, "LC01": 0}


@pytest.mark.parametrize(
    "spends",
    [(SPEND, SPEND, SPEND), (SPEND._replace(code="LC01"), SPEND._replace(code="SR05"))],
    ids=["three of two", "one is missing"],
)
def test_several_uses_are_counted_together_or_not_at_all(
    ports: Ports, spends: tuple[Spend, ...]
) -> None:
    outcome = refused(ports.journal.submit(a_disclosure(1, spends=spends)))

    assert outcome.deny.reasons == EXHAUSTED
    assert used(ports) == {"ID01": 0, "LC01": 0}
    committed(ports.journal.submit(a_disclosure(2, spends=(SPEND, SPEND))))
    assert used(ports) == {"ID01": 2, "LC01": 0}


def test_a_refusal_uses_nothing_up(ports: Ports) -> None:
    ports.journal.submit(a_disclosure(decided=DENY, spends=(SPEND,)))

    assert used(ports) == {"ID01": 0, "LC01": 0}


def test_of_many_at_once_as_many_are_served_as_uses_are_left(ports: Ports) -> None:
    def pull(number: int) -> bool:
        disclosure = a_disclosure(number, decided=RESTING, spends=(SPEND,))
        return isinstance(ports.journal.submit(disclosure), Committed)

    with ThreadPoolExecutor(8) as threads:
        served = list(threads.map(pull, range(16)))

    assert sum(served) == 2
    assert used(ports) == {"ID01": 2, "LC01": 0}


# What the holder is told.


def telling(decision: Decision, at_ms: int) -> tuple[Notice, ...]:
    number = 1 if decision == PERMIT.decision else 2
    return (a_notice(number, at_ms=at_ms),)


def test_a_holder_is_told_of_the_decision_that_counted(ports: Ports) -> None:
    ports.journal.submit(a_disclosure(1, notices=telling))
    ports.clock.advance(seconds=1)
    holding = replace(PERMIT, holds_until_ms=NOW_MS)
    ports.journal.submit(a_disclosure(2, decided=holding, decide=anew, notices=telling))

    with ports.read() as tx:
        told = tx.notices.of_holder(SPACE, limit=9)
    assert told == (a_notice(2, at_ms=NOW_MS + 1000), a_notice(1, at_ms=NOW_MS))


def test_a_holder_is_told_of_a_use_too_many(ports: Ports) -> None:
    spends = (SPEND._replace(code="SR05"),)

    ports.journal.submit(a_disclosure(spends=spends, notices=telling))

    with ports.read() as tx:
        assert tx.notices.of_holder(SPACE, limit=9) == (a_notice(2, at_ms=NOW_MS),)


# Which keys go with it.


def test_a_permit_comes_with_the_wrapped_keys_of_what_it_releases(ports: Ports) -> None:
    record = a_record()
    data_key, _, _ = holder_keys()

    outcome = committed(ports.journal.submit(a_disclosure(releases=(record.head.key_ref,))))

    wrap = RecordWrap(ref=record.head.ref, record_key=record_key(record), data_key=data_key)
    assert outcome.wraps == (wrap,)


def test_a_permit_that_releases_nothing_comes_without_keys(ports: Ports) -> None:
    assert committed(ports.journal.submit(a_disclosure())).wraps == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"decided": DENY},
        {"decided": replace(PERMIT, holds_until_ms=NOW_MS), "decide": anew},
        {"spends": (SPEND._replace(code="SR05"),)},
    ],
    ids=["refused early", "refused anew", "used up"],
)
def test_a_refusal_comes_without_keys(ports: Ports, changes: dict[str, Any]) -> None:
    outcome = ports.journal.submit(a_disclosure(releases=(a_head().ref,), **changes))

    assert not hasattr(refused(outcome), "wraps")


def test_a_record_without_a_key_is_not_released_and_nothing_is_counted(ports: Ports) -> None:
    gone = a_head(OTHER_RECORD_ID).ref
    disclosure = a_disclosure(releases=(gone,), spends=(SPEND,), notices=telling)

    with pytest.raises(IntegrityError):
        ports.journal.submit(disclosure)

    assert (used(ports), ports.log.size()) == ({"ID01": 0, "LC01": 0}, 0)
    with ports.read() as tx:
        assert tx.notices.of_holder(SPACE, limit=9) == ()


def test_a_key_of_another_space_is_not_found(ports: Ports) -> None:
    with pytest.raises(IntegrityError):
        ports.journal.submit(a_disclosure(releases=(a_head(space=OTHER_SPACE).ref,)))


def test_a_version_that_carries_on_is_released_by_the_key_of_its_payload(ports: Ports) -> None:
    head = a_head(version=2, status=RecordStatus.SUSPENDED)
    with ports.work() as tx:
        tx.records.carry_on(head, expected=1, entry_id=ENTRY_ID)

    outcome = committed(ports.journal.submit(a_disclosure(1, releases=(head.key_ref,))))

    assert [wrap.ref for wrap in outcome.wraps] == [a_head().ref]
    with pytest.raises(IntegrityError):
        ports.journal.submit(a_disclosure(2, releases=(head.ref,)))


def test_what_was_committed_opens_its_record_once(ports: Ports) -> None:
    wraps = ports.keyring.new_holder_keys(OTHER_SPACE.holder_id)
    head = a_head(OTHER_RECORD_ID, space=OTHER_SPACE)
    key, row = new_record_key(
        ports.keyring, data_wrap=wraps.data, record_id=head.record_id, version=1
    )
    with ports.work() as tx:
        tx.holders.add(a_holder(OTHER_SPACE), numbers=[], keys=wraps)
        tx.records.add_version(a_record(head), key=row, expected=0, entry_id=ENTRY_ID)
    outcome = committed(
        ports.journal.submit(a_disclosure(space=OTHER_SPACE, releases=(head.ref,)))
    )

    keys = release(outcome, keyring=ports.keyring)

    assert {ref: revealed(one) for ref, one in keys.items()} == {head.ref: key.reveal()}
    with pytest.raises(KeyUnavailableError):
        release(outcome, keyring=ports.keyring)


def test_an_entry_opens_nothing_half_a_minute_later(ports: Ports) -> None:
    outcome = committed(ports.journal.submit(a_disclosure(releases=(a_head().ref,))))

    with pytest.raises(KeyUnavailableError, match="too old"):
        release(outcome, keyring=ports.keyring, monotonic=lambda: outcome.committed_at + 30.1)


def revealed(key: RecordKey) -> bytes:
    return key.reveal()


def test_a_disclosure_whose_decision_fails_uses_nothing_up(ports: Ports) -> None:
    def decide(_tx: Tx, _at_ms: int) -> Decided:
        raise NotFoundError("gone")

    holding = replace(PERMIT, holds_until_ms=NOW_MS)
    with pytest.raises(NotFoundError):
        ports.journal.submit(a_disclosure(decided=holding, decide=decide, spends=(SPEND,)))

    assert (used(ports), ports.log.size()) == ({"ID01": 0, "LC01": 0}, 0)


def test_a_change_that_meets_another_version_changes_nothing(ports: Ports) -> None:
    def effect(tx: Tx, _at_ms: int) -> None:
        tx.cases.replace(a_case(version=2), expected=1)
        tx.consents.replace(revoked(a_consent(version=2)), expected=2)

    with pytest.raises(ConflictError):
        ports.journal.submit(a_change(effect=effect))

    with ports.read() as tx:
        assert tx.cases.of_holder(SPACE) == (a_case(),)
        assert tx.consents.of_holder(SPACE) == (a_consent(),)
