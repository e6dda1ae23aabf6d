"""The keys that sign JWTs are drawn, rotated and withdrawn with an entry each time."""

from dataclasses import replace

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET, a_town_client
from vault.clients.metadata import ClientMetadata
from vault.clients.signing_keys import (
    ACTIVE_SECONDS,
    DAY,
    HINTS,
    KeyState,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.errors import ConflictError, JournalUnavailableError, NotFoundError
from vault.ids import ClientId
from vault.journal.entries import Basis, Kind, StateChange
from vault.services.register_client import register_client
from vault.services.signing_keys import (
    keep_signing_keys,
    rotate_signing_keys,
    withdraw_signing_key,
)

ES256 = SigningAlgorithm.ES256
EDDSA = "EdDSA"
SIGNING = [Slot(purpose, ES256) for purpose in SigningPurpose]
SLOTS = [*SIGNING, HINTS]


def kept(world: World) -> SigningKeys:
    with world.vault.read() as tx:
        return tx.signing.all()


def signing(world: World, slot: Slot = SLOTS[0]) -> str | None:
    key = kept(world).signing(slot, now=world.now())
    return None if key is None else key.kid


def test_the_first_keys_are_drawn_in_one_entry(world: World) -> None:
    receipt = keep_signing_keys(world.vault)

    keys = kept(world)
    assert [key.slot for key in keys.keys if keys.signing(key.slot, now=world.now()) == key]
    assert sorted(key.slot for key in keys.keys) == sorted(SLOTS)
    assert (world.last.kind, world.last.basis) == (Kind.KEY_ROTATE, Basis.SYSTEM)
    assert world.last.change == StateChange(
        object="signing_key_set", id="1", became=keys.digest.hex(), version=1
    )
    assert receipt is not None
    assert receipt.entry_id == world.last.entry_id
    for key in keys.keys:
        assert key.wrapped is not None
        assert world.vault.keyring.private(key.wrapped)


def test_nothing_is_done_before_something_is_due(world: World) -> None:
    keep_signing_keys(world.vault)
    entries = len(world.entries)

    assert keep_signing_keys(world.vault) is None

    assert len(world.entries) == entries


def test_the_housekeeping_rotates_in_time_and_destroys_what_is_over(world: World) -> None:
    keep_signing_keys(world.vault)
    first = signing(world)
    world.clock.advance(seconds=ACTIVE_SECONDS - 3 * DAY)

    keep_signing_keys(world.vault)
    assert (kept(world).version, len(kept(world).keys), signing(world)) == (2, 12, first)
    world.clock.advance(seconds=3 * DAY)
    assert signing(world) not in {first, None}
    world.clock.advance(seconds=2 * DAY)
    keep_signing_keys(world.vault)

    assert world.last.kind is Kind.KEY_DESTROY
    keys = kept(world)
    states = {key.kid: keys.state(key, now=world.now()) for key in keys.keys}
    assert {key.kid for key in keys.keys if key.wrapped is None} == {
        kid for kid, state in states.items() if state is KeyState.REMOVED
    }
    assert list(states.values()).count(KeyState.REMOVED) == 6


def test_clients_get_keys_for_the_signatures_that_they_registered(world: World) -> None:
    keep_signing_keys(world.vault)
    client = a_town_client(MARKET, world.departments[MARKET], client_id=ClientId("second"))
    wants = replace(client, metadata=ClientMetadata(id_token_alg=EDDSA))
    register_client(world.vault, wants, demo=False)

    keep_signing_keys(world.vault)

    slots = {key.slot for key in kept(world).keys}
    assert slots == {*SLOTS, *(Slot(one, SigningAlgorithm.ED25519) for one in SigningPurpose)}


def test_an_impatient_operator_publishes_a_successor(world: World) -> None:
    keep_signing_keys(world.vault)
    first = signing(world)

    rotate_signing_keys(world.vault, SLOTS[:1])

    assert world.last.kind is Kind.KEY_ROTATE
    assert signing(world) == first
    with pytest.raises(ConflictError):
        rotate_signing_keys(world.vault, SLOTS[:1])
    world.clock.advance(seconds=DAY)
    assert signing(world) not in {first, None}


def test_a_key_that_others_know_is_withdrawn_at_once(world: World) -> None:
    keep_signing_keys(world.vault)
    lost = signing(world) or ""

    withdraw_signing_key(world.vault, lost)

    assert world.last.kind is Kind.KEY_DESTROY
    [gone] = [key for key in kept(world).keys if key.kid == lost]
    assert (gone.wrapped, kept(world).state(gone, now=world.now())) == (None, KeyState.REMOVED)
    assert signing(world) not in {lost, None}


def test_a_successor_that_is_published_follows_a_lost_key(world: World) -> None:
    keep_signing_keys(world.vault)
    lost = signing(world) or ""
    rotate_signing_keys(world.vault, SLOTS[:1])
    coming = kept(world).coming(SLOTS[0], now=world.now())

    withdraw_signing_key(world.vault, lost)

    assert coming is not None
    assert signing(world) == coming.kid
    assert len(kept(world).keys) == 7


def test_a_key_that_is_not_there_is_not_withdrawn(world: World) -> None:
    keep_signing_keys(world.vault)

    with pytest.raises(NotFoundError):
        withdraw_signing_key(world.vault, "nobody's")


def test_of_two_processes_one_draws(world: World) -> None:
    world.journal.just_before_the_lock(lambda: keep_signing_keys(world.vault))

    assert keep_signing_keys(world.vault) is None

    assert (kept(world).version, len(kept(world).keys)) == (1, 6)


def test_what_cannot_be_journalled_is_not_drawn(world: World) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        keep_signing_keys(world.vault)

    assert kept(world) == SigningKeys()
