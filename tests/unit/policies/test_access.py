"""Decisions as values: pure, remembered within one bundle only, closed when Cedar errs."""

import threading
from dataclasses import replace

import cedarpy
from hypothesis import given
from hypothesis import strategies as st

from policies.access import Deny, Permit, _Memo, _Verdict, decide, decide_anew, overrule
from policies.bundle import Bundle, shipped
from policies.requests import AccessRequest, Action, ConsentFacts, Question, RequirementFacts
from policies.scopes import View
from tests.support.access import (
    CASE,
    CASE_NO,
    CLIENT,
    CONSENT,
    HOLDER,
    ITEM,
    PERMITTED,
    RECORD,
    REQUIREMENT,
    changed,
    permissive_sources,
)

FIELDS = st.frozensets(st.sampled_from(["name", "sex", "id_number"]))
VIEWS = st.sampled_from(list(View))
CONSENTS: st.SearchStrategy[ConsentFacts] = st.builds(
    ConsentFacts,
    grant_id=st.just("b" * 32),
    version=st.integers(1, 2),
    status=st.sampled_from(["active", "active", "revoked"]),
    started=st.booleans(),
    expired=st.booleans(),
    client_id=st.sampled_from(["client-one", "client-two"]),
    holder_id=st.just("a" * 32),
    item=st.just(ITEM),
    case_no=st.just(CASE_NO),
    purpose=st.just("licence_application"),
    basis=st.sampled_from(["consent", "duty"]),
    view=st.none() | VIEWS,
    fields=FIELDS,
    uses_left=st.none() | st.integers(0, 2),
)
PULLS: st.SearchStrategy[AccessRequest] = st.builds(
    AccessRequest,
    action=st.just(Action.PULL),
    client=st.just(CLIENT),
    holder=st.just(HOLDER),
    consent=CONSENTS,
    record=st.none() | st.sampled_from([RECORD, replace(RECORD, status="04")]),
    case=st.just(CASE),
    requirement=st.builds(RequirementFacts, code=st.just("ID01"), view=VIEWS, fields=FIELDS),
    code=st.just("ID01"),
    view=VIEWS,
    fields=FIELDS,
    level=st.just(3),
)


def bundle_of(policies: str) -> Bundle:
    return Bundle.from_files(permissive_sources() | {"all.cedar": policies})


@given(asked=PULLS, view=st.none() | VIEWS, kept=FIELDS, uses=st.integers(0, 1))
def test_narrowing_a_consent_never_permits_what_was_refused(
    asked: AccessRequest, view: View | None, kept: frozenset[str], uses: int
) -> None:
    consent = asked.consent
    assert consent is not None
    lower = None if view is None or consent.view is None else min(view, consent.view)
    narrow = replace(consent, view=lower, fields=consent.fields & kept, uses_left=uses)
    if consent.uses_left is not None:
        narrow = replace(narrow, uses_left=min(uses, consent.uses_left))

    narrowed = decide(replace(asked, consent=narrow))

    if isinstance(narrowed, Permit):
        assert isinstance(decide(asked), Permit)


@given(asked=PULLS, fields=FIELDS, view=VIEWS)
def test_asking_for_less_is_never_refused_for_what_was_consented(
    asked: AccessRequest, fields: frozenset[str], view: View
) -> None:
    less = replace(asked, fields=asked.fields & fields, view=min(view, asked.view or view))
    over = {"view-not-consented", "fields-not-consented", "view-not-required"}

    assert over.isdisjoint(set(decide(less).reasons) - set(decide(asked).reasons))


@given(asked=PULLS)
def test_what_is_remembered_is_what_would_be_decided(asked: AccessRequest) -> None:
    anew = decide_anew(asked, bundle=shipped())

    assert decide(asked) == anew
    assert decide(asked) == anew


def test_a_decision_names_its_policies_and_its_inputs() -> None:
    asked = PERMITTED[Action.PULL]

    decision = decide(asked)

    assert decision == Permit(
        request=asked,
        reasons=("consent",),
        bundle_hash=shipped().hash,
        inputs_hash=asked.hash(),
    )


def test_a_remembered_decision_never_crosses_a_bundle() -> None:
    asked = PERMITTED[Action.PULL]
    other = bundle_of('@id("nothing") forbid (principal, action, resource);\n')

    decisions = [decide(asked), decide(asked, bundle=other), decide(asked)]

    assert [d.reasons for d in decisions] == [("consent",), ("nothing",), ("consent",)]
    assert [d.bundle_hash for d in decisions] == [shipped().hash, other.hash, shipped().hash]


def test_two_requests_that_policies_cannot_tell_apart_keep_their_own_inputs() -> None:
    first = PERMITTED[Action.PULL]
    second = changed(first, {"record.version": "2"})

    decided = decide(first), decide(second)

    assert [d.request for d in decided] == [first, second]
    assert [d.inputs_hash for d in decided] == [first.hash(), second.hash()]


def test_a_policy_that_errs_denies() -> None:
    bundle = bundle_of(
        '@id("all") permit (principal, action, resource);\n'
        '@id("overflows") forbid (principal, action == Action::"pull", resource)\n'
        "when { context.level + 9223372036854775807 > 0 };\n"
    )

    decision = decide(PERMITTED[Action.PULL], bundle=bundle)

    assert (type(decision), decision.reasons) == (Deny, ("policy-error",))


def test_the_memory_of_decisions_is_bounded_and_forgets_the_oldest() -> None:
    memo = _Memo(2)
    keys = [(b"bundle", Question("Client", "pull", "Space", str(n))) for n in range(3)]
    said = _Verdict(permitted=False, reasons=("no-basis",))

    for key in keys[:2]:
        memo.put(key, said)
    memo.get(keys[0])
    memo.put(keys[2], said)

    assert [memo.get(key) for key in keys] == [said, None, said]


def test_a_permit_is_overruled_by_what_the_lock_shows() -> None:
    permit = decide(PERMITTED[Action.PULL])

    assert overrule(permit, "uses-exhausted") == Deny(
        request=permit.request,
        reasons=("uses-exhausted",),
        bundle_hash=permit.bundle_hash,
        inputs_hash=permit.inputs_hash,
    )


def test_threads_agree() -> None:
    asked = [changed(PERMITTED[Action.PULL], {"consent.uses_left": str(n)}) for n in range(4)]
    found: list[tuple[str, ...]] = []

    def work() -> None:
        found.extend(decide(one).reasons for one in asked * 20)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = [("uses-exhausted",), ("consent",), ("consent",), ("consent",)] * 20 * 4
    assert sorted(found) == sorted(expected)


def test_every_permitted_request_fits_the_schema_of_its_action() -> None:
    for asked in PERMITTED.values():
        question = asked.to_cedar()
        answer = cedarpy.is_authorized(
            {
                "principal": f'{question.principal}::"x"',
                "action": f'Action::"{question.action}"',
                "resource": f'{question.resource}::"x"',
                "context": question.context,
            },
            shipped().policies,
            [],
            shipped().schema,
        )
        assert (answer.allowed, answer.diagnostics.errors) == (True, [])


def test_a_decision_shows_no_case_number() -> None:
    assert CASE_NO not in repr(decide(PERMITTED[Action.PULL]))
    assert CASE_NO not in repr((PERMITTED[Action.PULL], CONSENT, CASE, REQUIREMENT))
