import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from tests.support.journal_values import AT_MS, VAULT_ID, chosen_bytes, entry_keys, entry_numbered
from vault.crypto.suites import Suite
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import CaseNumber, EntryId
from vault.journal.entries import Basis, By, Entry, Kind
from vault.journal.leaves import HOURS_OF_A_DAY, Leaf, hour_of
from vault.journal.sealing import SealedEntry, seal_entry
from vault.journal.statements import (
    Opening,
    Released,
    Statement,
    make_opening,
    verify_opening,
)

ENTRY = entry_numbered(1)
STATEMENT = Statement(
    entry_id=ENTRY.entry_id,
    at_ms=AT_MS,
    basis=Basis.CONSENT,
    item="birth-registration",
    case_no=CaseNumber("20260001"),
    evidence=(Released(code="ID01", view="summary", fields=("name", "number")),),
)


def opened(
    entry: Entry = ENTRY,
    *,
    suite: Suite = Suite.AES_256_GCM,
    holder: int | None = 1,
    round_hours: int = 1,
) -> tuple[SealedEntry, Opening]:
    keys = entry_keys(suite=suite, holder=holder)
    place: dict[str, Any] = {
        "keys": keys,
        "holder_seq": None if holder is None else 5,
        "actor_seq": 7,
        "vault_id": VAULT_ID,
        "suite": suite,
    }
    stored = seal_entry(entry, **place, random=chosen_bytes("salt"), round_hours=round_hours)
    return stored, make_opening(stored.payload, **place, entry_id=entry.entry_id)


@pytest.mark.parametrize("suite", list(Suite))
@pytest.mark.parametrize("holder", [1, None])
@pytest.mark.parametrize("round_hours", [1, HOURS_OF_A_DAY])
def test_an_opening_shows_that_the_log_says_what_the_statement_says(
    suite: Suite, holder: int | None, round_hours: int
) -> None:
    stored, opening = opened(suite=suite, holder=holder, round_hours=round_hours)

    assert verify_opening(opening, leaf=stored.leaf, statement=STATEMENT) == ENTRY
    assert verify_opening(opening, leaf=stored.leaf) == ENTRY


@pytest.mark.parametrize(
    "changed",
    [
        {"entry_id": EntryId(b"\xee" * 16)},
        {"at_ms": AT_MS + 1},
        {"basis": Basis.MANDATE},
        {"item": "school-place"},
        {"case_no": None},
        {"evidence": ()},
        {"evidence": (Released(code="ID01", view="full", fields=("name", "number")),)},
        {"evidence": (Released(code="ID01", view="summary", fields=("name",)),)},
    ],
)
def test_a_statement_that_says_anything_else_is_refused(changed: dict[str, Any]) -> None:
    stored, opening = opened()

    with pytest.raises(IntegrityError):
        verify_opening(opening, leaf=stored.leaf, statement=replace(STATEMENT, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"suite": 2},
        {"suite": 3},
        {"vault_id": b"\xa2" * 16},
        {"vault_id": b"short"},
        {"entry_id": EntryId(b"\xee" * 16)},
        {"holder_ref": bytes(16)},
        {"lane": 1},
        {"actor_seq": 8},
        {"entry_key": bytes(32)},
        {"entry_key": bytes(31)},
        {"payload": opened(entry_numbered(2))[0].payload},
    ],
)
def test_an_opening_with_anything_changed_opens_nothing(changed: dict[str, Any]) -> None:
    stored, opening = opened()

    with pytest.raises(IntegrityError):
        verify_opening(replace(opening, **changed), leaf=stored.leaf)


def test_an_opening_does_not_fit_the_leaf_of_another_entry_or_hour() -> None:
    stored, opening = opened()
    other, _ = opened(entry_numbered(2))
    dated = replace(Leaf.from_bytes(stored.leaf), hour=hour_of(AT_MS) - 1).to_bytes()

    for leaf in (other.leaf, dated, b""):
        with pytest.raises(IntegrityError):
            verify_opening(opening, leaf=leaf)


def test_an_actor_without_a_lane_has_no_opening() -> None:
    _, opening = opened()

    with pytest.raises(InvalidInputError):
        replace(opening, lane=1 << 16)


def test_a_statement_is_a_file_under_the_keys_of_the_format() -> None:
    data = STATEMENT.to_json()

    assert Statement.from_json(data) == STATEMENT
    assert data == rfc8785.dumps(
        {
            "v": 1,
            "entry": ENTRY.entry_id.hex(),
            "t": AT_MS,
            "basis": "consent",
            "item": "birth-registration",
            "case": "20260001",
            "evidence": [{"code": "ID01", "view": "summary", "fields": ["name", "number"]}],
        }
    )


def test_an_entry_about_no_matter_has_a_statement_too() -> None:
    entry = Entry(
        entry_id=ENTRY.entry_id, at_ms=AT_MS, kind=Kind.OWN_READ, basis=Basis.OWN, by=By()
    )

    assert Statement.of(entry) == Statement(entry_id=ENTRY.entry_id, at_ms=AT_MS, basis=Basis.OWN)


def test_an_opening_is_a_file_under_the_keys_of_the_format() -> None:
    _, opening = opened()

    data = opening.to_json()

    assert Opening.from_json(data) == opening
    assert data == rfc8785.dumps(
        {
            "v": 1,
            "suite": 1,
            "vault": VAULT_ID.hex(),
            "entry": ENTRY.entry_id.hex(),
            "holder_ref": opening.holder_ref.hex(),
            "lane": 0,
            "actor_seq": 7,
            "key": opening.entry_key.hex(),
            "payload": b64encode(opening.payload).decode(),
        }
    )
    assert opening.entry_key.hex() not in repr(opening)


@pytest.mark.parametrize(
    "changed",
    [{"v": 2}, {"v": None}, {"x": 1}, {"vault": "a1"}, {"lane": 65536}, {"payload": "A=="}],
)
def test_a_file_in_another_form_is_refused(changed: dict[str, Any]) -> None:
    _, opening = opened()
    plain = {**json.loads(opening.to_json()), **changed}

    with pytest.raises(IntegrityError):
        Opening.from_json(rfc8785.dumps(plain))
    for data in (b"[]", b"", b"{}"):
        with pytest.raises(IntegrityError):
            Statement.from_json(data)
