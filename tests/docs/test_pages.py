"""Pages agree with each other and with the tree: languages, links, paths, tests, verbs."""

import re
from pathlib import Path

import pytest

from scripts.demo_people import people
from tests.support.documentation import (
    ENGLISH,
    PAGES,
    ROOT,
    blocks,
    chinese,
    definitions,
    every_test,
    is_verb,
    leads_somewhere,
    named,
    named_in,
    prose,
    quoted,
    rows,
    skeleton,
)

BILINGUAL = {
    "README.md",
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/operations/backup.md",
    "docs/integrate.md",
    "docs/operations/clients.md",
    "docs/operations/cluster.md",
    "docs/operations/containers.md",
    "docs/operations/demands.md",
    "docs/operations/incident.md",
    "docs/operations/keys.md",
    "docs/operations/mtls.md",
    "docs/operations/passkeys.md",
    "docs/operations/objects.md",
    "docs/operations/settings.md",
    "docs/operations/witness.md",
    "docs/performance.md",
    "docs/threat-model.md",
    "docs/verify.md",
}
READMES = (ROOT / "README.md", ROOT / "README.en.md")
PATH = re.compile(
    r"`(?:\./)?((?:policies|vault|storage|api|scripts|tests|docs|\.ci)/[\w./-]*[\w/])(?:::\w+)?`"
)

each_page = pytest.mark.parametrize("page", PAGES, ids=named)
each_english_page = pytest.mark.parametrize("page", ENGLISH, ids=named)
each_readme = pytest.mark.parametrize("page", READMES, ids=named)


@each_english_page
def test_the_pages_of_both_languages_have_the_same_skeleton(page: Path) -> None:
    assert skeleton(chinese(page)) == skeleton(page)


@each_english_page
def test_the_pages_of_both_languages_name_the_same_code(page: Path) -> None:
    assert quoted(chinese(page)) == quoted(page)


def test_what_newcomers_and_operators_need_is_there_in_both_languages() -> None:
    assert {named(chinese(page)) for page in ENGLISH if chinese(page).is_file()} == BILINGUAL


@each_page
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))

    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not leads_somewhere(page, target)] == []


@each_page
def test_every_path_that_is_named_exists(page: Path) -> None:
    paths = PATH.findall(page.read_text("utf-8"))

    assert [path for path in paths if not (ROOT / path).exists()] == []


@each_page
def test_every_test_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    placed = re.findall(r"`(tests/[\w/.]+\.py)::(test_\w+)`", text)
    alone = re.findall(r"`(test_\w+)`", text)

    assert [name for file, name in placed if name not in named_in(ROOT / file)] == []
    assert [name for name in alone if name not in every_test()] == []


@each_page
def test_every_verb_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    verbs = re.findall(r"(?:`|^|\.venv/bin/)myspace ([a-z]+(?: [a-z]+)?)", text, re.MULTILINE)

    assert [verb for verb in verbs if not is_verb(verb)] == []


@pytest.mark.parametrize("name", ["architecture.md", "architecture.en.md"])
def test_the_architecture_tells_of_functions_that_exist_and_of_paths_in_its_table_alone(
    name: str,
) -> None:
    told = [line for line in prose(ROOT / "docs" / name).splitlines() if line[:1] != "|"]
    quotes = re.findall(r"`([^`]+)`", "\n".join(told))

    words = [quote for quote in quotes if quote.isidentifier()]
    assert [word for word in words if word not in definitions()] == []
    assert [quote for quote in quotes if quote.endswith(".py")] == []


@pytest.mark.parametrize(
    ("name", "head"),
    [("threat-model.md", ["承诺", "测试"]), ("threat-model.en.md", ["promise", "test"])],
)
def test_each_promise_of_the_threat_model_names_its_test(name: str, head: list[str]) -> None:
    promises = re.split(r"^## ", prose(ROOT / "docs" / name), flags=re.MULTILINE)[1]

    told = [row for row in rows(promises) if row != head]
    assert len(told) > 50
    assert [row for row in told if not re.search(r"`tests/[\w/.]+\.py::test_\w+`", row[-1])] == []


@each_readme
def test_the_readme_has_exactly_two_commands_to_set_up(page: Path) -> None:
    first, *_ = blocks(page, "sh")

    assert [line.split("#")[0].strip() for line in first.splitlines()] == [
        "./scripts/serve",
        "./scripts/test",
    ]


@each_readme
def test_the_readme_shows_the_numbers_of_the_synthetic_people(page: Path) -> None:
    text = page.read_text("utf-8")

    assert [one.key for one in people().values() if one.number not in text] == []
