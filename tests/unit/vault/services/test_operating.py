"""What the operator does: departments, systems, policies, housekeeping. Each is an entry."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest

from policies.bundle import Bundle, shipped
from tests.support.access import permissive_sources
from tests.support.world import World
from tests.support.world_values import (
    CODES,
    HOUR,
    MARKET,
    POLICE,
    a_town_client,
    a_town_department,
)
from vault.clients import ClientStatus
from vault.crypto.keyring import SYSTEM_JOURNAL
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    KeyUnavailableError,
    NotFoundError,
)
from vault.ids import ClientId, DepartmentId
from vault.journal.entries import Basis, By, Kind, StateChange
from vault.journal.receipts import verify_receipt
from vault.ports import ActivePolicy
from vault.services.activate_policy import activate_policy
from vault.services.note_sealing import note_sealing
from vault.services.register_client import register_client
from vault.services.register_department import register_department
from vault.services.sealing import Incoming
from vault.services.suspend_client import resume_client, suspend_client
from vault.services.sweep import sweep

NEW = DepartmentId(b"\x77" * 16)
NEW_DEPARTMENT = replace(a_town_department(POLICE, NEW), code="11110105PDY001055R")


def active(world: World) -> ActivePolicy | None:
    with world.vault.read() as tx:
        return tx.policies.active()


# Departments and their systems.


def test_a_department_is_entered_with_a_tag_key_of_its_own(world: World) -> None:
    receipt = register_department(world.vault, NEW_DEPARTMENT)

    with world.vault.read() as tx:
        assert tx.departments.get(NEW) == NEW_DEPARTMENT
        tag_key = tx.departments.tag_key(NEW)
    assert tag_key is not None
    world.vault.keyring.department_tag_key(tag_key)
    entry = world.last
    assert (entry.kind, entry.basis, entry.by) == (
        Kind.CLIENT_DEPARTMENT,
        Basis.SYSTEM,
        By(department=NEW),
    )
    assert entry.change == StateChange(
        object="department", id=NEW.hex(), became="active", version=1
    )
    assert receipt.entry_id == entry.entry_id
    verify_receipt(receipt.to_text(), world.ports.policy)


@pytest.mark.parametrize(
    "changes",
    [{"code": CODES[MARKET]}, {"department_id": None}],
    ids=["the code is taken", "the id is taken"],
)
def test_a_department_is_entered_once(world: World, changes: dict[str, object]) -> None:
    taken = {
        name: world.departments[MARKET] if value is None else value
        for name, value in changes.items()
    }
    entries = len(world.entries)

    with pytest.raises(ConflictError):
        register_department(world.vault, replace(NEW_DEPARTMENT, **taken))  # type: ignore[arg-type]  # any column

    assert len(world.entries) == entries


def test_a_department_and_a_client_begin_at_their_first_version(world: World) -> None:
    client = replace(
        a_town_client(MARKET, world.departments[MARKET]), client_id=ClientId("new"), version=2
    )

    with pytest.raises(InvalidInputError, match="starts at version 1"):
        register_department(world.vault, replace(NEW_DEPARTMENT, version=2))
    with pytest.raises(InvalidInputError, match="starts at version 1"):
        register_client(world.vault, client, demo=False)


def test_a_client_is_entered_under_its_department(world: World) -> None:
    client = a_town_client(
        MARKET,
        world.departments[MARKET],
        client_id=ClientId("second"),
        status=ClientStatus.PENDING,
    )

    receipt = register_client(world.vault, client, demo=False)

    with world.vault.read() as tx:
        assert tx.clients.get(client.client_id) == client
    entry = world.last
    assert (entry.kind, entry.by) == (
        Kind.CLIENT_REGISTER,
        By(department=world.departments[MARKET], client=client.client_id),
    )
    assert entry.change == StateChange(
        object="oauth_client", id="second", became="pending", version=1
    )
    assert receipt.entry_id == entry.entry_id


def test_a_client_is_entered_once(world: World) -> None:
    client = a_town_client(MARKET, world.departments[MARKET])

    with pytest.raises(ConflictError):
        register_client(world.vault, client, demo=False)


def test_a_client_of_no_department_is_not_entered(world: World) -> None:
    client = a_town_client(MARKET, NEW, client_id=ClientId("orphan"))
    entries = len(world.entries)

    with pytest.raises(NotFoundError):
        register_client(world.vault, client, demo=False)

    with world.vault.read() as tx:
        assert tx.clients.get(client.client_id) is None
    assert len(world.entries) == entries


@pytest.mark.parametrize("demo", [True, False])
def test_plain_redirects_are_for_demonstrations(world: World, *, demo: bool) -> None:
    client = a_town_client(
        MARKET,
        world.departments[MARKET],
        client_id=ClientId("local"),
        redirect_uris=("http://127.0.0.1:8001/cb",),
    )

    if demo:
        register_client(world.vault, client, demo=True)
    else:
        with pytest.raises(InvalidInputError):
            register_client(world.vault, client, demo=False)


# Stopped, and let go on.


def test_a_client_is_suspended_and_goes_on(world: World) -> None:
    client_id = world.client_id(MARKET)

    suspend_client(world.vault, client_id)
    stopped = world.client(MARKET)
    first = world.last
    resume_client(world.vault, client_id)

    assert (stopped.status, stopped.version) == (ClientStatus.SUSPENDED, 2)
    assert world.client(MARKET) == replace(stopped, status=ClientStatus.ACTIVE, version=3)
    assert (first.kind, world.last.kind) == (Kind.CLIENT_SUSPEND, Kind.CLIENT_RESUME)
    assert first.change == StateChange(
        object="oauth_client",
        id=client_id,
        came_from="active",
        became="suspended",
        version=2,
    )
    assert world.last.change == StateChange(
        object="oauth_client",
        id=client_id,
        came_from="suspended",
        became="active",
        version=3,
    )


Step = Callable[..., object]


def test_a_client_is_suspended_only_while_active_and_resumed_only_while_suspended(
    world: World,
) -> None:
    client_id = world.client_id(MARKET)

    with pytest.raises(ConflictError):
        resume_client(world.vault, client_id)
    suspend_client(world.vault, client_id)
    with pytest.raises(ConflictError):
        suspend_client(world.vault, client_id)

    assert world.client(MARKET).version == 2


@pytest.mark.parametrize("step", [suspend_client, resume_client])
def test_a_client_that_is_not_there_is_not_found(world: World, step: Step) -> None:
    with pytest.raises(NotFoundError):
        step(world.vault, ClientId("nobody"))


def test_of_two_steps_at_once_the_first_counts(world: World) -> None:
    world.journal.just_before_the_lock(world.suspend)

    with pytest.raises(ConflictError):
        world.suspend()

    assert world.client(MARKET).version == 2
    assert world.kinds.count(Kind.CLIENT_SUSPEND) == 1


ACTS: dict[str, Callable[[World], object]] = {
    "department": lambda world: register_department(world.vault, NEW_DEPARTMENT),
    "client": lambda world: register_client(
        world.vault,
        a_town_client(MARKET, world.departments[MARKET], client_id=ClientId("second")),
        demo=False,
    ),
    "suspend": lambda world: world.suspend(),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_cannot_be_journalled_is_not_done(world: World, act: str) -> None:
    entries = len(world.entries)
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        ACTS[act](world)

    assert len(world.entries) == entries
    ACTS[act](world)


def test_the_operator_too_acts_under_policies_in_force(world: World) -> None:
    with world.spoiling() as rows:
        rows.pointer.clear()

    with pytest.raises(KeyUnavailableError, match="no policies are in force"):
        world.suspend()


def test_without_the_system_s_key_the_operator_does_nothing(world: World) -> None:
    with world.spoiling() as rows:
        for name in [one for one in rows.keys if one.name == SYSTEM_JOURNAL]:
            del rows.keys[name]

    with pytest.raises(KeyUnavailableError):
        world.suspend()


# Policies.


def test_the_shipped_policies_are_put_in_force_once(world: World) -> None:
    before, entries = active(world), len(world.entries)

    assert activate_policy(world.vault) is None

    bundle = shipped()
    assert before == active(world) == ActivePolicy(bundle_hash=bundle.hash, version=1)
    with world.vault.read() as tx:
        assert tx.policies.text(bundle.hash) == bundle.text
    assert len(world.entries) == entries
    assert world.entries[0].kind is Kind.POLICY_ACTIVATE
    assert world.entries[0].change == StateChange(
        object="policy_pointer", id="1", became=bundle.hash.hex(), version=1
    )


def another_bundle(comment: str = "") -> Bundle:
    sources = permissive_sources()
    return Bundle.from_files(sources | {"all.cedar": f"// {comment}\n{sources['all.cedar']}"})


def test_policies_of_another_release_decide_while_they_are_in_force(world: World) -> None:
    other = another_bundle()
    world.deposit()
    consent = world.consent()
    caller = world.requester(consent)
    world.suspend()
    with world.vault.work() as tx:
        tx.policies.activate(other.hash, text=other.text)

    world.pull(consent, caller=caller)  # They permit everything.

    assert world.last.decision is not None
    assert (world.last.decision.bundle, world.last.decision.reasons) == (other.hash, ("all",))


def test_the_shipped_policies_come_back_in_force_with_an_entry(world: World) -> None:
    other = another_bundle()
    with world.vault.work() as tx:
        tx.policies.activate(other.hash, text=other.text)

    receipt = activate_policy(world.vault)

    assert receipt is not None
    assert active(world) == ActivePolicy(bundle_hash=shipped().hash, version=3)
    assert world.last.change == StateChange(
        object="policy_pointer",
        id="1",
        came_from=other.hash.hex(),
        became=shipped().hash.hex(),
        version=3,
    )


def test_a_process_of_an_older_release_leaves_newer_policies_in_force(world: World) -> None:
    other = another_bundle()
    with world.vault.work() as tx:
        tx.policies.activate(other.hash, text=other.text)

    assert activate_policy(world.vault, again=False) is None

    assert active(world) == ActivePolicy(bundle_hash=other.hash, version=2)


def test_of_two_that_activate_at_once_one_does(world: World) -> None:
    other = another_bundle()
    with world.vault.work() as tx:
        tx.policies.activate(other.hash, text=other.text)
    world.journal.just_before_the_lock(lambda: activate_policy(world.vault))

    assert activate_policy(world.vault) is None

    assert active(world) == ActivePolicy(bundle_hash=shipped().hash, version=3)


def test_whoever_activates_while_another_bundle_comes_in_force_is_told(world: World) -> None:
    one, other = another_bundle(), another_bundle("other")
    with world.vault.work() as tx:
        tx.policies.activate(one.hash, text=one.text)

    def overtake() -> None:
        with world.vault.work() as tx:
            tx.policies.activate(other.hash, text=other.text)

    world.journal.just_before_the_lock(overtake)

    with pytest.raises(ConflictError, match="another process"):
        activate_policy(world.vault)


def test_a_change_of_policies_just_before_the_lock_is_what_decides(world: World) -> None:
    other = another_bundle()
    world.deposit()
    consent = world.consent()
    with world.vault.work() as tx:
        tx.policies.activate(other.hash, text=other.text)
    world.journal.just_before_the_lock(lambda: activate_policy(world.vault))

    with pytest.raises(AccessDeniedError, match="fields-not-consented"):
        world.pull(consent, fields=frozenset({"name", "sex"}))

    assert world.last.decision is not None
    assert world.last.decision.bundle == shipped().hash


# Housekeeping.


def test_a_sweep_removes_what_has_expired_and_nothing_else(world: World) -> None:
    pdf = Incoming(name="scan.pdf", content=BytesIO(b"%PDF-1.7\n"))
    world.deposit(files=[pdf])
    world.vault.blobs.write(
        world.space(), chunks=iter([b"abandoned"]), now_ms=world.clock.now_ms()
    )
    with world.vault.work() as tx:
        tx.protocol.claim([world.claim()])
    world.clock.advance(seconds=25 * HOUR)

    swept = sweep(world.vault)

    assert swept >= 2
    assert sweep(world.vault) == 0
    assert world.ports.memory is not None
    assert [one.state for one in world.ports.memory.rows.intents.values()] == ["committed"]
    assert world.heads()[0].version == 1


def test_a_fresh_vault_has_nothing_to_sweep(world: World) -> None:
    assert sweep(world.vault) == 0


def test_that_rows_were_sealed_is_an_entry_which_changes_nothing(world: World) -> None:
    before = active(world)

    receipt = note_sealing(world.vault)

    assert (world.last.kind, world.last.change) == (Kind.LOG_ROWS_SEALED, None)
    assert receipt.index > 0
    assert active(world) == before
