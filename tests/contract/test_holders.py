"""Holders, their numbers and their keys."""

from dataclasses import replace

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    NOW_MS,
    OTHER_SPACE,
    SPACE,
    a_holder,
    a_key,
    a_number,
    digest,
    holder_keys,
)
from vault.crypto.contexts import Purpose
from vault.errors import ConflictError
from vault.holders import HolderKind, HolderState
from vault.identifiers import IdentifierKind
from vault.ids import Space


def add(ports: Ports, space: Space = SPACE, number: str = "one") -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(space), numbers=[a_number(number)], keys=holder_keys(space))


def test_a_holder_is_kept_whole(ports: Ports) -> None:
    holder = a_holder(kind=HolderKind.ORGANISATION, state=HolderState.ERASED, version=3)

    with ports.work() as tx:
        tx.holders.add(holder, numbers=[], keys=[])

    with ports.read() as tx:
        assert tx.holders.get(SPACE) == holder


def test_a_space_that_is_not_there_has_no_holder_and_no_keys(ports: Ports) -> None:
    add(ports)

    with ports.read() as tx:
        assert (tx.holders.get(OTHER_SPACE), tx.holders.keys(OTHER_SPACE)) == (None, ())


def test_a_space_of_another_log_is_another_space(ports: Ports) -> None:
    add(ports)

    with ports.read() as tx:
        assert tx.holders.get(Space(1, SPACE.holder_id)) is None


def test_a_holder_is_found_by_every_number_under_its_own_kind_alone(ports: Ports) -> None:
    uscc = a_number("org", kind=IdentifierKind.USCC)
    old = a_number("old", kind=IdentifierKind.ORGANISATION_CODE)
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[uscc, old], keys=[])

    with ports.read() as tx:
        found = [
            tx.holders.find(IdentifierKind.USCC, uscc.index),
            tx.holders.find(IdentifierKind.ORGANISATION_CODE, old.index),
            tx.holders.find(IdentifierKind.USCC, old.index),
            tx.holders.find(IdentifierKind.RESIDENT_ID, digest("nobody")),
        ]

    assert found == [SPACE, SPACE, None, None]


def test_keys_are_listed_by_purpose_the_newest_first(ports: Ports) -> None:
    newer = a_key(Purpose.HOLDER_DATA_KEY, SPACE.holder_id, version=2, parent_version=3)
    data, journal, tag = holder_keys()
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[tag, data, newer, journal])

    with ports.read() as tx:
        assert tx.holders.keys(SPACE) == (newer, data, journal, tag)


def test_a_space_is_opened_once(ports: Ports) -> None:
    add(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.holders.add(a_holder(profile=b"another"), numbers=[a_number("two")], keys=[])

    with ports.read() as tx:
        found = tx.holders.get(SPACE)
        assert found == a_holder()
        assert tx.holders.find(IdentifierKind.RESIDENT_ID, digest("two")) is None


def test_a_number_has_one_space(ports: Ports) -> None:
    add(ports)

    with pytest.raises(ConflictError):
        add(ports, OTHER_SPACE)

    with ports.read() as tx:
        assert tx.holders.get(OTHER_SPACE) is None


def test_a_key_of_somebody_else_is_not_taken(ports: Ports) -> None:
    add(ports, OTHER_SPACE, "other")
    foreign = a_key(Purpose.HOLDER_DATA_KEY, b"\x99" * 16)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[foreign])


def test_a_profile_is_replaced_at_its_version(ports: Ports) -> None:
    add(ports)

    with ports.work() as tx:
        tx.holders.set_profile(SPACE, profile=b"fuller", expected=1)

    with ports.read() as tx:
        assert tx.holders.get(SPACE) == replace(a_holder(), profile=b"fuller", version=2)


@pytest.mark.parametrize(("space", "expected"), [(SPACE, 2), (SPACE, 0), (OTHER_SPACE, 1)])
def test_a_profile_of_another_version_is_left_alone(
    ports: Ports, space: Space, expected: int
) -> None:
    add(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.holders.set_profile(space, profile=b"late", expected=expected)

    with ports.read() as tx:
        assert tx.holders.get(SPACE) == a_holder(created_at_ms=NOW_MS)
