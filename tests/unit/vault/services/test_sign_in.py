"""Signing in: a number, then a one-time code; a hit and a miss look alike."""

from dataclasses import replace
from datetime import date

import pytest

from tests.support.spoiling import spoilt
from tests.support.world import World
from vault.clients.protocol import SignIn, authenticated
from vault.crypto.tokens import PEPPER
from vault.errors import IntegrityError, InvalidInputError
from vault.holders import HolderState
from vault.identifiers import IdentifierKind, parse
from vault.services.outbox import Outgoing, delivered, waiting
from vault.services.sign_in import (
    ACR,
    CODE_SECONDS,
    IDLE_SECONDS,
    LONGEST_SECONDS,
    MAX_TRIES,
    SignedIn,
    csrf_is_of,
    finish_sign_in,
    live_sign_in,
    start_sign_in,
)
from vault.services.sign_out import sign_out

CONTACT = "+8613000000000"


@pytest.fixture(autouse=True)
def _holder(world: World) -> None:
    world.deposit(contact=CONTACT)


def start(world: World, *, person: int = 1, source: str = "192.0.2.1", known: str = "") -> str:
    return start_sign_in(world.vault, world.person(person), source=source, known=known)


def finish(
    world: World, attempt: str, *, code: str, source: str = "192.0.2.1", known: str = ""
) -> SignedIn:
    return finish_sign_in(world.vault, attempt, code=code, source=source, known=known)


def code_of(world: World) -> str:
    """Return the newest code that a gateway would deliver."""
    return waiting(world.vault, limit=99)[-1].code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def sign_in(world: World) -> SignedIn:
    attempt = start(world)
    return finish(world, attempt, code=code_of(world))


# Beginning and end.


def test_a_number_and_the_code_make_a_sign_in(world: World) -> None:
    attempt = start(world)
    [code] = waiting(world.vault, limit=9)

    done = finish(world, attempt, code=code.code)

    now = world.now()
    assert done.signin == SignIn(
        signin_hash=world.vault.secrets.hash(done.cookie),
        space=world.space(),
        csrf_hash=world.vault.secrets.hash(done.form_token),
        auth=authenticated(
            world.space(),
            acr=ACR,
            at=now,
            signin_hash=world.vault.secrets.hash(done.cookie),
        ),
        idle_expires_at=now + IDLE_SECONDS,
        expires_at=now + LONGEST_SECONDS,
    )
    assert live_sign_in(world.vault, done.cookie) == done.signin
    assert (code.contact, code.sent_at_ms, len(code.code)) == (CONTACT, now * 1000, 6)


def test_signing_in_releases_nothing_and_is_no_entry(world: World) -> None:
    entries = len(world.entries)

    sign_in(world)

    assert len(world.entries) == entries


def test_neither_code_nor_cookie_is_kept_in_clear(world: World) -> None:
    attempt = start(world)
    code = code_of(world)

    done = finish(world, attempt, code=code)

    assert world.ports.memory is not None
    kept = repr(world.ports.memory.rows)
    for secret in (attempt, done.cookie, done.form_token, CONTACT):
        assert secret not in kept
    rows = world.ports.memory.rows
    assert code.encode() not in b"".join(one.sealed for one in rows.messages.values())


def test_a_wrong_code_is_refused_and_the_right_one_still_taken(world: World) -> None:
    attempt = start(world)
    code = code_of(world)

    with pytest.raises(InvalidInputError) as refused:
        finish(world, attempt, code=wrong(code))

    assert refused.value.field == "code"
    assert finish(world, attempt, code=code).signin.space == world.space()


@pytest.mark.parametrize(("misses", "let_in"), [(MAX_TRIES - 1, True), (MAX_TRIES, False)])
def test_after_so_many_wrong_codes_the_right_one_is_too_late(
    world: World, *, misses: int, let_in: bool
) -> None:
    attempt = start(world)
    code = code_of(world)
    for _ in range(misses):
        with pytest.raises(InvalidInputError):
            finish(world, attempt, code=wrong(code))
    world.clock.advance(seconds=60)  # No limit stands in the way any more.

    if let_in:
        finish(world, attempt, code=code)
    else:
        with pytest.raises(InvalidInputError):
            finish(world, attempt, code=code)


