"""The verbs over both implementations: one story, and the races that matter most."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from policies.scopes import View
from tests.support.world import Granted, World, open_world
from tests.support.world_values import FIELDS, MARKET
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    JournalUnavailableError,
    ReplayedError,
    TokenEndedError,
    VaultError,
)
from vault.journal.entries import Kind
from vault.journal.receipts import verify_receipt
from vault.journal.statements import verify_opening
from vault.records import RecordStatus
from vault.services.list_accesses import list_accesses, prove_access
from vault.services.list_evidence import list_evidence
from vault.services.outbox import waiting
from vault.services.own_space import own_space
from vault.services.read_own import read_own_file
from vault.services.sealing import Incoming
from vault.services.sign_in import finish_sign_in, live_sign_in, start_sign_in
from vault.services.sign_out import sign_out
from vault.services.sweep import ROWS_AT_ONCE, sweep

PDF = b"%PDF-1.7\n" + b"a page" * 10_000
CONTACT = "+8613000000000"


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Return a vault of one kind with three departments."""
    with open_world(request.param, tmp_path) as opened:
        yield opened


def kinds(world: World) -> list[Kind]:
    """Return what happened in the usual space, in order."""
    ledger = list_accesses(world.vault, world.member(), limit=100)
    return [access.entry.kind for access in reversed(ledger.accesses)]


def test_the_whole_story(world: World) -> None:
    scan = Incoming(name="scan.pdf", content=BytesIO(PDF))
    record = world.deposit(files=[scan], holder_name="示例甲", contact=CONTACT)
    granted = world.consent("ID01", "LC01", uses=2)

    lines = list_evidence(world.vault, world.requester(granted)).lines
    release = world.pull(granted)
    file = read_own_file(world.vault, world.member(), record.record_id, number=1)
    world.revoke(granted)

    assert [(line.kind.code, line.head is not None) for line in lines] == [
        ("ID01", True),
        ("LC01", False),
    ]
    assert release.fields == {name: FIELDS["ID01"][name] for name in release.fields}
    assert set(release.fields) == {"name", "id_number", "valid_to"}
    assert b"".join(file.pieces) == PDF
    assert own_space(world.vault, world.member()).profile.contact == CONTACT
    assert kinds(world) == [
        Kind.HOLDER_OPENED,
        Kind.DEPOSIT,
        Kind.CASE_OPEN,
        Kind.CONSENT_GIVE,
        Kind.LIST,
        Kind.PULL,
        Kind.OWN_READ,
        Kind.CONSENT_REVOKE,
    ]


def test_every_entry_of_a_space_can_be_proven(world: World) -> None:
    world.deposit()
    world.pull(world.consent())
    member = world.member()

    accesses = list_accesses(world.vault, member, limit=100).accesses
    for access in accesses:
        proof = prove_access(world.vault, member, access.entry.entry_id)
        proven = verify_receipt(proof.receipt.to_text(), world.ports.policy)
        entry = verify_opening(proof.opening, leaf=proof.receipt.leaf, statement=proof.statement)
        assert (entry, proven.index) == (access.entry, access.index)

    assert [access.number for access in accesses] == [4, 3, 2, 1, 0]


def test_what_changed_between_decision_and_lock_counts(world: World) -> None:
    record = world.deposit()
    granted = world.consent()
    world.journal.just_before_the_lock(
        lambda: world.revise(record.record_id, fields=FIELDS["ID01"] | {"name": "示例新"})
    )
    revised = world.pull(granted)
    world.journal.just_before_the_lock(
        lambda: world.change_status(record.record_id, RecordStatus.SUSPENDED, expected=2)
    )
    with pytest.raises(AccessDeniedError, match="record-not-valid"):
        world.pull(granted)
    verified = world.pull(granted, view=View.VERIFY)
    world.journal.just_before_the_lock(lambda: world.revoke(granted))
    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(granted, view=View.VERIFY)

    assert revised.fields["name"] == "示例新"
    assert verified.head is not None
    assert verified.head.status is RecordStatus.SUSPENDED
    assert world.used(granted) == {"ID01": 2}


def test_a_narrowing_takes_uses_fields_and_evidence_at_once(world: World) -> None:
    world.deposit()
    granted = world.consent("ID01", "LC01", uses=5)
    world.pull(granted)
    left = world.details(
        fields={"ID01": ("name",)},
        uses=2,
        starts_at=granted.asked.details.starts_at,
        ends_at=granted.asked.details.ends_at,
    )

    world.narrow(granted, left)

    assert world.pull(granted).fields == {"name": "示例甲"}
    with pytest.raises(AccessDeniedError, match="uses-exhausted"):
        world.pull(granted)
    with pytest.raises(AccessDeniedError, match="evidence-not-consented"):
        world.pull(granted, "LC01")


def test_a_request_and_a_proof_are_good_once(world: World) -> None:
    claim = world.claim()
    first = world.deposit(caller=world.caller(request_id="request-1", claim=claim))

    again = world.deposit(caller=world.caller(request_id="request-1"))
    with pytest.raises(ConflictError):
        world.deposit("LC04", caller=world.caller(request_id="request-1"))
    with pytest.raises(ReplayedError):
        world.deposit("LC04", caller=world.caller(claim=claim), contact=CONTACT)
    with pytest.raises(ReplayedError):
        world.deposit(number=world.person(2), caller=world.caller(claim=claim))

    assert (again.record_id, again.receipt.index) == (first.record_id, first.receipt.index)
    assert [head.record_id for head in world.heads()] == [first.record_id]
    assert own_space(world.vault, world.member()).profile.contact == ""
    assert world.find(world.person(2)) is None


