"""What goes wrong behind the interface: one clear problem, nothing lost, nothing told."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.problems import PROBLEMS, problem_of
from api.routers.awaiting import submitted
from tests.support.http_world import CODE, ORIGIN, PDF, HttpWorld, identity_card
from vault import errors
from vault.errors import (
    IntegrityError,
    JournalUnavailableError,
    OutcomeUnknownError,
    StorageError,
    VaultError,
)
from vault.ids import Space
from vault.journal.operations import Change, Disclosure, Journal, Outcome, Pending
from vault.services import Vault
from vault.services.moving_on import MovedOnError


@dataclass
class FullBlobs:
    """A folder on a full disk."""

    def write(self, space: Space, *, chunks: Iterator[bytes], now_ms: int) -> tuple[str, int]:
        raise StorageError("the disk is full: nothing was written")

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        raise IntegrityError("a sealed file is gone")

    def collect(self, *, now_ms: int) -> int:
        return 0


@dataclass
class StuckJournal:
    """A journal whose operations wait, or are with the writer, and never end.

    Attributes:
        taken: The writer has them already.
    """

    taken: bool = False
    queued: list[Pending] = field(default_factory=list)

    @property
    def waiting(self) -> bool:
        return False

    def submit(self, operation: Change | Disclosure) -> Outcome:
        raise JournalUnavailableError("the journal has stopped")

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        pending: Pending = Future()
        if self.taken:
            pending.set_running_or_notify_cancel()
        self.queued.append(pending)
        return pending


@dataclass
class MovingJournal:
    """A journal under which the record moves on while the first ``moves`` pulls wait."""

    real: Journal
    moves: int

    @property
    def waiting(self) -> bool:
        return self.real.waiting

    def submit(self, operation: Change | Disclosure) -> Outcome:
        return self.real.submit(operation)

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        if self.moves == 0:
            return self.real.enqueue(operation)
        self.moves -= 1
        pending: Pending = Future()
        pending.set_exception(MovedOnError("what would be released has changed"))
        return pending


@contextmanager
def with_vault(world: HttpWorld, vault: Vault) -> Iterator[TestClient]:
    """Serve ``vault`` instead of the world's own."""
    wired = replace(world.wired, vault=vault)
    settings = world.settings
    app = create_app(settings, wiring=lambda _: nullcontext(wired))
    with TestClient(app, base_url=ORIGIN) as http:
        yield http


NOTHING: Any = None
"""An operation; these journals look at none."""


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer of the test client
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_full_disk_takes_no_file_and_says_when_to_come_back(world: HttpWorld) -> None:
    person, record_id = world.settled()
    browser = world.browser(person)
    headers = world.police.headers("POST", "/v1/records", token=world.police.token())

    with with_vault(world, replace(world.vault, blobs=FullBlobs())) as http:
        answer = http.post(
            "/v1/records",
            data={"record": json.dumps(identity_card(person))},
            files=[("file", ("a.pdf", PDF))],
            headers=headers | {"Idempotency-Key": "full-disk"},
        )

    assert told(answer) == (503, "no-storage")
    assert answer.headers["retry-after"] == "2"
    assert [one["record_id"] for one in browser.get("/v1/me/records").json()] == [record_id]


def test_a_file_above_its_limit_is_refused_with_everything(world: HttpWorld) -> None:
    person, record_id = world.settled()
    headers = world.police.headers("POST", "/v1/records", token=world.police.token())

    with with_vault(world, replace(world.vault, max_file_bytes=1000)) as http:
        answer = http.post(
            "/v1/records",
            data={"record": json.dumps(identity_card(person))},
            files=[("file", ("a.pdf", PDF + bytes(1000)))],
            headers=headers | {"Idempotency-Key": "large-file"},
        )

    assert told(answer) == (413, "too-large")
    assert [one["record_id"] for one in world.browser(person).get("/v1/me/records").json()] == [
        record_id
    ]


def test_a_file_that_is_gone_is_told_as_such_and_nothing_of_it_is_shown(world: HttpWorld) -> None:
    person = world.person()
    record_id = world.police.upload("/v1/records", identity_card(person), [("a.pdf", PDF)]).json()[
        "record_id"
    ]
    browser = world.browser(person)

    with with_vault(world, replace(world.vault, blobs=FullBlobs())) as http:
        http.cookies = browser.http.cookies
        answer = http.get(f"/v1/me/records/{record_id}/files/1")

    assert told(answer) == (500, "integrity")


