"""Whatever happens when: somebody signs, and what was signed verifies for as long as it lives."""

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.vault_values import a_key
from vault.clients.signing_keys import (
    ACTIVE_SECONDS,
    ARCHIVED_SECONDS,
    DAY,
    HOUR,
    PUBLISHED_SECONDS,
    RETIRING_SECONDS,
    Drawn,
    KeyState,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.crypto.contexts import Purpose
from vault.errors import ConflictError, InvalidInputError, NotFoundError

NOW = 1_795_000_000
SLOT = Slot(SigningPurpose.ID_TOKEN, SigningAlgorithm.ES256)
OTHER = Slot(SigningPurpose.LOGOUT, SigningAlgorithm.ES256)
CACHED_SECONDS = 900
LONGEST_TOKEN_SECONDS = 300


def drawn(kid: str, slot: Slot = SLOT) -> Drawn:
    wrapped = replace(a_key(Purpose.SERVICE_KEY, bytes(16)), purpose=Purpose.SIGNING_KEY)
    return Drawn(kid=kid, slot=slot, public_jwk="{}", wrapped=wrapped)


def states(keys: SigningKeys, now: int) -> dict[str, KeyState]:
    return {key.kid: keys.state(key, now=now) for key in keys.keys}


def signing(keys: SigningKeys, now: int) -> str | None:
    found = keys.signing(SLOT, now=now)
    return None if found is None else found.kid


def one_key() -> SigningKeys:
    return SigningKeys().introduce(drawn("a"), now=NOW)


def test_the_first_key_signs_at_once() -> None:
    keys = one_key()

    assert states(keys, NOW) == {"a": KeyState.ACTIVE}
    assert keys.signing(OTHER, now=NOW) is None


def test_a_successor_takes_over_when_the_first_retires() -> None:
    retires = NOW + ACTIVE_SECONDS
    keys = one_key().introduce(drawn("b"), now=retires - 2 * DAY)

    told = [
        states(keys, at)
        for at in (retires - 1, retires, retires + RETIRING_SECONDS - 1, retires + 2 * DAY)
    ]

    assert told == [
        {"a": KeyState.ACTIVE, "b": KeyState.PUBLISHED},
        {"a": KeyState.RETIRING, "b": KeyState.ACTIVE},
        {"a": KeyState.RETIRING, "b": KeyState.ACTIVE},
        {"a": KeyState.REMOVED, "b": KeyState.ACTIVE},
    ]
    assert [key.kid for key in keys.published(now=retires + 2 * DAY)] == ["b"]


def test_a_successor_that_comes_late_is_published_for_as_long_and_the_old_one_signs_on() -> None:
    late = NOW + ACTIVE_SECONDS + HOUR
    keys = one_key().introduce(drawn("b"), now=late)

    assert signing(keys, late + PUBLISHED_SECONDS - 1) == "a"
    assert signing(keys, late + PUBLISHED_SECONDS) == "b"
    assert states(keys, late + PUBLISHED_SECONDS)["a"] is KeyState.RETIRING


def test_an_early_successor_takes_over_after_a_day() -> None:
    keys = one_key().introduce(drawn("b"), now=NOW + HOUR, early=True)

    assert signing(keys, NOW + HOUR + DAY - 1) == "a"
    assert signing(keys, NOW + HOUR + DAY) == "b"


def test_there_is_one_successor_at_a_time() -> None:
    keys = one_key().introduce(drawn("b"), now=NOW, early=True)

    with pytest.raises(ConflictError):
        keys.introduce(drawn("c"), now=NOW + 1)


def test_a_key_is_due_before_its_predecessor_retires_and_only_once() -> None:
    keys, slots = one_key(), (SLOT, OTHER)
    soon = NOW + ACTIVE_SECONDS - 3 * DAY

    assert keys.due(slots, now=NOW) == (OTHER,)
    assert keys.due(slots, now=soon - 1) == (OTHER,)
    assert keys.due(slots, now=soon) == slots
    assert keys.introduce(drawn("b"), now=soon).due([SLOT], now=soon) == ()


def test_a_key_that_others_know_is_gone_at_once_and_the_next_one_signs() -> None:
    alone = one_key().withdraw("a", now=NOW + 5, drawn=drawn("b"))
    prepared = one_key().introduce(drawn("b"), now=NOW, early=True).withdraw("a", now=NOW + 5)

    for keys in (alone, prepared):
        assert states(keys, NOW + 5) == {"a": KeyState.REMOVED, "b": KeyState.ACTIVE}
        assert keys.published(now=NOW + 5) == (keys.signing(SLOT, now=NOW + 5),)


def test_a_key_that_does_not_sign_is_withdrawn_alone() -> None:
    keys = one_key().introduce(drawn("b"), now=NOW, early=True)

    waiting = keys.withdraw("b", now=NOW + 5)
    retiring = keys.withdraw("a", now=NOW + DAY)

    assert states(waiting, NOW + 5) == {"a": KeyState.ACTIVE, "b": KeyState.REMOVED}
    assert waiting.coming(SLOT, now=NOW + 5) is None
    assert states(retiring, NOW + DAY) == {"a": KeyState.REMOVED, "b": KeyState.ACTIVE}


def test_nothing_is_withdrawn_that_is_not_published_or_leaves_nobody_to_sign() -> None:
    with pytest.raises(NotFoundError):
        one_key().withdraw("x", now=NOW)
    with pytest.raises(ConflictError):
        one_key().withdraw("a", now=NOW)


def test_private_parts_of_removed_keys_are_destroyed_and_public_ones_archived() -> None:
    keys = one_key().withdraw("a", now=NOW + 5, drawn=drawn("b"))

    destroyed = keys.destroy(now=NOW + 5)

    assert [key.kid for key in keys.destroyable(now=NOW + 5)] == ["a"]
    assert destroyed.destroyable(now=NOW + 5) == ()
    assert [key.wrapped is None for key in destroyed.keys] == [True, False]
    assert destroyed.digest != keys.digest
    proven = destroyed.proving("a", now=NOW + 5 + ARCHIVED_SECONDS - 1)
    assert proven is not None
    assert proven.kid == "a"
    assert destroyed.proving("a", now=NOW + 5 + ARCHIVED_SECONDS) is None
    assert destroyed.proving("x", now=NOW) is None


def test_a_digest_covers_every_time_and_not_the_order() -> None:
    [key] = one_key().keys
    others = [
        replace(key, remove_at=key.remove_at + 1),
        replace(key, retire_at=key.retire_at + 1),
        replace(key, activate_at=key.activate_at + 1),
        replace(key, publish_at=key.publish_at - 1),
        replace(key, slot=OTHER),
        replace(key, wrapped=None),
    ]

    digests = {SigningKeys.of([one], version=1).digest for one in [key, *others]}

    assert len(digests) == 7
    later = replace(key, kid="b")
    assert SigningKeys.of([later, key], version=1) == SigningKeys.of([key, later], version=1)


def test_a_schedule_runs_forwards() -> None:
    [key] = one_key().keys

    with pytest.raises(InvalidInputError):
        replace(key, activate_at=key.publish_at - 1)


def test_ed25519_has_two_names() -> None:
    named = [SigningAlgorithm.named(name) for name in ("ES256", "PS256", "Ed25519", "EdDSA")]

    assert named == [
        SigningAlgorithm.ES256,
        SigningAlgorithm.PS256,
        SigningAlgorithm.ED25519,
        SigningAlgorithm.ED25519,
    ]
    for none in ("none", "RS256", "HS256", ""):
        with pytest.raises(InvalidInputError):
            SigningAlgorithm.named(none)


class Rotation(RuleBasedStateMachine):
    """Time passes, the housekeeping comes and stays away, an operator is impatient."""

    @initialize()
    def found(self) -> None:
        self.now, self.numbers = NOW, count()
        self.keys = SigningKeys().introduce(self.next_pair(), now=NOW)
        self.first_seen: dict[str, int] = {}
        self.signed: list[tuple[str, int]] = []
        self.born = NOW

    def next_pair(self) -> Drawn:
        return drawn(f"k{next(self.numbers):04}")

    @rule(seconds=st.sampled_from([60, HOUR, DAY]) | st.integers(1, 20 * DAY))
    def time_passes_with_housekeeping(self, seconds: int) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + DAY // 2)
            self.housekeeping()

    def housekeeping(self) -> None:
        for slot in self.keys.due([SLOT], now=self.now):
            self.keys = self.keys.introduce(self.next_pair(), now=self.now)
            assert slot == SLOT
        self.keys = self.keys.destroy(now=self.now)
        self.somebody_signs()

    @rule(days=st.integers(1, 2))
    def the_housekeeping_stays_away(self, days: int) -> None:
        self.now += days * DAY
        self.somebody_signs()

    @rule()
    def an_operator_rotates(self) -> None:
        if self.keys.coming(SLOT, now=self.now) is None:
            self.keys = self.keys.introduce(self.next_pair(), now=self.now, early=True)

    @rule()
    def somebody_signs(self) -> None:
        key = self.keys.signing(SLOT, now=self.now)
        assert key is not None
        self.signed.append((key.kid, self.now))
        age = self.now - key.publish_at
        assert age >= CACHED_SECONDS or key.publish_at == self.born

    @invariant()
    def what_was_signed_verifies_while_it_lives(self) -> None:
        published = {key.kid for key in self.keys.published(now=self.now)}
        for kid, at in self.signed[-50:]:
            if self.now <= at + LONGEST_TOKEN_SECONDS + CACHED_SECONDS:
                assert kid in published

    @invariant()
    def one_key_is_active_and_states_only_move_on(self) -> None:
        found = states(self.keys, self.now)
        assert list(found.values()).count(KeyState.ACTIVE) == 1
        order = list(KeyState)
        before = getattr(self, "before", {})
        assert all(order.index(found[kid]) >= order.index(was) for kid, was in before.items())
        self.before = found

    @invariant()
    def only_removed_keys_are_destroyed(self) -> None:
        gone = [key for key in self.keys.keys if key.wrapped is None]
        assert all(self.keys.state(key, now=self.now) is KeyState.REMOVED for key in gone)


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
