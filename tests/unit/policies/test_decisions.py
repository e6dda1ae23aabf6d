"""The decision table, and what happens to it when a policy is tampered with."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from policies.access import Deny, Permit, decide, decide_anew
from policies.bundle import Bundle, shipped
from policies.catalogue import catalogue
from policies.errors import PolicyError
from policies.reasons import concealed, parse_reasons, reasons
from policies.requests import AccessRequest, Action
from tests.support.access import PERMITTED, changed
from tests.support.decision_corpus import rows

POLICY = re.compile(r'@id\("([a-z-]+)"\)\n(?:permit|forbid) .*?;\n', re.DOTALL)
ACTIONS = re.compile(r"action in \[([^\]]+)\]")


ROWS = rows()
IDS = [f"{asked.action} {n} {outcome}" for n, (asked, outcome) in enumerate(ROWS)]


def told(decision: Permit | Deny) -> str:
    word = "permit" if isinstance(decision, Permit) else "deny"
    return f"{word} {','.join(decision.reasons)}"


def sources() -> dict[str, str]:
    here = files("policies").iterdir()
    return {
        f.name: f.read_text(encoding="utf-8")
        for f in here
        if f.name.endswith((".cedar", ".cedarschema"))
    }


def weakened() -> Iterator[tuple[str, dict[str, str]]]:
    """Each policy taken out, each action taken off a policy, each permit without its condition."""
    for name, text in sources().items():
        for policy in POLICY.finditer(text):
            whole, tag = policy.group(), policy.group(1)
            variants = {"gone": ""}
            listed = ACTIONS.search(whole)
            named = listed.group(1).split(", ") if listed else []
            for one in named:
                others = ", ".join(action for action in named if action != one)
                variants[f"not for {one}"] = whole.replace(", ".join(named), others)
            if "\npermit" in whole and "\nwhen" in whole:
                variants["unconditional"] = whole.split("\nwhen")[0] + ";\n"
            for how, variant in variants.items():
                yield f"{tag} {how}", sources() | {name: text.replace(whole, variant)}


WEAKENED = dict(weakened())


@pytest.mark.parametrize(("asked", "outcome"), ROWS, ids=IDS)
def test_the_table_says_what_is_decided(asked: AccessRequest, outcome: str) -> None:
    assert told(decide(asked)) == outcome


@pytest.mark.parametrize("mutant", WEAKENED)
def test_the_table_notices_a_weakened_policy(mutant: str) -> None:
    bundle = Bundle.from_files(WEAKENED[mutant])

    noticed = any(told(decide_anew(asked, bundle=bundle)) != outcome for asked, outcome in ROWS)

    assert noticed


def test_every_policy_decides_some_row_of_the_table() -> None:
    fired = {tag for _, outcome in ROWS for tag in outcome.split()[1].split(",")}

    assert fired == set(shipped().effects) | {"no-basis"}


def test_every_action_is_in_the_table() -> None:
    assert {asked.action for asked, _ in ROWS} == set(Action)


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    forbids = {tag for tag, effect in shipped().effects.items() if effect == "forbid"}

    code = {"no-basis", "policy-error", "proof-replayed", "token-misused", "token-not-live"}
    assert set(reasons()) == forbids | code
    assert all(
        re.search("[\u4e00-\u9fff]", one.zh) and one.en.isascii() for one in reasons().values()
    )


def test_a_reason_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(PolicyError, match="one has unknown keys: tone"):
        parse_reasons({"one": {"zh": "一", "en": "one", "tone": "kind"}})


def test_only_reasons_that_betray_existence_are_concealed() -> None:
    assert concealed(("consent-closed", "credit-window-closed"))
    assert concealed(("a-reason-of-another-day",))
    assert not concealed(("consent-closed", "consent-expired"))


def test_literal_codes_in_policies_follow_the_catalogue() -> None:
    for code, kind in catalogue().items():
        for holder in ("person", "organisation"):
            asked = changed(
                PERMITTED[Action.DEPOSIT],
                {"holder.kind": holder, "code": code, "client.issue_codes": code, "level": "none"},
            )
            assert isinstance(decide(asked), Permit) == kind.fits(holder), code
