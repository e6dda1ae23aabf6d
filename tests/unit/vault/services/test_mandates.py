"""Somebody acts for an enterprise: what was given, no more, and not a moment longer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.world import World
from tests.support.world_values import HOUR, ITEM, MARKET
from vault.cases import Case, CaseState
from vault.clients.protocol import SignIn
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
    RateLimitedError,
)
from vault.identifiers import Identifier
from vault.ids import CaseNumber, HolderId, MandateId, Space
from vault.journal.entries import Basis, By, Evidence, Kind, StateChange
from vault.mandates import Act, Mandate, MandateStatus, Powers
from vault.notices import NoticeKind
from vault.services.acting import Member
from vault.services.end_consent import RevokeConsent, revoke_consent
from vault.services.end_mandate import ChangeMandate, end_mandate, narrow_mandate
from vault.services.give_consent import GiveConsent, deny_consent, give_consent
from vault.services.give_mandate import GiveMandate, give_mandate
from vault.services.list_accesses import list_accesses, prove_access, read_access
from vault.services.own_mandates import open_by_mandate, open_own, own_mandate, own_mandates
from vault.services.own_space import (
    holder_of,
    notices_read,
    own_consent,
    own_consents,
    own_heads,
    own_space,
)
from vault.services.read_own import read_own_record

AAL2 = "urn:myspace:acr:aal2"


@dataclass(frozen=True)
class Town:
    """An enterprise, an agent firm and two people: all have a space, and none exists."""

    world: World

    @property
    def enterprise(self) -> Identifier:
        return self.world.organisation(1)

    @property
    def firm(self) -> Identifier:
        return self.world.organisation(2)

    @property
    def clerk(self) -> Identifier:
        return self.world.person(2)

    def powers(self, *codes: str, **changes: Any) -> Powers:  # noqa: ANN401 - any attribute
        plain = Powers(
            acts=frozenset({Act.READ, Act.CONSENT}),
            evidence=dict.fromkeys(codes or ("LC01",), View.FULL),
            items=frozenset({ITEM}),
            starts_at=self.world.now() - 60,
            ends_at=self.world.now() + 10 * HOUR,
        )
        return replace(plain, **changes)

    def boss(self, **how: Any) -> Member:  # noqa: ANN401 - as signin
        return self.world.member(self.enterprise, **({"acr": AAL2} | how))

    def give(
        self,
        *codes: str,
        to: Identifier | None = None,
        by: Member | None = None,
        **changes: Any,  # noqa: ANN401 - any attribute of powers
    ) -> Mandate:
        asked = GiveMandate(
            member=by or self.boss(),
            number=to or self.clerk,
            powers=self.powers(*codes, **changes),
        )
        return give_mandate(self.world.vault, asked)[0]

    def away(self, mandate: Mandate, who: Identifier | None = None, **how: Any) -> Member:  # noqa: ANN401 - as signin
        """Return the receiver, with the enterprise's space open."""
        own = self.world.member(who or self.clerk, **how)
        with self.world.vault.work() as tx:
            tx.protocol.add_signin(own.signin)
        return replace(
            own, signin=open_by_mandate(self.world.vault, own.signin, mandate.mandate_id)
        )

    def asked(self) -> GiveConsent:
        """Let the market department take up a case of the enterprise, and ask for its licence."""
        space = self.world.space(self.enterprise)
        case = Case(
            space=space,
            case_no=CaseNumber("11110105PDY001012C4000131020100261124072193"),
            department_id=self.world.departments[MARKET],
            item=ITEM,
            state=CaseState.ACCEPTED,
            opened_at_ms=self.world.clock.now_ms(),
            version=1,
        )
        with self.world.vault.work() as tx:
            tx.cases.add(case)
        details = self.world.details("LC01")
        return self.world.asked(case.case_no, details, number=self.enterprise)

    def row(self, mandate: Mandate) -> Mandate:
        with self.world.vault.read() as tx:
            found = tx.mandates.find(mandate.mandate_id)
        assert found is not None
        return found

    def end(self, mandate: Mandate, by: Member | None = None) -> None:
        end_mandate(
            self.world.vault,
            ChangeMandate(member=by or self.boss(), mandate_id=mandate.mandate_id),
        )

    def told(self, number: Identifier) -> list[NoticeKind]:
        space = self.world.space(number)
        with self.world.vault.read() as tx:
            found = tx.notices.of_holder(space, limit=99)
        return [one.kind for one in found]


