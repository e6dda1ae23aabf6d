"""Who looked: a holder's own entries, page by page, each with its proof."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from tests.support.spoiling import spoilt
from tests.support.world import World
from tests.support.world_values import HOUR, MARKET, POLICE
from vault.crypto.contexts import Purpose
from vault.errors import IntegrityError, KeyUnavailableError, NotFoundError
from vault.ids import DepartmentId, EntryId
from vault.journal.entries import Basis, By, Entry, Kind, RequestTrace, SealedUntil
from vault.journal.operations import Disclosure
from vault.journal.receipts import verify_receipt
from vault.journal.statements import Opening, Statement, verify_opening
from vault.services.list_accesses import (
    archive,
    list_accesses,
    prove_access,
    read_access,
)
from vault.services.prove_own_entry import prove_own_entry
from vault.services.pull import Pull, prepare_pull
from vault.services.read_own import read_own_record


@pytest.fixture(autouse=True)
def _history(world: World) -> None:
    """Open two spaces; in the first: opened, deposit, case, consent, pull, own read."""
    record = world.deposit()
    world.deposit(number=world.person(2))
    world.pull(world.consent())
    read_own_record(world.vault, world.member(), record.record_id)


STORY = [
    Kind.HOLDER_OPENED,
    Kind.DEPOSIT,
    Kind.CASE_OPEN,
    Kind.CONSENT_GIVE,
    Kind.PULL,
    Kind.OWN_READ,
]


def test_a_holder_sees_every_entry_of_the_own_space_newest_first(world: World) -> None:
    ledger = list_accesses(world.vault, world.member())

    mine = [one for one in world.entries if one in [a.entry for a in ledger.accesses]]
    assert [access.entry for access in ledger.accesses] == mine[::-1]
    assert [access.entry.kind for access in ledger.accesses] == STORY[::-1]
    assert [access.number for access in ledger.accesses] == [5, 4, 3, 2, 1, 0]
    assert [world.entries[access.index] for access in ledger.accesses] == mine[::-1]
    assert ledger.older is None


def test_an_entry_names_who_asked(world: World) -> None:
    own, pull, *_ = list_accesses(world.vault, world.member()).accesses

    assert (own.department, own.client) == (None, None)
    assert pull.department is not None
    assert pull.department.department_id == world.departments[MARKET]
    assert pull.client == world.client(MARKET)


@pytest.mark.parametrize(
    ("limit", "pages"),
    [(4, [4, 2]), (6, [6]), (5, [5, 1]), (0, [1] * 6), (1000, [6])],
)
def test_pages_follow_each_other_without_gap_or_overlap(
    world: World, limit: int, pages: list[int]
) -> None:
    member = world.member()
    found: list[list[int]] = []
    before: int | None = None
    while before is not None or not found:
        ledger = list_accesses(world.vault, member, before=before, limit=limit)
        found.append([access.number for access in ledger.accesses])
        before = ledger.older

    assert [len(page) for page in found] == pages
    assert [number for page in found for number in page] == [5, 4, 3, 2, 1, 0]


def test_an_entry_of_the_own_space_is_read_by_its_id(world: World) -> None:
    entry = world.last

    access = read_access(world.vault, world.member(), entry.entry_id)

    assert (access.entry, access.number) == (entry, 5)


@pytest.mark.parametrize("read", [read_access, prove_access])
def test_an_entry_of_another_space_is_not_there(world: World, read: Callable[..., object]) -> None:
    for entry_id in (world.last.entry_id, EntryId(bytes(16))):
        with pytest.raises(NotFoundError):
            read(world.vault, world.member(world.person(2)), entry_id)


def test_each_entry_can_be_proven_at_the_head_of_now(world: World) -> None:
    member = world.member()

    for access in list_accesses(world.vault, member).accesses:
        proof = prove_access(world.vault, member, access.entry.entry_id)
        proven = verify_receipt(proof.receipt.to_text(), world.ports.policy)
        entry = verify_opening(proof.opening, leaf=proof.receipt.leaf, statement=proof.statement)
        assert (entry, proven.index) == (access.entry, access.index)
        assert proven.checkpoint.size == len(world.entries)


def test_a_proof_is_an_archive_of_three_parts_always_the_same(world: World) -> None:
    proof = prove_access(world.vault, world.member(), world.last.entry_id)

    made = archive(proof)

    assert made == archive(proof)
    with zipfile.ZipFile(BytesIO(made)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    assert parts["receipt.tlog-proof"].decode() == proof.receipt.to_text()
    assert Opening.from_json(parts["opening.json"]) == proof.opening
    assert Statement.from_json(parts["statement.json"]) == proof.statement


def sealed_pull(world: World, *, until_ms: int) -> Disclosure:
    """Return a disclosure whose entry the holder is not to see yet."""
    consent = world.consent()
    operation = prepare_pull(
        world.vault, Pull(caller=world.requester(consent), code="ID01")
    ).operation

    def entry(_decision: Any, at_ms: int) -> Entry:  # noqa: ANN401 - any decision
        return Entry(
            entry_id=operation.entry_id,
            at_ms=at_ms,
            kind=Kind.PULL,
            basis=Basis.DUTY,
            article="licensing-31",
            by=By(department=world.departments[MARKET]),
            request=RequestTrace(),
            sealed=SealedUntil(until_ms=until_ms, article="licensing-31"),
        )

    return replace(operation, entry=entry)


def test_what_the_law_keeps_back_is_left_out_until_then_and_its_number_is_not_hidden(
    world: World,
) -> None:
    until_ms = world.clock.now_ms() + HOUR * 1000
    operation = sealed_pull(world, until_ms=until_ms)
    world.journal.submit(operation)
    member = world.member()

    numbers = [one.number for one in list_accesses(world.vault, member, limit=2).accesses]
    with pytest.raises(NotFoundError):
        read_access(world.vault, member, operation.entry_id)
    with pytest.raises(NotFoundError):
        prove_access(world.vault, member, operation.entry_id)
    world.clock.advance(seconds=HOUR)

    assert numbers == [7]
    ledger = list_accesses(world.vault, member, limit=2)
    assert [one.number for one in ledger.accesses] == [8, 7]
    assert read_access(world.vault, member, operation.entry_id).number == 8


def test_an_entry_that_does_not_open_is_not_passed_over(world: World) -> None:
    member = world.member()
    entry_id = world.last.entry_id
    with world.spoiling() as rows:
        kept = rows.entries[entry_id]
        rows.entries[entry_id] = replace(kept, payload=spoilt(kept.payload))

    with pytest.raises(IntegrityError):
        list_accesses(world.vault, member)
    with pytest.raises(IntegrityError):
        read_access(world.vault, member, entry_id)


def test_entries_of_a_holder_whose_journal_key_is_gone_open_no_more(world: World) -> None:
    member = world.member()
    with world.spoiling() as rows:
        for name in [k for k in rows.holder_keys if k.purpose is Purpose.HOLDER_JOURNAL_KEY]:
            del rows.holder_keys[name]

    with pytest.raises(KeyUnavailableError):
        list_accesses(world.vault, member)


def test_an_actor_without_a_key_cannot_be_shown(world: World) -> None:
    member = world.member()
    with world.spoiling() as rows:
        rows.department_keys.clear()

    with pytest.raises(KeyUnavailableError):
        list_accesses(world.vault, member)


# A department's own entries.


def test_a_department_proves_what_it_did_in_a_space(world: World) -> None:
    pulled = next(entry for entry in world.entries if entry.kind is Kind.PULL)

    proof = prove_own_entry(world.vault, world.departments[MARKET], pulled.entry_id)

    verify_receipt(proof.receipt.to_text(), world.ports.policy)
    assert pulled == verify_opening(
        proof.opening, leaf=proof.receipt.leaf, statement=proof.statement
    )


def test_a_department_proves_a_refusal_that_concerned_no_space(world: World) -> None:
    with pytest.raises(Exception, match="issue-not-registered"):
        world.deposit(number=world.person(3), caller=world.caller(MARKET))

    proof = prove_own_entry(world.vault, world.departments[MARKET], world.last.entry_id)

    assert world.last == verify_opening(proof.opening, leaf=proof.receipt.leaf)


@pytest.mark.parametrize("department", [POLICE, None], ids=["another department", "no department"])
def test_an_entry_of_somebody_else_is_not_there(world: World, department: str | None) -> None:
    pulled = next(entry for entry in world.entries if entry.kind is Kind.PULL)
    asker = DepartmentId(bytes(16)) if department is None else world.departments[department]

    with pytest.raises(NotFoundError):
        prove_own_entry(world.vault, asker, pulled.entry_id)
    with pytest.raises(NotFoundError):
        prove_own_entry(world.vault, world.departments[MARKET], EntryId(bytes(16)))
