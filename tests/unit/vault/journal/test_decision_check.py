"""Recorded decisions are decided again, under the policies of their day."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from policies.access import Deny, Permit, decide, decide_each, overrule
from policies.bundle import shipped
from policies.requests import AccessRequest, Action, joined
from tests.support.access import PERMITTED, changed
from tests.support.journal_values import entry_numbered
from vault.errors import IntegrityError
from vault.journal.decision_check import DecisionCheck
from vault.journal.entries import Entry, Result, Verdict
from vault.journal.findings import Fault, Finding, StoredEntry

PULL = PERMITTED[Action.PULL]
CLOSED = changed(PULL, {"consent.status": "revoked"})
STORED = StoredEntry(
    index=7,
    entry_id=bytes(16),
    holder_id=None,
    holder_seq=None,
    actor_id=bytes(16),
    actor_seq=0,
    key_version=1,
    leaf=b"",
    leaf_hash=b"",
    payload=b"",
    inputs=b"sealed",
)


def check(*asked: AccessRequest, text: str | None = None) -> DecisionCheck:
    return DecisionCheck(
        open_inputs=lambda _stored: joined(asked),
        bundle_text={shipped().hash: text or shipped().text}.get,
    )


def entry(decision: Permit | Deny, **changes: Any) -> Entry:  # noqa: ANN401 - any field of a verdict
    verdict = Verdict(
        result=Result.PERMIT if isinstance(decision, Permit) else Result.DENY,
        reasons=decision.reasons,
        bundle=decision.bundle_hash,
        inputs=decision.inputs_hash,
    )
    return replace(entry_numbered(1), decision=replace(verdict, **changes))


@pytest.mark.parametrize("asked", [(PULL,), (CLOSED,), (PULL, CLOSED)])
def test_a_decision_that_the_policies_bear_out_is_not_found(
    asked: tuple[AccessRequest, ...],
) -> None:
    checked = check(*asked)

    found = list(checked.see(STORED, entry(decide_each(asked))))

    assert (found, checked.replayed) == ([], 1)


def test_a_permit_that_the_policies_refuse_is_found() -> None:
    forged = entry(decide(CLOSED), result=Result.PERMIT, reasons=("consent",))

    [found] = check(CLOSED).see(STORED, forged)

    assert found == Finding(fault=Fault.DECISION_DIFFERS, index=7, what="outcome, reasons")


@pytest.mark.parametrize(
    "reason", ["proof-replayed", "uses-exhausted", "token-not-live", "token-misused"]
)
def test_what_the_lock_overruled_stands(reason: str) -> None:
    found = list(check(PULL).see(STORED, entry(overrule(decide(PULL), reason))))

    assert found == []


def test_no_refusal_is_overruled_into_a_permit() -> None:
    forged = entry(decide(CLOSED), result=Result.PERMIT, reasons=("proof-replayed",))

    [found] = check(CLOSED).see(STORED, forged)

    assert found.fault is Fault.DECISION_DIFFERS


def test_other_inputs_than_those_of_the_entry_are_found() -> None:
    [found] = check(changed(PULL, {"fields": "name"})).see(STORED, entry(decide(PULL)))

    assert found == Finding(fault=Fault.DECISION_DIFFERS, index=7, what="inputs")


def _refuse(_stored: StoredEntry) -> bytes:
    raise IntegrityError("sealed bytes do not open")


@pytest.mark.parametrize(
    ("open_inputs", "text", "what"),
    [(_refuse, shipped().text, ""), (lambda _: b"", None, "policies")],
)
def test_missing_inputs_or_policies_are_found(
    open_inputs: Callable[[StoredEntry], bytes], text: str | None, what: str
) -> None:
    checked = DecisionCheck(open_inputs=open_inputs, bundle_text=lambda _: text)

    found = list(checked.see(STORED, entry(decide(PULL))))

    assert found == [Finding(fault=Fault.INPUTS_MISSING, index=7, what=what)]
    assert checked.replayed == 0


def test_an_entry_without_a_decision_is_passed_over() -> None:
    assert list(check().see(STORED, replace(entry_numbered(1), decision=None))) == []
