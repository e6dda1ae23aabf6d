"""Mandates: they lie in the space that they open, and are found by whoever received them."""

from dataclasses import replace

import pytest

from policies.scopes import View
from tests.support.ports import Ports
from tests.support.vault_values import (
    ENTRY_ID,
    MANDATE_ID,
    NOW_MS,
    OTHER_MANDATE_ID,
    OTHER_SPACE,
    SPACE,
    a_mandate,
    a_signin,
    some_powers,
)
from vault.errors import ConflictError
from vault.ids import EntryId, HolderId, Space
from vault.mandates import Act, MandateStatus

THIRD = Space(3, HolderId(b"\x13" * 16))


def given(ports: Ports) -> None:
    with ports.work() as tx:
        tx.mandates.add(a_mandate())


def test_a_mandate_is_kept_whole(ports: Ports) -> None:
    passed_on = a_mandate(
        OTHER_MANDATE_ID,
        giver=OTHER_SPACE,
        receiver=THIRD,
        parent_id=MANDATE_ID,
        status=MandateStatus.ENDED,
        version=4,
        powers=some_powers(
            acts=frozenset({Act.READ}),
            evidence={"LC04": View.SUMMARY},
            items=frozenset(),
            passes_on=True,
        ),
        ended_at_ms=NOW_MS + 5,
    )
    with ports.work() as tx:
        tx.mandates.add(a_mandate())
        tx.mandates.add(passed_on)

    with ports.read() as tx:
        assert tx.mandates.get(SPACE, mandate_id=MANDATE_ID) == a_mandate()
        assert tx.mandates.get(SPACE, mandate_id=OTHER_MANDATE_ID) == passed_on
        assert tx.mandates.find(OTHER_MANDATE_ID) == passed_on


def test_a_mandate_is_of_the_space_that_it_opens(ports: Ports) -> None:
    given(ports)

    with ports.read() as tx:
        assert tx.mandates.get(OTHER_SPACE, mandate_id=MANDATE_ID) is None
        assert tx.mandates.of_holder(OTHER_SPACE) == ()
        assert tx.mandates.find(OTHER_MANDATE_ID) is None


def test_mandates_are_listed_for_holder_and_receiver_the_newest_first(ports: Ports) -> None:
    old, new = a_mandate(), a_mandate(OTHER_MANDATE_ID, created_at_ms=NOW_MS + 1)
    with ports.work() as tx:
        tx.mandates.add(old)
        tx.mandates.add(new)

    with ports.read() as tx:
        assert tx.mandates.of_holder(SPACE) == (new, old)
        assert tx.mandates.of_receiver(OTHER_SPACE) == (new, old)
        assert tx.mandates.of_receiver(SPACE) == ()
        assert tx.mandates.of_receiver(OTHER_SPACE._replace(log_id=9)) == ()


def test_a_mandate_id_is_used_once(ports: Ports) -> None:
    given(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.mandates.add(a_mandate())
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.mandates.add(a_mandate(space=THIRD, giver=THIRD))


def test_a_mandate_is_narrowed_then_ended(ports: Ports) -> None:
    given(ports)
    narrow = a_mandate(version=2, powers=some_powers("ID01"), state_entry=EntryId(b"\x52" * 16))
    ended = replace(narrow, version=3, status=MandateStatus.ENDED, ended_at_ms=NOW_MS + 1)

    with ports.work() as tx:
        tx.mandates.replace(narrow, expected=1)
    with ports.work() as tx:
        tx.mandates.replace(ended, expected=2)

    with ports.read() as tx:
        assert tx.mandates.of_holder(SPACE) == (ended,)


@pytest.mark.parametrize(("version", "expected"), [(3, 2), (1, 0), (2, 0), (3, 1)])
def test_a_mandate_of_another_version_is_left_alone(
    ports: Ports, version: int, expected: int
) -> None:
    given(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.mandates.replace(a_mandate(version=version), expected=expected)

    with ports.read() as tx:
        assert tx.mandates.get(SPACE, mandate_id=MANDATE_ID) == a_mandate()


def test_a_mandate_that_is_not_there_is_not_replaced(ports: Ports) -> None:
    given(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.mandates.replace(a_mandate(OTHER_MANDATE_ID, version=2), expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.mandates.replace(
            a_mandate(space=THIRD, giver=THIRD, version=2, state_entry=ENTRY_ID), expected=1
        )


def test_a_sign_in_is_switched_and_switched_back(ports: Ports) -> None:
    own = a_signin()
    with ports.work() as tx:
        tx.protocol.add_signin(own)
        tx.protocol.add_signin(a_signin("another"))

    away = own.switched(OTHER_SPACE, mandate_id=MANDATE_ID)
    with ports.work() as tx:
        tx.protocol.switch_signin(away)
        tx.protocol.switch_signin(a_signin("nobody's").switched(THIRD, mandate_id=MANDATE_ID))

    with ports.read() as tx:
        now = own.auth.auth_time
        assert tx.protocol.signin(own.signin_hash, now=now) == away
        assert tx.protocol.signin(a_signin("another").signin_hash, now=now) == a_signin("another")
        assert tx.protocol.signin(a_signin("nobody's").signin_hash, now=now) is None

    with ports.work() as tx:
        tx.protocol.switch_signin(own)
    with ports.read() as tx:
        assert tx.protocol.signin(own.signin_hash, now=now) == own
