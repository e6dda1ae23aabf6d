"""Decides every recorded decision again, under the policies of its day (architecture.md 9.1).

The sealed inputs of a decision lie beside its entry, the texts of policies are kept for ever:
so nobody can say afterwards that a permit was lawful when the policies of the day say no.
"""

from collections.abc import Callable, Iterator

from policies.access import OVERRULES
from policies.replay import Recorded, replay
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.entries import Entry, Result, Verdict
from vault.journal.findings import Fault, Finding, StoredEntry

OpenInputs = Callable[[StoredEntry], bytes]
"""Opens the inputs of an entry; ``IntegrityError`` or ``InvalidInputError`` if they do not."""

BundleText = Callable[[bytes], str | None]
"""Returns the text of a policy bundle by its hash."""


class DecisionCheck:
    """Replays the decisions of a log, one after the other.

    Attributes:
        replayed: How many decisions were decided again.
    """

    def __init__(self, *, open_inputs: OpenInputs, bundle_text: BundleText) -> None:
        """Replay what ``open_inputs`` opens under what ``bundle_text`` finds."""
        self._open_inputs = open_inputs
        self._bundle_text = bundle_text
        self.replayed = 0

    def see(self, stored: StoredEntry, entry: Entry) -> Iterator[Finding]:
        """Take the next opened entry; yield what its decision does not bear out."""
        verdict = entry.decision
        if verdict is None:
            return
        text = self._bundle_text(verdict.bundle)
        try:
            inputs = self._open_inputs(stored)
        except (IntegrityError, InvalidInputError):
            yield Finding(fault=Fault.INPUTS_MISSING, index=stored.index)
            return
        if text is None:
            yield Finding(fault=Fault.INPUTS_MISSING, index=stored.index, what="policies")
            return
        self.replayed += 1
        differences = set(
            replay(inputs, bundle_text=text, recorded=_recorded(verdict)).differences
        )
        if _overruled(verdict):
            differences -= {"outcome", "reasons"}
        if differences:
            yield Finding(
                fault=Fault.DECISION_DIFFERS,
                index=stored.index,
                what=", ".join(sorted(differences)),
            )


def _recorded(verdict: Verdict) -> Recorded:
    return Recorded(
        permitted=verdict.result is Result.PERMIT,
        reasons=verdict.reasons,
        bundle_hash=verdict.bundle,
        inputs_hash=verdict.inputs,
    )


def _overruled(verdict: Verdict) -> bool:
    """Say whether a fact under the lock turned the decision into a refusal, never a permit."""
    return verdict.result is Result.DENY and OVERRULES.issuperset(verdict.reasons)