@pytest.fixture
def town(world: World) -> Town:
    """Return an enterprise with a licence, an agent firm, and people."""
    town = Town(world)
    world.deposit("LC01", number=town.enterprise, holder_name="示例商行")
    world.deposit("LC01", number=town.firm, holder_name="示例代理所")
    world.deposit("ID01", number=town.clerk, holder_name="示例丙")
    world.deposit("ID01", number=world.person(3), holder_name="示例丁")
    return town


# Giving.


def test_a_given_mandate_is_a_row_an_entry_and_two_notices(world: World, town: Town) -> None:
    mandate = town.give("LC01", "CR02")

    space = world.space(town.enterprise)
    assert town.row(mandate) == mandate
    assert (mandate.space, mandate.giver, mandate.receiver, mandate.parent_id) == (
        space,
        space,
        world.space(town.clerk),
        None,
    )
    assert (world.last.kind, world.last.basis) == (Kind.MANDATE_GIVE, Basis.OWN)
    assert world.last.by == By(member="self")
    assert world.last.evidence == (
        Evidence(code="CR02", view="full"),
        Evidence(code="LC01", view="full"),
    )
    assert world.last.change == StateChange(
        object="mandate", id=mandate.mandate_id.hex(), became="active", version=1
    )
    assert town.told(town.enterprise).count(NoticeKind.MANDATE) == 1
    assert town.told(town.clerk).count(NoticeKind.MANDATE) == 1


@pytest.mark.parametrize("how", [{"acr": "urn:myspace:acr:aal1"}, {"age": 301}])
def test_giving_takes_a_passkey_used_just_now(
    world: World, town: Town, how: dict[str, Any]
) -> None:
    with pytest.raises(AccessDeniedError) as refused:
        town.give(by=town.boss(**how))

    assert refused.value.reasons == ("mandate-needs-passkey",)
    assert world.last.kind is Kind.REFUSAL
    assert own_mandates(world.vault, town.boss()).given == ()


def test_a_number_without_a_space_looks_like_any_other(world: World, town: Town) -> None:
    nobody = town.give(to=world.person(99))
    world.clock.advance(seconds=1)
    somebody = town.give()

    [known, unknown] = own_mandates(world.vault, town.boss()).given
    assert world.find(world.person(99)) is None
    assert (known.mandate.mandate_id, unknown.mandate.mandate_id) == (
        somebody.mandate_id,
        nobody.mandate_id,
    )
    assert (known.receiver[1:-1], unknown.receiver[1:-1]) == ("*" * 16, "*" * 16)
    assert (known.alive, unknown.alive, known.own, unknown.own) == (True, True, True, True)
    assert [one.kind for one in world.entries[-2:]] == [Kind.MANDATE_GIVE] * 2


def test_nobody_gives_a_mandate_to_oneself_or_for_the_past(town: Town) -> None:
    with pytest.raises(InvalidInputError) as oneself:
        town.give(to=town.enterprise)
    with pytest.raises(InvalidInputError) as past:
        town.give(starts_at=town.world.now() - 20, ends_at=town.world.now())

    assert (oneself.value.field, past.value.field) == ("receiver", "ends_at")


def test_only_so_many_mandates_are_given(town: Town) -> None:
    for _ in range(10):
        town.give()

    with pytest.raises(RateLimitedError):
        town.give()


def test_a_mandate_that_cannot_be_journalled_is_not_given(world: World, town: Town) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        town.give()

    assert own_mandates(world.vault, town.boss()).given == ()
    assert NoticeKind.MANDATE not in town.told(town.clerk)


# Acting.


