"""A database server that is away for a while: 503 in time, nothing lost, service by itself."""

import os
import sys
import time
from contextlib import nullcontext
from http import HTTPStatus
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app
from api.wiring import wire
from scripts.local.process import became
from tests.support.founding import settings_of
from tests.support.shared_town import at_once, shared_town
from tests.support.town import Town
from vault.journal.entries import Kind
from vault.journal.operations import DEADLINE_SECONDS

AWAY_SECONDS = float(os.environ.get("CHAOS_AWAY_SECONDS", "2"))
MODES = ("immediate",) if AWAY_SECONDS <= 2 else ("fast", "immediate")
"""A crash is the harder one; by hand, with a longer absence, both."""
BEFORE_SECONDS = 0.7
AFTER_SECONDS = 1.0
EACH = 6
PERSON = 3
UNAVAILABLE = {"JournalUnavailableError", "OutcomeUnknownError", "GoneError", "StorageError"}

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_comes_back_is_served_from_again_and_nothing_is_lost(
    tmp_path: Path, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        capture_logs(),
        shared_town(tmp_path) as shared,
        shared.processes(EACH, EACH) as processes,
        wire(settings_of(tmp_path)) as wired,
    ):
        app = create_app(settings_of(tmp_path), wiring=lambda _settings: nullcontext(wired))
        town = Town(wired.vault)
        town.deposit(PERSON, name="张示例")
        live = town.consent(PERSON, town.open_case(PERSON).case_no).live
        lines = [line for process in processes for line in process.lines]
        for line in lines:
            line.begin("pulls", live, BEFORE_SECONDS + AWAY_SECONDS + AFTER_SECONDS)
        time.sleep(BEFORE_SECONDS)
        shared.server.stop("fast" if mode == "fast" else "immediate")
        with TestClient(app) as client:
            asked_at = time.monotonic()
            answers = [client.get("/log/checkpoint") for _ in range(3)]
            asked = time.monotonic() - asked_at
            time.sleep(AWAY_SECONDS)
            shared.server.start()
            recovered = became(
                lambda: client.get("/log/checkpoint").status_code == HTTPStatus.OK, seconds=5
            )
            ready = became(
                lambda: client.get("/readyz").status_code == HTTPStatus.OK, seconds=5
            )  # The journal looks at its own connection about once a second.
        told = [said for line in lines for said in line.end().value]
        again = at_once(lines, "pull", live)
        town.revoke(town.consent(PERSON, town.open_case(PERSON).case_no))
        wrong, pulls = shared.wrong(), shared.permitted(Kind.PULL)

    said = [*told, *again]
    released = [one.index for one in said if not one.error]
    failed = [one for one in said if one.error]
    unknown = sum(one.error == "OutcomeUnknownError" for one in failed)
    late = max(one.seconds for one in failed)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {mode}: away for {AWAY_SECONDS:.0f} s; {len(released)} released,"
            f" {len(failed)} refused ({unknown} unknown), the latest after {late:.2f} s\n"
        )
    assert [answer.status_code for answer in answers] == [HTTPStatus.SERVICE_UNAVAILABLE] * 3
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert asked < DEADLINE_SECONDS
    assert (recovered, ready) == (True, True)
    assert {one.error for one in failed} <= UNAVAILABLE
    assert late < (2 if unknown else 1) * DEADLINE_SECONDS + 1
    assert [one.error for one in again] == [""] * len(lines)
    assert len(set(released)) == len(released)
    assert len(released) <= pulls <= len(released) + unknown
    assert wrong == []


def test_no_request_is_lost_to_a_connection_that_ended_while_nobody_used_it(
    tmp_path: Path,
) -> None:
    with shared_town(tmp_path) as shared, shared.serving() as town:
        town.deposit(PERSON, name="张示例")
        granted = town.consent(PERSON, town.open_case(PERSON).case_no)
        shared.server.restart()

        released = town.pull(granted.live).fields["name"]
        revoked = town.revoke(granted)
        again = town.consent(PERSON, town.open_case(PERSON).case_no)

    assert released == "张示例"
    assert again.receipt.index > revoked.index
