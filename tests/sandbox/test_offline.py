"""With the server switched off, what was copied of the public log still proves everything."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.documentation import ROOT
from tests.support.served import CODE, served

COPY = ROOT / "docs/quickstart/mirror.py"
VERIFY = Path(sys.executable).with_name("myspace-verify")


def run(*command: object) -> int:
    """Run a program where nothing of ours is; what it prints on failure is shown."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [str(one) for one in command], capture_output=True, text=True, timeout=60, check=False
    )
    sys.stdout.write(done.stdout + done.stderr)
    return done.returncode


def written(file: Path, what: Any) -> Path:  # noqa: ANN401 - text or any JSON
    file.write_text(what if isinstance(what, str) else json.dumps(what), "utf-8")
    return file


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let a department pull, copy the log before and after, and stop the server."""
    folder = tmp_path_factory.mktemp("copied")
    with served(folder) as server:
        log, mirror = f"{server.origin}/log", folder / "mirror"
        holder = server.settled()
        assert run(sys.executable, COPY, log, mirror) == 0
        shutil.copy(mirror / "checkpoint", folder / "older")
        asked = server.authorized(holder, note="核对身份")
        token = asked.requester.redeem(asked.request, callback=asked.callback)
        pulled = asked.requester.pull(token, code=CODE, view="full").body
        written(folder / "proof", pulled["receipt"]["text"])
        written(folder / "opening", pulled["opening"])
        written(folder / "tags", asked.requester.journal_key().body)
        keys = requests.get(f"{log}/keys", timeout=10).text.splitlines()
        written(folder / "policy", "".join(f"log {one}\n" for one in keys) + "quorum none\n")
        assert run(sys.executable, COPY, log, mirror) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.origin}/healthz", timeout=5)
    return folder


def test_a_receipt_and_its_opening_hold(copied: Path) -> None:
    trust = ("--policy", copied / "policy", "--opening", copied / "opening")

    assert run(VERIFY, "proof", copied / "proof", *trust) == 0


def test_a_mirror_holds_and_continues_the_older_one(copied: Path) -> None:
    trust, mirror = ("--policy", copied / "policy"), copied / "mirror"
    heads = (copied / "older", mirror / "checkpoint")

    assert run(VERIFY, "fsck", mirror, *trust) == 0
    assert run(VERIFY, "consistency", *heads, "--mirror", mirror, *trust) == 0
    assert run(VERIFY, "consistency", *heads[::-1], "--mirror", mirror, *trust) == 1


def test_a_department_finds_all_that_was_done_in_its_name(copied: Path, tmp_path: Path) -> None:
    asked = ("--policy", copied / "policy", copied / "mirror")
    told = json.loads((copied / "tags").read_text())
    told["logs"][0]["count"] += 1

    assert run(VERIFY, "mine", "--tag-key", copied / "tags", *asked) == 0
    assert run(VERIFY, "mine", "--tag-key", written(tmp_path / "key", told), *asked) == 3