def test_an_agent_sees_and_opens_what_the_mandate_covers(world: World, town: Town) -> None:
    world.deposit("CR02", number=town.enterprise)
    away = town.away(town.give("LC01"))

    [head] = own_heads(world.vault, away)
    opened = read_own_record(world.vault, away, head.head.record_id)

    assert head.head.code == "LC01"
    assert opened.payload.fields["name"] == "示例商行"
    assert (world.last.kind, world.last.basis) == (Kind.OWN_READ, Basis.MANDATE)
    assert world.last.by == By(member="agent", acting=(away.signin.mandate_id.hex(),))  # type: ignore[union-attr]  # it acts by one
    space = own_space(world.vault, away)
    assert (space.profile.name, space.notices, space.wrong_codes) == ("示例商行", (), 0)
    assert [one.head.code for one in space.records] == ["LC01"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"acts": frozenset({Act.CONSENT})}, "reading-not-mandated"),
        ({"evidence": {"LC01": View.SUMMARY}}, "reading-not-mandated"),
        ({"evidence": {"CR02": View.FULL}}, "reading-not-mandated"),
    ],
)
def test_an_agent_opens_nothing_else(
    world: World, town: Town, changes: dict[str, Any], reason: str
) -> None:
    [head] = own_heads(world.vault, town.boss())
    away = town.away(town.give(**changes))

    with pytest.raises(AccessDeniedError) as refused:
        read_own_record(world.vault, away, head.head.record_id)

    assert refused.value.reasons == (reason,)
    assert own_heads(world.vault, away) == ()


def test_an_agent_gives_and_takes_back_a_consent_that_outlives_the_mandate(
    world: World, town: Town
) -> None:
    mandate = town.give("LC01")
    away = town.away(mandate)
    asked = town.asked()

    give_consent(world.vault, replace(asked, signin=away.signin))

    assert (world.last.kind, world.last.basis) == (Kind.CONSENT_GIVE, Basis.MANDATE)
    assert world.last.by == By(
        department=world.departments[MARKET],
        client=world.client_id(MARKET),
        member="agent",
        acting=(mandate.mandate_id.hex(),),
    )
    [shown] = own_consents(world.vault, away)
    assert own_consent(world.vault, away, shown.consent.grant_id) == shown
    town.end(mandate)
    with pytest.raises(AccessDeniedError):
        revoke_consent(world.vault, RevokeConsent(member=away, grant_id=shown.consent.grant_id))
    assert [one.consent.status.value for one in own_consents(world.vault, town.boss())] == [
        "active"
    ]
    again = town.away(town.give("LC01"))
    revoke_consent(world.vault, RevokeConsent(member=again, grant_id=shown.consent.grant_id))
    assert [one.consent.status.value for one in own_consents(world.vault, again)] == ["revoked"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"acts": frozenset({Act.READ})}, "deciding-not-mandated"),
        ({"items": frozenset({"another-item"})}, "item-not-mandated"),
        ({"evidence": {"CR02": View.FULL}}, "evidence-not-mandated"),
        ({"evidence": {"LC01": View.VERIFY}}, "evidence-not-mandated"),
    ],
)
def test_an_agent_consents_to_nothing_else(
    world: World, town: Town, changes: dict[str, Any], reason: str
) -> None:
    away = town.away(town.give(**changes))
    asked = town.asked()

    with pytest.raises(AccessDeniedError) as refused:
        give_consent(world.vault, replace(asked, signin=away.signin))

    assert refused.value.reasons == (reason,)
    assert own_consents(world.vault, town.boss()) == ()


def test_consents_for_other_items_are_out_of_an_agents_reach(world: World, town: Town) -> None:
    given = town.asked()
    give_consent(world.vault, given)
    away = town.away(town.give(items=frozenset({"another-item"})))

    assert own_consents(world.vault, away) == ()
    with pytest.raises(NotFoundError):
        own_consent(world.vault, away, given.code.grant_id)


def test_an_agent_declines(world: World, town: Town) -> None:
    away = town.away(town.give("LC01"))
    asked = town.asked()

    deny_consent(world.vault, replace(asked, signin=away.signin))

    assert (world.last.kind, world.last.by.member) == (Kind.REFUSAL, "agent")


