"""Units of work that share a commit: each sees what was new, and happens whole or not at all."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import a_claim, a_pushed_request, digest
from vault.ports import Tx

ASSERTION, PROOF = a_claim("assertion"), a_claim("proof")


def what_was_new(_tx: Tx, fresh: Sequence[bool]) -> tuple[bool, ...]:
    return tuple(fresh)


def pushing(tx: Tx, _fresh: Sequence[bool]) -> str:
    tx.protocol.push(a_pushed_request())
    return "pushed"


def failing(tx: Tx, _fresh: Sequence[bool]) -> NoReturn:
    tx.protocol.push(a_pushed_request())
    raise KeyError("in the middle")


def test_what_was_done_is_committed_when_its_result_is_there(ports: Ports) -> None:
    result = ports.shared.enqueue([ASSERTION], pushing).result(timeout=10)

    assert result == "pushed"
    with ports.read() as tx:
        assert tx.protocol.pushed(digest("pushed")) == a_pushed_request()


def test_each_is_told_which_of_its_own_claims_were_new(ports: Ports) -> None:
    ports.shared.enqueue([ASSERTION], what_was_new).result(timeout=10)

    both = ports.shared.enqueue([ASSERTION, PROOF], what_was_new).result(timeout=10)
    none = ports.shared.enqueue([], what_was_new).result(timeout=10)

    assert (both, none) == ((False, True), ())


def test_of_many_that_claim_the_same_at_once_one_is_told_that_it_was_new(ports: Ports) -> None:
    at_once = threading.Barrier(16)

    def one(_number: int) -> tuple[bool, ...]:
        at_once.wait()
        return ports.shared.enqueue([PROOF, ASSERTION], what_was_new).result(timeout=10)

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(one, range(16)))

    assert sorted(told) == [(False, False)] * 15 + [(True, True)]


def test_what_raises_leaves_nothing_behind_and_disturbs_nobody(ports: Ports) -> None:
    before = ports.shared.enqueue([PROOF], what_was_new)
    broken = ports.shared.enqueue([ASSERTION], failing)
    after = ports.shared.enqueue([PROOF], what_was_new)

    with pytest.raises(KeyError, match="in the middle"):
        broken.result(timeout=10)
    assert (before.result(timeout=10), after.result(timeout=10)) == ((True,), (False,))
    with ports.work() as tx:
        assert tx.protocol.pushed(digest("pushed")) is None
        assert tx.protocol.claim([ASSERTION]) == (True,)
