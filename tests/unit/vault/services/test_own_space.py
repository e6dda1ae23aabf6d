"""What a signed-in holder sees without opening a record."""

from dataclasses import replace

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET, POLICE
from vault.consents import ConsentStatus
from vault.errors import IntegrityError, KeyUnavailableError, NotFoundError
from vault.ids import GrantId, HolderId, Space
from vault.notices import NoticeKind
from vault.services.acting import Member
from vault.services.log_keys import verifier_keys
from vault.services.own_space import (
    notices_read,
    own_consent,
    own_consents,
    own_heads,
    own_space,
)


def test_a_holder_finds_name_records_consents_and_notices(world: World) -> None:
    world.deposit(holder_name="示例甲", contact="+8613000000000")
    granted = world.consent(uses=2)
    world.pull(granted)

    found = own_space(world.vault, world.member())

    assert (found.profile.name, found.profile.contact) == ("示例甲", "+8613000000000")
    assert (found.profile.number, found.holder.space) == (world.person().value, world.space())
    assert [(one.head, one.issuer and one.issuer.department_id) for one in found.records] == [
        (world.heads()[0], world.departments[POLICE])
    ]
    [consent] = found.consents
    assert consent.consent == world.consent_row(granted)
    assert consent.department is not None
    assert consent.department.department_id == world.departments[MARKET]
    assert (consent.client, consent.uses["ID01"].used) == (world.client(MARKET), 1)
    assert {one.kind for one in found.notices} == {
        NoticeKind.RECORD,
        NoticeKind.CASE,
        NoticeKind.CONSENT,
        NoticeKind.ACCESS,
    }


def test_looking_at_the_own_space_opens_no_record_and_is_no_entry(world: World) -> None:
    world.deposit()
    entries = len(world.entries)

    own_space(world.vault, world.member())
    own_heads(world.vault, world.member())
    own_consents(world.vault, world.member())

    assert len(world.entries) == entries


def test_records_of_one_issuer_name_it_each(world: World) -> None:
    world.deposit()
    world.deposit("LC04")
    world.deposit("LC01")

    heads = own_heads(world.vault, world.member())

    issuers = {one.head.code: one.issuer and one.issuer.department_id for one in heads}
    assert issuers == {
        "ID01": world.departments[POLICE],
        "LC04": world.departments[POLICE],
        "LC01": world.departments[MARKET],
    }


def test_consents_that_ended_are_still_shown(world: World) -> None:
    world.deposit()
    granted = world.consent()
    world.revoke(granted)

    [shown] = own_consents(world.vault, world.member())

    assert shown.consent.status is ConsentStatus.REVOKED
    assert own_consent(world.vault, world.member(), granted.grant_id) == shown


def test_nobody_sees_another_s_consent(world: World) -> None:
    world.deposit()
    world.deposit(number=world.person(2))
    granted = world.consent()
    stranger = world.member(world.person(2))

    with pytest.raises(NotFoundError):
        own_consent(world.vault, stranger, granted.grant_id)
    with pytest.raises(NotFoundError):
        own_consent(world.vault, world.member(), GrantId(bytes(16)))

    assert own_consents(world.vault, stranger) == ()


def test_notices_are_read_once_seen(world: World) -> None:
    world.deposit()
    member = world.member()

    notices_read(world.vault, member)
    world.deposit("LC04")

    read = {one.read_at_ms for one in own_space(world.vault, member).notices}
    assert read == {world.clock.now_ms(), None}


def test_a_space_that_is_gone_is_not_found(world: World) -> None:
    nobody = Member(signin=world.signin(Space(0, HolderId(bytes(16)))))

    with pytest.raises(NotFoundError):
        own_space(world.vault, nobody)


def test_a_profile_that_was_altered_or_swapped_is_not_shown(world: World) -> None:
    world.deposit(holder_name="示例甲")
    world.deposit(number=world.person(2), holder_name="示例乙")
    member = world.member()
    with world.spoiling() as rows:
        mine, theirs = (rows.holders[world_space] for world_space in list(rows.holders))
        rows.holders[mine.space] = replace(mine, profile=theirs.profile)

    with pytest.raises(IntegrityError):
        own_space(world.vault, member)


def test_a_profile_of_an_earlier_version_is_not_shown(world: World) -> None:
    world.deposit()
    with world.spoiling() as rows:
        [(space, old)] = rows.holders.items()
    world.deposit("LC04", holder_name="示例甲")
    with world.spoiling() as rows:
        rows.holders[space] = replace(rows.holders[space], profile=old.profile)

    with pytest.raises(IntegrityError):
        own_space(world.vault, world.member())


def test_without_the_data_key_there_is_nothing_to_show(world: World) -> None:
    world.deposit()
    member = world.member()
    with world.spoiling() as rows:
        rows.holder_keys.clear()

    with pytest.raises(KeyUnavailableError):
        own_space(world.vault, member)


def test_the_keys_of_the_log_are_told_to_anybody(world: World) -> None:
    assert verifier_keys(world.vault, world.vault.logs[0]) == (world.ports.verifier.encode(),)
