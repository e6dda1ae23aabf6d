"""``authorization_details`` of type ``evidence_access`` (RFC 9396; oauth.md 3).

The wire model is strict and knows every member; its checks run in a fixed order, and the first
that fails answers. What comes out is ``vault.consents.details.Details``: from there on, rights
only get narrower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from api.oauth.errors import FaultError, Say
from api.oauth.jose import MAX_NUMERIC_DATE, parse_json
from policies.catalogue import catalogue
from policies.items import Requirement, ServiceItem, items
from policies.purposes import purposes
from policies.scopes import View
from vault.cases import OPEN_STATES
from vault.clients import Client
from vault.consents.details import MAX_NOTE_CHARACTERS, Details, EvidenceGrant
from vault.errors import InvalidInputError
from vault.ids import CaseNumber, Space
from vault.ports import Tx

MAX_BYTES: Final = 16 * 1024
MAX_OBJECTS: Final = 20
MAX_USES: Final = 1000
LONGEST_SECONDS: Final = 366 * 86_400


def _printable(text: str) -> str:
    """People read it: no control characters, none that turn the direction of writing."""
    if not text.strip() or not text.replace("\u3000", " ").isprintable():
        raise ValueError("the note is no printable text")
    return text


_Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Date = Annotated[int, Field(ge=0, le=MAX_NUMERIC_DATE)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Subject(_Wire):
    kind: Literal["person", "organisation"]


class _Purpose(_Wire):
    code: _Code
    note: Annotated[
        str, StringConstraints(max_length=MAX_NOTE_CHARACTERS), AfterValidator(_printable)
    ]


class _Legal(_Wire):
    article: _Code


class _Valid(_Wire):
    starts_at: Annotated[_Date, Field(alias="from")]
    ends_at: Annotated[_Date, Field(alias="to")]


class _Evidence(_Wire):
    code: _Code
    view: Literal["verify", "summary", "full"] = "verify"
    fields: Annotated[list[_Code], Field(max_length=200)] | None = None
    file: bool = False


class _EvidenceAccess(_Wire):
    type: Literal["evidence_access"]
    locations: list[str] | None = None
    basis: Literal["consent"]
    subject: _Subject
    purpose: _Purpose
    item: _Code
    case: _Code
    evidence: Annotated[list[_Evidence], Field(min_length=1, max_length=50)]
    legal: _Legal | None = None
    valid: _Valid
    uses: Annotated[int, Field(ge=1, le=MAX_USES)] | None = None
    retention_days: Annotated[int, Field(ge=0, le=10_000)]

    def shared(self) -> "_EvidenceAccess":
        """Return what all objects of one request have in common."""
        return self.model_copy(update={"evidence": [], "locations": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks for: one purpose, one item, one case, one holder.

    Attributes:
        note: The department's own words why.
        kind: ``person`` or ``organisation``.
        space: Whose case it is; nobody else can decide it.
    """

    details: Details
    purpose: str
    item: str
    case_no: CaseNumber = field(repr=False)
    note: str = field(repr=False)
    kind: str
    space: Space

    @property
    def level(self) -> int:
        """The highest sensitivity among the evidence."""
        return max(catalogue()[code].level for code in self.details.evidence)


def read_wanted(text: str, *, client: Client, origin: str, tx: Tx, now: int) -> Wanted:
    """Return what ``text`` asks for, checked in the order of oauth.md 3.

    Args:
        text: The parameter ``authorization_details``.
        client: Who asks, authenticated.
        origin: The only ``locations`` there is.
        tx: Where the case is read.
        now: UTC seconds.

    Raises:
        FaultError: ``invalid_authorization_details`` with the text of the check that failed.
    """
    shared, entries = _read(text, origin=origin)
    _check_registered(shared, entries, client=client)
    item = _check_item(shared, entries)
    space = _check_case(shared, item=item, client=client, tx=tx)
    if not shared.valid.starts_at < shared.valid.ends_at <= now + LONGEST_SECONDS:
        raise FaultError(Say.DETAILS_FORM, reason="valid is no range within a year")
    if shared.valid.ends_at <= now:
        raise FaultError(Say.DETAILS_FORM, reason="valid is past")
    needed = item.requirements
    return Wanted(
        details=_details(shared, entries, default={code: needed[code].fields for code in entries}),
        purpose=shared.purpose.code,
        item=shared.item,
        case_no=CaseNumber(shared.case),
        note=shared.purpose.note,
        kind=shared.subject.kind,
        space=space,
    )


def read_narrower(
    text: str, *, granted: Details, purpose: str, item: str, case_no: str, origin: str
) -> Details:
    """Return the part of a grant that a token request asks for (RFC 9396 s. 6.1).

    Raises:
        FaultError: Malformed, of another purpose, item or case, or wider than the grant.
    """
    shared, entries = _read(text, origin=origin)
    same = (shared.purpose.code, shared.item, shared.case) == (purpose, item, case_no)
    if not same or not entries.keys() <= granted.evidence.keys():
        raise FaultError(Say.DETAILS_WIDER, reason="another purpose, item, case or evidence")
    default = {code: sorted(granted.evidence[code].fields) for code in entries}
    try:
        asked = _details(shared, entries, default=default)
    except InvalidInputError as error:
        raise FaultError(Say.DETAILS_FORM, reason=str(error)) from error
    if not granted.covers(asked):
        raise FaultError(Say.DETAILS_WIDER)
    return asked


