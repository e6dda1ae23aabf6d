"""What a batch makes of its operations: order, refusals, receipts (journal.md 2)."""

from dataclasses import replace

import pytest

from storage.group_commit import GroupCommit
from storage.waiting import MAX_WAITING
from tests.support.vault_values import (
    GRANT_ID,
    NOW_MS,
    SPACE,
    a_case,
    a_claim,
    a_consent,
    a_holder,
    a_use,
    digest,
    revoked,
)
from tests.support.writer import (
    TRUST,
    World,
    a_change,
    a_pull,
    as_the_consent_says,
    entry_id,
    grant_at,
    permitted,
    refused,
    spend_of,
)
from vault.errors import ConflictError, JournalUnavailableError
from vault.journal.operations import (
    Change,
    Committed,
    Disclosure,
    Kept,
    Outcome,
    Refused,
    Repeated,
    Request,
    Urgency,
)
from vault.journal.receipts import verify_receipt
from vault.ports import Tx

REVOKED = revoked(a_consent())


def in_one_batch(world: World, *operations: Change | Disclosure) -> list[Outcome | BaseException]:
    """Let operations wait for a writer that then takes them all at once."""
    writer = world.writer()
    waiting = [writer.enqueue(operation) for operation in operations]
    writer.start()
    writer.stop()
    return [one.exception() or one.result() for one in waiting]


def told(outcomes: list[Outcome | BaseException]) -> list[object]:
    """Say of each outcome whether it was permitted, why it was refused, or how it failed."""
    return [
        True
        if isinstance(one, Committed)
        else one.deny.reasons
        if isinstance(one, Refused)
        else type(one)
        for one in outcomes
    ]


def revoke(tx: Tx, _at_ms: int) -> None:
    tx.consents.replace(REVOKED, expected=1)


def give(world: World, *, limits: dict[str, int | None] | None = None) -> None:
    """Let the usual consent be there."""
    with world.work() as tx:
        uses = [a_use(code, limit=limit) for code, limit in (limits or {}).items()]
        tx.consents.add(a_consent(), uses=uses)


def test_outcomes_say_where_their_entries_stand_and_how_they_were_written(world: World) -> None:
    outcomes = in_one_batch(world, a_pull(1), a_change(2), a_pull(3, decided=refused()))

    entries = world.entries()
    assert [entry.entry_id for entry in entries] == [entry_id(2), entry_id(1), entry_id(3)]
    by_id = {entry.entry_id: entry for entry in entries}
    for one in outcomes:
        assert isinstance(one, Committed | Refused)
        entry = by_id[one.entry_id]
        assert (one.index, one.at_ms) == (entry.index, NOW_MS)
        assert one.kept == Kept(entry.payload, entry.holder_seq, entry.actor_seq)
        proven = verify_receipt(one.receipt.to_text(), TRUST)
        assert (proven.leaf.to_bytes(), proven.index) == (entry.leaf, entry.index)
    assert [(entry.index, entry.holder_seq, entry.actor_seq) for entry in entries] == [
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 2),
    ]
    assert world.faults() == ()


def test_a_revocation_that_waits_beside_a_pull_refuses_it(world: World) -> None:
    give(world)

    outcomes = in_one_batch(
        world,
        a_pull(1, decided=permitted(grant_at(1))),
        a_change(2, effect=revoke, urgency=Urgency.TAKES_AWAY),
    )

    assert told(outcomes) == [("consent-closed",), True]
    assert world.faults() == ()


def test_a_pull_stands_while_what_it_read_has_not_changed(world: World) -> None:
    give(world)
    asked = list[int]()

    def never(_tx: Tx, _at_ms: int) -> object:
        asked.append(1)
        raise AssertionError("nothing has changed")

    pull = a_pull(1, decided=permitted(grant_at(1), until_ms=NOW_MS + 1), decide_anew=never)  # type: ignore[arg-type]  # it never returns

    outcomes = in_one_batch(world, pull)

    assert (told(outcomes), asked) == ([True], [])


@pytest.mark.parametrize(
    "early",
    [permitted(grant_at(2)), permitted(until_ms=NOW_MS)],
    ids=["another version", "its time is over"],
)
def test_a_pull_whose_decision_may_be_stale_is_decided_anew(world: World, early: object) -> None:
    give(world)
    pull = a_pull(1, decided=early, decide_anew=lambda _tx, _at_ms: refused("anew"))  # type: ignore[arg-type]  # parametrized

    outcomes = in_one_batch(world, pull)

    assert told(outcomes) == [("anew",)]


def test_a_guard_sees_what_changes_before_it_in_the_batch_wrote(world: World) -> None:
    outcomes = in_one_batch(
        world,
        a_change(1, effect=lambda tx, _at_ms: tx.consents.add(a_consent(), uses=())),
        a_change(2, decide_anew=as_the_consent_says, effect=revoke),
        a_change(3, decide_anew=as_the_consent_says),
    )

    assert told(outcomes) == [True, True, ("consent-closed",)]


def test_a_proof_shown_twice_is_refused_and_the_refusal_is_journalled(world: World) -> None:
    first = in_one_batch(world, a_pull(1, claims=(a_claim(),)), a_pull(2, claims=(a_claim(),)))
    later = in_one_batch(world, a_change(3, claims=(a_claim(),)))

    assert told(first + later) == [True, ("proof-replayed",), ("proof-replayed",)]
    assert [entry.entry_id for entry in world.entries()] == [entry_id(n) for n in (2, 1, 3)]
    assert world.faults() == ()


