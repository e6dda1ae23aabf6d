"""A department says what it did with what it pulled: an entry that the holder sees."""

import json
from dataclasses import dataclass

from policies.requests import AccessRequest, Action
from vault.errors import NotFoundError
from vault.ids import EntryId, parse_id
from vault.journal.entries import Basis, Kind, Used
from vault.journal.operations import Decided, Repeated
from vault.journal.plain import canonical_json
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.versions import receipt_of
from vault.use_receipts import UseReceipt, UseReport


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportUse:
    """What is said of which pull."""

    caller: Caller
    pull: EntryId
    report: UseReport


def report_use(vault: Vault, asked: ReportUse) -> Receipt:
    """Enter what the department says of a pull of its own; return the receipt.

    Raises:
        NotFoundError: The department made no such pull.
        ConflictError: It cannot be said after what was said before, or somebody else was first.
        InvalidInputError: It would be kept longer than the holder agreed to.
        AccessDeniedError, TokenEndedError, ReplayedError: Refused; the refusal is journalled.
        JournalUnavailableError: Not known to be entered: ask again.
    """
    caller, entry_id = asked.caller, new_entry_id(vault.random)
    with vault.read() as tx:
        space = _own(tx, asked).space

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        _, holder = asking.holder(space)
        client = asking.client(caller.live.client.client_id)
        return asking.decided(AccessRequest(action=Action.USE, client=client, holder=holder))

    def effect(tx: Tx, at_ms: int) -> None:
        before = _own(tx, asked)
        after = before.reported(asked.report, entry_id=entry_id, at_ms=at_ms)
        tx.use_receipts.replace(after, before=before)

    outcome = submit_change(
        vault,
        caller,
        _draft(asked, entry_id=entry_id),
        space=space,
        before=ready(vault, caller, space=space, decide=decide),
        decide=decide,
        effect=effect,
        request=caller.request(
            _plain(asked),
            answer=canonical_json({"entry": entry_id.hex()}),
            keyed=vault.secrets.keyed,
        ),
    )
    if isinstance(outcome, Repeated):
        first = EntryId(parse_id(json.loads(outcome.answer)["entry"]))
        return receipt_of(vault, log_id=space.log_id, entry_id=first)
    return committed(outcome).receipt


def _draft(asked: ReportUse, *, entry_id: EntryId) -> Draft:
    report = asked.report
    return Draft(
        entry_id=entry_id,
        kind=Kind.USE,
        basis=Basis.SYSTEM,  # Nothing is looked at: the department gives account.
        by=asked.caller.by(),
        trace=asked.caller.trace(),
        used=Used(
            pull=asked.pull,
            outcome=report.outcome.value,
            decision=report.decision,
            kept_until=_day(report),
        ),
    )


def _plain(asked: ReportUse) -> dict[str, str]:
    """Return what a repeated request must ask for again."""
    report = asked.report
    plain = {"outcome": report.outcome.value, "pull": asked.pull.hex()}
    if report.decision is not None:
        plain["decision"] = report.decision
    kept_until = _day(report)
    return plain if kept_until is None else plain | {"kept_until": kept_until}


def _day(report: UseReport) -> str | None:
    return None if report.kept_until is None else report.kept_until.isoformat()


def _own(tx: Tx, asked: ReportUse) -> UseReceipt:
    found = tx.use_receipts.found(asked.caller.department_id, entry_id=asked.pull)
    if found is None:
        raise NotFoundError("no such pull")
    return found
