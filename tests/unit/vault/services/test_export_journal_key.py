"""The keys by which holders and departments find all own entries, and what goes with them."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from tests.support.world import World
from tests.support.world_values import HOUR, MARKET, POLICE
from vault.errors import (
    AccessDeniedError,
    IntegrityError,
    JournalUnavailableError,
    NotFoundError,
    ReplayedError,
    StepUpRequiredError,
)
from vault.journal.entries import Basis, By, Entry, Kind, RequestTrace, SealedUntil
from vault.journal.leaves import Leaf
from vault.journal.operations import Change, Committed, Disclosure, Journal, Outcome, Pending
from vault.journal.statements import verify_opening
from vault.journal.tags import actor_tag, holder_tag
from vault.ports import KeptEntry
from vault.services.acting import Member
from vault.services.export_journal_key import (
    PAGE,
    HolderExport,
    export_department_key,
    export_own_key,
    may_export,
)
from vault.services.key_file import department_file, holder_file
from vault.services.pull import Pull, prepare_pull

STRONG = "urn:myspace:acr:aal2"


def exported(world: World) -> HolderExport:
    return export_own_key(world.vault, world.member(acr=STRONG))


def own(world: World) -> list[KeptEntry]:
    """Return the usual person's rows, in the order of the log."""
    space = world.space()
    with world.spoiling() as rows:
        return [one for one in rows.entries.values() if one.space == space]


def test_a_holder_finds_every_own_leaf_by_the_key_and_opens_it(world: World) -> None:
    world.deposit(number=world.person(2))
    world.deposit()
    world.deposit("LC01")

    found = exported(world)

    kept, entries = own(world), list(found.entries)
    assert [one.index for one in entries] == [one.index for one in kept]
    for number, (entry, row) in enumerate(zip(entries, kept, strict=True)):
        assert Leaf.from_bytes(row.leaf).holder_tag == holder_tag(found.tag_key, number)
        assert entry.opening is not None
        assert verify_opening(entry.opening, leaf=row.leaf).entry_id == row.entry_id
    assert (found.reach.lane, found.reach.origin) == (0, world.vault.logs[0].origin)
    assert (found.reach.count, found.reach.size) == (len(kept), kept[-1].index + 1)


def test_an_export_is_an_entry_and_no_notice(world: World) -> None:
    world.deposit()
    told = world.told

    exported(world)

    entry = world.last
    assert (entry.kind, entry.basis, entry.by) == (Kind.OWN_EXPORT, Basis.OWN, By(member="self"))
    assert world.told == told


def test_what_comes_after_an_export_is_not_in_it(world: World) -> None:
    world.deposit()
    found = exported(world)
    count = len(own(world))

    world.deposit("LC01")

    assert len(list(found.entries)) == found.reach.count == count


def test_a_long_journal_comes_in_pages(world: World) -> None:
    world.deposit()
    for _ in range(PAGE):
        exported(world)

    indexes = [one.index for one in exported(world).entries]

    assert indexes == [one.index for one in own(world)]
    assert len(indexes) > PAGE


def test_a_weak_or_old_sign_in_gets_no_key_and_the_try_is_an_entry(world: World) -> None:
    world.deposit()
    weak, old = world.member(), world.member(acr=STRONG)

    for member, wait in ((weak, 0), (old, HOUR)):
        world.clock.advance(seconds=wait)
        with pytest.raises(StepUpRequiredError):
            may_export(world.vault, member)
        with pytest.raises(AccessDeniedError, match="export-needs-passkey"):
            export_own_key(world.vault, member)
        assert world.last.kind is Kind.REFUSAL
    may_export(world.vault, world.member(acr=STRONG))


def test_an_agent_gets_the_key_of_nobody_else(world: World) -> None:
    world.deposit()
    world.deposit(number=world.person(2))
    signin = world.member(acr=STRONG).signin
    agent = Member(signin=replace(signin, space=world.space(world.person(2))))
    entries = len(world.entries)

    for ask in (may_export, export_own_key):
        with pytest.raises(NotFoundError):
            ask(world.vault, agent)

    assert len(world.entries) == entries


def test_without_an_entry_no_key_leaves(world: World) -> None:
    world.deposit()
    member, caller = world.member(acr=STRONG), world.caller()

    world.fail_next()
    with pytest.raises(JournalUnavailableError):
        export_own_key(world.vault, member)
    world.fail_next()
    with pytest.raises(JournalUnavailableError):
        export_department_key(world.vault, caller)


