"""What the operator does about complaints of holders: plain JSON in, plain JSON out."""

from collections.abc import Mapping
from typing import Final

from scripts.managing import text_of
from scripts.operator_socket import Plain, Verb
from vault.clock import instant
from vault.demands import Answer, Demand, DemandState
from vault.ids import EntryId, parse_id
from vault.services import Vault
from vault.services.complaints import answer_complaint, open_complaints, read_complaint

LIST: Final = "complaint.list"
SHOW: Final = "complaint.show"
ANSWER: Final = "complaint.answer"


def complaint_acts(vault: Vault) -> Mapping[str, Verb]:
    """Return the verbs over an open vault."""

    def listed(_arguments: Plain) -> Plain:
        now_ms = vault.clock.now_ms()
        return {"complaints": [_line(one, now_ms=now_ms) for one in open_complaints(vault)]}

    def shown(arguments: Plain) -> Plain:
        found = read_complaint(vault, _id(arguments))
        department = found.department
        return _line(found.demand, now_ms=vault.clock.now_ms()) | {
            "about": found.demand.about.hex(),
            "department": "" if department is None else department.name_zh,
            "text": found.text,
        }

    def answered(arguments: Plain) -> Plain:
        refused = arguments.get("refused") is True
        answer = Answer(
            outcome=DemandState.REFUSED if refused else DemandState.ANSWERED,
            text=text_of(arguments, "text"),
        )
        return {"index": answer_complaint(vault, _id(arguments), answer).index}

    return {LIST: listed, SHOW: shown, ANSWER: answered}


def _id(arguments: Plain) -> EntryId:
    return EntryId(parse_id(text_of(arguments, "id")))


def _line(demand: Demand, *, now_ms: int) -> dict[str, object]:
    return {
        "id": demand.demand_id.hex(),
        "state": demand.state.value,
        "asked": instant(demand.asked_at_ms),
        "due": instant(demand.due_at_ms),
        "late": demand.overdue(now_ms=now_ms),
    }
