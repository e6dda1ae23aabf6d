"""The quickstarts do what they say, against a server that was started as they say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documentation import ROOT
from tests.support.peers import NODE, PEERS
from tests.support.served import served

SCRIPTS = ROOT / "docs/quickstart"
STEPS = ("1. client", "2. case", "3. send", "4. token", "5. evidence", "6. receipt")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a sandbox by its own command."""
    with served(tmp_path_factory.mktemp("quickstart"), mode="--sandbox") as found:
        yield found.origin


def told(*command: object) -> str:
    """Run a script; return what it printed, once its six steps were seen."""
    done = subprocess.run(  # noqa: S603 - our own script
        [str(one) for one in command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = zip(done.stdout.splitlines(), STEPS, strict=True)
    assert all(line.startswith(step) for line, step in lines)
    return done.stdout


def test_a_developer_with_python_pulls_evidence(origin: str) -> None:
    assert "'vehicle_class': 'C1'" in told(sys.executable, SCRIPTS / "quickstart.py", origin)


def test_a_developer_with_node_pulls_evidence(origin: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(PEERS / "node_modules")
    script = tmp_path / "quickstart.mjs"
    script.write_bytes((SCRIPTS / script.name).read_bytes())

    assert "vehicle_class: 'C1'" in told(NODE, script, origin)
