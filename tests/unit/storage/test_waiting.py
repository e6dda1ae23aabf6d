"""Which operations go into a batch: urgent ones first, and a fair share for each client."""

import threading
import time
from dataclasses import replace

import pytest

from storage.company import QUIET_SECONDS
from storage.waiting import MAX_CHANGES, MAX_DISCLOSURES, SHARE, Queue
from tests.support.writer import a_change, a_pull, entry_id
from vault.errors import JournalUnavailableError
from vault.journal.operations import Change, Disclosure, Urgency

CLIENT, OTHER = b"client", b"other"


def pulls(count: int, *, of: bytes, first: int = 0) -> list[Disclosure]:
    return [replace(a_pull(first + number), quota_id=of) for number in range(count)]


def changes(count: int, *, first: int = 0) -> list[Change]:
    return [a_change(first + number) for number in range(count)]


def queue_of(*operations: Change | Disclosure, limit: int = 10_000) -> Queue:
    queue = Queue(limit=limit)
    for operation in operations:
        queue.put(operation)
    return queue


def taken(queue: Queue) -> list[bytes]:
    """Return the entry ids of the next batch."""
    return [one.operation.entry_id for one in queue.take()]


def ids(first: int, end: int) -> list[bytes]:
    return [entry_id(number) for number in range(first, end)]


def test_what_takes_rights_away_goes_first() -> None:
    urgent = a_change(9, urgency=Urgency.TAKES_AWAY)

    queue = queue_of(a_pull(0), a_change(1), urgent, a_pull(2))

    assert taken(queue) == [entry_id(9), *ids(0, 3)]
    assert taken(queue) == []


def test_a_batch_has_room_for_so_many_of_each_kind() -> None:
    queue = queue_of(*changes(MAX_CHANGES + 1), *pulls(MAX_DISCLOSURES + 1, of=b"", first=1000))

    first, second = taken(queue), taken(queue)

    assert first == ids(0, MAX_CHANGES) + ids(1000, 1000 + MAX_DISCLOSURES)
    assert second == [entry_id(MAX_CHANGES), entry_id(1000 + MAX_DISCLOSURES)]


def test_a_lone_caller_waits_for_nobody() -> None:
    queue, begun = Queue(), time.monotonic()

    for number in range(50):
        queue.put(a_pull(number))
        assert taken(queue) == [entry_id(number)]

    assert time.monotonic() - begun < 40 * QUIET_SECONDS


def test_one_client_gets_its_share_while_others_wait() -> None:
    share = MAX_DISCLOSURES // SHARE
    busy = pulls(MAX_DISCLOSURES, of=CLIENT)
    others = pulls(MAX_DISCLOSURES - share - 1, of=b"", first=1000)

    batch = taken(queue_of(*busy, *others))

    assert batch[:share] == ids(0, share)
    assert batch[share:-1] == ids(1000, 1000 + len(others))
    assert batch[-1] == entry_id(share)  # Room that nobody else wanted.


def test_one_client_alone_may_fill_a_batch() -> None:
    batch = taken(queue_of(*pulls(MAX_DISCLOSURES + 5, of=CLIENT)))

    assert batch == ids(0, MAX_DISCLOSURES)


def test_shares_are_counted_by_client() -> None:
    share = MAX_DISCLOSURES // SHARE
    queue = queue_of(*pulls(share, of=CLIENT), *pulls(share, of=OTHER, first=1000))

    assert taken(queue) == ids(0, share) + ids(1000, 1000 + share)


def test_a_queue_has_a_limit_until_something_is_taken() -> None:
    queue = queue_of(a_pull(0), a_pull(1), limit=2)

    with pytest.raises(JournalUnavailableError):
        queue.put(a_pull(2))
    queue.take()

    assert queue.put(a_pull(2)).done() is False


def test_what_was_taken_can_no_longer_be_given_up() -> None:
    queue = Queue()
    kept, given_up = queue.put(a_pull(0)), queue.put(a_pull(1))

    withdrawn = given_up.cancel()
    batch = taken(queue)

    assert (withdrawn, batch, kept.cancel()) == (True, [entry_id(0)], False)


def test_who_waits_is_woken_by_what_comes_and_by_the_end() -> None:
    queue = Queue()
    threading.Timer(0.02, queue.put, (a_pull(0),)).start()
    came = queue.wait(timeout=5)
    queue.take()
    threading.Timer(0.02, queue.close).start()
    ended = queue.wait(timeout=5)

    assert (came, ended, queue.closed) == (True, False, True)
    with pytest.raises(JournalUnavailableError, match="has stopped"):
        queue.put(a_pull(1))


def test_waiting_ends_without_anything() -> None:
    assert Queue().wait(timeout=0.01) is False
