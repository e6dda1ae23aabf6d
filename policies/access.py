"""``decide``: the one place where a question becomes ``Permit`` or ``Deny``.

A decision is a pure function of the bundle and of what Cedar is shown, so it is remembered by
both. Nobody else may build a ``Permit``: whoever holds one holds the proof of a decision.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Final, NamedTuple

import cedarpy

from policies.bundle import Bundle, shipped
from policies.requests import AccessRequest, Question, joined

NO_BASIS: Final = "no-basis"
POLICY_ERROR: Final = "policy-error"
REPLAYED: Final = "proof-replayed"
EXHAUSTED: Final = "uses-exhausted"
NOT_LIVE: Final = "token-not-live"
MISUSED: Final = "token-misused"
OVERRULES: Final = frozenset({REPLAYED, EXHAUSTED, NOT_LIVE, MISUSED})
"""What a fact found under the journal lock may refuse for, though the policies permitted."""

REMEMBERED: Final = 4096
"""Verdicts kept in memory, about 2 KB each."""

_NO_ENTITIES: Final[list[dict[str, object]]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Permitted.

    Attributes:
        request: What was asked.
        reasons: The ``@id`` of each ``permit`` that held, sorted.
        bundle_hash: SHA-256 of the policies, 32 bytes.
        inputs_hash: SHA-256 of the canonical request, 32 bytes.
    """

    request: AccessRequest = field(repr=False)
    reasons: tuple[str, ...]
    bundle_hash: bytes
    inputs_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Refused.

    Attributes:
        request: What was asked.
        reasons: The ``@id`` of each ``forbid`` that fired, sorted; or ``no-basis``, or
            ``policy-error``. Each has a sentence in ``policies.reasons``.
        bundle_hash: SHA-256 of the policies, 32 bytes.
        inputs_hash: SHA-256 of the canonical request, 32 bytes.
    """

    request: AccessRequest = field(repr=False)
    reasons: tuple[str, ...]
    bundle_hash: bytes
    inputs_hash: bytes


class _Verdict(NamedTuple):
    permitted: bool
    reasons: tuple[str, ...]


def decide(request: AccessRequest, *, bundle: Bundle | None = None) -> Permit | Deny:
    """Return ``Permit``, or ``Deny`` with the ``@id`` of each ``forbid`` that fired.

    Args:
        request: The facts, read by the caller from the rows that the journal will compare.
        bundle: The policies in force; those of this release if none are named.
    """
    bundle = bundle or shipped()
    question = request.to_cedar()
    key = (bundle.hash, question)
    verdict = _MEMO.get(key)
    if verdict is None:
        verdict = _evaluate(question, bundle)
        _MEMO.put(key, verdict)
    return _decision(request, bundle, verdict)


def decide_each(
    requests: Sequence[AccessRequest], *, bundle: Bundle | None = None
) -> Permit | Deny:
    """Decide several questions as one: permitted only if each of them is.

    A refusal names the reasons of all that were refused. The inputs are those of
    ``joined(requests)``, so that the whole decision can be replayed.
    """
    return _together([decide(one, bundle=bundle) for one in requests], joined(requests))


def overrule(decision: Permit | Deny, /, reason: str) -> Deny:
    """Return the refusal that a fact found under the journal lock makes of ``decision``.

    Only ever towards a refusal: no use is left, a proof was shown before, a token has ended.
    """
    return Deny(
        request=decision.request,
        reasons=(reason,),
        bundle_hash=decision.bundle_hash,
        inputs_hash=decision.inputs_hash,
    )


def decide_anew(request: AccessRequest, *, bundle: Bundle) -> Permit | Deny:
    """Decide without memory of earlier decisions; what ``decide`` must agree with."""
    return _decision(request, bundle, _evaluate(request.to_cedar(), bundle))


def decide_each_anew(requests: Sequence[AccessRequest], *, bundle: Bundle) -> Permit | Deny:
    """Decide several questions as one without memory; what ``decide_each`` must agree with."""
    return _together([decide_anew(one, bundle=bundle) for one in requests], joined(requests))


def _together(parts: Sequence[Permit | Deny], inputs: bytes) -> Permit | Deny:
    refused = [part for part in parts if isinstance(part, Deny)]
    made = Deny if refused else Permit
    return made(
        request=(refused or parts)[0].request,
        reasons=tuple(sorted({r for part in refused or parts for r in part.reasons})),
        bundle_hash=parts[0].bundle_hash,
        inputs_hash=sha256(inputs).digest(),
    )


def _decision(request: AccessRequest, bundle: Bundle, verdict: _Verdict) -> Permit | Deny:
    made = Permit if verdict.permitted else Deny
    return made(
        request=request,
        reasons=verdict.reasons,
        bundle_hash=bundle.hash,
        inputs_hash=request.hash(),
    )


def _evaluate(question: Question, bundle: Bundle) -> _Verdict:
    asked = {
        "principal": {"type": question.principal, "id": "asker"},
        "action": {"type": "Action", "id": question.action},
        "resource": {"type": question.resource, "id": "asked"},
        "context": question.context,
    }
    answer = cedarpy.is_authorized(asked, bundle.policies, _NO_ENTITIES, bundle.schema)
    if answer.diagnostics.errors:  # Cedar skips a policy that errs; a skipped forbid would permit.
        return _Verdict(permitted=False, reasons=(POLICY_ERROR,))
    fired = tuple(sorted(answer.diagnostics.id_annotations_by_reason.values()))
    return _Verdict(permitted=answer.allowed, reasons=fired or (NO_BASIS,))


class _Memo:
    """The verdicts used last, for all threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[tuple[bytes, Question], _Verdict] = OrderedDict()

    def get(self, key: tuple[bytes, Question]) -> _Verdict | None:
        with self._lock:
            verdict = self._kept.get(key)
            if verdict is not None:
                self._kept.move_to_end(key)
            return verdict

    def put(self, key: tuple[bytes, Question], verdict: _Verdict) -> None:
        with self._lock:
            self._kept[key] = verdict
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)


_MEMO: Final = _Memo(REMEMBERED)