def test_the_holder_sees_who_acted_and_the_agent_only_its_own_acts(
    world: World, town: Town
) -> None:
    mandate = town.give("LC01")
    away = town.away(mandate)
    [head] = own_heads(world.vault, away)
    read_own_record(world.vault, away, head.head.record_id)

    whole = list_accesses(world.vault, town.boss()).accesses
    part = list_accesses(world.vault, away).accesses

    assert [(one.entry.kind, one.agent) for one in whole][:2] == [
        (Kind.OWN_READ, "示**"),
        (Kind.MANDATE_GIVE, ""),
    ]
    assert [one.entry for one in part] == [whole[0].entry]
    assert read_access(world.vault, away, whole[0].entry.entry_id).agent == "示**"
    proof = prove_access(world.vault, away, whole[0].entry.entry_id)
    assert proof.receipt.index == whole[0].index
    with pytest.raises(NotFoundError):
        read_access(world.vault, away, whole[1].entry.entry_id)


def test_an_erased_agents_name_is_gone_from_the_ledger(world: World, town: Town) -> None:
    away = town.away(town.give("LC01"))
    [head] = own_heads(world.vault, away)
    read_own_record(world.vault, away, head.head.record_id)
    clerk = world.space(town.clerk)
    with world.spoiling() as rows:
        for name in [one for one in rows.holder_keys if one.space == clerk]:
            del rows.holder_keys[name]

    assert list_accesses(world.vault, town.boss()).accesses[0].agent == ""

    with world.spoiling() as rows:
        del rows.holders[clerk]
    assert list_accesses(world.vault, town.boss()).accesses[0].agent == ""

    with world.spoiling() as rows:
        rows.mandates.clear()
    assert list_accesses(world.vault, town.boss()).accesses[0].agent == ""


def test_an_agent_reads_no_notices_of_the_holder(world: World, town: Town) -> None:
    away = town.away(town.give("LC01"))

    notices_read(world.vault, away)

    space = world.space(town.enterprise)
    with world.vault.read() as tx:
        found = tx.notices.of_holder(space, limit=99)
    assert {one.read_at_ms for one in found} == {None}


# Switching.


def test_only_the_receiver_opens_a_space_and_goes_home_again(world: World, town: Town) -> None:
    mandate = town.give()
    away = town.away(mandate)

    with world.vault.read() as tx:
        assert tx.protocol.signin(away.signin.signin_hash, now=world.now()) == away.signin
    assert away.signin.space == world.space(town.enterprise)
    assert away.signin.auth.person == world.space(town.clerk)
    home = open_own(world.vault, away.signin)
    assert (home.space, home.mandate_id) == (world.space(town.clerk), None)
    for number in (world.person(3), town.enterprise):
        other = world.member(number).signin
        with pytest.raises(NotFoundError):
            open_by_mandate(world.vault, other, mandate.mandate_id)
    with pytest.raises(NotFoundError):
        open_by_mandate(world.vault, away.signin, MandateId(bytes(16)))


@pytest.mark.parametrize("seconds", [-100, 11 * HOUR])
def test_a_space_is_open_in_the_mandates_time_alone(
    world: World, town: Town, seconds: int
) -> None:
    mandate = town.give()
    world.clock.advance(seconds=seconds)

    with pytest.raises(AccessDeniedError):
        town.away(mandate)


LOOKS: list[Callable[[World, Member], object]] = [
    lambda world, away: own_heads(world.vault, away),
    lambda world, away: own_space(world.vault, away),
    lambda world, away: own_consents(world.vault, away),
    lambda world, away: list_accesses(world.vault, away),
]


@pytest.mark.parametrize("look", LOOKS)
def test_an_ended_mandate_shows_nothing(
    world: World, town: Town, look: Callable[[World, Member], object]
) -> None:
    mandate = town.give()
    away = town.away(mandate)
    town.end(mandate)

    with pytest.raises(AccessDeniedError) as refused:
        look(world, away)

    assert refused.value.reasons == ("mandate-not-live",)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world, signin: replace(signin, mandate_id=None),
        lambda world, signin: world.member(world.person(3)).signin.switched(
            signin.space, mandate_id=signin.mandate_id
        ),
    ],
)
def test_another_space_is_open_by_the_own_mandate_alone(
    world: World, town: Town, spoil: Callable[[World, SignIn], SignIn]
) -> None:
    away = town.away(town.give())
    [head] = own_heads(world.vault, away)
    forged = Member(signin=spoil(world, away.signin))

    with pytest.raises(AccessDeniedError):
        own_heads(world.vault, forged)
    with pytest.raises((AccessDeniedError, NotFoundError)):
        read_own_record(world.vault, forged, head.head.record_id)