def test_a_code_is_good_once(world: World) -> None:
    attempt = start(world)
    code = code_of(world)
    finish(world, attempt, code=code)

    with pytest.raises(InvalidInputError):
        finish(world, attempt, code=code)


@pytest.mark.parametrize(("seconds", "let_in"), [(CODE_SECONDS - 1, True), (CODE_SECONDS, False)])
def test_a_code_is_good_for_five_minutes(world: World, *, seconds: int, let_in: bool) -> None:
    attempt = start(world)
    code = code_of(world)
    world.clock.advance(seconds=seconds)

    if let_in:
        finish(world, attempt, code=code)
    else:
        with pytest.raises(InvalidInputError):
            finish(world, attempt, code=code)


def test_a_code_belongs_to_its_attempt(world: World) -> None:
    first = start(world)
    code = code_of(world)
    world.clock.advance(seconds=1)
    second = start(world)

    with pytest.raises(InvalidInputError):
        finish(world, second, code=code)
    finish(world, first, code=code)


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        ("", "123456"),
        ("vsa_short", "123456"),
        (None, "12345"),
        (None, "１２３４５６"),  # noqa: RUF001 - digits that are none
        (None, "12345a"),
        (None, ""),
    ],
)
def test_what_is_no_attempt_or_no_code_is_refused_alike(
    world: World, attempt: str | None, code: str
) -> None:
    shown = start(world) if attempt is None else attempt

    with pytest.raises(InvalidInputError, match="the code is wrong or too old"):
        finish(world, shown, code=code)


def test_an_attempt_that_nobody_started_is_refused(world: World) -> None:
    with pytest.raises(InvalidInputError):
        finish(world, world.vault.secrets.mint("vsa_"), code="123456")


# Hit and miss.


def test_a_number_without_a_space_leaves_the_same_traces(world: World) -> None:
    start(world)
    start(world, person=2)

    assert world.ports.memory is not None
    rows = world.ports.memory.rows
    hit, miss = rows.attempts.values()
    assert (hit.space, miss.space) == (world.space(), None)
    assert replace(hit, attempt_hash=b"", code_hash=b"", space=None) == replace(
        miss, attempt_hash=b"", code_hash=b""
    )
    one, other = rows.messages.values()
    assert (one.kind, one.created_at, len(one.sealed)) == (
        other.kind,
        other.created_at,
        len(other.sealed),
    )
    # By number and source, and by number, each for itself; by source, together.
    assert sorted(rows.tries.values()) == [1] * 10 + [2] * 3


def test_nobody_signs_in_to_no_space(world: World) -> None:
    vault = replace(world.vault, random=bytes)  # Draws zeros, so the code is known.
    attempt = start_sign_in(vault, world.person(2), source="192.0.2.1")

    with pytest.raises(InvalidInputError):
        finish_sign_in(vault, attempt, code="000000", source="192.0.2.1")

    known = start_sign_in(
        replace(vault, random=lambda n: b"\x00" * (n - 1) + b"\x01"),
        world.person(),
        source="192.0.2.1",
    )
    assert (
        finish_sign_in(vault, known, code="000001", source="192.0.2.1").signin.space
        == world.space()
    )


def test_numbers_that_key_no_space_are_refused(world: World) -> None:
    mobile = parse(IdentifierKind.MOBILE_CN, "13000000000", today=date(2026, 11, 18))

    with pytest.raises(InvalidInputError):
        start_sign_in(world.vault, mobile, source="192.0.2.1")


# While it lasts.


def test_a_sign_in_that_is_used_idles_out_later(world: World) -> None:
    done = sign_in(world)
    for _ in range(3):
        world.clock.advance(seconds=IDLE_SECONDS - 1)
        assert live_sign_in(world.vault, done.cookie) is not None

    world.clock.advance(seconds=IDLE_SECONDS)

    assert live_sign_in(world.vault, done.cookie) is None


def test_a_sign_in_is_not_written_at_every_use(world: World) -> None:
    done = sign_in(world)
    world.clock.advance(seconds=59)

    live_sign_in(world.vault, done.cookie)

    assert world.ports.memory is not None
    [row] = world.ports.memory.rows.signins.values()
    assert row == done.signin


