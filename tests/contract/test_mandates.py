"""Mandates: they lie in the space that they open, and are found by whoever received them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from policies.scopes import View
from tests.support.ports import Ports
from tests.support.vault_values import (
    DEPARTMENT_ID,
    ENTRY_ID,
    GRANT_ID,
    MANDATE_ID,
    NOW,
    NOW_MS,
    OTHER_GRANT_ID,
    OTHER_MANDATE_ID,
    OTHER_SPACE,
    SPACE,
    a_client,
    a_consent,
    a_department,
    a_holder,
    a_key,
    a_mandate,
    a_signin,
    a_token,
    revoked,
    some_powers,
)
from vault.crypto.contexts import Purpose
from vault.errors import ConflictError
from vault.ids import EntryId, HolderId, Space
from vault.mandates import Act, MandateStatus
from vault.ports import Tx

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


def test_a_chain_is_returned_from_its_beginning(ports: Ports) -> None:
    second = a_mandate(OTHER_MANDATE_ID, giver=OTHER_SPACE, receiver=THIRD, parent_id=MANDATE_ID)
    with ports.work() as tx:
        tx.mandates.add(second)

    with ports.read() as tx:
        assert tx.mandates.chain(SPACE, mandate_id=OTHER_MANDATE_ID) == (second,)
        assert tx.mandates.chain(SPACE, mandate_id=MANDATE_ID) == ()
        assert tx.mandates.chain(OTHER_SPACE, mandate_id=OTHER_MANDATE_ID) == ()
    given(ports)
    with ports.read() as tx:
        assert tx.mandates.chain(SPACE, mandate_id=OTHER_MANDATE_ID) == (a_mandate(), second)
        assert tx.mandates.chain(SPACE, mandate_id=MANDATE_ID) == (a_mandate(),)


PART = a_consent(OTHER_GRANT_ID, parent_id=GRANT_ID, mandate_id=MANDATE_ID)
ENDED = a_mandate(version=2, status=MandateStatus.ENDED, ended_at_ms=NOW_MS)


def part_of(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tag_key = a_key(Purpose.DEPARTMENT_TAG_KEY, DEPARTMENT_ID)
        tx.departments.add(a_department(), tag_key=tag_key)
        tx.clients.add(a_client())
        tx.consents.add(a_consent(), uses=[])
        tx.consents.add(PART, uses=[])
        tx.mandates.add(a_mandate())
        tx.protocol.add_token(a_token(grant_id=OTHER_GRANT_ID))


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        (lambda tx: None, True),
        (lambda tx: tx.mandates.replace(ENDED, expected=1), False),
        (lambda tx: tx.consents.replace(revoked(a_consent()), expected=1), False),
        (
            lambda tx: tx.mandates.replace(
                a_mandate(version=2, powers=some_powers(starts_at=NOW + 60)), expected=1
            ),
            False,
        ),
        (
            lambda tx: tx.consents.replace(
                a_consent(version=2, expires_at_ms=NOW_MS + 1), expected=1
            ),
            True,
        ),
        (lambda tx: tx.consents.replace(revoked(PART), expected=1), False),
    ],
    ids=["all alive", "mandate ended", "consent revoked", "not yet", "until then", "itself"],
)
def test_a_token_of_a_part_lives_while_all_that_it_stands_on_does(
    ports: Ports, change: Callable[[Tx], None], *, alive: bool
) -> None:
    part_of(ports)
    with ports.work() as tx:
        change(tx)

    with ports.read() as tx:
        found = tx.protocol.live_token(a_token().token_hash, now=NOW)

    assert (found is not None) == alive
    if found is not None:
        assert found.consent == PART


def test_a_part_ends_with_the_time_of_its_consent(ports: Ports) -> None:
    part_of(ports)
    with ports.work() as tx:
        tx.consents.replace(a_consent(version=2, expires_at_ms=NOW_MS + 30_000), expected=1)

    with ports.read() as tx:
        assert tx.protocol.live_token(a_token().token_hash, now=NOW + 29) is not None
        assert tx.protocol.live_token(a_token().token_hash, now=NOW + 30) is None
