"""``./scripts/cluster``: checks itself, stays up until it is told, and leaves nothing behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scripts.cli import app
from scripts.folder_lock import Turn
from scripts.local import proc
from scripts.local.accounts import open_folder
from scripts.local.process import MYSPACE, became
from scripts.outcomes import Exit
from scripts.serving import claim_port

SECONDS = 90
PARTS = 9
"""PostgreSQL, four parts of SeaweedFS, two servers, nginx, the program itself; at least."""

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@contextmanager
def started(folder: Path, *, until: str) -> Iterator[subprocess.Popen[str]]:
    """Run it until it says something; it is killed at the end, if it still runs."""
    words = ["cluster", "--port", "0", "--data", str(folder / "kept")]
    command = [*MYSPACE, *words]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env=os.environ | {"TMPDIR": str(folder)},  # What one that is killed cannot remove.
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = list[str]()
        try:
            for line in process.stdout:
                told.append(line)
                if until in line:
                    break
            assert until in told[-1], "".join(told)
            yield process
        finally:
            process.kill()


def cluster(folder: Path, *more: str, port: int) -> Result:
    words = ["cluster", "--port", str(port), "--data", str(folder / "kept"), *more]
    return CliRunner().invoke(app, words)


def below(pid: int) -> set[int]:
    """Return a process and its descendants."""
    return {pid}.union(*map(below, proc.children(pid)))


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def test_interrupted_it_stops_and_its_data_are_good_for_the_next_check(folder: Path) -> None:
    with started(folder, until="The cluster is up") as process:
        everybody = below(process.pid)
        process.send_signal(signal.SIGINT)
        status = process.wait(SECONDS)
    left = alive(everybody)

    checked = cluster(folder, "--check", port=0)

    assert (status, len(everybody) >= PARTS, left) == (0, True, set())
    assert checked.exit_code == 0, checked.output
    assert "the journal holds" in checked.output


def test_what_it_has_started_ends_with_it_even_if_it_is_killed(folder: Path) -> None:
    with started(folder, until="[4/6] nginx") as process:
        everybody = below(process.pid)
        process.kill()
        process.wait(SECONDS)

        assert became(lambda: not alive(everybody), seconds=SECONDS), alive(everybody)
    assert len(everybody) >= PARTS - 1  # nginx perhaps not yet.


def test_a_port_that_somebody_has_is_told(folder: Path) -> None:
    with claim_port(0) as held:
        taken = cluster(folder, port=held.getsockname()[1])

    assert taken.exit_code == Exit.UNAVAILABLE
    assert "--port" in taken.output


def test_a_second_one_in_the_same_folder_is_told(folder: Path) -> None:
    (folder / "kept").mkdir()
    turn = Turn(folder / "kept" / "cluster.lock")
    try:
        assert turn.mine()
        second = cluster(folder, port=0)
    finally:
        turn.close()

    assert second.exit_code == Exit.UNAVAILABLE
    assert "--data" in second.output
