"""Writes ``tests/vectors/replay_corpus.json``: each row of the decision table, as journalled.

Run ``python -m tests.support.decision_corpus`` only to add a new corpus; decisions that were
once recorded must stand for ever under the bundle that is stored beside them.
"""

import json
from pathlib import Path

from policies.access import decide
from policies.bundle import shipped
from policies.replay import Recorded
from policies.requests import AccessRequest, Action
from tests.support.access import PERMITTED, changed

VECTORS = Path(__file__).parents[1] / "vectors"


def rows() -> list[tuple[AccessRequest, str]]:
    """Return each question of the decision table with its outcome in words."""
    lines = (VECTORS / "decisions.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split(None, 3) for line in lines if line and not line.startswith("#")]
    return [(_question(action, changes), f"{word} {ids}") for action, word, ids, changes in parts]


def corpus() -> dict[str, object]:
    """Return the corpus that the policies of today make."""
    recorded = [(asked, Recorded.of(decide(asked))) for asked, _ in rows()]
    return {
        "bundle": shipped().text,
        "bundle_hash": shipped().hash.hex(),
        "decisions": [
            {
                "inputs": asked.canonical().decode(),
                "inputs_hash": one.inputs_hash.hex(),
                "permitted": one.permitted,
                "reasons": one.reasons,
            }
            for asked, one in recorded
        ],
    }


def _question(action: str, changes: str) -> AccessRequest:
    pairs = (change.partition("=")[::2] for change in changes.split() if change != "-")
    return changed(PERMITTED[Action(action)], dict(pairs))


if __name__ == "__main__":
    text = json.dumps(corpus(), ensure_ascii=False, indent=1)
    (VECTORS / "replay_corpus.json").write_text(f"{text}\n", encoding="utf-8")