def test_without_a_journal_nothing_is_released_or_changed(world: HttpWorld) -> None:
    person, record_id = world.settled()
    stuck = replace(world.vault, journal=StuckJournal())
    browser = world.browser(person)
    headers = world.police.headers("POST", "/v1/records", token=world.police.token())

    with with_vault(world, stuck) as http:
        http.cookies = browser.http.cookies
        read = http.get(f"/v1/me/records/{record_id}")
        deposited = http.post(
            "/v1/records",
            json=identity_card(person),
            headers=headers | {"Idempotency-Key": "no-journal"},
        )
        ready, alive = http.get("/readyz"), http.get("/healthz")

    assert told(read) == told(deposited) == (503, "no-journal")
    assert "retry-after" in read.headers
    assert (ready.status_code, alive.status_code) == (503, 200)


def test_a_bug_is_told_as_a_number_and_nothing_else(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    path = f"/v1/evidence/{CODE}"
    broken: Any = object()

    with capture_logs() as lines, with_vault(world, replace(world.vault, keyring=broken)) as http:
        answer = http.get(path, headers=world.market.headers("GET", path, token=token))

    body = answer.json()
    [line] = [one for one in lines if one["event"] == "failed"]
    assert line["id"] == answer.headers["x-correlation-id"]
    assert told(answer) == (500, "internal")
    assert body.keys() == {"type", "title", "title_zh", "status", "instance"}
    assert body["instance"].endswith(answer.headers["x-correlation-id"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("moves", "expected"), [(1, 200), (2, 200), (3, 409)])
def test_a_record_that_changes_while_it_is_pulled_is_asked_for_again(
    world: HttpWorld, moves: int, expected: int
) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    path = f"/v1/evidence/{CODE}"
    moving = MovingJournal(real=world.vault.journal, moves=moves)

    with with_vault(world, replace(world.vault, journal=moving)) as http:
        answer = http.get(path, headers=world.market.headers("GET", path, token=token))

    assert answer.status_code == expected


# -- awaiting the journal without a thread -----------------------------------------------------


def test_an_operation_that_waits_too_long_is_taken_back() -> None:
    journal = StuckJournal()

    with pytest.raises(JournalUnavailableError, match="busy"):
        asyncio.run(submitted(journal, NOTHING, deadline=0.01))

    assert [one.cancelled() for one in journal.queued] == [True]


def test_an_operation_whose_batch_has_begun_is_awaited_and_its_outcome_is_unknown() -> None:
    journal = StuckJournal(taken=True)

    with pytest.raises(OutcomeUnknownError):
        asyncio.run(submitted(journal, NOTHING, deadline=0.01))

    assert [one.cancelled() for one in journal.queued] == [False]


def test_an_operation_that_ends_late_is_answered_all_the_same() -> None:
    journal = StuckJournal(taken=True)

    async def late() -> Outcome:
        waiting = asyncio.create_task(submitted(journal, NOTHING, deadline=0.1))
        await asyncio.sleep(0.15)
        journal.queued[0].set_result(done)
        return await waiting

    done: Any = object()
    assert asyncio.run(late()) is done


def test_what_goes_wrong_with_an_operation_is_raised() -> None:
    journal = StuckJournal(taken=True)

    async def failing() -> Outcome:
        waiting = asyncio.create_task(submitted(journal, NOTHING, deadline=1))
        await asyncio.sleep(0.01)
        journal.queued[0].set_exception(JournalUnavailableError("the journal cannot be written"))
        return await waiting

    with pytest.raises(JournalUnavailableError, match="cannot be written"):
        asyncio.run(failing())


# -- which error is which problem --------------------------------------------------------------


def test_each_error_of_the_tree_has_a_row_of_its_own() -> None:
    tree = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, VaultError) and one is not VaultError
    }

    assert tree <= PROBLEMS.keys()


def test_each_problem_has_a_name_of_its_own() -> None:
    slugs = [one.slug for one in PROBLEMS.values()]

    assert len(set(slugs)) == len(slugs)


def test_an_error_without_a_row_is_that_of_its_parent() -> None:
    class DiskOnFireError(StorageError):
        """A leaf that nobody thought of."""

    assert problem_of(DiskOnFireError("fire")) is PROBLEMS[StorageError]