def test_a_journal_that_does_not_take_it_releases_and_changes_nothing(world: World) -> None:
    world.deposit()
    granted = world.consent()
    before = kinds(world)

    world.fail_next()
    with pytest.raises(JournalUnavailableError):
        world.pull(granted)
    world.fail_next()
    with pytest.raises(JournalUnavailableError):
        world.revoke(granted)

    assert (kinds(world), world.used(granted)) == (before, {"ID01": 0})
    assert world.pull(granted).fields["name"] == "示例甲"


def test_b38_as_many_pulls_at_once_succeed_as_uses_are_left(world: World) -> None:
    world.deposit()
    granted = world.consent(uses=3)

    def pull(_number: int) -> tuple[str, ...]:
        try:
            world.pull(granted)
        except AccessDeniedError as refused:
            return refused.reasons
        return ()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(pull, range(16)))

    assert (found.count(()), found.count(("uses-exhausted",))) == (3, 13)
    assert world.used(granted) == {"ID01": 3}


def raced(
    world: World,
    granted: Granted,
    *,
    revoke: Callable[[], object],
    refused: type[VaultError],
) -> list[tuple[bool, bool]]:
    """Let five threads pull while one revokes.

    Returns:
        Of each pull whether it began after the revocation was acknowledged, and whether it
        released.
    """
    caller = world.requester(granted)
    acknowledged, begun = threading.Event(), threading.Barrier(6)

    def pull() -> list[tuple[bool, bool]]:
        begun.wait(10)
        seen: list[tuple[bool, bool]] = []
        while not seen or not seen[-1][0]:
            late = acknowledged.is_set()
            fresh = world.requester_again(caller)
            try:
                world.pull(granted, caller=fresh)
            except refused:
                seen.append((late, False))
            else:
                seen.append((late, True))
        return seen

    def revoked() -> None:
        begun.wait(10)
        revoke()
        acknowledged.set()

    with ThreadPoolExecutor(6) as threads:
        pulls = [threads.submit(pull) for _ in range(5)]
        threads.submit(revoked).result(20)
        return [one for future in pulls for one in future.result(20)]


def test_no_pull_that_begins_after_an_acknowledged_revocation_succeeds(world: World) -> None:
    world.deposit()
    granted = world.consent()

    found = raced(world, granted, revoke=lambda: world.revoke(granted), refused=VaultError)

    assert [released for late, released in found if late] == [False] * 5


def test_no_pull_that_begins_after_an_acknowledged_revocation_of_its_token_succeeds(
    world: World,
) -> None:
    world.deposit()
    granted = world.consent()

    def revoke() -> None:
        with world.vault.work() as tx:
            tx.protocol.revoke_token(
                granted.token.token_hash, client_id=granted.token.client_id, now=world.now()
            )

    found = raced(world, granted, revoke=revoke, refused=TokenEndedError)

    assert [released for late, released in found if late] == [False] * 5
    assert world.used(granted)["ID01"] == sum(released for _, released in found)


def test_a_token_that_ended_changes_nothing_either(world: World) -> None:
    caller = world.caller()
    with world.vault.work() as tx:
        token = caller.live.token
        tx.protocol.revoke_token(token.token_hash, client_id=token.client_id, now=world.now())

    with pytest.raises(TokenEndedError):
        world.deposit(caller=caller)

    assert world.find(world.person()) is None


def test_many_first_deposits_at_once_meet_in_one_space(world: World) -> None:
    codes = ("ID01", "LC04", "MT04", "SR05")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(world.deposit, codes))

    assert sorted(head.code for head in world.heads()) == sorted(codes)
    assert kinds(world).count(Kind.HOLDER_OPENED) == 1


def test_signing_in_and_out(world: World) -> None:
    world.deposit(contact=CONTACT)
    attempt = start_sign_in(world.vault, world.person(), source="192.0.2.1")
    [code] = waiting(world.vault, limit=9)

    done = finish_sign_in(world.vault, attempt, code=code.code, source="192.0.2.1")
    seen = live_sign_in(world.vault, done.cookie)
    sign_out(world.vault, done.signin)

    assert seen == done.signin
    assert live_sign_in(world.vault, done.cookie) is None
    world.clock.advance(seconds=3 * 24 * 3600)
    assert sweep(world.vault) > 0
    assert sweep(world.vault) == 0


def test_the_sweep_keeps_up_with_more_than_one_transaction_takes(world: World) -> None:
    with world.vault.work() as tx:
        for _ in range(2 * ROWS_AT_ONCE + 1):
            tx.protocol.claim([world.claim()])
    world.clock.advance(seconds=3 * 24 * 3600)

    assert sweep(world.vault) >= 2 * ROWS_AT_ONCE + 1
    assert sweep(world.vault) == 0


def test_a_suspension_stops_a_system_with_its_tokens(world: World) -> None:
    world.deposit()
    granted = world.consent()
    caller = world.requester(granted)

    world.suspend(MARKET)

    with pytest.raises(AccessDeniedError, match="client-not-active"):
        world.pull(granted, caller=caller)
    with world.vault.read() as tx:
        assert tx.protocol.live_token(granted.token.token_hash, now=world.now()) is None
