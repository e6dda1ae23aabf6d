"""Reference pages list exactly what the code has: settings, problems, names of the formats."""

import ast
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.problems import HTTP, MALFORMED, PROBLEMS, UNKNOWN
from api.settings import PREFIX, Settings
from policies.departments import departments
from policies.items import items
from scripts.client_file import ClientFile
from scripts.outcomes import Exit
from scripts.registry import StatementFile, draw_registry_key, sign_statement
from tests.support.documentation import ROOT, blocks, named, quoted, rows, section
from vault.clients.profiles import check_registration
from vault.crypto.contexts import Purpose
from vault.ids import DepartmentId
from vault.journal.findings import Fault
from vault.journal.kinds import Basis, Kind

FORMATS = tuple(sorted((ROOT / "docs/formats").glob("*.md")))
SECTIONS = {"clients.md": "登记", "clients.en.md": "Registering"}
OURS = {"policies", "vault", "storage", "api", "scripts", "tests"}


@pytest.mark.parametrize(
    ("name", "title"), [("settings.md", "全部设置"), ("settings.en.md", "All settings")]
)
def test_the_page_of_settings_lists_every_setting_with_bounds_and_default(
    name: str, title: str
) -> None:
    _, *listed = rows(section(ROOT / "docs/operations" / name, title))

    settings = dict(settings_of(Settings, prefix=PREFIX))
    assert [variable.strip("`") for variable, *_ in listed] == list(settings)
    for variable, _, bounds, default in listed:
        field = settings[variable.strip("`")]
        assert bounds_of(field) <= numbers(bounds), variable
        assert default_of(field) <= numbers(default) | set(re.findall(r"`(.+?)`", default))


def test_every_problem_has_a_heading_with_its_status_and_titles() -> None:
    text = (ROOT / "docs/api/problems.md").read_text("utf-8")
    told = re.findall(r"^## ([a-z-]+)\n\n(\d{3}) (.+?) · (.+?)\. ", text, re.MULTILINE)

    problems = {*PROBLEMS.values(), *HTTP.values(), MALFORMED, UNKNOWN}
    assert sorted(told) == sorted({(p.slug, str(p.status), p.zh, p.en) for p in problems})


def test_the_page_of_entries_lists_every_kind_and_basis() -> None:
    names = section(ROOT / "docs/formats/journal-entry.md", "5. Names")
    kinds, _, rest = names.partition("Bases:")
    bases = rest.partition("\n")[0]

    assert re.findall(r"`([a-z.]+)`", kinds) == [kind.value for kind in Kind]
    assert re.findall(r"`([a-z.]+)`", bases) == [basis.value for basis in Basis]


def test_the_page_of_the_envelope_lists_every_purpose() -> None:
    _, *listed = rows(section(ROOT / "docs/formats/envelope.md", "3. Context"))

    purposes = [purpose for cell, _ in listed for purpose in re.findall(r"`(.+?)`", cell)]
    assert sorted(purposes) == sorted(purpose.value for purpose in Purpose)


@pytest.mark.parametrize("name", ["incident.md", "incident.en.md"])
def test_the_page_of_incidents_explains_every_fault(name: str) -> None:
    told = quoted(ROOT / "docs/operations" / name)

    assert {fault.value for fault in Fault} <= told


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("incident.md", "命令或服务停下了"),
        ("incident.en.md", "A command or the server stopped"),
    ],
)
def test_the_page_of_incidents_explains_every_exit_code(name: str, title: str) -> None:
    _, *told = rows(section(ROOT / "docs/operations" / name, title))

    assert [int(code) for code, *_ in told] == sorted(Exit)


@pytest.mark.parametrize("name", ["clients.md", "clients.en.md"])
def test_the_registration_that_is_documented_can_be_registered(name: str) -> None:
    text, *others = blocks(ROOT / "docs/operations" / name, "json")
    [firm] = [one for one in others if "organisation" in one]
    _, *members = rows(section(ROOT / "docs/operations" / name, SECTIONS[name]))

    file = ClientFile.read(text)
    check_registration(file.client(DepartmentId(bytes(16))), demo=False)

    assert {member.strip("`") for member, _ in members} | {"name_zh", "name_en"} == set(
        ClientFile.model_fields
    )
    assert file.service_items <= {
        code for code, item in items().items() if item.department == file.department
    }
    assert file.issue_codes <= set(departments()[file.department].issues)
    agency = ClientFile.read(firm)
    check_registration(agency.client(DepartmentId(bytes(16))), demo=False)
    assert agency.exchanges
    assert agency.organisation is not None
    assert agency.service_items <= items().keys()


@pytest.mark.parametrize("name", ["clients.md", "clients.en.md"])
def test_the_statement_that_is_documented_can_be_signed(name: str, tmp_path: Path) -> None:
    found = blocks(ROOT / "docs/operations" / name, "json")
    [text] = [one for one in found if "client_id" not in one]
    key = draw_registry_key(tmp_path / "key", issuer="https://registry.example.org")

    file = StatementFile.read(text)
    signed = sign_statement(file, key=key, server="https://a.example", days=30, now=0)

    assert file.service_items[0].startswith(file.department)
    assert signed.count(".") == 2


@pytest.mark.parametrize("name", ["backup.md", "backup.en.md"])
def test_the_backup_that_is_documented_copies_data_in_use(name: str, tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    (data / "files").mkdir(parents=True)
    (data / "files/sealed").write_bytes(b"sealed")
    backup.mkdir()
    commands, *_ = blocks(ROOT / "docs/operations" / name, "sh")
    with closing(sqlite3.connect(data / "vault.db")) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE kept (what TEXT)")
        writer.execute("INSERT INTO kept VALUES ('committed, and still in the log beside it')")
        writer.commit()

        subprocess.run(  # noqa: S603 - commands of our own page
            ["/bin/sh", "-euc", commands],
            env=os.environ | {"DATA": str(data), "BACKUP": str(backup)},
            check=True,
            timeout=30,
        )

    with closing(sqlite3.connect(backup / "vault.db")) as reader:
        found = reader.execute("SELECT what FROM kept").fetchall()
    assert found == [("committed, and still in the log beside it",)]
    assert (backup / "files/sealed").read_bytes() == b"sealed"
    assert (backup / "vault.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("page", FORMATS, ids=named)
def test_the_independent_check_of_a_format_runs_without_this_project(page: Path) -> None:
    [script] = blocks(page, "python")

    ran = subprocess.run(  # noqa: S603 - a script of our own page
        [sys.executable, "-I", "-c", script], cwd=ROOT, check=False, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert imported(script).isdisjoint(OURS)


def settings_of(model: type[BaseModel], *, prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Yield every variable with its field; groups are written out."""
    for name, field in model.model_fields.items():
        kind = next(iter(get_args(field.annotation)), field.annotation)  # Of a group or None.
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, prefix=f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field


def bounds_of(field: FieldInfo) -> set[object]:
    lower = {one.ge for one in field.metadata if isinstance(one, Ge)}
    return lower | {one.le for one in field.metadata if isinstance(one, Le)}


def default_of(field: FieldInfo) -> set[object]:
    """Return what the page must say of a default: a number, or a word; nothing for none."""
    default = getattr(field.default, "value", field.default)
    if isinstance(default, bool):
        return {str(default).lower()}
    return {default} if isinstance(default, int | str) else set()


def numbers(cell: str) -> set[object]:
    return {int(digits.replace(",", "")) for digits in re.findall(r"\d[\d,]*", cell)}


def imported(script: str) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0])
    return modules
