"""Children are started with a log, told to end, and never left behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local.process import Process, became, free_port, started
from scripts.outcomes import OperatorError

SLEEPER = [sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(60)"]
DEAF_TEXT = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
DEAF = [sys.executable, "-S", "-c", DEAF_TEXT]
PARENT = """
import sys, time
from pathlib import Path
from scripts.local.process import Process
child = Process.start([sys.executable, "-S", "-c", "import time; time.sleep(60)"],
    name="child", log=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_runs_until_the_end_of_its_block(tmp_path: Path) -> None:
    log = tmp_path / "log"

    with started(SLEEPER, name="sleeper", log=log, ready=lambda: "up" in _text(log)) as child:
        alive = child.alive

    assert (alive, child.alive, log.stat().st_mode & 0o777) == (True, False, 0o600)


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = Process.start(DEAF, name="deaf", log=tmp_path / "log")
    child.wait_until(lambda: "up" in _text(tmp_path / "log"))

    assert child.stop(seconds=0.1) == -signal.SIGKILL


def test_one_that_is_paused_still_hears_that_it_shall_end(tmp_path: Path) -> None:
    child = Process.start(SLEEPER, name="sleeper", log=tmp_path / "log")
    child.wait_until(lambda: "up" in _text(tmp_path / "log"))
    child.send(signal.SIGSTOP)

    assert child.stop() == -signal.SIGTERM


def test_one_that_ends_at_once_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = Process.start(
        [sys.executable, "-S", "-c", "import sys; sys.exit('no such luck')"],
        name="unlucky",
        log=tmp_path / "log",
    )

    with pytest.raises(OperatorError, match=r"(?s)unlucky ended with status 1.*no such luck"):
        child.wait_until(lambda: False)


def test_one_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    with (
        Process.start(SLEEPER, name="sleeper", log=tmp_path / "log") as child,
        pytest.raises(OperatorError, match="was not ready within 0 s"),
    ):
        child.wait_until(lambda: False, seconds=0.05)


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own text
        [sys.executable, "-c", PARENT, tmp_path / "log"], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()

    assert became(lambda: not _lives(child), seconds=5)


def test_free_ports_are_free() -> None:
    assert len({free_port() for _ in range(5)}) > 1


def _text(log: Path) -> str:
    return log.read_text("utf-8") if log.exists() else ""


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
