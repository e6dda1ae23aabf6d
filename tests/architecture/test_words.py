"""What is written fits together: reasons, problems, decisions, pages in two languages."""

import re
from pathlib import Path

import pytest

from api.problems import PROBLEMS, problem_of
from policies.access import EXHAUSTED, MISUSED, NOT_LIVE, REPLAYED
from policies.bundle import shipped
from policies.reasons import reasons
from tests.support.tree import ROOT, modules, name_of, texts
from vault import errors
from vault.errors import ConflictError, IntegrityError, VaultError
from vault.identifiers import IdentifierError
from vault.journal.merkle import ProofError
from vault.services.moving_on import MovedOnError
from vault.services.open_case import NumberTakenError

FROM_CODE = {"no-basis", "policy-error", EXHAUSTED, MISUSED, NOT_LIVE, REPLAYED}
"""Reasons that no rule of the bundle gives: nothing permitted, a rule erred, the journal said."""

DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "References"]
LONGEST_DECISION = 40

REFINED = {
    ProofError: IntegrityError,
    MovedOnError: ConflictError,
    NumberTakenError: ConflictError,
}
"""Defined where they are raised; to a caller they are their parents, whose problem they get."""

HOSTS = {
    *("127.0.0.1", "[::1]", "localhost"),
    *("example.org", "example"),
    *("c2sp.org", "schemas.openid.net", "www.rfc-editor.org", "www.w3.org"),
}
"""Names reserved for examples and this machine (RFC 2606, 6761), and where standards lie."""

PATHS = re.compile(r"(?<![\w.}\-])/(?:home|root|work|workspace|Users|mnt)/")
SECRETS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def forbids() -> set[str]:
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "policies").glob("*.cedar"))
    return set(re.findall(r'@id\("([^"]+)"\)\s*forbid', text))


def test_every_forbid_has_a_sentence_and_every_sentence_its_source() -> None:
    found = {name: (bool(one.zh.strip()), bool(one.en.strip())) for name, one in reasons().items()}

    assert len(forbids()) > 10
    assert found == dict.fromkeys(forbids() | FROM_CODE, (True, True))


def test_every_rule_of_the_bundle_has_an_id_of_its_own() -> None:
    rules = re.findall(r"^(?:@.*\s)?\s*(?:permit|forbid)\b", text_of_policies(), re.MULTILINE)
    ids = re.findall(r'@id\("([^"]+)"\)', text_of_policies())

    assert len(ids) == len(set(ids)) == len(rules)
    assert shipped().policies


def text_of_policies() -> str:
    paths = sorted((ROOT / "policies").glob("*.cedar"))
    lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if not line.lstrip().startswith("//"))


def test_every_error_of_the_tree_has_one_problem() -> None:
    tree = {one for one in vars(errors).values() if isinstance(one, type)} - {VaultError}
    slugs = [problem.slug for problem in PROBLEMS.values()]

    assert set(PROBLEMS) == tree | {IdentifierError}
    assert len(slugs) == len(set(slugs))
    raised = (ProofError("no such leaf"), MovedOnError("changed"), NumberTakenError("taken"))
    assert [problem_of(one) for one in raised] == [PROBLEMS[one] for one in REFINED.values()]


def drawn_elsewhere() -> set[str]:
    return {IdentifierError.__name__, *(kind.__name__ for kind in REFINED)}


def test_no_other_module_of_the_vault_defines_errors() -> None:
    defined = {
        name
        for path in modules("vault")
        for name in re.findall(r"^class (\w+Error)\(", path.read_text("utf-8"), re.MULTILINE)
        if name_of(path) != "vault/errors.py"
    }

    assert defined == drawn_elsewhere() | {"CheckFailedError"}  # A cause only.


def test_every_problem_has_a_heading_and_nothing_else_has_one() -> None:
    page = (ROOT / "docs/api/problems.md").read_text("utf-8")

    slugs = {problem.slug for problem in PROBLEMS.values()}
    assert slugs <= set(headings(page))


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__ or ""))
    defined = {name for name, one in vars(errors).items() if isinstance(one, type)}

    assert drawn == defined | drawn_elsewhere()


def test_decisions_are_numbered_without_holes() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS if re.match(r"\d{4}-", path.name)]

    assert len(numbers) == len(DECISIONS)
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_its_five_headings(path: Path) -> None:
    text = path.read_text("utf-8")

    assert text.startswith(f"# {path.name[:4]} ")
    assert re.search(r"^Status: (accepted|superseded by \d{4})", text, re.MULTILINE)
    assert headings(text) == HEADINGS
    assert len(text.splitlines()) <= LONGEST_DECISION


def headings(text: str) -> list[str]:
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^## (.+?)\s*$", outside, re.MULTILINE)


def levels(path: Path) -> list[int]:
    outside = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", outside, re.MULTILINE)]


TRANSLATED = [
    (page.with_name(page.name.replace(".en.md", ".md")), page)
    for page in texts()
    if page.name.endswith(".en.md")
]


@pytest.mark.parametrize("pair", TRANSLATED, ids=lambda pair: name_of(pair[1]))
def test_both_languages_of_a_page_have_the_same_headings(pair: tuple[Path, Path]) -> None:
    chinese, english = pair

    assert levels(chinese) == levels(english)
    assert len(levels(english)) > 1


@pytest.mark.parametrize("path", texts(), ids=name_of)
def test_a_file_names_no_machine_and_no_host_but_examples_and_standards(path: Path) -> None:
    text = path.read_text("utf-8")
    hosts = {
        host.removeprefix("user@").removeprefix("me@")
        for host in re.findall(r"https?://([A-Za-z0-9.@\-]+\.[A-Za-z]{2,})", text)
    }

    strange = {
        host
        for host in hosts
        if not any(host.lower() == name or host.lower().endswith(f".{name}") for name in HOSTS)
    }
    assert strange == set()
    assert PATHS.findall(text) == []
    assert SECRETS.findall(text) == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_docs_that_code_points_to_exist(path: Path) -> None:
    named = re.findall(r"\bdocs/[\w/.\-]+\.md\b", path.read_text("utf-8"))

    assert [name for name in named if not (ROOT / name).is_file()] == []
