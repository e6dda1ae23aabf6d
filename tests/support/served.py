"""A real server on a free port of this machine, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.town import settings_of

MYSPACE = Path(sys.executable).with_name("myspace")
ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        log: File with what it writes to standard error.
    """

    origin: str
    data: Path
    log: Path


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve the demonstration from ``folder``, where ``town.settings_of`` looks for it too."""
    settings, log = settings_of(folder), folder / "log"
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "MYSPACE_STATE": str(settings.state),
        "MYSPACE_KEYS__ROOT_KEY_FILE": str(settings.keys.root_key_file),
    }
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            [MYSPACE, "serve", "--demo", "--port", "0", "--data", settings.data],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            origin = _greeted(process, log=log)
            _answers(origin)
            yield Served(origin=origin, data=settings.data, log=log)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
        assert status == 0, log.read_text()


def _greeted(process: subprocess.Popen[str], *, log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := ADDRESS.search(line):
            return found[0]
    raise AssertionError(log.read_text())


def _answers(origin: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(f"{origin}/healthz", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")