def test_a_space_is_not_open_by_a_mandate_that_is_not_there(world: World, town: Town) -> None:
    away = town.away(town.give())
    lost = away.signin.switched(away.space, mandate_id=MandateId(bytes(16)))

    with pytest.raises(NotFoundError):
        own_heads(world.vault, Member(signin=lost))


def test_whose_space_is_open_is_told_while_it_is_there(world: World, town: Town) -> None:
    boss, nowhere = town.boss(), Space(0, HolderId(bytes(16)))

    assert holder_of(world.vault, boss).space == boss.space
    with pytest.raises(NotFoundError):
        holder_of(world.vault, Member(signin=boss.signin.switched(nowhere, mandate_id=None)))


# Ending and narrowing.


def test_an_end_that_wins_the_lock_refuses_the_agent(world: World, town: Town) -> None:
    mandate = town.give()
    away = town.away(mandate)
    [head] = own_heads(world.vault, away)
    world.journal.just_before_the_lock(lambda: town.end(mandate))

    with pytest.raises(AccessDeniedError) as refused:
        read_own_record(world.vault, away, head.head.record_id)

    assert refused.value.reasons == ("mandate-not-live",)
    assert world.kinds[-2:] == [Kind.MANDATE_END, Kind.REFUSAL]


def test_a_mandate_ends_by_its_receiver_too(world: World, town: Town) -> None:
    mandate = town.give()

    town.end(mandate, by=world.member(town.clerk))

    row = town.row(mandate)
    assert (row.status, row.version, row.ended_at_ms) == (
        MandateStatus.ENDED,
        2,
        world.clock.now_ms(),
    )
    assert (world.last.kind, world.last.basis) == (Kind.MANDATE_END, Basis.MANDATE)
    assert world.last.by == By(member="agent", acting=(mandate.mandate_id.hex(),))
    assert town.told(town.enterprise).count(NoticeKind.MANDATE) == 2
    assert town.told(town.clerk).count(NoticeKind.MANDATE) == 2
    with pytest.raises(ConflictError):
        town.end(mandate)


def test_a_mandate_is_nobody_elses_business(world: World, town: Town) -> None:
    mandate = town.give()
    stranger = world.member(world.person(3))

    with pytest.raises(NotFoundError):
        town.end(mandate, by=stranger)
    with pytest.raises(NotFoundError):
        own_mandate(world.vault, stranger, mandate.mandate_id)
    with pytest.raises(NotFoundError):
        town.end(replace(mandate, mandate_id=MandateId(bytes(16))))
    assert own_mandates(world.vault, stranger).given == ()
    assert own_mandates(world.vault, stranger).received == ()


def test_a_narrowed_mandate_bites_at_once(world: World, town: Town) -> None:
    mandate = town.give("LC01", "CR02")
    away = town.away(mandate)
    asked = ChangeMandate(
        member=town.boss(acr="urn:myspace:acr:aal1"), mandate_id=mandate.mandate_id
    )

    narrow_mandate(world.vault, asked, powers=town.powers("CR02"))

    assert own_heads(world.vault, away) == ()
    assert (world.last.kind, world.last.evidence) == (
        Kind.MANDATE_NARROW,
        (Evidence(code="CR02", view="full"),),
    )
    for powers in (town.powers("CR02"), town.powers("LC01")):
        with pytest.raises(InvalidInputError):
            narrow_mandate(world.vault, asked, powers=powers)


def test_a_receiver_cannot_narrow(world: World, town: Town) -> None:
    mandate = town.give("LC01", "CR02")
    asked = ChangeMandate(member=world.member(town.clerk), mandate_id=mandate.mandate_id)

    with pytest.raises(AccessDeniedError) as refused:
        narrow_mandate(world.vault, asked, powers=town.powers("LC01"))

    assert refused.value.reasons == ("no-basis",)


