"""Canonical bytes of a request: one form, one hash, read back exactly or not at all."""

import hashlib
import json
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import PolicyError
from policies.requests import AccessRequest, Action
from tests.support.access import CASE, CLIENT, HOLDER_ID, PERMITTED, changed

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.parametrize("action", list(Action))
def test_a_request_comes_back_from_its_canonical_bytes(action: Action) -> None:
    asked = PERMITTED[action]

    assert AccessRequest.from_canonical(asked.canonical()) == asked
    assert asked.hash() == hashlib.sha256(asked.canonical()).digest()


@given(name=TEXTS, item=TEXTS, codes=st.frozensets(TEXTS, max_size=3))
def test_the_canonical_bytes_are_rfc_8785(name: str, item: str, codes: frozenset[str]) -> None:
    base = PERMITTED[Action.LIST]
    asked = replace(
        base,
        client=replace(CLIENT, client_id=name, evidence_codes=codes),
        case=replace(CASE, item=item),
    )
    text = asked.canonical()

    assert text == rfc8785.dumps(json.loads(text))
    assert AccessRequest.from_canonical(text) == asked


def test_the_canonical_bytes_of_the_smallest_request_are_fixed() -> None:
    asked = PERMITTED[Action.SYSTEM]

    assert asked.canonical() == b'{"action":"system","format":"myspace-access/1"}'


def test_policies_see_neither_ids_nor_counters() -> None:
    shown = PERMITTED[Action.PULL].to_cedar().context

    for hidden in (HOLDER_ID, "b" * 32, "d" * 32, "e" * 32, "client-one", "case-one", "version"):
        assert hidden not in shown


def test_every_fact_changes_the_hash() -> None:
    asked = PERMITTED[Action.PULL]
    changes = {
        "consent.version": "2",
        "consent.purpose": "registration",
        "record.trust_grade": "B",
        "record.record_id": "9" * 32,
        "client.evidence_codes": "ID01",
        "view": "summary",
        "fields": "name",
    }

    hashes = {changed(asked, {path: value}).hash() for path, value in changes.items()}

    assert len(hashes | {asked.hash()}) == len(changes) + 1


@pytest.mark.parametrize(
    ("action", "missing"),
    [
        (Action.PULL, {"code": "none"}),
        (Action.PULL, {"level": "none"}),
        (Action.PULL, {"view": "none"}),
        (Action.LIST, {"client": "none"}),
        (Action.DEPOSIT, {"holder": "none"}),
        (Action.STATUS, {"record": "none"}),
        (Action.CONSENT_GIVE, {"member": "none"}),
        (Action.CONSENT_END, {"consent": "none"}),
        (Action.OWN_READ, {"record": "none"}),
        (Action.OWN_EXPORT, {"holder": "none"}),
        (Action.CASE_OPEN, {"case": "none"}),
    ],
)
def test_a_request_without_what_judges_it_is_refused(
    action: Action, missing: dict[str, str]
) -> None:
    with pytest.raises(PolicyError, match=f"is judged by {next(iter(missing))}"):
        changed(PERMITTED[action], missing)


@pytest.mark.parametrize(
    ("action", "extra"),
    [
        (Action.SYSTEM, {"holder": "given"}),
        (Action.LIST, {"record": "given"}),
        (Action.DEPOSIT, {"fields": "name"}),
        (Action.OWN_READ, {"client": "given"}),
    ],
)
def test_a_request_with_facts_that_nobody_judges_is_refused(
    action: Action, extra: dict[str, str]
) -> None:
    with pytest.raises(PolicyError, match="is not judged by all that was given"):
        changed(PERMITTED[action], extra)


def tampered(**changes: object) -> bytes:
    plain = json.loads(PERMITTED[Action.PULL].canonical())
    return json.dumps(plain | changes, separators=(",", ":"), sort_keys=True).encode()


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b"{}",
        b'{"action":"system","format":"myspace-access/2"}',
        b'{"action":"system","format":"myspace-access/1"} ',
        b'{"format":"myspace-access/1","action":"system"}',
        b'{"action":"fly","format":"myspace-access/1"}',
        b'{"action":"system","format":"myspace-access/1","weather":"fine"}',
        tampered(view="everything"),
        tampered(view=2),
        tampered(level="3"),
        tampered(level=None),
        tampered(fields="name"),
        tampered(fields=[1]),
        tampered(fields=["sex", "name"]),
        tampered(holder={"holder_id": HOLDER_ID}),
        tampered(holder={"holder_id": HOLDER_ID, "kind": "person", "state": "active", "x": "y"}),
        tampered(holder={"holder_id": HOLDER_ID, "kind": True, "state": "active"}),
        tampered(holder="somebody"),
    ],
)
def test_anything_else_is_refused(stored: bytes) -> None:
    with pytest.raises(PolicyError, match=r"decision inputs|a fact is|a set of facts|a view is"):
        AccessRequest.from_canonical(stored)


def test_sameness_is_false_where_there_is_nothing_to_compare_with() -> None:
    ending = PERMITTED[Action.CONSENT_END].to_cedar()

    assert json.loads(ending.context)["consent"] == {
        "basis": "consent",
        "expired": False,
        "fields": ["name", "sex"],
        "of_case": False,
        "of_client": False,
        "of_holder": True,
        "started": True,
        "status": "active",
        "used_up": False,
        "view": 3,
    }
