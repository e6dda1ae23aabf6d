"""What leaves only if a quorum of witnesses has signed its entry's tree."""

from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest

from policies.catalogue import catalogue
from policies.scopes import View
from tests.support.world import Granted, World
from vault.errors import NotWitnessedError
from vault.journal.public import PublicLog
from vault.journal.receipts import verify_receipt
from vault.journal.release import release
from vault.ports import KeptEntry
from vault.services.entering import committed
from vault.services.pull import Pull, complete_pull, prepare_pull, pull_evidence
from vault.services.witnessing import must_be_witnessed, secured, witnessed


@dataclass
class Present:
    """Implements ``vault.journal.watching.Watch``: signs whatever there is, or is away."""

    log: PublicLog
    groups: frozenset[str] = frozenset({"identity"})
    away: bool = False
    note: str | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def ask(self, log_id: int, size: int) -> Future[str]:
        self.asked.append((log_id, size))
        answer = Future[str]()
        if not self.away:
            answer.set_result(self.note or self.log.checkpoint())
        return answer

    def newest(self, log_id: int) -> str | None:
        return self.note

    def shown(self, log_id: int, head: str) -> str:
        return head

    def troubles(self) -> tuple[str, ...]:
        return ()


def watched(world: World, **changes: object) -> tuple[World, Present]:
    watch = Present(world.vault.logs[0], **changes)  # type: ignore[arg-type]  # any attribute
    return replace(world, vault=replace(world.vault, watch=watch)), watch


def a_pull(world: World, granted: Granted, *, view: View = View.FULL) -> Pull:
    return Pull(caller=world.requester(granted), code="ID01", view=view)


def granted(world: World) -> Granted:
    world.deposit()
    return world.consent()


def newest(world: World, granted: Granted) -> KeptEntry:
    with world.vault.read() as tx:
        [entry] = tx.entries.of_holder(granted.space, before=None, limit=1)
    return entry


def test_whole_credit_files_are_witnessed_and_their_summaries_are_not(world: World) -> None:
    seen, _ = watched(world, groups=frozenset({"credit"}))
    kinds = catalogue()

    answers = {
        (code, view): must_be_witnessed(seen.vault, kinds[code], view)
        for code in ("CR01", "ID01")
        for view in View
    }

    assert [asked for asked, yes in answers.items() if yes] == [("CR01", View.FULL)]
    assert not must_be_witnessed(world.vault, kinds["CR01"], View.FULL)


def test_what_is_witnessed_leaves_with_a_receipt_of_what_was_signed(world: World) -> None:
    seen, watch = watched(world)
    given = granted(seen)

    found = pull_evidence(seen.vault, a_pull(seen, given))

    assert found.fields["name"] == "示例甲"
    assert watch.asked == [(0, found.proof.receipt.index + 1)]
    assert found.proof.receipt.checkpoint == watch.log.checkpoint()
    verify_receipt(found.proof.receipt.to_text(), world.ports.policy)


def test_other_views_wait_for_nobody(world: World) -> None:
    seen, watch = watched(world, away=True)
    given = granted(seen)

    pull_evidence(seen.vault, a_pull(seen, given, view=View.SUMMARY))

    assert watch.asked == []


def test_without_a_quorum_nothing_leaves_and_the_entry_stays(world: World) -> None:
    seen, watch = watched(world, away=True)
    given = granted(seen)
    before = watch.log.size()

    with pytest.raises(NotWitnessedError):
        pull_evidence(seen.vault, a_pull(seen, given))

    assert watch.log.size() == before + 1
    assert seen.used(given)["ID01"] == 1
    entry = newest(world, given)
    assert (entry.index, entry.actor_id) == (before, world.departments["market"])


def test_a_committed_entry_opens_nothing_before_it_is_witnessed(world: World) -> None:
    seen, _ = watched(world, away=True)
    given = granted(seen)
    prepared = prepare_pull(seen.vault, a_pull(seen, given))
    outcome = seen.vault.journal.submit(prepared.operation)

    with pytest.raises(NotWitnessedError):
        complete_pull(seen.vault, prepared, outcome)
    with pytest.raises(NotWitnessedError):
        release(committed(outcome), keyring=seen.vault.keyring)


def test_a_checkpoint_from_before_the_entry_witnesses_nothing(world: World) -> None:
    seen, watch = watched(world)
    given = granted(seen)
    older = watch.log.checkpoint()
    prepared = prepare_pull(seen.vault, a_pull(seen, given))
    outcome = seen.vault.journal.submit(prepared.operation)

    with pytest.raises(NotWitnessedError):
        witnessed(seen.vault, outcome, older, log_id=0)
    assert secured(world.vault, outcome, log_id=0) is outcome  # Nobody watches, nobody is asked.


def test_a_receipt_that_is_fetched_again_is_of_the_newest_witnessed_checkpoint(
    world: World,
) -> None:
    given = granted(world)
    world.pull(given)
    entry = newest(world, given)
    note = world.vault.logs[0].checkpoint()
    world.pull(given)
    later = newest(world, given)
    seen, _ = watched(world, note=note)

    covered, beyond = seen.vault.receipt(entry), seen.vault.receipt(later)

    assert (covered.checkpoint, beyond.checkpoint) == (note, world.vault.logs[0].checkpoint())
    for one in (covered, beyond):
        assert verify_receipt(one.to_text(), world.ports.policy).index == one.index
