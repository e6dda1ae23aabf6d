"""An answer to COMMIT that is lost: the waiter hears the truth, or that nobody knows it.

The connection is cut by a proxy in between, at the COMMIT (journal.md 2.4, resolve).
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from storage.journal_state import LogState
from storage.writing import RESOLVE_SECONDS
from tests.support.cutting_proxy import Cut, CuttingProxy, cutting_proxy
from tests.support.postgres import migrated
from tests.support.vault_values import a_case
from tests.support.writer import World, a_change, a_pull, entry_id, open_world_on
from vault.errors import JournalUnavailableError, OutcomeUnknownError
from vault.journal.operations import DEADLINE_SECONDS, Committed
from vault.ports import Tx

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Through:
    """A log whose server is reached through a proxy."""

    world: World
    proxy: CuttingProxy

    def ids(self) -> list[bytes]:
        return [entry.entry_id for entry in self.world.entries()]


@pytest.fixture
def through(tmp_path: Path) -> Iterator[Through]:
    with migrated() as server:
        port = int(server.address.rpartition(":")[2].partition("/")[0])
        with cutting_proxy(port) as proxy:
            address = server.address.replace(f":{port}/", f":{proxy.port}/")
            with open_world_on(replace(server, address=address), tmp_path) as world:
                yield Through(world, proxy)


def test_a_commit_that_the_server_got_is_told_as_done(through: Through) -> None:
    with through.world.serving() as writer:
        first = writer.submit(a_pull(1))
        through.proxy.cut(Cut.AFTER)
        second = writer.submit(a_pull(2))
        third = writer.submit(a_pull(3))

    assert through.proxy.cuts == 1
    told = [one.index for one in (first, second, third) if isinstance(one, Committed)]
    assert told == [0, 1, 2]
    assert through.ids() == [entry_id(number) for number in (1, 2, 3)]
    assert through.world.faults() == ()


def test_a_commit_that_the_server_never_got_is_told_as_not_done(through: Through) -> None:
    case = a_case()
    with through.world.serving() as writer:
        writer.submit(a_pull(1))
        through.proxy.cut(Cut.BEFORE)
        with pytest.raises(JournalUnavailableError) as told:
            writer.submit(a_change(2, effect=lambda tx, _at_ms: tx.cases.add(case)))
        third = writer.submit(a_change(3, effect=lambda tx, _at_ms: tx.cases.add(case)))

    assert through.proxy.cuts == 1
    assert type(told.value) is JournalUnavailableError
    assert isinstance(third, Committed)
    assert through.ids() == [entry_id(1), entry_id(3)]
    assert through.world.faults() == ()


@pytest.mark.parametrize("where", [Cut.AFTER, Cut.BEFORE], ids=["it got it", "it did not"])
def test_who_is_told_of_success_is_exactly_who_stands_in_the_log(
    through: Through, where: Cut
) -> None:
    def ask(number: int) -> bytes | None:
        try:
            outcome = writer.submit(a_pull(number))
        except JournalUnavailableError:
            return None
        assert isinstance(outcome, Committed)
        return outcome.entry_id

    with through.world.serving() as writer, ThreadPoolExecutor(20) as threads:
        through.proxy.cut(where)
        told = list(threads.map(ask, range(100)))

    assert (through.proxy.cuts, None in told) == (1, where is Cut.BEFORE)
    assert set(through.ids()) == {one for one in told if one}
    assert through.world.faults() == ()


def test_what_was_found_to_have_happened_is_remembered_as_seen(through: Through) -> None:
    with through.world.serving() as writer:
        writer.submit(a_pull(1))
        through.proxy.cut(Cut.AFTER)
        second = writer.submit(a_pull(2))

    kept = LogState.load(through.world.state_path)
    assert isinstance(second, Committed)
    assert kept is not None
    assert kept.size == through.world.head().size == 2


def test_who_stood_still_amid_a_batch_is_told_at_once_that_nothing_happened(
    world: World,
) -> None:
    def stand_still(tx: Tx, _at_ms: int) -> None:
        time.sleep(2.5)  # The server gives the head to somebody else after two seconds.
        tx.cases.add(a_case())

    with world.serving() as writer:
        started_at = time.monotonic()
        with pytest.raises(JournalUnavailableError):
            writer.submit(a_change(1, effect=stand_still))
        waited = time.monotonic() - started_at
        later = writer.submit(a_pull(2))

    assert waited < DEADLINE_SECONDS
    assert isinstance(later, Committed)
    assert [entry.entry_id for entry in world.entries()] == [entry_id(2)]


def test_when_the_server_stays_away_nobody_claims_to_know(through: Through) -> None:
    with through.world.serving() as writer:
        writer.submit(a_pull(1))
        through.proxy.cut(Cut.AFTER, then_away=True)
        started_at = time.monotonic()
        with pytest.raises(OutcomeUnknownError):
            writer.submit(a_pull(2))
        waited = time.monotonic() - started_at
        with pytest.raises(JournalUnavailableError):
            writer.submit(a_pull(3))
        through.proxy.come_back()
        fourth = writer.submit(a_pull(4))

    assert RESOLVE_SECONDS <= waited < 2 * RESOLVE_SECONDS
    assert isinstance(fourth, Committed)
    assert through.ids() == [entry_id(number) for number in (1, 2, 4)]  # 2: an entry, no release.
    assert through.world.fatal == []
    assert through.world.faults() == ()
