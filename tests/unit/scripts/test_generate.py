"""What is generated follows from the code, and what differs is named."""

import json
import shutil
from pathlib import Path

import pytest

from policies.catalogue import catalogue
from policies.reasons import reasons
from scripts.generate import ROOT, documents, openapi, rules
from scripts.generated_tables import catalogue_page, crypto_inventory, reasons_page
from vault.crypto.suites import Suite


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in (*ROOT.glob("requirements*.in"), *ROOT.glob("requirements*.lock")):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def test_migrations_and_lock_files_are_as_they_should_be() -> None:
    assert list(rules(ROOT)) == []


def test_a_lock_file_with_an_address_is_named(copy: Path) -> None:
    lock = copy / "requirements.lock"
    lock.write_text(lock.read_text() + "# --index-url https://packages.example.org\n")

    assert ["requirements.lock" in one for one in rules(copy)] == [True]


def test_what_is_asked_for_and_not_locked_is_named(copy: Path) -> None:
    asked = copy / "requirements.in"
    asked.write_text(asked.read_text() + "Not_There>=1\n")

    assert [one.split()[0] for one in rules(copy)] == [
        "requirements.lock",
        "requirements-local.lock",
        "requirements-dev.lock",
    ]
    assert all("not-there" in one for one in rules(copy))


def test_every_generated_file_has_a_text_that_is_the_same_each_time() -> None:
    assert documents() == documents()
    assert all(text.endswith("\n") for text in documents().values())


def test_the_openapi_document_knows_every_front_door_for_systems() -> None:
    paths = json.loads(openapi())["paths"]

    assert {"/v1/evidence/{code}", "/v1/records", "/v1/cases", "/oauth/token"} <= paths.keys()


def test_the_pages_name_every_evidence_type_and_every_reason() -> None:
    page, told = catalogue_page(), reasons_page()

    assert [code for code in catalogue() if f"| {code} |" not in page] == []
    assert [name for name in reasons() if f"| `{name}` |" not in told] == []


def test_the_inventory_names_the_key_size_of_every_suite() -> None:
    listed = {(one["algorithm"], one["key_bits"]) for one in json.loads(crypto_inventory())}

    assert {(suite.aead_name.decode(), 8 * suite.key_bytes) for suite in Suite} <= listed