# Passing on.


def test_a_firm_passes_a_part_on_to_its_clerk(world: World, town: Town) -> None:
    first = town.give("LC01", "CR02", to=town.firm, passes_on=True)
    firm = town.away(first, town.firm, acr=AAL2)
    world.clock.advance(seconds=1)

    second = town.give("LC01", by=firm, ends_at=first.powers.ends_at)

    assert (second.space, second.giver, second.parent_id) == (
        world.space(town.enterprise),
        world.space(town.firm),
        first.mandate_id,
    )
    assert (world.last.basis, world.last.by.acting) == (
        Basis.MANDATE,
        (first.mandate_id.hex(),),
    )
    clerk = town.away(second)
    [head] = own_heads(world.vault, clerk)
    assert read_own_record(world.vault, clerk, head.head.record_id).head == head.head
    assert [one.own for one in own_mandates(world.vault, town.boss()).given] == [False, True]
    assert [one.mandate for one in own_mandates(world.vault, firm).given] == [second]
    assert [one.mandate for one in own_mandates(world.vault, firm).received] == [first]
    at_home = own_mandates(world.vault, world.member(town.firm))
    assert [one.mandate for one in at_home.given] == [second]
    assert [one.holder for one in at_home.received] == ["示例商行"]
    assert [one.mandate for one in own_mandates(world.vault, clerk).received] == [second]
    assert own_mandates(world.vault, clerk).given == ()


@pytest.mark.parametrize("who", ["boss", "firm away", "firm at home"])
def test_holder_and_giver_end_what_was_passed_on(world: World, town: Town, who: str) -> None:
    first = town.give("LC01", to=town.firm, passes_on=True)
    firm = town.away(first, town.firm, acr=AAL2)
    second = town.give("LC01", by=firm)

    by = {"boss": town.boss(), "firm away": firm, "firm at home": world.member(town.firm)}[who]
    town.end(second, by=by)

    assert town.row(second).status is MandateStatus.ENDED
    assert town.row(first).status is MandateStatus.ACTIVE


def test_what_was_passed_on_ends_and_narrows_with_what_it_came_from(
    world: World, town: Town
) -> None:
    first = town.give("LC01", "CR02", to=town.firm, passes_on=True)
    firm = town.away(first, town.firm, acr=AAL2)
    second = town.give("LC01", by=firm)
    clerk = town.away(second)
    asked = ChangeMandate(member=town.boss(), mandate_id=first.mandate_id)
    [head] = own_heads(world.vault, clerk)

    narrow_mandate(world.vault, asked, powers=town.powers("CR02", passes_on=True))

    with pytest.raises(AccessDeniedError) as refused:
        read_own_record(world.vault, clerk, head.head.record_id)
    assert refused.value.reasons == ("mandate-not-live",)
    end_mandate(world.vault, asked)
    with pytest.raises(AccessDeniedError):
        town.away(second)


def test_an_agent_does_not_touch_the_mandate_it_acts_by(world: World, town: Town) -> None:
    first = town.give("LC01", to=town.firm, passes_on=True)
    firm = town.away(first, town.firm)

    with pytest.raises(NotFoundError):
        town.end(first, by=firm)


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ({"passes_on": False}, {}, AccessDeniedError),
        ({"passes_on": True}, {"passes_on": True}, InvalidInputError),
        ({"passes_on": True}, {"evidence": {"CR02": View.FULL}}, InvalidInputError),
        ({"passes_on": True}, {"acts": frozenset(Act)}, InvalidInputError),
    ],
)
def test_more_than_there_is_cannot_be_passed_on(
    world: World,
    town: Town,
    first: dict[str, Any],
    second: dict[str, Any],
    error: type[Exception],
) -> None:
    firm = town.away(town.give(to=town.firm, **first), town.firm, acr=AAL2)

    with pytest.raises(error):
        town.give(by=firm, **second)

    assert own_mandates(world.vault, firm).given == ()
