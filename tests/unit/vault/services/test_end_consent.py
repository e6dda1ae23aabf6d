"""Taking a consent back, in whole or in part: as easy as giving it, and at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.world import Granted, World
from tests.support.world_values import HOUR, ITEM, MARKET, PURPOSE
from vault.clients import ClientStatus
from vault.consents import ConsentStatus
from vault.consents.details import Details
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
)
from vault.ids import GrantId
from vault.journal.entries import Basis, By, Evidence, Kind, On, StateChange
from vault.journal.receipts import verify_receipt
from vault.notices import NoticeKind
from vault.services.acting import Member
from vault.services.end_consent import (
    NarrowConsent,
    PauseConsent,
    ResumeConsent,
    RevokeConsent,
    narrow_consent,
    pause_consent,
    resume_consent,
    revoke_consent,
)


@pytest.fixture
def granted(world: World) -> Granted:
    """Return a consent to two evidence types, of which one is held."""
    world.deposit()
    return world.consent("ID01", "LC01", uses=5)


def less(granted: Granted, **changes: Any) -> Details:  # noqa: ANN401 - any attribute
    """Return what is left after LC01 is taken out, and what ``changes`` say."""
    return replace(granted.asked.details.keep(frozenset({"ID01"})), **changes)


def test_a_revoked_consent_stays_with_when_it_ended(world: World, granted: Granted) -> None:
    before = world.consent_row(granted)
    world.clock.advance(seconds=5)

    receipt = world.revoke(granted)

    assert world.consent_row(granted) == replace(
        before,
        status=ConsentStatus.REVOKED,
        version=2,
        ended_at_ms=world.clock.now_ms(),
        state_entry=receipt.entry_id,
    )
    assert world.last.change == StateChange(
        object="oauth_grant",
        id=granted.grant_id.hex(),
        came_from="active",
        became="revoked",
        version=2,
    )
    assert (world.last.kind, world.last.basis) == (Kind.CONSENT_REVOKE, Basis.OWN)
    verify_receipt(receipt.to_text(), world.ports.policy)
    assert world.told[-1] is NoticeKind.CONSENT


def test_after_a_revocation_nothing_is_pulled_by_a_token_in_hand(
    world: World, granted: Granted
) -> None:
    caller = world.requester(granted)

    world.revoke(granted)

    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(granted, caller=caller)
    with world.vault.read() as tx:
        assert tx.protocol.live_token(granted.token.token_hash, now=world.now()) is None


def test_a_narrowed_consent_says_what_is_left(world: World, granted: Granted) -> None:
    before = world.consent_row(granted)
    left = less(granted, ends_at=granted.asked.details.ends_at - 60)

    receipt = world.narrow(granted, left)

    assert world.consent_row(granted) == replace(
        before,
        details=left,
        version=2,
        expires_at_ms=left.ends_at * 1000,
        state_entry=receipt.entry_id,
    )
    entry = world.last
    assert (entry.kind, entry.basis) == (Kind.CONSENT_NARROW, Basis.OWN)
    assert entry.by == By(
        department=world.departments[MARKET], client=world.client_id(MARKET), member="self"
    )
    assert entry.on == On(
        grant=granted.grant_id,
        grant_version=2,
        item=ITEM,
        case_no=granted.asked.case_no,
        purpose=PURPOSE,
    )
    assert entry.evidence == (
        Evidence(code="ID01", view="full", fields=("id_number", "name", "valid_to")),
    )
    assert entry.change == StateChange(
        object="oauth_grant",
        id=granted.grant_id.hex(),
        came_from="active",
        became="active",
        version=2,
    )
    assert world.told[-1] is NoticeKind.CONSENT


def test_what_was_taken_back_is_pulled_no_more_and_the_rest_still_is(
    world: World, granted: Granted
) -> None:
    world.narrow(granted, less(granted))

    with pytest.raises(AccessDeniedError, match="evidence-not-consented"):
        world.pull(granted, "LC01")

    assert world.pull(granted).fields["name"] == "示例甲"


@pytest.mark.parametrize(
    ("view", "fields", "asks", "reason"),
    [
        (View.SUMMARY, ("name", "id_number", "valid_to"), View.FULL, "view-not-consented"),
        (View.FULL, ("name",), None, "fields-not-consented"),
    ],
    ids=["lower view", "fewer fields"],
)
def test_a_view_or_a_field_can_be_taken_back(
    world: World,
    granted: Granted,
    *,
    view: View,
    fields: tuple[str, ...],
    asks: View | None,
    reason: str,
) -> None:
    [one] = less(granted).evidence.values()
    evidence = {"ID01": replace(one, view=view, fields=frozenset(fields))}
    world.narrow(granted, less(granted, evidence=evidence))

    with pytest.raises(AccessDeniedError, match=reason):
        world.pull(granted, view=asks or View.FULL, fields=frozenset({"name", "id_number"}))

    assert set(world.pull(granted, view=view).fields) == set(fields)


def test_a_consent_that_was_shortened_ends_earlier(world: World, granted: Granted) -> None:
    caller = world.requester(granted)
    world.narrow(granted, less(granted, ends_at=world.now() + 60))
    world.clock.advance(seconds=60)

    with pytest.raises(AccessDeniedError, match="consent-expired"):
        world.pull(granted, caller=caller)


def test_uses_that_were_taken_back_are_gone(world: World, granted: Granted) -> None:
    world.pull(granted)

    world.narrow(granted, less(granted, uses=2))
    world.pull(granted)

    with pytest.raises(AccessDeniedError, match="uses-exhausted"):
        world.pull(granted)
    assert world.used(granted)["ID01"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        lambda details: details,
        lambda details: replace(details, ends_at=details.ends_at + 1),
        lambda details: replace(details, uses=None),
        lambda details: replace(details, retention_days=31),
        lambda details: replace(
            details,
            evidence=dict(details.evidence)
            | {"LC04": replace(details.evidence["ID01"], code="LC04")},
        ),
        lambda details: replace(
            details,
            evidence={
                "ID01": replace(details.evidence["ID01"], fields=frozenset({"name", "sex"}))
            },
        ),
    ],
    ids=["as it was", "longer", "oftener", "kept longer", "other evidence", "other fields"],
)
def test_a_consent_is_only_ever_made_narrower(
    world: World, granted: Granted, changes: Callable[[Details], Details]
) -> None:
    before, entries = world.consent_row(granted), len(world.entries)

    with pytest.raises(InvalidInputError) as refused:
        world.narrow(granted, changes(granted.asked.details))

    assert refused.value.field == "details"
    assert (world.consent_row(granted), len(world.entries)) == (before, entries)


End = Callable[[World, Granted], object]

ENDS: dict[str, End] = {
    "revoke": lambda world, granted: world.revoke(granted),
    "narrow": lambda world, granted: world.narrow(granted, less(granted)),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_has_ended_stays_ended(world: World, granted: Granted, end: str) -> None:
    world.revoke(granted)
    before, entries = world.consent_row(granted), len(world.entries)

    with pytest.raises(ConflictError):
        ENDS[end](world, granted)

    assert (world.consent_row(granted), len(world.entries)) == (before, entries)


@pytest.mark.parametrize("end", ENDS)
def test_of_two_at_once_the_first_counts(world: World, granted: Granted, end: str) -> None:
    world.journal.just_before_the_lock(lambda: world.revoke(granted))

    with pytest.raises(ConflictError):
        ENDS[end](world, granted)

    assert world.consent_row(granted).version == 2
    assert world.kinds[-1] is Kind.CONSENT_REVOKE


@pytest.mark.parametrize("end", ENDS)
def test_a_consent_that_vanishes_under_the_lock_is_not_found(
    world: World, granted: Granted, end: str
) -> None:
    def destroy() -> None:
        with world.spoiling() as rows:
            rows.consents.clear()

    world.journal.just_before_the_lock(destroy)

    with pytest.raises(NotFoundError):
        ENDS[end](world, granted)


@pytest.mark.parametrize("end", ENDS)
def test_what_cannot_be_journalled_is_not_taken_back_and_can_be_tried_again(
    world: World, granted: Granted, end: str
) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        ENDS[end](world, granted)

    assert world.consent_row(granted).version == 1
    ENDS[end](world, granted)
    assert world.consent_row(granted).version == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: world.suspend(),
        lambda world: world.suspend_department(MARKET),
        lambda world: world.clock.advance(seconds=2 * HOUR),
    ],
    ids=["client suspended", "department suspended", "consent expired"],
)
def test_ending_waits_for_nobody(
    world: World, granted: Granted, spoil: Callable[[World], object]
) -> None:
    spoil(world)

    world.revoke(granted)

    assert world.consent_row(granted).status is ConsentStatus.REVOKED


def test_ending_takes_no_fresh_sign_in(world: World, granted: Granted) -> None:
    member = world.member(age=4000)

    revoke_consent(world.vault, RevokeConsent(member=member, grant_id=granted.grant_id))

    assert world.consent_row(granted).status is ConsentStatus.REVOKED


def test_nobody_ends_another_s_consent(world: World, granted: Granted) -> None:
    world.deposit(number=world.person(2))
    stranger = world.member(world.person(2))
    entries = len(world.entries)

    with pytest.raises(NotFoundError):
        revoke_consent(world.vault, RevokeConsent(member=stranger, grant_id=granted.grant_id))
    with pytest.raises(NotFoundError):
        narrow_consent(
            world.vault,
            NarrowConsent(member=stranger, grant_id=granted.grant_id, details=less(granted)),
        )

    assert (world.consent_row(granted).version, len(world.entries)) == (1, entries)


def test_a_consent_that_was_never_given_is_not_found(world: World, granted: Granted) -> None:
    member = Member(signin=world.signin(granted.space))

    with pytest.raises(NotFoundError):
        revoke_consent(world.vault, RevokeConsent(member=member, grant_id=GrantId(bytes(16))))


def test_an_unknown_way_of_signing_in_ends_nothing(world: World, granted: Granted) -> None:
    member = world.member(acr="urn:other:acr")

    with pytest.raises(AccessDeniedError, match="acr-unknown"):
        revoke_consent(world.vault, RevokeConsent(member=member, grant_id=granted.grant_id))

    assert world.consent_row(granted).version == 1
    assert world.last.kind is Kind.REFUSAL


def test_a_client_that_goes_on_cannot_bring_a_revoked_consent_back(
    world: World, granted: Granted
) -> None:
    caller = world.requester(granted)
    world.revoke(granted)
    world.suspend()
    world.change_client(MARKET, status=ClientStatus.ACTIVE)

    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(granted, caller=caller)


def rest(world: World, granted: Granted) -> None:
    pause_consent(world.vault, PauseConsent(member=world.member(), grant_id=granted.grant_id))


def go_on(world: World, granted: Granted, *, member: Member | None = None) -> None:
    asked = ResumeConsent(member=member or world.member(), grant_id=granted.grant_id)
    resume_consent(world.vault, asked)


def test_a_paused_consent_releases_nothing_until_it_goes_on(
    world: World, granted: Granted
) -> None:
    before, caller = world.consent_row(granted), world.requester(granted)

    rest(world, granted)
    paused = world.consent_row(granted)
    kinds = [world.last.kind]
    with pytest.raises(AccessDeniedError, match="consent-closed"):
        world.pull(granted, caller=caller)
    go_on(world, granted)
    kinds.append(world.last.kind)
    pulled = world.pull(granted)

    assert (paused.status, paused.version, paused.ended_at_ms) == (ConsentStatus.PAUSED, 2, None)
    assert pulled.head is not None
    assert kinds == [Kind.CONSENT_PAUSE, Kind.CONSENT_RESUME]
    assert replace(
        world.consent_row(granted), version=1, state_entry=before.state_entry
    ) == replace(before, version=1)


def test_pausing_and_going_on_are_each_done_once(world: World, granted: Granted) -> None:
    with pytest.raises(ConflictError, match="is not paused"):
        go_on(world, granted)
    rest(world, granted)
    with pytest.raises(ConflictError, match="paused already"):
        rest(world, granted)


def test_a_paused_consent_can_be_taken_back_and_stays_so(world: World, granted: Granted) -> None:
    rest(world, granted)

    world.revoke(granted)

    with pytest.raises(ConflictError, match="ended already"):
        go_on(world, granted)
    assert world.consent_row(granted).status is ConsentStatus.REVOKED


def test_a_paused_consent_that_is_made_narrower_stays_paused(
    world: World, granted: Granted
) -> None:
    rest(world, granted)

    narrow_consent(
        world.vault,
        NarrowConsent(member=world.member(), grant_id=granted.grant_id, details=less(granted)),
    )

    assert world.consent_row(granted).status is ConsentStatus.PAUSED


def test_going_on_takes_a_fresh_sign_in(world: World, granted: Granted) -> None:
    rest(world, granted)

    with pytest.raises(AccessDeniedError, match="sign-in-not-fresh"):
        go_on(world, granted, member=world.member(age=301))

    assert world.consent_row(granted).status is ConsentStatus.PAUSED
    assert world.last.kind is Kind.REFUSAL


def test_a_paused_consent_whose_time_is_over_does_not_go_on(
    world: World, granted: Granted
) -> None:
    rest(world, granted)
    world.clock.advance(seconds=40 * HOUR)

    with pytest.raises(ConflictError, match="ended already"):
        go_on(world, granted)
