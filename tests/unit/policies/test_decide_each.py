"""Several questions, one decision."""

from dataclasses import replace

from policies.access import Deny, Permit, decide, decide_each
from policies.bundle import shipped
from policies.replay import Recorded, replay
from policies.requests import Action, joined
from tests.support.access import PERMITTED

GIVEN = PERMITTED[Action.CONSENT_GIVE]
ENDED = PERMITTED[Action.CONSENT_END]
STALE = replace(GIVEN, member=replace(GIVEN.member, fresh=False))  # type: ignore[type-var]  # given
SENSITIVE = replace(GIVEN, level=4)


def test_one_question_alone_is_decided_as_ever() -> None:
    assert decide_each([GIVEN]) == decide(GIVEN)


def test_several_questions_are_permitted_only_together() -> None:
    decision = decide_each([GIVEN, ENDED])

    assert isinstance(decision, Permit)
    assert decision.reasons == ("consent-ended", "consent-given")


def test_a_refusal_names_the_reasons_of_all_that_were_refused() -> None:
    decision = decide_each([GIVEN, STALE, SENSITIVE])

    assert isinstance(decision, Deny)
    assert decision.reasons == (
        "level-needs-signed-messages",
        "sign-in-not-fresh",
        "step-up-needed",
    )
    assert decision.request == STALE


def test_a_decision_about_several_questions_can_be_replayed() -> None:
    asked = [GIVEN, STALE]
    recorded = Recorded.of(decide_each(asked))

    again = replay(joined(asked), bundle_text=shipped().text, recorded=recorded)

    assert again.stands


def test_leaving_a_question_out_of_the_stored_inputs_is_noticed() -> None:
    recorded = Recorded.of(decide_each([GIVEN, STALE]))

    again = replay(joined([GIVEN]), bundle_text=shipped().text, recorded=recorded)

    assert again.differences == ("inputs", "outcome", "reasons")
