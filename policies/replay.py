"""Decide a stored question again, and say what differs from what was recorded."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Self

from policies.access import Deny, Permit, decide_each_anew
from policies.bundle import Bundle
from policies.errors import PolicyError
from policies.requests import AccessRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the journal says about a decision.

    Attributes:
        reasons: The ``@id`` of each policy that decided, sorted.
        bundle_hash, inputs_hash: SHA-256, 32 bytes each.
    """

    permitted: bool
    reasons: tuple[str, ...]
    bundle_hash: bytes
    inputs_hash: bytes

    @classmethod
    def of(cls, decision: Permit | Deny) -> Self:
        """Return what is worth recording of ``decision``."""
        return cls(
            permitted=isinstance(decision, Permit),
            reasons=decision.reasons,
            bundle_hash=decision.bundle_hash,
            inputs_hash=decision.inputs_hash,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """How a replay went.

    Attributes:
        differences: Of ``bundle``, ``inputs``, ``malformed``, ``outcome``, ``reasons`` those
            that do not agree with the record, sorted; empty if the decision stands.
        again: What was decided now; ``None`` if the stored texts could not be read.
    """

    differences: tuple[str, ...]
    again: Recorded | None

    @property
    def stands(self) -> bool:
        """Whether the recorded decision is what its policies say about its inputs."""
        return not self.differences


def replay(inputs: bytes, *, bundle_text: str, recorded: Recorded) -> ReplayResult:
    """Run a stored decision again.

    Args:
        inputs: The canonical request, or several of them a line each, as stored.
        bundle_text: The policies of that day, as stored.
        recorded: The outcome, as journalled.
    """
    differences = set()
    if sha256(inputs).digest() != recorded.inputs_hash:
        differences.add("inputs")
    if sha256(bundle_text.encode()).digest() != recorded.bundle_hash:
        differences.add("bundle")
    try:
        requests = [AccessRequest.from_canonical(line) for line in inputs.split(b"\n")]
        bundle = _parsed(bundle_text)
    except PolicyError:
        return ReplayResult(differences=tuple(sorted(differences | {"malformed"})), again=None)
    again = Recorded.of(decide_each_anew(requests, bundle=bundle))
    if again.permitted != recorded.permitted:
        differences.add("outcome")
    if again.reasons != recorded.reasons:
        differences.add("reasons")
    return ReplayResult(differences=tuple(sorted(differences)), again=again)


@lru_cache(maxsize=4)
def _parsed(bundle_text: str) -> Bundle:
    """Parse once for many decisions of the same day."""
    return Bundle.from_text(bundle_text)