def test_a_claim_of_one_kind_excuses_none_of_another(world: World) -> None:
    proof, assertion = a_claim(), a_claim(kind="assertion")
    in_one_batch(world, a_pull(1, claims=(proof,)))

    outcomes = in_one_batch(world, a_pull(2, claims=(proof,)), a_pull(3, claims=(assertion,)))

    assert told(outcomes) == [("proof-replayed",), True]


def test_what_a_replay_showed_beside_it_is_spent_too(world: World) -> None:
    old, new = a_claim("old"), a_claim("new")
    in_one_batch(world, a_pull(1, claims=(old,)))

    outcomes = in_one_batch(world, a_pull(2, claims=(old, new)), a_pull(3, claims=(new,)))

    assert told(outcomes) == [("proof-replayed",), ("proof-replayed",)]


def test_uses_are_allotted_in_the_order_of_the_queue(world: World) -> None:
    give(world, limits={"ID01": 2})

    outcomes = in_one_batch(world, *(a_pull(n, spends=(spend_of("ID01"),)) for n in (1, 2, 3)))

    assert told(outcomes) == [True, True, ("uses-exhausted",)]
    with world.read() as tx:
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID) == {
            "ID01": a_use("ID01", limit=2, used=2)
        }


def test_a_pull_takes_all_the_uses_it_needs_or_none(world: World) -> None:
    give(world, limits={"ID01": None, "LC01": 1})
    both = (spend_of("ID01"), spend_of("LC01"))

    outcomes = in_one_batch(
        world,
        a_pull(1, spends=both),
        a_pull(2, spends=both),
        a_pull(3, spends=(spend_of("LC02"),)),
    )

    assert told(outcomes) == [True, ("uses-exhausted",), ("uses-exhausted",)]
    with world.read() as tx:
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID) == {
            "ID01": a_use("ID01", used=1),
            "LC01": a_use("LC01", limit=1, used=1),
        }


def test_a_change_that_is_asked_for_twice_is_answered_and_not_done_again(world: World) -> None:
    request = Request(
        actor_id=b"\x21" * 16, request_id="one", body_hash=digest("body"), answer=b"first"
    )
    opened = a_change(1, request=request, effect=lambda tx, _at_ms: tx.cases.add(a_case()))

    outcomes = in_one_batch(
        world,
        opened,
        a_change(2, request=replace(request, answer=b"second")),
        a_change(3, request=replace(request, body_hash=digest("another"))),
    )

    assert told(outcomes) == [True, Repeated, ConflictError]
    assert outcomes[1] == Repeated(answer=b"first")
    assert [entry.entry_id for entry in world.entries()] == [entry_id(1)]


def test_a_change_that_was_refused_may_be_asked_for_again(world: World) -> None:
    request = Request(
        actor_id=b"\x21" * 16, request_id="one", body_hash=digest("body"), answer=b"done"
    )
    refusing = a_change(1, request=request, decide_anew=lambda _tx, _at_ms: refused("no"))

    outcomes = in_one_batch(world, refusing, a_change(2, request=request))

    assert told(outcomes) == [("no",), True]


def test_an_effect_that_raises_is_undone_alone(world: World) -> None:
    def spoiled(tx: Tx, _at_ms: int) -> None:
        tx.holders.add(a_holder(), numbers=(), keys=())
        raise ConflictError("read it again")

    outcomes = in_one_batch(
        world, a_change(1), a_change(2, effect=spoiled, claims=(a_claim(),)), a_change(3)
    )

    assert told(outcomes) == [True, ConflictError, True]
    assert [entry.entry_id for entry in world.entries()] == [entry_id(1), entry_id(3)]
    with world.work() as tx:
        assert tx.holders.get(SPACE) is None
        assert tx.protocol.claim([a_claim()]) == (False,)
    assert world.faults() == ()


def test_times_of_entries_never_fall(world: World) -> None:
    with world.serving() as writer:
        world.clock.advance(ms=-60_000)
        outcome = writer.submit(a_pull(1))

    assert isinstance(outcome, Committed)
    assert (outcome.at_ms, world.head().last_ms) == (NOW_MS, NOW_MS)


def test_an_operation_that_was_given_up_in_the_queue_is_not_run(world: World) -> None:
    writer = world.writer()
    given_up, kept = writer.enqueue(a_pull(1)), writer.enqueue(a_pull(2))

    withdrawn = given_up.cancel()
    writer.start()
    writer.stop()

    assert (withdrawn, isinstance(kept.result(), Committed)) == (True, True)
    assert [entry.entry_id for entry in world.entries()] == [entry_id(2)]


def test_a_full_queue_refuses_more(world: World) -> None:
    writer = world.writer()
    for number in range(MAX_WAITING):
        writer.enqueue(a_pull(number))

    with pytest.raises(JournalUnavailableError, match="too much waits"):
        writer.enqueue(a_pull(MAX_WAITING))


def test_a_writer_that_stops_serves_what_waits_and_takes_nothing_more(world: World) -> None:
    writer = world.writer()
    waiting = [writer.enqueue(a_pull(number)) for number in range(600)]
    writer.start()

    serving = writer.waiting
    writer.stop()

    assert (serving, writer.waiting) == (True, False)
    assert all(isinstance(one.result(timeout=0), Committed) for one in waiting)
    with pytest.raises(JournalUnavailableError, match="has stopped"):
        writer.enqueue(a_pull(600))
    assert world.faults() == ()


def test_nothing_is_submitted_inside_a_unit_of_work_or_to_another_log(world: World) -> None:
    def nested(writer: GroupCommit) -> None:
        with world.read():
            writer.submit(a_pull(1))

    with world.serving() as writer:
        with pytest.raises(RuntimeError, match="inside a unit of work"):
            nested(writer)
        with pytest.raises(RuntimeError, match="another log"):
            writer.submit(a_pull(1, log_id=1))
