"""Passkeys of a holder: registered, used, removed; and what each of them takes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.support.authenticator import BOUND, SYNCED, Authenticator, Maker
from tests.support.passkeys import PARTY, told
from tests.support.world import World
from vault.clients.levels import AAL1, AAL2, AAL3, at_least, needed_for, rank
from vault.clients.protocol import SignIn
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StepUpRequiredError,
)
from vault.holders import HolderState
from vault.ids import MandateId
from vault.journal.entries import StateChange
from vault.journal.kinds import Kind
from vault.notices import NoticeKind
from vault.passkeys import MOST, PasskeyId
from vault.passkeys.ceremony import RelyingParty
from vault.ports import Tx
from vault.services.acting import FRESH_SECONDS, Member
from vault.services.outbox import PASSKEY_ADDED, PASSKEY_REMOVED, waiting
from vault.services.own_passkeys import (
    AddPasskey,
    OwnPasskey,
    add_passkey,
    own_passkeys,
    remove_passkey,
    start_adding,
    strongest,
)
from vault.services.passkey_sign_in import (
    finish_confirming,
    finish_passkey_sign_in,
    start_confirming,
    start_passkey_sign_in,
)
from vault.services.sign_in import (
    CODE_SECONDS,
    SignedIn,
    finish_sign_in,
    live_sign_in,
    start_sign_in,
)
from vault.services.sweep import sweep

CONTACT = "+8613000000000"
SOURCE = "192.0.2.1"
FORM = "form token of the browser"
MAKER = Maker()
TRUSTED = replace(PARTY, roots=(MAKER.root_pem,))


@pytest.fixture(autouse=True)
def _holders(world: World) -> None:
    world.deposit(contact=CONTACT)
    world.deposit(number=world.person(2), contact=CONTACT)


def add(
    world: World,
    device: Authenticator,
    *,
    member: Member | None = None,
    name: str = "我的手机",
    party: RelyingParty = PARTY,
    attested: bool = False,
) -> Member:
    member = member or world.member()
    options = start_adding(world.vault, party, member, source=SOURCE, attested=attested)
    made = device.create(options, told())
    asked = AddPasskey(member=member, answer=made, name=name, attested=attested)
    add_passkey(world.vault, party, asked)
    return member


def sign_in(
    world: World, device: Authenticator, *, attempt: str = "", form_token: str = FORM
) -> SignedIn:
    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    answer = device.get(options, told())
    return finish_passkey_sign_in(
        world.vault, PARTY, answer, form_token=form_token, attempt=attempt, known="mark"
    )


def confirm(world: World, device: Authenticator, signin: SignIn) -> SignedIn:
    options = start_confirming(world.vault, PARTY, signin, source=SOURCE)
    return finish_confirming(world.vault, PARTY, signin, device.get(options, told()))


def mine(world: World) -> tuple[OwnPasskey, ...]:
    return own_passkeys(world.vault, world.member())


def messages(world: World) -> list[str]:
    return [one.kind for one in waiting(world.vault, limit=99)]


# Registering.


def test_the_first_passkey_takes_a_fresh_code_and_is_an_entry_with_notice(world: World) -> None:
    device = Authenticator()

    add(world, device, name="  我的\u3000手机 ")

    [found] = mine(world)
    assert (found.name, found.passkey.acr, found.use and found.use.last_used_at) == (
        "我的 手机",
        AAL2,
        None,
    )
    assert found.passkey.credential_id == device.credentials[0].credential_id
    assert world.last.kind is Kind.PASSKEY_ADD
    assert world.last.change == StateChange(
        object="passkey", id=found.passkey.passkey_id.hex(), became="active", version=1
    )
    assert found.passkey.state_entry == world.last.entry_id
    assert found.passkey.created_at_ms == world.last.at_ms
    assert world.told[-1] is NoticeKind.PASSKEY
    assert messages(world).count(PASSKEY_ADDED) == 1


def test_an_old_code_is_not_enough_for_a_passkey(world: World) -> None:
    with pytest.raises(StepUpRequiredError) as needed:
        start_adding(world.vault, PARTY, world.member(age=FRESH_SECONDS + 1), source=SOURCE)

    assert (needed.value.acr, needed.value.max_age_seconds) == (AAL1, FRESH_SECONDS)


def test_a_second_passkey_takes_the_first(world: World) -> None:
    first, second = Authenticator(), Authenticator()
    add(world, first)

    with pytest.raises(StepUpRequiredError) as needed:
        add(world, second)
    world.clock.advance(seconds=1)
    add(world, second, member=Member(signin=sign_in(world, first).signin), name="备用")

    assert needed.value.acr == AAL2
    assert [one.name for one in mine(world)] == ["我的手机", "备用"]


def test_of_two_first_passkeys_at_once_the_later_one_is_refused_in_the_log(world: World) -> None:
    member, device = world.member(), Authenticator()
    options = start_adding(world.vault, PARTY, member, source=SOURCE)
    late = device.create(options, told())
    world.journal.just_before_the_lock(lambda: add(world, Authenticator()))

    with pytest.raises(AccessDeniedError) as refusal:
        add_passkey(world.vault, PARTY, AddPasskey(member=member, answer=late, name="x"))

    assert refusal.value.reasons == ("passkey-needed",)
    assert [world.kinds[-2], world.kinds[-1]] == [Kind.PASSKEY_ADD, Kind.REFUSAL]
    assert len(mine(world)) == 1


def test_a_sign_in_that_grows_old_meanwhile_is_refused(world: World) -> None:
    member = world.member(age=FRESH_SECONDS)
    answer = Authenticator().create(
        start_adding(world.vault, PARTY, member, source=SOURCE), told()
    )
    world.clock.advance(seconds=1)

    with pytest.raises(AccessDeniedError) as refusal:
        add_passkey(world.vault, PARTY, AddPasskey(member=member, answer=answer, name="x"))

    assert refusal.value.reasons == ("sign-in-not-fresh",)
    assert mine(world) == ()


def test_a_challenge_of_another_sign_in_registers_nothing(world: World) -> None:
    options = start_adding(world.vault, PARTY, world.member(), source=SOURCE)
    answer = Authenticator().create(options, told())

    with pytest.raises(InvalidInputError):
        add_passkey(world.vault, PARTY, AddPasskey(member=world.member(), answer=answer, name="x"))

    assert mine(world) == ()


def test_an_answer_registers_once(world: World) -> None:
    member = world.member()
    answer = Authenticator().create(
        start_adding(world.vault, PARTY, member, source=SOURCE), told()
    )
    asked = AddPasskey(member=member, answer=answer, name="x")
    add_passkey(world.vault, PARTY, asked)

    with pytest.raises(InvalidInputError):
        add_passkey(world.vault, PARTY, asked)

    assert len(mine(world)) == 1


def test_a_browser_is_told_which_passkeys_are_there(world: World) -> None:
    device = Authenticator()
    add(world, device)

    options = json.loads(
        start_adding(world.vault, PARTY, Member(signin=sign_in(world, device).signin), source="x")
    )

    assert len(options["excludeCredentials"]) == 1


def test_there_are_as_many_passkeys_as_there_may_be_and_no_more(world: World) -> None:
    device = Authenticator()
    member = world.member(acr=AAL2)
    late = device.create(start_adding(world.vault, PARTY, member, source=SOURCE), told())
    for _ in range(MOST):
        add(world, Authenticator(), member=member)

    with pytest.raises(ConflictError):
        add(world, Authenticator(), member=member)
    with pytest.raises(ConflictError):
        add_passkey(world.vault, PARTY, AddPasskey(member=member, answer=late, name="x"))

    assert len(mine(world)) == MOST


@pytest.mark.parametrize("name", ["", " \n ", "x" * 41, "a\u202eb", "a\x00b"])
def test_a_name_that_cannot_be_read_is_refused_before_anything_is_spent(
    world: World, name: str
) -> None:
    member = world.member()
    answer = Authenticator().create(
        start_adding(world.vault, PARTY, member, source=SOURCE), told()
    )

    with pytest.raises(InvalidInputError) as refusal:
        add_passkey(world.vault, PARTY, AddPasskey(member=member, answer=answer, name=name))
    add_passkey(world.vault, PARTY, AddPasskey(member=member, answer=answer, name="n"))

    assert refusal.value.field == "name"


def test_an_attested_device_is_registered_as_such(world: World) -> None:
    device = Authenticator(flags=BOUND, counting=True, maker=MAKER)

    add(world, device, party=TRUSTED, attested=True)
    begun = sign_in(world, device).signin

    [found] = mine(world)
    assert (found.passkey.acr, found.passkey.attestation) == (AAL3, "packed")
    assert (begun.auth.acr, begun.auth.amr) == (AAL3, ("hwk", "mfa", "pop", "user"))


def test_what_was_asked_for_as_attested_is_not_registered_as_less(world: World) -> None:
    member = world.member()
    options = start_adding(world.vault, TRUSTED, member, source=SOURCE, attested=True)
    answer = Authenticator(flags=BOUND, maker=MAKER).create(options, told())

    with pytest.raises(InvalidInputError):
        add_passkey(world.vault, TRUSTED, AddPasskey(member=member, answer=answer, name="x"))

    assert mine(world) == ()


# Signing in.


@pytest.mark.parametrize(
    ("flags", "amr"),
    [(SYNCED, ("mfa", "pop", "swk", "user")), (BOUND, ("mfa", "pop", "user"))],
)
def test_a_passkey_signs_in_with_two_factors(
    world: World, flags: int, amr: tuple[str, ...]
) -> None:
    device = Authenticator(flags=flags)
    add(world, device)

    begun = sign_in(world, device)

    assert begun.signin.space == world.space()
    assert (begun.signin.auth.acr, begun.signin.auth.amr) == (AAL2, amr)
    assert (begun.signin.auth.auth_time, begun.known) == (world.now(), "mark")
    assert live_sign_in(world.vault, begun.cookie) == begun.signin
    assert mine(world)[0].use is not None
    assert [one.use and one.use.last_used_at for one in mine(world)] == [world.now()]


def test_the_counter_of_an_authenticator_goes_on(world: World) -> None:
    device = Authenticator(counting=True)
    add(world, device)
    sign_in(world, device)
    copied = device.credentials[0].count

    sign_in(world, device)
    device.credentials[0].count = copied

    with pytest.raises(InvalidInputError):
        sign_in(world, device)
    [found] = mine(world)
    assert found.use is not None
    assert found.use.sign_count == 3


def _another_form(world: World, device: Authenticator) -> object:
    return sign_in(world, device, form_token="that of another browser")  # noqa: S106 - not one


def _answered_before(world: World, device: Authenticator) -> object:
    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    answer = device.get(options, told())
    finish_passkey_sign_in(world.vault, PARTY, answer, form_token=FORM)
    return finish_passkey_sign_in(world.vault, PARTY, answer, form_token=FORM)


def _too_late(world: World, device: Authenticator) -> object:
    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    world.clock.advance(seconds=300)
    return finish_passkey_sign_in(world.vault, PARTY, device.get(options, told()), form_token=FORM)


def _made_up_challenge(world: World, device: Authenticator) -> object:
    options = json.dumps({"challenge": "bWFkZSB1cA"})
    return finish_passkey_sign_in(world.vault, PARTY, device.get(options, told()), form_token=FORM)


def _nobodys(world: World, _device: Authenticator) -> object:
    stranger = Authenticator()
    stranger.create('{"user": {"id": ""}, "challenge": ""}', told())
    return sign_in(world, stranger)


def _wrong_signature(world: World, device: Authenticator) -> object:
    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    answer = device.get(options, told(), spoil=True)
    return finish_passkey_sign_in(world.vault, PARTY, answer, form_token=FORM)


def _erased(world: World, device: Authenticator) -> object:
    space = world.space()
    with world.spoiling() as rows:
        rows.holders[space] = replace(rows.holders[space], state=HolderState.ERASED)
    return sign_in(world, device)


def _anothers_number(world: World, device: Authenticator) -> object:
    attempt = start_sign_in(world.vault, world.person(2), source=SOURCE)
    return sign_in(world, device, attempt=attempt)


def _nobodys_number(world: World, device: Authenticator) -> object:
    attempt = start_sign_in(world.vault, world.person(9), source=SOURCE)
    return sign_in(world, device, attempt=attempt)


def _no_attempt(world: World, device: Authenticator) -> object:
    return sign_in(world, device, attempt="vsa_made-up")


def _used_meanwhile(world: World, device: Authenticator) -> object:
    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    answer = device.get(options, told())
    with world.spoiling() as rows:
        [(key, use)] = rows.passkey_uses.items()
        rows.passkey_uses[key] = replace(use, sign_count=use.sign_count + 9)
    return finish_passkey_sign_in(world.vault, PARTY, answer, form_token=FORM)


def _used_at_once(world: World, device: Authenticator) -> object:
    """Let a copy of the authenticator answer between the check and the count."""
    works = [world.vault.work, world.vault.work]

    @contextmanager
    def work() -> Iterator[Tx]:
        works.pop()
        if not works:
            with world.spoiling() as rows:
                [(key, use)] = rows.passkey_uses.items()
                rows.passkey_uses[key] = replace(use, sign_count=use.sign_count + 1)
        with world.vault.work() as tx:
            yield tx

    options = start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    answer = device.get(options, told())
    racing = replace(world.vault, work=work)
    return finish_passkey_sign_in(racing, PARTY, answer, form_token=FORM)


@pytest.mark.parametrize(
    "attack",
    [
        _another_form,
        _answered_before,
        _too_late,
        _made_up_challenge,
        _nobodys,
        _wrong_signature,
        _erased,
        _anothers_number,
        _nobodys_number,
        _no_attempt,
        _used_meanwhile,
        _used_at_once,
    ],
)
def test_whatever_is_wrong_with_a_passkey_it_sounds_alike(
    world: World, attack: Callable[[World, Authenticator], object]
) -> None:
    device = Authenticator(counting=True)
    add(world, device)

    with pytest.raises(InvalidInputError) as refusal:
        attack(world, device)

    assert (str(refusal.value), refusal.value.field) == (
        "the passkey was not verified",
        "answer",
    )


def test_the_passkey_of_the_number_that_was_typed_signs_in(world: World) -> None:
    device = Authenticator()
    add(world, device)
    attempt = start_sign_in(world.vault, world.person(), source=SOURCE)

    assert sign_in(world, device, attempt=attempt).signin.space == world.space()


def test_a_number_that_was_typed_long_ago_does_not_count(world: World) -> None:
    device = Authenticator()
    add(world, device)
    attempt = start_sign_in(world.vault, world.person(), source=SOURCE)
    world.clock.advance(seconds=CODE_SECONDS)

    with pytest.raises(InvalidInputError):
        sign_in(world, device, attempt=attempt)


def test_a_locked_code_does_not_lock_the_passkey(world: World) -> None:
    device = Authenticator()
    add(world, device)
    attempt = start_sign_in(world.vault, world.person(), source=SOURCE)
    for _ in range(5):
        with pytest.raises(InvalidInputError):
            finish_sign_in(world.vault, attempt, code="000000", source=SOURCE)
    with pytest.raises(RateLimitedError):
        finish_sign_in(world.vault, attempt, code="000000", source=SOURCE)

    assert sign_in(world, device).signin.auth.acr == AAL2


def test_challenges_are_limited_by_source(world: World) -> None:
    for _ in range(30):
        start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    with pytest.raises(RateLimitedError):
        start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source=SOURCE)
    start_passkey_sign_in(world.vault, PARTY, form_token=FORM, source="192.0.2.2")

    world.clock.advance(seconds=3600)
    assert sweep(world.vault) >= 31


# Confirming.


def test_confirming_lets_a_stronger_sign_in_take_the_place_of_this_one(world: World) -> None:
    device = Authenticator()
    add(world, device)
    attempt = start_sign_in(world.vault, world.person(), source=SOURCE)
    code = [one.code for one in waiting(world.vault, limit=99) if one.code][-1]
    before = finish_sign_in(world.vault, attempt, code=code, source=SOURCE)

    begun = confirm(world, device, before.signin)

    assert begun.signin.auth.acr == AAL2
    assert begun.signin.auth.sid != before.signin.auth.sid
    assert live_sign_in(world.vault, before.cookie) is None
    assert live_sign_in(world.vault, begun.cookie) == begun.signin


def test_who_has_no_passkey_is_asked_for_none(world: World) -> None:
    assert start_confirming(world.vault, PARTY, world.member().signin, source=SOURCE) == ""


def test_nobody_confirms_with_anothers_passkey(world: World) -> None:
    mine_, theirs = Authenticator(), Authenticator()
    add(world, mine_)
    add(world, theirs, member=world.member(world.person(2)))

    with pytest.raises(InvalidInputError):
        confirm(world, theirs, world.member().signin)


def test_a_challenge_to_confirm_signs_nobody_in(world: World) -> None:
    device = Authenticator()
    add(world, device)
    options = start_confirming(world.vault, PARTY, world.member().signin, source=SOURCE)

    with pytest.raises(InvalidInputError):
        finish_passkey_sign_in(world.vault, PARTY, device.get(options, told()), form_token=FORM)


def test_who_acts_for_somebody_confirms_with_a_passkey_of_their_own(world: World) -> None:
    device, theirs = Authenticator(), Authenticator()
    add(world, device)
    add(world, theirs, member=world.member(world.person(2)))
    acting = world.member().signin.switched(
        world.space(world.person(2)), mandate_id=MandateId(bytes(16))
    )

    begun = confirm(world, device, acting).signin

    assert (begun.space, begun.mandate_id) == (acting.space, acting.mandate_id)
    assert begun.auth.person == world.space()
    with pytest.raises(InvalidInputError):
        confirm(world, theirs, acting)


def test_who_acts_for_somebody_neither_sees_nor_changes_their_passkeys(world: World) -> None:
    add(world, Authenticator(), member=world.member(world.person(2)))
    theirs = world.space(world.person(2))
    agent = Member(
        signin=world.member(acr=AAL2).signin.switched(theirs, mandate_id=MandateId(bytes(16)))
    )
    with world.vault.read() as tx:
        [found] = tx.passkeys.of_holder(theirs)

    with pytest.raises(NotFoundError):
        own_passkeys(world.vault, agent)
    with pytest.raises(NotFoundError):
        start_adding(world.vault, PARTY, agent, source=SOURCE)
    with pytest.raises(AccessDeniedError):
        remove_passkey(world.vault, agent, found.passkey_id)
    with world.vault.read() as tx:
        assert tx.passkeys.of_holder(theirs) == (found,)


# Removing.


def test_a_removed_passkey_opens_nothing_and_ends_what_it_opened(world: World) -> None:
    device, other = Authenticator(), Authenticator()
    add(world, device)
    stolen = sign_in(world, device)
    keeper = sign_in(world, device)
    world.clock.advance(seconds=1)
    add(world, other, member=Member(signin=keeper.signin))
    [lost, _] = mine(world)

    remove_passkey(world.vault, Member(signin=keeper.signin), lost.passkey.passkey_id)

    assert [one.passkey.credential_id for one in mine(world)] == [
        other.credentials[0].credential_id
    ]
    assert (world.last.kind, world.told[-1]) == (Kind.PASSKEY_REMOVE, NoticeKind.PASSKEY)
    assert world.last.change == StateChange(
        object="passkey",
        id=lost.passkey.passkey_id.hex(),
        came_from="active",
        became="removed",
        version=2,
    )
    assert messages(world).count(PASSKEY_REMOVED) == 1
    assert live_sign_in(world.vault, stolen.cookie) is None
    assert live_sign_in(world.vault, keeper.cookie) is not None
    with pytest.raises(InvalidInputError):
        sign_in(world, device)


def test_a_code_removes_no_passkey(world: World) -> None:
    add(world, Authenticator())
    [found] = mine(world)

    with pytest.raises(AccessDeniedError) as refusal:
        remove_passkey(world.vault, world.member(), found.passkey.passkey_id)

    assert refusal.value.reasons == ("passkey-needed",)
    assert mine(world) == (found,)


def test_only_a_passkey_that_is_there_and_ones_own_is_removed(world: World) -> None:
    add(world, Authenticator())
    [found] = mine(world)
    passkey_id = found.passkey.passkey_id
    remove_passkey(world.vault, world.member(acr=AAL2), passkey_id)

    for member, name in (
        (world.member(acr=AAL2), passkey_id),
        (world.member(world.person(2), acr=AAL2), passkey_id),
        (world.member(acr=AAL2), PasskeyId(bytes(16))),
    ):
        with pytest.raises(NotFoundError):
            remove_passkey(world.vault, member, name)


def test_the_strongest_passkey_says_what_a_holder_can_reach(world: World) -> None:
    reached = []
    for device, attested in (
        (None, False),
        (Authenticator(), False),
        (Authenticator(flags=BOUND, maker=MAKER), True),
    ):
        if device is not None:
            add(world, device, member=world.member(acr=AAL2), party=TRUSTED, attested=attested)
        space = world.space()
        with world.vault.read() as tx:
            reached.append(strongest(tx, space))

    assert reached == [AAL1, AAL2, AAL3]


def test_a_stronger_level_does_for_a_weaker_one() -> None:
    assert [rank(one) for one in (AAL1, AAL2, AAL3, "urn:other")] == [1, 2, 3, 0]
    assert at_least(AAL2) == (AAL2, AAL3)
    assert [needed_for(level) for level in (1, 3, 4)] == [AAL1, AAL1, AAL2]
