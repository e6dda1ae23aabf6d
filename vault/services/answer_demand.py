"""A department answers what a holder demands, or says why not; what is deleted is gone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from policies.requests import AccessRequest, Action
from vault.demands import Answer, Demand, DemandKind, DemandState
from vault.errors import NotFoundError
from vault.ids import DepartmentId, EntryId, parse_id
from vault.journal.entries import Basis, Demanded, Kind
from vault.journal.operations import Decided, Repeated
from vault.journal.plain import canonical_json
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.versions import receipt_of
from vault.use_receipts import UseReport, UseState

PAGE: Final = 100
_GONE: Final = {UseState.OWED: UseState.UNUSED, UseState.USED: UseState.PURGED}
"""What deleting says of evidence, by what was said of it before."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerDemand:
    """What is answered to which demand."""

    caller: Caller
    demand_id: EntryId
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDemands:
    """What a department still has to answer.

    Attributes:
        more: There are others after these.
    """

    demands: Sequence[Demand]
    more: bool


def answer_demand(vault: Vault, asked: AnswerDemand) -> Receipt:
    """Enter an answer; return the receipt. The holder is told.

    Raises:
        NotFoundError: No such demand was put to the department.
        ConflictError: It was answered before.
        AccessDeniedError, TokenEndedError, ReplayedError: Refused; the refusal is journalled.
        JournalUnavailableError: Not known to be answered: ask again.
    """
    caller, entry_id = asked.caller, new_entry_id(vault.random)
    with vault.read() as tx:
        first = _theirs(tx, asked)

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        _, holder = asking.holder(first.space)
        client = asking.client(caller.live.client.client_id)
        return asking.decided(
            AccessRequest(action=Action.DEMAND_ANSWER, client=client, holder=holder)
        )

    def effect(tx: Tx, at_ms: int) -> None:
        answered = _theirs(tx, asked).answered(asked.answer, entry_id=entry_id, at_ms=at_ms)
        tx.demands.close(answered)
        if answered.kind is DemandKind.DELETE and answered.state is DemandState.ANSWERED:
            _gone(tx, answered, entry_id=entry_id, at_ms=at_ms)

    outcome = submit_change(
        vault,
        caller,
        _draft(asked, first, entry_id=entry_id),
        space=first.space,
        before=ready(vault, caller, space=first.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.ACCESS,
        request=caller.request(
            {
                "demand": asked.demand_id.hex(),
                "outcome": asked.answer.outcome.value,
                "text": asked.answer.text,
            },
            answer=canonical_json({"entry": entry_id.hex()}),
            keyed=vault.secrets.keyed,
        ),
    )
    if isinstance(outcome, Repeated):
        again = EntryId(parse_id(json.loads(outcome.answer)["entry"]))
        return receipt_of(vault, log_id=first.space.log_id, entry_id=again)
    return committed(outcome).receipt


def list_demands(
    vault: Vault, department_id: DepartmentId, *, after: EntryId | None = None
) -> OpenDemands:
    """Return what a department still has to answer, by when it is due.

    Raises:
        NotFoundError: ``after`` is no demand that was put to it.
    """
    with vault.read() as tx:
        last = None
        if after is not None:
            last = tx.demands.found(department_id, demand_id=after)
            if last is None:
                raise NotFoundError("no such demand")
        found = tx.demands.open_of(department_id, after=last, limit=PAGE + 1)
    return OpenDemands(demands=found[:PAGE], more=len(found) > PAGE)


def _draft(asked: AnswerDemand, demand: Demand, *, entry_id: EntryId) -> Draft:
    return Draft(
        entry_id=entry_id,
        kind=Kind.DEMAND_ANSWER,
        basis=Basis.SYSTEM,  # Nothing is looked at: the department gives account.
        by=asked.caller.by(),
        trace=asked.caller.trace(),
        demanded=Demanded(
            kind=demand.kind.value,
            pull=demand.about,
            demand=demand.demand_id,
            outcome=asked.answer.outcome.value,
            text=asked.answer.text,
        ),
    )


def _gone(tx: Tx, demand: Demand, *, entry_id: EntryId, at_ms: int) -> None:
    """Close the use-receipt of what was deleted, unless it is closed."""
    before = tx.use_receipts.get(demand.space, entry_id=demand.about)
    if before is None or before.state not in _GONE:
        return
    report = UseReport(outcome=_GONE[before.state])
    after = before.reported(report, entry_id=entry_id, at_ms=at_ms)
    tx.use_receipts.replace(after, before=before)


def _theirs(tx: Tx, asked: AnswerDemand) -> Demand:
    found = tx.demands.found(asked.caller.department_id, demand_id=asked.demand_id)
    if found is None:
        raise NotFoundError("no such demand")
    return found