def test_what_the_law_keeps_back_has_its_place_but_no_opening_until_then(world: World) -> None:
    world.deposit()
    consent = world.consent()
    asked = prepare_pull(world.vault, Pull(caller=world.requester(consent), code="ID01"))

    def entry(_decision: Any, at_ms: int) -> Entry:  # noqa: ANN401 - any decision
        return Entry(
            entry_id=asked.operation.entry_id,
            at_ms=at_ms,
            kind=Kind.PULL,
            basis=Basis.DUTY,
            article="licensing-31",
            by=By(department=world.departments[MARKET]),
            request=RequestTrace(),
            sealed=SealedUntil(until_ms=at_ms + HOUR * 1000, article="licensing-31"),
        )

    done = world.journal.submit(replace(asked.operation, entry=entry))
    assert isinstance(done, Committed)

    def closed() -> list[int]:
        return [one.index for one in exported(world).entries if one.opening is None]

    assert closed() == [done.index]
    world.clock.advance(seconds=HOUR)
    assert closed() == []


def test_an_entry_whose_content_is_gone_keeps_its_place(world: World) -> None:
    world.deposit()
    first = own(world)[0]
    with world.spoiling() as rows:
        rows.entries[first.entry_id] = replace(first, payload=b"")

    entries = list(exported(world).entries)

    assert (entries[0].index, entries[0].opening) == (first.index, None)
    assert all(one.opening is not None for one in entries[1:])


def test_an_export_breaks_off_at_an_entry_that_does_not_open(world: World) -> None:
    world.deposit()
    first = own(world)[0]
    with world.spoiling() as rows:
        rows.entries[first.entry_id] = replace(first, payload=bytes(len(first.payload)))

    with pytest.raises(IntegrityError):
        list(exported(world).entries)


def test_a_department_finds_every_leaf_of_its_own_lane(world: World) -> None:
    world.deposit()
    world.consent()
    world.deposit("LC01")

    found = export_department_key(world.vault, world.caller())

    with world.spoiling() as rows:
        everything = list(rows.entries.values())
    mine = [one for one in everything if one.actor_id == world.departments[POLICE]]
    for number, row in enumerate(mine):
        tag = actor_tag(found.tag_key, lane=0, seq=number)
        assert Leaf.from_bytes(row.leaf).actor_tag == tag
    [reach] = found.reaches
    assert (reach.count, reach.size) == (len(mine), len(everything))
    entry = world.last
    assert (entry.kind, entry.basis) == (Kind.OWN_EXPORT, Basis.SYSTEM)
    assert entry.by == By(
        department=world.departments[POLICE], client=world.client(POLICE).client_id
    )


def test_a_proof_that_was_spent_gets_no_key(world: World) -> None:
    caller = world.caller(claim=world.claim())
    export_department_key(world.vault, caller)

    with pytest.raises(ReplayedError):
        export_department_key(world.vault, caller)


class Numberless:
    """A journal that gives a holder's entry no number of the holder's."""

    waiting = True

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def submit(self, operation: Change | Disclosure) -> Outcome:
        done = self._journal.submit(operation)
        assert isinstance(done, Committed)
        return replace(done, kept=done.kept._replace(holder_seq=None))

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        return self._journal.enqueue(operation)


def test_an_entry_without_the_holder_s_number_gives_no_key(world: World) -> None:
    world.deposit()
    vault = replace(world.vault, journal=Numberless(world.vault.journal))

    with pytest.raises(IntegrityError):
        export_own_key(vault, world.member(acr=STRONG))


def test_the_files_say_what_was_exported(world: World) -> None:
    world.deposit()
    mine = exported(world)
    theirs = export_department_key(world.vault, world.caller())

    holder = json.loads(b"".join(holder_file(mine)))
    department = json.loads(department_file(theirs))

    [log] = holder["logs"]
    assert holder == {
        "v": 1,
        "kind": "holder",
        "tag_key": mine.tag_key.reveal().hex(),
        "logs": [log],
    }
    assert [one["index"] for one in log["entries"]] == [one.index for one in own(world)]
    assert log["entries"][0]["opening"]["entry"] == own(world)[0].entry_id.hex()
    [reach] = theirs.reaches
    assert department == {
        "v": 1,
        "kind": "department",
        "tag_key": theirs.tag_key.reveal().hex(),
        "logs": [asdict(reach)],
    }


def test_what_may_not_be_opened_stands_in_the_file_by_its_place_alone(world: World) -> None:
    world.deposit()
    first = own(world)[0]
    with world.spoiling() as rows:
        rows.entries[first.entry_id] = replace(first, payload=b"")

    [log] = json.loads(b"".join(holder_file(exported(world))))["logs"]

    assert log["entries"][0] == {"index": first.index}
