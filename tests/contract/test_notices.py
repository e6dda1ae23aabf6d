"""What holders are told."""

from dataclasses import replace

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import NOW_MS, OTHER_SPACE, SPACE, a_holder, a_notice
from vault.errors import ConflictError
from vault.notices import NoticeKind


@pytest.fixture(autouse=True)
def _holders(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.holders.add(a_holder(OTHER_SPACE), numbers=[], keys=[])


def test_notices_are_listed_the_newest_first_and_no_more_than_asked(ports: Ports) -> None:
    old, new = a_notice(1, kind=NoticeKind.REFUSAL), a_notice(2, kind=NoticeKind.CONSENT)
    foreign = a_notice(3, space=OTHER_SPACE)

    with ports.work() as tx:
        tx.notices.add([old, new, foreign])
        tx.notices.add([])

    with ports.read() as tx:
        assert tx.notices.of_holder(SPACE, limit=9) == (new, old)
        assert tx.notices.of_holder(SPACE, limit=1) == (new,)
        assert tx.notices.of_holder(OTHER_SPACE, limit=9) == (foreign,)


def test_of_the_same_instant_the_order_is_settled(ports: Ports) -> None:
    notices = [a_notice(number, at_ms=NOW_MS) for number in (2, 3, 1)]

    with ports.work() as tx:
        tx.notices.add(notices)

    with ports.read() as tx:
        told = tx.notices.of_holder(SPACE, limit=9)
    assert told == tuple(a_notice(number, at_ms=NOW_MS) for number in (3, 2, 1))


def test_a_notice_is_read_once_by_its_own_holder(ports: Ports) -> None:
    mine, foreign = a_notice(1), a_notice(2, space=OTHER_SPACE)
    with ports.work() as tx:
        tx.notices.add([mine, foreign])

    with ports.work() as tx:
        tx.notices.mark_read(SPACE, at_ms=NOW_MS + 5)
        tx.notices.mark_read(SPACE, at_ms=NOW_MS + 9)

    with ports.read() as tx:
        assert tx.notices.of_holder(SPACE, limit=9) == (replace(mine, read_at_ms=NOW_MS + 5),)
        assert tx.notices.of_holder(OTHER_SPACE, limit=9) == (foreign,)


def test_a_notice_is_given_once(ports: Ports) -> None:
    with ports.work() as tx:
        tx.notices.add([a_notice()])

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.notices.add([a_notice()])
