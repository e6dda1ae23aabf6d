"""No fixture holds the number of somebody who may exist (domain: 1.7)."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.tree import ROOT, name_of, texts
from vault.identifiers import IdentifierError, IdentifierKind, parse
from vault.identifiers.synthetic import is_synthetic

VECTORS = ROOT / "tests/vectors/id_vectors.json"
TODAY = date(2040, 1, 1)  # Who is not born by then is nobody's fixture.
CANDIDATE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}(?![0-9A-Za-z])")
KINDS = (
    IdentifierKind.RESIDENT_ID,
    IdentifierKind.HKMT_RESIDENCE_PERMIT,
    IdentifierKind.FOREIGN_PERMANENT_RESIDENT,
    IdentifierKind.USCC,
)


def published() -> set[str]:
    """Return the numbers that standards themselves print as samples."""
    return set(_samples(json.loads(VECTORS.read_text("utf-8"))))


def _samples(found: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(found, list):
        return [value for one in found for value in _samples(one)]
    if not isinstance(found, dict):
        return []
    if str(found.get("note", "")).startswith("published_sample"):
        return CANDIDATE.findall(json.dumps(found))
    return [value for one in found.values() for value in _samples(one)]


def real(value: str) -> list[IdentifierKind]:
    """Return the kinds as which ``value`` could be somebody's number."""
    found = []
    for kind in KINDS:
        try:
            identifier = parse(kind, value, today=TODAY)
        except IdentifierError:
            continue
        if not is_synthetic(identifier):
            found.append(kind)
    return found


def test_a_number_that_may_be_somebodys_is_noticed() -> None:
    assert real("11010519491231002X") == [IdentifierKind.RESIDENT_ID]
    assert real("91350100M000100Y43") == [IdentifierKind.USCC]
    assert real("11010519000101001X") == []
    assert CANDIDATE.findall('"11010519491231002X",') == ["11010519491231002X"]


@pytest.mark.parametrize("path", texts(), ids=name_of)
def test_a_file_holds_made_up_numbers_only(path: Path) -> None:
    numbers = set(CANDIDATE.findall(path.read_text("utf-8")))

    assert {number for number in numbers if real(number)} - published() == set()
