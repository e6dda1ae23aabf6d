"""Replay: a stored decision stands, or the difference is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from policies.access import Permit, decide
from policies.bundle import Bundle, shipped
from policies.replay import Recorded, ReplayResult, replay
from policies.requests import AccessRequest, Action
from tests.support.access import PERMITTED, changed, permissive_sources

CORPUS = Path(__file__).parents[2] / "vectors/replay_corpus.json"
PULL = PERMITTED[Action.PULL]
REVOKED = changed(PULL, {"consent.status": "revoked"})


def test_the_stored_corpus_stands_under_the_policies_of_its_day() -> None:
    corpus = json.loads(CORPUS.read_text(encoding="utf-8"))

    results = [
        replay(
            one["inputs"].encode(),
            bundle_text=corpus["bundle"],
            recorded=Recorded(
                permitted=one["permitted"],
                reasons=tuple(one["reasons"]),
                bundle_hash=bytes.fromhex(corpus["bundle_hash"]),
                inputs_hash=bytes.fromhex(one["inputs_hash"]),
            ),
        )
        for one in corpus["decisions"]
    ]

    assert len(results) > 100
    assert all(result.stands for result in results)


@pytest.mark.parametrize("asked", [PULL, REVOKED], ids=["permit", "deny"])
def test_a_decision_replays_to_itself(asked: AccessRequest) -> None:
    recorded = Recorded.of(decide(asked))

    result = replay(asked.canonical(), bundle_text=shipped().text, recorded=recorded)

    assert result == ReplayResult(differences=(), again=recorded)
    assert result.stands


def test_another_outcome_is_reported() -> None:
    recorded = Recorded.of(decide(REVOKED))
    forged = replace(recorded, permitted=True, reasons=("consent",))

    result = replay(REVOKED.canonical(), bundle_text=shipped().text, recorded=forged)

    assert result == ReplayResult(differences=("outcome", "reasons"), again=recorded)
    assert not result.stands


def test_other_inputs_are_reported() -> None:
    recorded = Recorded.of(decide(PULL))

    result = replay(REVOKED.canonical(), bundle_text=shipped().text, recorded=recorded)

    assert result.differences == ("inputs", "outcome", "reasons")


def test_another_bundle_is_reported_even_if_it_decides_alike() -> None:
    recorded = Recorded.of(decide(PULL))
    commented = shipped().text.replace("// PIPL", "// The PIPL", 1)

    result = replay(PULL.canonical(), bundle_text=commented, recorded=recorded)

    assert result.differences == ("bundle",)


def test_policies_that_are_more_generous_are_reported() -> None:
    generous = Bundle.from_files(permissive_sources())
    recorded = Recorded.of(decide(REVOKED))

    result = replay(REVOKED.canonical(), bundle_text=generous.text, recorded=recorded)

    assert isinstance(decide(REVOKED, bundle=generous), Permit)
    assert result.differences == ("bundle", "outcome", "reasons")


@pytest.mark.parametrize(
    ("inputs", "bundle", "differences"),
    [
        (b"{}", None, ("inputs", "malformed")),
        (None, "no policies", ("bundle", "malformed")),
    ],
)
def test_what_cannot_be_read_is_reported(
    inputs: bytes | None, bundle: str | None, differences: tuple[str, ...]
) -> None:
    recorded = Recorded.of(decide(PULL))

    result = replay(
        PULL.canonical() if inputs is None else inputs,
        bundle_text=bundle or shipped().text,
        recorded=recorded,
    )

    assert result == ReplayResult(differences=differences, again=None)