def test_a_sign_in_lasts_half_a_day_at_most(world: World) -> None:
    done = sign_in(world)
    for _ in range(LONGEST_SECONDS // IDLE_SECONDS * 2 - 1):
        world.clock.advance(seconds=IDLE_SECONDS // 2)
        assert live_sign_in(world.vault, done.cookie) is not None

    world.clock.advance(seconds=IDLE_SECONDS // 2)

    assert live_sign_in(world.vault, done.cookie) is None


def test_who_signs_out_is_signed_out(world: World) -> None:
    done = sign_in(world)

    sign_out(world.vault, done.signin)

    assert live_sign_in(world.vault, done.cookie) is None


@pytest.mark.parametrize("cookie", ["", "vsi_", "vsi_nothing", "vsa_"])
def test_what_is_no_cookie_is_nobody(world: World, cookie: str) -> None:
    assert live_sign_in(world.vault, cookie) is None


def test_a_cookie_that_was_never_given_is_nobody(world: World) -> None:
    assert live_sign_in(world.vault, world.vault.secrets.mint("vsi_")) is None


def test_a_form_belongs_to_its_sign_in(world: World) -> None:
    done, other = sign_in(world), None
    world.clock.advance(seconds=1)
    other = sign_in(world)

    assert csrf_is_of(world.vault, done.signin, token=done.form_token)
    assert not csrf_is_of(world.vault, done.signin, token=other.form_token)
    assert not csrf_is_of(world.vault, done.signin, token="")


def test_a_sign_in_outlives_a_change_of_the_pepper(world: World) -> None:
    done = sign_in(world)
    fresh = world.vault.keyring.service_key(world.vault.keyring.new_service_key(PEPPER, version=2))
    secrets = replace(world.vault.secrets, peppers=(fresh, *world.vault.secrets.peppers))
    vault = replace(world.vault, secrets=secrets)

    assert live_sign_in(vault, done.cookie) == done.signin
    assert csrf_is_of(vault, done.signin, token=done.form_token)


# Messages.


def codes(world: World) -> tuple[Outgoing, ...]:
    return waiting(world.vault, limit=9)


def test_codes_wait_until_they_are_delivered(world: World) -> None:
    start(world)
    [code] = codes(world)
    assert codes(world) == (code,)

    delivered(world.vault, code.message_id)

    assert codes(world) == ()


def test_a_code_that_nobody_can_receive_is_dropped(world: World) -> None:
    start(world, person=2)
    start(world)

    assert [code.contact for code in codes(world)] == [CONTACT]

    assert world.ports.memory is not None
    done = [one.done_at is not None for one in world.ports.memory.rows.messages.values()]
    assert done == [True, False]


def test_a_code_without_a_contact_is_dropped(world: World) -> None:
    world.deposit(number=world.person(3))
    start(world, person=3)

    assert codes(world) == ()


def test_a_code_that_waited_too_long_is_dropped(world: World) -> None:
    start(world)
    world.clock.advance(seconds=300)

    assert codes(world) == ()


def test_a_code_for_a_space_that_is_gone_is_dropped(world: World) -> None:
    start(world)
    with world.spoiling() as rows:
        rows.holders.clear()

    assert codes(world) == ()


def test_a_message_that_was_altered_is_not_delivered(world: World) -> None:
    start(world)
    with world.spoiling() as rows:
        [(message_id, message)] = rows.messages.items()
        rows.messages[message_id] = replace(message, sealed=spoilt(message.sealed))

    with pytest.raises(IntegrityError):
        codes(world)


def test_an_erased_holder_is_still_a_holder_of_the_same_space(world: World) -> None:
    space = world.space()
    with world.spoiling() as rows:
        rows.holders[space] = replace(rows.holders[space], state=HolderState.ERASED)

    assert start(world).startswith("vsa_")


def test_each_code_is_as_likely_as_every_other(world: World) -> None:
    drawn = iter([b"\xff" * 4, b"\xff\xff\x00\x00", (123).to_bytes(4, "big")])

    def random(length: int) -> bytes:
        return next(drawn) if length == 4 else bytes(length)

    attempt = start_sign_in(
        replace(world.vault, random=random), world.person(), source="192.0.2.1"
    )

    assert code_of(world) == "000123"
    assert finish(world, attempt, code="000123").signin.space == world.space()
