"""A department takes up a case of a holder: the matter that a consent and a pull are for."""

import json
from dataclasses import dataclass, replace
from typing import Final

from policies.access import Permit
from policies.errors import CatalogueError
from policies.facts import HolderFacts
from policies.items import GBT39554_SCHEME, ServiceItem, service_item
from policies.requests import AccessRequest, Action
from vault.cases import Case, CaseState
from vault.clock import legal_day
from vault.errors import ConflictError, InvalidInputError
from vault.identifiers import Identifier
from vault.identifiers.case_numbers import make_case_number
from vault.ids import CaseNumber, EntryId, Space, parse_id
from vault.journal.entries import Basis, Kind, On, StateChange
from vault.journal.operations import Decided, Guarded, Repeated
from vault.journal.plain import canonical_json
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.numbers import holder_kind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking, case_facts
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.open_space import Known, find_space, newcomer, open_space
from vault.services.versions import receipt_of, refuse_unopened, spend_proof

FIRST: Final = 1
DRAWS: Final = 8
"""A number has six random digits a day: of a thousand drawn, one is taken already."""


class NumberTakenError(ConflictError):
    """The number that was drawn belongs to another case; another one is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenCase:
    """Whose case it is, and for which item."""

    caller: Caller
    number: Identifier
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCase:
    """A case that is open, and the proof of it."""

    case_no: CaseNumber
    receipt: Receipt


def open_case(vault: Vault, asked: OpenCase) -> OpenedCase:
    """Open a case; the space of its holder is opened too if there is none.

    Raises:
        InvalidInputError: There is no such item, or such a holder cannot apply for it.
        AccessDeniedError, ReplayedError: Refused; the refusal is journalled.
        ConflictError: The request id was used for something else.
        JournalUnavailableError: Nothing was opened.
    """
    item = _item(asked)
    for _ in range(DRAWS - 1):
        try:
            return _opened(vault, asked, item)
        except NumberTakenError:  # The first draw has spent the proof.
            asked = replace(asked, caller=asked.caller.spent())
    return _opened(vault, asked, item)


def _opened(vault: Vault, asked: OpenCase, item: ServiceItem) -> OpenedCase:
    now_ms = vault.clock.now_ms()
    authority = item.code if item.scheme == GBT39554_SCHEME else item.department
    case_no = make_case_number(authority, day=legal_day(now_ms), random=vault.random)
    space, caller = _space(vault, asked, case_no=case_no, now_ms=now_ms)
    case = _case(asked, space=space, case_no=case_no, at_ms=now_ms)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), asked.caller, case)

    draft = _draft(asked, case, entry_id=new_entry_id(vault.random))

    def effect(tx: Tx, at_ms: int) -> None:
        if tx.cases.find(case_no) is not None:
            raise NumberTakenError("this case number is taken")
        tx.cases.add(_case(asked, space=space, case_no=case_no, at_ms=at_ms))

    index = vault.numbers.of(asked.number)[0].index
    outcome = submit_change(
        vault,
        caller,
        draft,
        space=space,
        before=ready(vault, caller, space=space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.CASE,
        request=caller.request(
            {"item": asked.item, "number": index.hex()},
            answer=canonical_json({"case": case_no, "entry": draft.entry_id.hex()}),
            keyed=vault.secrets.keyed,
        ),
    )
    if isinstance(outcome, Repeated):
        return _first_answer(vault, outcome.answer, log_id=space.log_id)
    return OpenedCase(case_no=case_no, receipt=committed(outcome).receipt)


def _item(asked: OpenCase) -> ServiceItem:
    try:
        item = service_item(asked.item)
    except CatalogueError as error:
        raise InvalidInputError("there is no such service item", field="item") from error
    if holder_kind(asked.number).value not in item.applicants:
        raise InvalidInputError("such a holder cannot apply for this item", field="holder")
    return item


def _space(
    vault: Vault, asked: OpenCase, *, case_no: CaseNumber, now_ms: int
) -> tuple[Space, Caller]:
    """Return the applicant's space, opened if need be; opening it spends the proof."""
    new = newcomer(vault, asked.number)
    case = _case(asked, space=new.space, case_no=case_no, at_ms=now_ms)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), asked.caller, case, facts=new.facts)

    with vault.read() as tx:
        space = find_space(vault, tx, asked.number)
        if space is not None:
            return space, asked.caller
        decided = decide(tx, now_ms)
    if not isinstance(decided.decision, Permit):
        refuse_unopened(vault, asked.caller, decided, code="")
    spent = spend_proof(vault, asked.caller, decided, code="")
    opened = open_space(
        vault, new, number=asked.number, known=Known(), caller=spent, decide=decide
    )
    return opened, spent


def _case(asked: OpenCase, *, space: Space, case_no: CaseNumber, at_ms: int) -> Case:
    return Case(
        space=space,
        case_no=case_no,
        department_id=asked.caller.department_id,
        item=asked.item,
        state=CaseState.SUBMITTED,
        opened_at_ms=at_ms,
        version=FIRST,
    )


def _decided(
    asking: Asking, caller: Caller, case: Case, *, facts: HolderFacts | None = None
) -> Decided:
    request = AccessRequest(
        action=Action.CASE_OPEN,
        client=asking.client(caller.live.client.client_id),
        holder=asking.holder(case.space)[1] if facts is None else facts,
        case=case_facts(case),
    )
    return asking.decided(request)


def _draft(asked: OpenCase, case: Case, *, entry_id: EntryId) -> Draft:
    return Draft(
        entry_id=entry_id,
        kind=Kind.CASE_OPEN,
        basis=Basis.SYSTEM,
        by=asked.caller.by(),
        trace=asked.caller.trace(),
        on=On(item=case.item, case_no=case.case_no),
        change=StateChange(
            object=Guarded.CASE.value,
            id=case.case_no,
            became=case.state.value,
            version=FIRST,
        ),
    )


def _first_answer(vault: Vault, answer: bytes, *, log_id: int) -> OpenedCase:
    found = json.loads(answer)
    return OpenedCase(
        case_no=CaseNumber(found["case"]),
        receipt=receipt_of(vault, log_id=log_id, entry_id=EntryId(parse_id(found["entry"]))),
    )
