"""A primary that is lost: with a synchronous standby nothing acknowledged is lost.

With one that is behind the log freezes, says so, and nothing leaves or changes any more: what
was released after the standby's last entry would otherwise never have happened (journal.md 6).
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.wiring import wire
from scripts.local.postgresql import Postgresql
from scripts.local.process import HOST, became
from scripts.local.replication import catch_up, make_synchronous, promote, standby_of
from tests.support.founding import open_vault, put_on, settings_of
from tests.support.shared_town import SharedTown, shared_town
from tests.support.town import Town
from vault.errors import LogFrozenError, VaultError
from vault.journal.entries import Kind

EACH = 6
PERSON = 3
PULLING_SECONDS = 3.0
STANDBY = "one"
REFUSED = {"JournalUnavailableError", "OutcomeUnknownError", "GoneError", "StorageError"}
"""What may be said while a primary is gone: 503, all of them."""

pytestmark = pytest.mark.chaos


@contextmanager
def with_standby(folder: Path) -> Iterator[tuple[SharedTown, Postgresql]]:
    """Run a town whose server has a standby; its address names both."""
    with shared_town(folder) as shared:
        primary = shared.server
        with standby_of(primary, primary.folder / "standby", name=STANDBY) as standby:
            address = primary.address().replace(
                f"{HOST}:{primary.port}", f"{HOST}:{primary.port},{HOST}:{standby.port}"
            )
            put_on(folder, address=address, password_file=primary.password_file)
            catch_up(primary, STANDBY)
            yield shared, standby


def test_no_acknowledged_entry_is_lost_with_a_synchronous_standby(tmp_path: Path) -> None:
    with with_standby(tmp_path) as (shared, standby):
        make_synchronous(shared.server, STANDBY)
        with shared.processes(EACH, EACH) as processes:
            with shared.serving() as town:
                town.deposit(PERSON, name="张示例")
                live = town.consent(PERSON, town.open_case(PERSON).case_no).live
            lines = [line for process in processes for line in process.lines]
            for line in lines:
                line.begin("pulls", live, PULLING_SECONDS)
            time.sleep(PULLING_SECONDS / 3)
            shared.server.stop("immediate")
            stopped_at = time.monotonic_ns()
            promote(standby)
            told = [said for line in lines for said in line.end().value]
        with shared.serving() as town:  # Started anew, against the server that is left.
            last = town.pull(live).proof.receipt.index
            town.deposit(PERSON + 1, name="李示例")
        wrong, pulls = shared.wrong(), shared.permitted(Kind.PULL)

    released = [said.index for said in told if not said.error]
    unknown = sum(said.error == "OutcomeUnknownError" for said in told)
    went_on = [said for said in told if not said.error and said.invoked_at > stopped_at]
    assert {said.error for said in told} <= {"", *REFUSED}
    assert len(set(released)) == len(released)
    assert len(released) + 1 <= pulls <= len(released) + 1 + unknown
    assert last is not None
    assert last > max(index for index in released if index is not None)
    assert went_on  # By themselves: nobody started these processes anew.
    assert wrong == []


def test_a_promoted_standby_that_is_behind_freezes_the_log(tmp_path: Path) -> None:
    with capture_logs() as logged, with_standby(tmp_path) as (shared, standby):
        settings = settings_of(tmp_path)
        with wire(settings) as wired:
            app = create_app(settings, wiring=lambda _settings: nullcontext(wired))
            town = Town(wired.vault)
            town.deposit(PERSON, name="张示例")
            granted = town.consent(PERSON, town.open_case(PERSON).case_no)
            catch_up(shared.server, STANDBY)
            standby.stop()
            town.pull(granted.live)  # Only the primary has it.
            shared.server.stop("immediate")
            standby.start()
            promote(standby)
            with TestClient(app) as client:
                frozen = became(lambda: not wired.vault.journal.waiting, seconds=10)
                ready = client.get("/readyz").status_code
            acts = [
                lambda: town.pull(granted.live),
                lambda: town.revoke(granted),
                lambda: town.deposit(PERSON, name="李示例"),
            ]
            refused = [_refusal(act) for act in acts]
        with pytest.raises(LogFrozenError) as told, open_vault(tmp_path):
            pass
        rows = standby.admin("SELECT frozen FROM log_head", database="vault")

    assert (frozen, ready) == (True, 503)
    assert refused == ["LogFrozenError"] * 3
    assert "frozen" in str(told.value)
    reasons = [one["reason"] for one in logged if one["event"] == "the log is frozen"]
    assert reasons[0] == (
        "the log is frozen: the database is older than what was seen: restored database?"
    )
    assert rows == [(1,)]


def test_a_commit_that_was_not_confirmed_is_resolved_and_not_taken_for_one(
    tmp_path: Path,
) -> None:
    with with_standby(tmp_path) as (shared, standby), shared.serving() as town:
        town.deposit(PERSON, name="张示例")
        live = town.consent(PERSON, town.open_case(PERSON).case_no).live
        make_synchronous(shared.server, STANDBY)
        standby.stop()
        with ThreadPoolExecutor(1) as threads, capture_logs() as logged:
            pulled = threads.submit(town.pull, live)
            waits = became(lambda: bool(_waiting_for_standby(shared.server)), seconds=5)
            (pid,) = _waiting_for_standby(shared.server)
            shared.server.admin(f"SELECT pg_cancel_backend({pid})")
            again = became(
                lambda: _waiting_for_standby(shared.server) not in ([], [pid]), seconds=5
            )
            early = pulled.done()
            standby.start()
            released = pulled.result(20).fields["name"]
        wrong = shared.wrong()

    assert (waits, again, early, released, wrong) == (True, True, False, "张示例", [])
    (told,) = [one for one in logged if one["event"] == "the answer to a commit was lost"]
    assert told["happened"] is True


def _waiting_for_standby(server: Postgresql) -> list[int]:
    rows = server.admin("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    return [pid for (pid,) in rows]


def _refusal(act: object) -> str:
    assert callable(act)
    try:
        act()
    except VaultError as error:
        return type(error).__name__
    return ""
