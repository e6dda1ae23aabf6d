"""The synthetic world: nobody in it exists, and its rights follow from the policy data."""

import json
import stat
from datetime import date
from pathlib import Path

import pytest

from policies.catalogue import evidence_type
from policies.departments import departments
from policies.scopes import View
from scripts.client_file import ClientFile
from scripts.demo_clients import FILE_NAME, draw_clients, read_clients, registration, rights_of
from scripts.demo_people import papers, people
from scripts.demo_requests import REQUESTS
from scripts.outcomes import Exit, OperatorError
from vault.clients.profiles import check_registration
from vault.identifiers import parse
from vault.identifiers.synthetic import is_synthetic
from vault.ids import DepartmentId

TODAY = date(2026, 11, 24)
HUMAN_RESOURCES = "11110105PDY0010394"


def test_nobody_can_have_been_given_these_numbers() -> None:
    found = [parse(one.kind, one.number, today=TODAY) for one in people().values()]

    assert found
    assert all(map(is_synthetic, found))


def test_every_paper_fits_its_holder_and_belongs_to_its_issuer() -> None:
    for paper in papers():
        assert evidence_type(paper.code).fits(paper.holder.holder_kind)
        assert paper.code in departments()[paper.issuer].issues


def test_there_is_something_to_look_at_from_the_first_start() -> None:
    seeded = [paper for paper in papers() if not paper.told]

    assert 6 <= len(seeded) <= 8
    assert len({evidence_type(paper.code).group for paper in seeded}) >= 4


def test_the_story_deposits_what_its_departments_ask_for() -> None:
    told = {(paper.holder.key, paper.code) for paper in papers() if paper.told}
    held = {(paper.holder.key, paper.code) for paper in papers()}

    for request in REQUESTS:
        assert {(request.holder, code) for code in request.codes} <= held
        granted = {(request.holder, c) for c in request.codes if c not in request.kept_back}
        assert granted <= told
        assert request.kept_back


def test_a_system_asks_what_its_items_need_and_nothing_sensitive() -> None:
    rights = rights_of(HUMAN_RESOURCES)

    assert rights.evidence["ID01"] is View.FULL
    assert all(evidence_type(code).level < 4 for code in rights.evidence)
    assert "SR03" in rights.issue_codes


def test_keys_are_drawn_once_and_are_ours_alone(tmp_path: Path) -> None:
    first = draw_clients(tmp_path / "demo")

    again = draw_clients(tmp_path / "demo")

    assert {c.client_id for c in first} == {c.client_id for c in again}
    assert [c.key for c in first] == [c.key for c in again]
    assert stat.S_IMODE((tmp_path / "demo" / FILE_NAME).stat().st_mode) == 0o600


def test_every_system_can_be_registered_and_hands_in_no_private_key(tmp_path: Path) -> None:
    for client in draw_clients(tmp_path):
        text = json.dumps(registration(client))

        check_registration(ClientFile.read(text).client(DepartmentId(bytes(16))), demo=True)
        assert client.key["d"] not in text


@pytest.mark.parametrize("text", ["", "[]", '{"a": {}}', '{"a": 1}'])
def test_a_folder_without_keys_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text) if text else None

    with pytest.raises(OperatorError) as refusal:
        read_clients(tmp_path)

    assert refusal.value.told.code is Exit.CONFIGURATION
    assert "./scripts/serve" in refusal.value.told.text.zh


def test_a_registration_with_a_typo_is_refused_by_the_name_of_the_member(tmp_path: Path) -> None:
    plain = registration(draw_clients(tmp_path)[0]) | {"issue_code": ["ID01"], "profile": "own"}

    with pytest.raises(OperatorError) as refusal:
        ClientFile.read(json.dumps(plain))

    assert refusal.value.told.code is Exit.DATA
    assert "issue_code, profile" in refusal.value.told.text.en


def test_a_registration_that_is_no_json_is_refused() -> None:
    with pytest.raises(OperatorError, match="JSON"):
        ClientFile.read("{")
