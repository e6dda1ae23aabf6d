"""Runs a program that runs out of disk, and reads the steps that it tells."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.tree import ROOT


def run(module: str, folder: Path, kind: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run ``module`` in ``folder``; return how it ended, its steps and its log."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", module, str(folder), kind],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
