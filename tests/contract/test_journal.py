"""The journal: what an operation comes to, and that its entry says so."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.support.operations import (
    DENY,
    PERMIT,
    a_change,
    a_disclosure,
    a_request,
    committed,
    entry_id_of,
    entry_of,
    inputs_of,
    kept,
    opened,
    refused,
)
from tests.support.ports import LOG_ID, Ports
from tests.support.vault_values import (
    DEPARTMENT_ID,
    NOW,
    NOW_MS,
    OTHER_DEPARTMENT_ID,
    OTHER_SPACE,
    SPACE,
    a_case,
    a_claim,
    a_holder,
    a_notice,
    a_token,
)
from vault.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    JournalUnavailableError,
)
from vault.ids import EntryId, Space
from vault.journal.operations import Decided, Kept, Refused, Repeated, Urgency
from vault.journal.receipts import verify_receipt
from vault.ports import Tx

REPLAYED = ("proof-replayed",)
NOT_LIVE = ("token-not-live",)
OTHER = b"x" * 32


def add_case(tx: Tx, _at_ms: int) -> None:
    tx.cases.add(a_case())


def cases(ports: Ports) -> int:
    with ports.read() as tx:
        return len(tx.cases.of_holder(SPACE))


@pytest.fixture(autouse=True)
def _holders(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.holders.add(a_holder(OTHER_SPACE), numbers=[], keys=[])


# Permitted and refused.


def test_a_change_that_is_permitted_takes_effect_and_is_an_entry(ports: Ports) -> None:
    outcome = committed(ports.journal.submit(a_change(effect=add_case)))

    entry = kept(ports, entry_id_of(1))
    assert (outcome.entry_id, outcome.index, outcome.at_ms) == (entry.entry_id, 0, NOW_MS)
    assert (outcome.permit, outcome.wraps) == (PERMIT.decision, ())
    assert outcome.kept == Kept(entry.payload, entry.holder_seq, entry.actor_seq)
    assert opened(ports, entry.entry_id) == entry_of(entry.entry_id)(PERMIT.decision, NOW_MS)
    assert cases(ports) == 1


def test_a_change_that_is_refused_has_no_effect_and_is_an_entry(ports: Ports) -> None:
    change = a_change(effect=add_case, decide=lambda _tx, _at_ms: DENY)

    outcome = refused(ports.journal.submit(change))

    entry = kept(ports, entry_id_of(1))
    assert (outcome.entry_id, outcome.index, outcome.at_ms) == (entry.entry_id, 0, NOW_MS)
    assert outcome.deny == DENY.decision
    assert outcome.kept == Kept(entry.payload, entry.holder_seq, entry.actor_seq)
    assert opened(ports, entry.entry_id) == entry_of(entry.entry_id)(DENY.decision, NOW_MS)
    assert cases(ports) == 0


def test_an_entry_keeps_the_inputs_of_the_decision_that_counted(ports: Ports) -> None:
    ports.journal.submit(a_change(1))
    ports.journal.submit(a_change(2, decide=lambda _tx, _at_ms: DENY))
    ports.journal.submit(a_disclosure(3, decided=DENY))

    found = [inputs_of(ports, entry_id_of(number)) for number in (1, 2, 3)]
    assert found == [PERMIT.inputs, DENY.inputs, DENY.inputs]


def test_an_entry_is_kept_with_everything_that_proves_it(ports: Ports) -> None:
    outcome = committed(ports.journal.submit(a_change()))

    entry = kept(ports, outcome.entry_id)
    assert (entry.log_id, entry.index, entry.space) == (LOG_ID, 0, SPACE)
    assert (entry.actor_id, entry.key_version) == (DEPARTMENT_ID, 1)
    assert entry.leaf == outcome.receipt.leaf
    assert entry.leaf.endswith(sha256(entry.payload).digest())


def test_a_receipt_verifies_as_soon_as_it_is_in_hand(ports: Ports) -> None:
    outcomes = [committed(ports.journal.submit(a_change(number))) for number in range(5)]
    outcome = refused(ports.journal.submit(a_disclosure(5, decided=DENY)))

    receipts = [*(one.receipt for one in outcomes), outcome.receipt]
    proven = [verify_receipt(receipt.to_text(), ports.policy) for receipt in receipts]
    assert [one.index for one in proven] == [0, 1, 2, 3, 4, 5]
    assert [one.checkpoint.size for one in proven] == [1, 2, 3, 4, 5, 6]
    assert [receipt.entry_id for receipt in receipts] == [entry_id_of(n) for n in range(6)]


def test_a_change_is_decided_anew_from_live_rows_at_the_batch_s_time(ports: Ports) -> None:
    seen: list[tuple[bool, int]] = []

    def decide(tx: Tx, at_ms: int) -> Decided:
        seen.append((tx.holders.get(SPACE) is not None, at_ms))
        return DENY

    ports.journal.submit(a_change(decided=PERMIT, decide=decide))

    assert seen == [(True, NOW_MS)]


def test_an_effect_sees_what_it_wrote_and_the_batch_s_time(ports: Ports) -> None:
    seen: list[tuple[int, int]] = []

    def effect(tx: Tx, at_ms: int) -> None:
        tx.cases.add(a_case())
        seen.append((len(tx.cases.of_holder(SPACE)), at_ms))

    ports.journal.submit(a_change(effect=effect))

    assert seen == [(1, NOW_MS)]


def test_time_in_a_log_never_falls(ports: Ports) -> None:
    first = committed(ports.journal.submit(a_change(1)))
    ports.clock.advance(seconds=-3600)

    second = committed(ports.journal.submit(a_change(2)))

    assert second.at_ms == first.at_ms
    assert opened(ports, second.entry_id).at_ms == first.at_ms


# Numbers.


def test_holders_and_actors_are_numbered_from_zero_without_holes(ports: Ports) -> None:
    ports.journal.submit(a_change(0))
    ports.journal.submit(a_change(1, space=OTHER_SPACE))
    ports.journal.submit(a_disclosure(2, actor_id=OTHER_DEPARTMENT_ID))
    ports.journal.submit(a_change(3, space=None))
    ports.journal.submit(a_disclosure(4, decided=DENY))

    entries = [kept(ports, entry_id_of(number)) for number in range(5)]
    found = [(one.index, one.space, one.holder_seq, one.actor_seq) for one in entries]
    assert found == [
        (0, SPACE, 0, 0),
        (1, OTHER_SPACE, 0, 1),
        (2, SPACE, 1, 0),
        (3, None, None, 2),
        (4, SPACE, 2, 3),
    ]


def test_an_operation_that_fails_leaves_no_hole(ports: Ports) -> None:
    def effect(_tx: Tx, _at_ms: int) -> None:
        raise ConflictError("somebody was first")

    ports.journal.submit(a_change(0))
    with pytest.raises(ConflictError):
        ports.journal.submit(a_change(1, effect=effect))
    ports.journal.submit(a_change(2))

    second = kept(ports, entry_id_of(2))
    assert (second.index, second.holder_seq, second.actor_seq) == (1, 1, 1)
    assert ports.log.size() == 2


def test_many_threads_are_numbered_without_holes(ports: Ports) -> None:
    with ThreadPoolExecutor(8) as threads:
        changes = [a_change(number) for number in range(40)]
        outcomes = [committed(one) for one in threads.map(ports.journal.submit, changes)]

    assert sorted(one.index for one in outcomes) == list(range(40))
    with ports.read() as tx:
        entries = tx.entries.of_holder(SPACE, before=None, limit=99)
    assert [one.holder_seq for one in entries] == list(range(39, -1, -1))
    assert sorted(one.actor_seq for one in entries) == list(range(40))
    for one in outcomes:
        verify_receipt(one.receipt.to_text(), ports.policy)


# What fails.


@pytest.mark.parametrize("error", [ConflictError, InvalidInputError, IntegrityError, KeyError])
def test_an_effect_that_raises_leaves_nothing_behind(ports: Ports, error: type[Exception]) -> None:
    def effect(tx: Tx, _at_ms: int) -> None:
        tx.cases.add(a_case())
        raise error("this one alone")

    with pytest.raises(error, match="this one alone"):
        ports.journal.submit(a_change(effect=effect))

    assert (cases(ports), ports.log.size()) == (0, 0)
    with ports.read() as tx:
        assert tx.entries.get(LOG_ID, entry_id=entry_id_of(1)) is None


@pytest.mark.parametrize("make", [a_change, a_disclosure])
def test_a_decision_that_raises_is_the_caller_s_and_no_entry(
    ports: Ports, make: Callable[..., object]
) -> None:
    def decide(_tx: Tx, _at_ms: int) -> Decided:
        raise ConflictError("it moved on")

    changed = replace(PERMIT, holds_until_ms=NOW_MS)  # So that a disclosure is decided anew.
    with pytest.raises(ConflictError, match="it moved on"):
        ports.journal.submit(make(decided=changed, decide=decide))  # type: ignore[arg-type]  # both are operations

    assert ports.log.size() == 0


def broken(_decision: object, _at_ms: int) -> object:
    raise ValueError("this entry cannot be built")


@pytest.mark.parametrize(
    "operation",
    [
        a_change(effect=add_case, claims=(a_claim(),), entry=broken),
        a_disclosure(claims=(a_claim(),), entry=broken),
        a_disclosure(claims=(a_claim(),), notices=broken),
    ],
    ids=["entry of a change", "entry of a disclosure", "notices"],
)
def test_an_operation_that_cannot_be_journalled_is_as_if_it_never_was(
    ports: Ports, operation: object
) -> None:
    with pytest.raises(JournalUnavailableError):
        ports.journal.submit(operation)  # type: ignore[arg-type]  # each is an operation

    assert (cases(ports), ports.log.size()) == (0, 0)
    ports.journal.submit(a_change(claims=(a_claim(),)))
    assert kept(ports, entry_id_of(1)).holder_seq == 0


def test_an_entry_id_is_used_once(ports: Ports) -> None:
    ports.journal.submit(a_change(1))

    with pytest.raises(JournalUnavailableError):
        ports.journal.submit(a_change(1, effect=add_case))

    assert (cases(ports), ports.log.size()) == (0, 1)


def test_a_journal_is_not_waited_for_inside_a_unit_of_work(ports: Ports) -> None:
    with ports.read(), pytest.raises(RuntimeError, match="inside a unit of work"):
        ports.journal.submit(a_change())
    with ports.work(), pytest.raises(RuntimeError, match="inside a unit of work"):
        ports.journal.enqueue(a_change())

    assert ports.log.size() == 0


def test_an_operation_of_another_log_is_not_taken(ports: Ports) -> None:
    with pytest.raises(RuntimeError, match="another log"):
        ports.journal.submit(a_change(log_id=LOG_ID + 1))


def test_an_operation_can_be_queued_without_waiting(ports: Ports) -> None:
    future = ports.journal.enqueue(a_change(effect=add_case, urgency=Urgency.TAKES_AWAY))

    assert isinstance(future, Future)
    assert committed(future.result(5)).index == 0
    assert cases(ports) == 1
    assert ports.journal.waiting


# Claims.


def test_a_proof_is_shown_once(ports: Ports) -> None:
    claims = (a_claim(),)
    ports.journal.submit(a_disclosure(1, claims=claims))

    change = refused(ports.journal.submit(a_change(2, claims=claims, effect=add_case)))
    disclosure = refused(ports.journal.submit(a_disclosure(3, claims=claims)))

    assert (change.deny.reasons, disclosure.deny.reasons) == (REPLAYED, REPLAYED)
    assert opened(ports, change.entry_id) == entry_of(change.entry_id)(change.deny, NOW_MS)
    assert (cases(ports), ports.log.size()) == (0, 3)


def test_of_many_that_show_one_proof_together_one_is_served(ports: Ports) -> None:
    claims = (a_claim(),)

    waiting = [ports.journal.enqueue(a_disclosure(n, claims=claims)) for n in range(8)]

    outcomes = [one.result(10) for one in waiting]
    committed(outcomes[0])
    assert [refused(one).deny.reasons for one in outcomes[1:]] == [REPLAYED] * 7


def test_a_replay_is_told_to_nobody_and_remembers_no_request(ports: Ports) -> None:
    claims = (a_claim(),)
    ports.journal.submit(a_disclosure(1, claims=claims))

    ports.journal.submit(
        a_disclosure(2, claims=claims, notices=lambda _decision, _at_ms: (a_notice(),))
    )
    ports.journal.submit(a_change(3, claims=claims, request=a_request()))

    with ports.read() as tx:
        assert tx.notices.of_holder(SPACE, limit=9) == ()
    committed(ports.journal.submit(a_change(4, request=a_request())))


def test_a_claim_is_kept_whatever_the_operation_comes_to(ports: Ports) -> None:
    def effect(_tx: Tx, _at_ms: int) -> None:
        raise ConflictError("somebody was first")

    failed, denied = (a_claim("failed"),), (a_claim("denied"),)
    with pytest.raises(ConflictError):
        ports.journal.submit(a_change(1, claims=failed, effect=effect))
    ports.journal.submit(a_disclosure(2, claims=denied, decided=DENY))

    for number, claims in ((3, failed), (4, denied)):
        assert refused(ports.journal.submit(a_change(number, claims=claims))).deny.reasons == (
            REPLAYED
        )


def test_one_old_claim_among_new_ones_is_a_replay_and_the_new_ones_are_kept(
    ports: Ports,
) -> None:
    old, new = a_claim("old"), a_claim("new")
    ports.journal.submit(a_disclosure(1, claims=(old,)))

    ports.journal.submit(a_disclosure(2, claims=(new, old)))

    outcome = refused(ports.journal.submit(a_disclosure(3, claims=(new,))))
    assert outcome.deny.reasons == REPLAYED


def test_claims_of_a_unit_of_work_count_in_the_journal_and_the_other_way_round(
    ports: Ports,
) -> None:
    with ports.work() as tx:
        tx.protocol.claim([a_claim("plain")])
    ports.journal.submit(a_change(1, claims=(a_claim("journal"),)))

    outcome = refused(ports.journal.submit(a_change(2, claims=(a_claim("plain"),))))

    assert outcome.deny.reasons == REPLAYED
    with ports.work() as tx:
        assert tx.protocol.claim([a_claim("journal")]) == (False,)


# Tokens that ask.


def keep_token(ports: Ports, **changes: Any) -> bytes:  # noqa: ANN401 - any column
    token = a_token(**changes)
    with ports.work() as tx:
        tx.protocol.add_token(token)
    return token.token_hash


def test_what_a_live_token_asks_for_is_done(ports: Ports) -> None:
    token_hash = keep_token(ports)

    committed(ports.journal.submit(a_disclosure(1, token_hash=token_hash)))
    committed(ports.journal.submit(a_change(2, token_hash=token_hash, effect=add_case)))

    assert (cases(ports), ports.log.size()) == (1, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": NOW - 1},
        {"expires_at": NOW},
        {"expires_at": NOW - 1},
        {"token_hash": OTHER},
    ],
    ids=["revoked", "expired now", "expired", "never there"],
)
def test_a_token_that_is_not_live_when_its_turn_comes_moves_and_releases_nothing(
    ports: Ports, changes: dict[str, Any]
) -> None:
    keep_token(ports, **changes)
    token_hash = a_token().token_hash

    disclosure = refused(ports.journal.submit(a_disclosure(1, token_hash=token_hash)))
    change = refused(
        ports.journal.submit(
            a_change(2, token_hash=token_hash, effect=add_case, request=a_request())
        )
    )

    assert (disclosure.deny.reasons, change.deny.reasons) == (NOT_LIVE, NOT_LIVE)
    assert opened(ports, change.entry_id) == entry_of(change.entry_id)(change.deny, NOW_MS)
    assert (cases(ports), ports.log.size()) == (0, 2)


def test_a_token_is_judged_by_the_time_of_its_batch(ports: Ports) -> None:
    token_hash = keep_token(ports, expires_at=NOW + 1)
    ports.journal.just_before_the_lock(lambda: ports.clock.advance(seconds=1))

    outcome = refused(ports.journal.submit(a_disclosure(1, token_hash=token_hash)))

    assert outcome.deny.reasons == NOT_LIVE


def test_a_token_that_is_revoked_just_before_the_lock_releases_nothing(ports: Ports) -> None:
    token_hash = keep_token(ports)

    def revoke() -> None:
        with ports.work() as tx:
            tx.protocol.revoke_token(token_hash, client_id=a_token().client_id, now=NOW)

    ports.journal.just_before_the_lock(revoke)
    outcome = refused(ports.journal.submit(a_disclosure(1, token_hash=token_hash)))

    assert outcome.deny.reasons == NOT_LIVE


def test_in_one_batch_each_token_speaks_for_itself(ports: Ports) -> None:
    live = keep_token(ports)
    dead = keep_token(ports, token_hash=b"d" * 32, revoked_at=NOW)

    waiting = [
        ports.journal.enqueue(a_disclosure(number, token_hash=token_hash))
        for number, token_hash in enumerate((dead, live, b"", dead, live))
    ]

    reasons = [one.result(10) for one in waiting]
    assert [isinstance(one, Refused) for one in reasons] == [True, False, False, True, False]


def test_a_proof_that_was_shown_before_is_a_replay_whatever_its_token(ports: Ports) -> None:
    token_hash, claims = keep_token(ports, revoked_at=NOW), (a_claim(),)

    outcomes = [
        refused(ports.journal.submit(a_disclosure(n, token_hash=token_hash, claims=claims)))
        for n in (1, 2)
    ]

    assert [one.deny.reasons for one in outcomes] == [NOT_LIVE, REPLAYED]


# Requests that are repeated.


def test_a_change_asked_twice_is_made_once_and_answered_alike(ports: Ports) -> None:
    request = a_request()
    ports.journal.submit(a_change(1, request=request, effect=add_case))

    again = ports.journal.submit(
        a_change(
            2,
            request=replace(request, answer=b"second answer"),
            effect=add_case,
            decide=lambda _tx, _at_ms: DENY,
        )
    )

    assert again == Repeated(answer=b"first answer")
    assert (cases(ports), ports.log.size()) == (1, 1)


def test_a_request_id_stands_for_one_request(ports: Ports) -> None:
    ports.journal.submit(a_change(1, request=a_request()))
    other_body = a_request(body_hash=sha256(b"other").digest())

    with pytest.raises(ConflictError):
        ports.journal.submit(a_change(2, request=other_body, effect=add_case))

    assert (cases(ports), ports.log.size()) == (0, 1)


def test_a_request_id_is_its_actor_s_own(ports: Ports) -> None:
    ports.journal.submit(a_change(1, request=a_request()))

    other = a_change(2, request=a_request(actor_id=OTHER_DEPARTMENT_ID))
    third = a_change(3, request=a_request("request-2"))

    assert committed(ports.journal.submit(other)).index == 1
    assert committed(ports.journal.submit(third)).index == 2


def test_a_request_that_was_refused_or_failed_may_be_asked_again(ports: Ports) -> None:
    def effect(_tx: Tx, _at_ms: int) -> None:
        raise ConflictError("somebody was first")

    request = a_request()
    with pytest.raises(ConflictError):
        ports.journal.submit(a_change(1, request=request, effect=effect))
    ports.journal.submit(a_change(2, request=request, decide=lambda _tx, _at_ms: DENY))

    outcome = ports.journal.submit(a_change(3, request=request, effect=add_case))

    assert committed(outcome).entry_id == entry_id_of(3)
    assert cases(ports) == 1


# Entries, as they are read.


def test_entries_of_a_holder_are_paged_from_the_newest(ports: Ports) -> None:
    for number in range(5):
        ports.journal.submit(a_change(number))
    ports.journal.submit(a_change(5, space=OTHER_SPACE))

    with ports.read() as tx:
        newest = tx.entries.of_holder(SPACE, before=None, limit=2)
        older = tx.entries.of_holder(SPACE, before=newest[-1].holder_seq, limit=9)
        nobody = tx.entries.of_holder(Space(1, SPACE.holder_id), before=None, limit=9)

    assert [one.entry_id for one in newest] == [entry_id_of(4), entry_id_of(3)]
    assert [one.entry_id for one in older] == [entry_id_of(n) for n in (2, 1, 0)]
    assert nobody == ()


def test_an_entry_belongs_to_its_log(ports: Ports) -> None:
    ports.journal.submit(a_change(1))

    with ports.read() as tx:
        assert tx.entries.get(LOG_ID + 1, entry_id=entry_id_of(1)) is None
        assert tx.entries.get(LOG_ID, entry_id=EntryId(bytes(16))) is None


def test_the_acts_of_an_actor_are_counted_up_to_a_size_of_its_log(ports: Ports) -> None:
    for number in range(5):
        ports.journal.submit(a_change(number))

    with ports.read() as tx:
        counts = [tx.entries.acts(LOG_ID, actor_id=DEPARTMENT_ID, size=n) for n in (0, 3, 5, 9)]
        elsewhere = tx.entries.acts(LOG_ID + 1, actor_id=DEPARTMENT_ID, size=9)
        of_others = tx.entries.acts(LOG_ID, actor_id=bytes(16), size=9)

    assert (counts, elsewhere, of_others) == ([0, 3, 5, 5], 0, 0)


# Between the decision and the lock.


def test_what_happens_before_the_lock_is_ordered_before(ports: Ports) -> None:
    ports.journal.just_before_the_lock(lambda: ports.journal.submit(a_change(1)))

    outcome = committed(ports.journal.submit(a_change(2)))

    assert outcome.index == 1
    assert kept(ports, entry_id_of(1)).index == 0


def test_nobody_waits_for_one_that_fails_beside_others(ports: Ports) -> None:
    together = threading.Barrier(4)

    def submit(number: int) -> object:
        together.wait(5)
        operation = a_change(number, entry=broken) if number == 2 else a_change(number)
        try:
            return committed(ports.journal.submit(operation)).entry_id
        except JournalUnavailableError:
            return None

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(submit, range(4)))

    assert found == [entry_id_of(0), entry_id_of(1), None, entry_id_of(3)]
    assert ports.log.size() == 3
