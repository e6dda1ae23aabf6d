"""Rules that protect somebody and that no linter knows (style: section 10, rule 10)."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.tree import PACKAGES, ROOT, calls, modules, name_of, parsed

LONGEST_MODULE = 300
PEERS = ROOT / "tests/peers"
GLOBALS = {
    *(("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")),
    *(("time", "time"), ("time", "time_ns"), ("os", "urandom"), ("os", "getrandom")),
    *(("secrets", "token_bytes"), ("secrets", "token_hex"), ("secrets", "token_urlsafe")),
    *(("random", "random"), ("random", "randbytes"), ("uuid", "uuid4")),
}
each_module = pytest.mark.parametrize("path", modules(), ids=name_of)
each_test = pytest.mark.parametrize("path", modules("tests"), ids=name_of)


def test_the_rules_see_every_package() -> None:
    seen = {name_of(path).split("/")[0] for path in modules()}

    assert seen == set(PACKAGES)


@each_module
def test_only_the_policy_makes_permits_and_refusals(path: Path) -> None:
    """A ``Permit`` is proof of a decision; anyone else who builds one forges it."""
    if name_of(path) != "policies/access.py":
        assert calls(path, "Permit", "Deny") == []


@pytest.mark.parametrize("path", modules(*PACKAGES, "tests"), ids=name_of)
def test_only_a_journal_says_that_something_is_committed(path: Path) -> None:
    """``Committed`` opens record keys: it is made after the commit returned, nowhere else."""
    if name_of(path) not in {"storage/telling.py", "tests/support/memory/journal.py"}:
        assert calls(path, "Committed") == []


@each_module
def test_only_storage_commits(path: Path) -> None:
    """A commit elsewhere would change a space without its entry."""
    if not name_of(path).startswith("storage/"):
        assert calls(path, "commit", "begin_nested") == []


@each_module
def test_a_module_fits_in_a_head(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())

    assert lines <= LONGEST_MODULE


@each_module
def test_the_release_path_uses_no_sessions(path: Path) -> None:
    """A session reads rows when it likes; a guard must know which rows it has read."""
    sources = [
        (node.module or "", alias.name)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]

    assert [found for found in sources if found[0].startswith("sqlalchemy.orm")] == []
    assert ("sqlmodel", "Session") not in sources


@pytest.mark.parametrize("path", modules("policies", "vault"), ids=name_of)
def test_the_core_asks_no_global_for_time_or_chance(path: Path) -> None:
    """Every test chooses its noon and its nonce; ``SystemClock`` is the one clock that is real."""
    asked = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in GLOBALS
    ]

    if name_of(path) != "vault/clock.py":
        assert asked == []


@each_module
def test_only_settings_read_the_environment(path: Path) -> None:
    """Nothing below ``api`` has heard of settings; a flag nobody knows of cannot open a door."""
    reads = [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    if name_of(path).split("/")[0] in {"policies", "vault", "storage"}:
        assert reads == []


@each_test
def test_tests_patch_nothing_of_ours(path: Path) -> None:
    """A patched part is not the part that runs; a port and a fake are (style: section 8)."""
    ours = {*PACKAGES, "tests"}
    bound: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[:2] != ["unittest", "mock"]
            assert not (node.module == "unittest" and any(a.name == "mock" for a in node.names))
            if (node.module or "").split(".")[0] in ours:
                bound |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] != "mock" for alias in node.names)
            assert all(not alias.name.startswith("unittest.mock") for alias in node.names)
            bound |= {
                alias.asname or alias.name.split(".")[0]
                for alias in node.names
                if alias.name.split(".")[0] in ours
            }

    assert [line for line, name in patched(path) if name in bound] == []


def patched(path: Path) -> list[tuple[int, str]]:
    """Return line and first name of what ``monkeypatch`` sets or deletes an attribute of."""
    found = []
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr="setattr" | "delattr"), args=[target, *_]):
                while isinstance(target, ast.Attribute):
                    target = target.value
                match target:
                    case ast.Name(id=name):
                        found.append((node.lineno, name))
                    case ast.Constant(value=str() as dotted):
                        found.append((node.lineno, dotted.split(".")[0]))
                    case _:
                        pass
            case _:
                pass
    return found


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.lock")), ids=name_of)
def test_a_lock_file_names_no_address_and_hashes_everything(path: Path) -> None:
    """Where packages come from is the installer's business; what they are is ours."""
    lines = path.read_text("utf-8").splitlines()
    pinned = [at for at, line in enumerate(lines) if line[:1].isalnum()]

    assert not [line for line in lines if "://" in line]
    assert pinned
    assert not [lines[at] for at in pinned if "--hash=sha256:" not in lines[at + 1]]


def test_everything_that_is_asked_for_is_locked() -> None:
    locked = {
        line.split("==")[0].split("[")[0]
        for line in (ROOT / "requirements-dev.lock").read_text("utf-8").splitlines()
        if "==" in line and line[:1].isalnum()
    }
    asked = {
        line.split(";")[0].split("[")[0].split("=")[0].split("<")[0].split(">")[0].strip()
        for name in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / name).read_text("utf-8").splitlines()
        if line.strip() and not line.startswith(("#", "-r"))
    }

    assert {name.lower().replace("_", "-") for name in asked} <= locked


def test_the_lock_of_the_npm_packages_names_no_registry_and_hashes_everything() -> None:
    locked = json.loads((PEERS / "package-lock.json").read_text("utf-8"))["packages"]
    asked = json.loads((PEERS / "package.json").read_text("utf-8"))["dependencies"]
    packages = {name: one for name, one in locked.items() if name}

    assert {f"node_modules/{name}" for name in asked} <= set(packages)
    assert locked[""]["dependencies"] == asked
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [
        name
        for name, one in packages.items()
        if not re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", one["integrity"])
    ] == []
    assert [version for version in asked.values() if not re.fullmatch(r"[0-9.]+", version)] == []
    assert "://" not in (PEERS / ".npmrc").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(PEERS.glob("*.js")), ids=name_of)
def test_a_script_of_a_peer_fits_in_a_head(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST_MODULE


def test_no_other_folder_holds_code() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {
        name.rstrip("*") for name in declared["tool"]["setuptools"]["packages"]["find"]["include"]
    }

    assert packages == set(PACKAGES)
    assert set(declared["tool"]["mypy"]["packages"]) == {*PACKAGES, "tests"}
    assert {path.parent.name for path in ROOT.glob("*/*.py")} <= {*PACKAGES, "tests", "build"}