def _read(text: str, *, origin: str) -> tuple[_EvidenceAccess, Mapping[str, _Evidence]]:
    """Check 1: form, size, members, and one purpose for all objects."""
    try:
        if len(text.encode()) > MAX_BYTES:
            raise FaultError(Say.DETAILS, reason="longer than 16 KiB")
        plain = parse_json(text)
    except ValueError as error:
        raise FaultError(Say.DETAILS, reason="no JSON") from error
    if not isinstance(plain, list) or not 1 <= len(plain) <= MAX_OBJECTS:
        raise FaultError(Say.DETAILS, reason="no array of 1 to 20")
    try:
        found = [_EvidenceAccess.model_validate(one) for one in plain]
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise FaultError(Say.DETAILS_FORM, reason=f"the member {where[:100]!a}") from error
    if any(one.locations not in (None, [origin]) for one in found):
        raise FaultError(Say.DETAILS_FORM, reason="locations is not the origin")
    entries = [evidence for one in found for evidence in one.evidence]
    by_code = {one.code: one for one in entries}
    first, *others = (one.shared() for one in found)
    if any(one != first for one in others) or len(by_code) != len(entries):
        raise FaultError(Say.DETAILS_MIXED)
    return first, by_code


def _check_registered(
    shared: _EvidenceAccess, entries: Mapping[str, _Evidence], *, client: Client
) -> None:
    """Check 2: what the client may ask for, and what the catalogue has."""
    if shared.item not in client.service_items or shared.item not in items():
        raise FaultError(Say.DETAILS_TYPE, reason="the item is not registered")
    for code, one in entries.items():
        kind = catalogue().get(code)
        view = View.of(one.view)
        if kind is None or not kind.offered or not kind.fits(shared.subject.kind):
            raise FaultError(Say.DETAILS_TYPE, reason="the evidence is not offered")
        if view not in kind.views or view > client.evidence.get(code, 0):
            raise FaultError(Say.DETAILS_TYPE, reason="the view is not registered")
        fields = one.fields or []
        repeated = len(set(fields)) != len(fields)
        if repeated or not kind.fields.keys() >= set(fields) or (fields and view is View.VERIFY):
            raise FaultError(Say.DETAILS_FIELDS)
        if one.file:
            raise FaultError(Say.DETAILS_FILE)


def _check_item(shared: _EvidenceAccess, entries: Mapping[str, _Evidence]) -> ServiceItem:
    """Check 3: over-asking is refused per service item."""
    item = items()[shared.item]
    for code, one in entries.items():
        needed = item.requirements.get(code)
        if needed is None or View.of(one.view) > needed.view:
            raise FaultError(Say.DETAILS_ASKING, reason="the item needs no such view")
        if not set(one.fields or ()) <= set(needed.fields):
            raise FaultError(Say.DETAILS_ASKING, reason="the item needs no such field")
    purpose = purposes().get(shared.purpose.code)
    if purpose is None or purpose.code not in item.purposes:
        raise FaultError(Say.DETAILS_CASE, reason="the purpose is not of the item")
    if shared.retention_days > purpose.max_retention_days:
        raise FaultError(Say.DETAILS_ASKING, reason="kept longer than the purpose allows")
    if shared.legal is not None and shared.legal.article not in _laws(item, entries):
        raise FaultError(Say.DETAILS_CASE, reason="the legal basis is not of the item")
    return item


def _check_case(shared: _EvidenceAccess, *, item: ServiceItem, client: Client, tx: Tx) -> Space:
    case = tx.cases.find(CaseNumber(shared.case))
    if case is None or (case.department_id, case.item) != (client.department_id, shared.item):
        raise FaultError(Say.DETAILS_CASE, reason="the case is not of this department and item")
    if case.state not in OPEN_STATES:
        raise FaultError(Say.DETAILS_CASE, reason="the case is not open")
    holder = tx.holders.get(case.space)
    if holder is None or holder.kind != shared.subject.kind:
        raise FaultError(Say.DETAILS_CASE, reason="the case is of another kind of holder")
    if shared.subject.kind not in item.applicants:
        raise FaultError(Say.DETAILS_CASE, reason="the item is not for this kind of holder")
    return case.space


def _laws(item: ServiceItem, entries: Mapping[str, _Evidence]) -> set[str]:
    needed: Sequence[Requirement] = [item.requirements[code] for code in entries]
    return {*item.legal_bases, *(one.legal_basis for one in needed)}


def _details(
    shared: _EvidenceAccess,
    entries: Mapping[str, _Evidence],
    *,
    default: Mapping[str, Sequence[str]],
) -> Details:
    """Build the value; an entry that names no fields gets those of ``default``."""
    evidence = {}
    for code, one in entries.items():
        view = View.of(one.view)
        fields = default[code] if one.fields is None and view is not View.VERIFY else one.fields
        evidence[code] = EvidenceGrant(code=code, view=view, fields=frozenset(fields or ()))
    return Details(
        evidence=evidence,
        starts_at=shared.valid.starts_at,
        ends_at=shared.valid.ends_at,
        uses=shared.uses,
        retention_days=shared.retention_days,
        legal_article=shared.legal.article if shared.legal is not None else None,
    )
