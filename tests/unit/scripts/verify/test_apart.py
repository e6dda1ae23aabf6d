"""The verifier stands alone: what it imports, how long it is, and that it runs by itself."""

import ast
import io
import shutil
import subprocess
import sys
import time
import tokenize
from pathlib import Path
from typing import Final

import pytest

from scripts.verify.cli import main
from scripts.verify.mirror import Mirror, check_tree
from scripts.verify.notes import read_checkpoint
from scripts.verify.said import MESSAGES
from tests.support.journal_log import MemoryLog
from tests.support.journal_values import AT_MS, entry_numbered
from tests.support.mirrors import holder_file, mirror_of
from tests.support.tree import ROOT, modules, parsed

OURS: Final = modules("scripts/verify")
MOST_LINES: Final = 500
"""Of code, so that one can read it all: no blank lines, imports, docstrings, comments."""


def test_it_imports_the_standard_library_cryptography_and_itself() -> None:
    imported = set()
    for path in OURS:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1

    assert imported - sys.stdlib_module_names == {"cryptography"}


def code_lines(path: Path) -> int:
    """Count the lines that do something."""
    text, lines = path.read_text("utf-8"), set[int]()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING}:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if told or isinstance(node, ast.Import | ast.ImportFrom):
            assert isinstance(node, ast.stmt)
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def test_it_is_short_enough_to_be_read_at_one_sitting() -> None:
    assert sum(map(code_lines, OURS)) <= MOST_LINES


def test_it_says_everything_in_both_languages() -> None:
    pages = [(ROOT / name).read_text("utf-8") for name in ("docs/verify.md", "docs/verify.en.md")]

    for name, (code, chinese, english) in MESSAGES.items():
        for page, told in zip(pages, (chinese, english), strict=True):
            assert f"| `{name}` | {code} | {told} |" in page


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    made = MemoryLog()
    made.append([(number % 3 + 1, entry_numbered(number, at_ms=AT_MS)) for number in range(300)])
    return made


def test_a_copy_of_the_folder_runs_where_nothing_else_of_ours_is(
    log: MemoryLog, tmp_path: Path
) -> None:
    """Isolated: neither this folder nor the installed packages of ours are on its path."""
    shutil.copytree(ROOT / "scripts" / "verify", tmp_path / "copied" / "verify")
    mirror = mirror_of(log, tmp_path / "mirror")
    key = tmp_path / "key.json"
    key.write_text(str(holder_file(log, holder=1)).replace("'", '"'), "utf-8")
    program = f"""
import importlib.metadata, runpy, sys
sys.path.insert(0, {str(tmp_path / "copied")!r})
for name in ("api", "policies", "scripts", "storage", "vault"):
    sys.modules[name] = None  # Importing it fails, wherever it lies.
sys.argv[0] = "verify"
runpy.run_module("verify", run_name="__main__", alter_sys=True)
"""
    for words in (["fsck", str(mirror)], ["mine", "--tag-key", str(key), str(mirror)]):
        done = subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-I", "-c", program, *words],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            env={"PYTHONUTF8": "1"},
            timeout=60,
        )
        assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_a_terminal_that_has_not_every_sign_is_told_all_the_same(
    log: MemoryLog, tmp_path: Path, encoding: str
) -> None:
    mirror = mirror_of(log, tmp_path / "mirror")

    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "scripts.verify", "fsck", str(mirror)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": encoding},
        timeout=60,
    )

    assert (done.stderr, done.returncode) == (b"", 0)
    assert b"the mirror is whole and holds" in done.stdout


def test_it_is_a_command_of_its_own() -> None:
    assert 'myspace-verify = "scripts.verify.cli:main"' in (ROOT / "pyproject.toml").read_text()


def test_a_thousand_entries_are_checked_in_the_blink_of_an_eye(
    log: MemoryLog, tmp_path: Path
) -> None:
    """A floor far below what the bench shows, so that a busy machine does not fail it."""
    mirror = mirror_of(log, tmp_path / "mirror")
    started = time.perf_counter()

    head = read_checkpoint((mirror / "checkpoint").read_text("utf-8"), None)
    leaves = sum(len(one) for one in check_tree(Mirror(mirror), head))

    assert leaves == 300
    assert leaves / (time.perf_counter() - started) > 3_000


def test_its_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])

    said = capsys.readouterr().out
    assert all(name in said for name in ("proof", "consistency", "fsck", "mine", "open"))
