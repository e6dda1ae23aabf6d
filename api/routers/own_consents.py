"""``/v1/me/consents``: what the holder granted, and how to take it back, all or a part."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.deps import WiredDep
from api.openapi import BY_FORM, BY_SIGN_IN
from api.routers.answers import (
    OWN_PROBLEMS,
    ClientOut,
    IssuerOut,
    ReceiptOut,
    StrictIn,
    ValidOut,
    ViewName,
    iso,
)
from api.routers.signed_in import ChangingMemberDep, IdPath, MemberDep
from api.routers.strict import StrictRoute
from policies.catalogue import catalogue
from policies.scopes import View
from vault.consents.details import Details, EvidenceGrant
from vault.errors import InvalidInputError
from vault.ids import GrantId, parse_id
from vault.services.end_consent import (
    NarrowConsent,
    PauseConsent,
    ResumeConsent,
    RevokeConsent,
    narrow_consent,
    pause_consent,
    resume_consent,
    revoke_consent,
)
from vault.services.own_space import OwnConsent, own_consent, own_consents

router = APIRouter(prefix="/v1/me/consents", tags=["me"], route_class=StrictRoute)

FieldName = Annotated[str, Field(max_length=64, pattern="^[a-z][a-z0-9_]*$")]


class GrantedOut(BaseModel):
    """One evidence type of a consent."""

    code: str
    name_zh: str
    name_en: str
    view: ViewName
    fields: list[str]
    used: int
    limit: int | None


class ConsentOut(BaseModel):
    """A consent of the holder."""

    grant_id: str
    status: str
    version: int
    department: IssuerOut | None
    client: ClientOut | None
    purpose: str
    item: str
    case: str
    evidence: list[GrantedOut]
    valid: ValidOut
    retention_days: int
    created_at: str
    ended_at: str | None

    @classmethod
    def from_domain(cls, found: OwnConsent) -> "ConsentOut":
        """Return the wire form, field by field."""
        consent, details = found.consent, found.consent.details
        return cls(
            grant_id=consent.grant_id.hex(),
            status=consent.status.value,
            version=consent.version,
            department=found.department and IssuerOut.from_domain(found.department),
            client=found.client and ClientOut.from_domain(found.client),
            purpose=consent.purpose,
            item=consent.item,
            case=consent.case_no,
            evidence=[_granted(one, found) for _, one in sorted(details.evidence.items())],
            valid=ValidOut(starts_at=details.starts_at, ends_at=details.ends_at),
            retention_days=details.retention_days,
            created_at=iso(consent.created_at_ms),
            ended_at=None if consent.ended_at_ms is None else iso(consent.ended_at_ms),
        )


class KeptIn(StrictIn):
    """What is left of one evidence type."""

    code: str = Field(max_length=16)
    view: ViewName
    fields: list[FieldName] = Field(default=[], max_length=100)


class NarrowIn(StrictIn):
    """What is left of a consent; whatever is not named stays as it is."""

    evidence: list[KeptIn] | None = Field(default=None, min_length=1, max_length=41)
    ends_at: int | None = Field(default=None, ge=0, le=2**40, description="UTC seconds")
    uses: int | None = Field(default=None, ge=1, le=2**31)
    retention_days: int | None = Field(default=None, ge=0, le=2**31)


class ChangedOut(BaseModel):
    """Proof that the change is in the log: no pull against it succeeds from now on."""

    receipt: ReceiptOut


@router.get("", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def list_consents(member: MemberDep, wired: WiredDep) -> list[ConsentOut]:
    """List every consent that the holder ever gave."""
    return [ConsentOut.from_domain(one) for one in own_consents(wired.vault, member)]


@router.get("/{grant_id}", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def read_consent(grant_id: IdPath, member: MemberDep, wired: WiredDep) -> ConsentOut:
    """Return one consent."""
    found = own_consent(wired.vault, member, GrantId(parse_id(grant_id)))
    return ConsentOut.from_domain(found)


@router.post("/{grant_id}/narrow", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def narrow(
    grant_id: IdPath, member: ChangingMemberDep, wired: WiredDep, sent: NarrowIn
) -> ChangedOut:
    """Take a part of a consent back."""
    named = GrantId(parse_id(grant_id))
    before = own_consent(wired.vault, member, named).consent.details
    asked = NarrowConsent(member=member, grant_id=named, details=_narrowed(before, sent))
    return ChangedOut(receipt=ReceiptOut.from_domain(narrow_consent(wired.vault, asked)))


@router.post("/{grant_id}/revoke", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def revoke(grant_id: IdPath, member: ChangingMemberDep, wired: WiredDep) -> ChangedOut:
    """Take a consent back."""
    asked = RevokeConsent(member=member, grant_id=GrantId(parse_id(grant_id)))
    return ChangedOut(receipt=ReceiptOut.from_domain(revoke_consent(wired.vault, asked)))


@router.post("/{grant_id}/pause", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def pause(grant_id: IdPath, member: ChangingMemberDep, wired: WiredDep) -> ChangedOut:
    """Let a consent rest: nothing is released under it until it is resumed."""
    asked = PauseConsent(member=member, grant_id=GrantId(parse_id(grant_id)))
    return ChangedOut(receipt=ReceiptOut.from_domain(pause_consent(wired.vault, asked)))


@router.post("/{grant_id}/resume", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def resume(grant_id: IdPath, member: ChangingMemberDep, wired: WiredDep) -> ChangedOut:
    """Let a paused consent go on; like giving one, this needs a sign-in of just now."""
    asked = ResumeConsent(member=member, grant_id=GrantId(parse_id(grant_id)))
    return ChangedOut(receipt=ReceiptOut.from_domain(resume_consent(wired.vault, asked)))


def _narrowed(before: Details, sent: NarrowIn) -> Details:
    evidence = before.evidence
    if sent.evidence is not None:
        evidence = {
            one.code: EvidenceGrant(
                code=one.code, view=View.of(one.view), fields=frozenset(one.fields)
            )
            for one in sent.evidence
        }
        if len(evidence) != len(sent.evidence):
            raise InvalidInputError("an evidence type is named twice", field="evidence")
    return replace(
        before,
        evidence=evidence,
        ends_at=before.ends_at if sent.ends_at is None else sent.ends_at,
        uses=before.uses if sent.uses is None else sent.uses,
        retention_days=(
            before.retention_days if sent.retention_days is None else sent.retention_days
        ),
    )


def _granted(grant: EvidenceGrant, found: OwnConsent) -> GrantedOut:
    kind, use = catalogue()[grant.code], found.uses.get(grant.code)
    return GrantedOut(
        code=grant.code,
        name_zh=kind.name_zh,
        name_en=kind.name_en,
        view=_label(grant.view),
        fields=sorted(grant.fields),
        used=0 if use is None else use.used,
        limit=None if use is None else use.limit,
    )


def _label(view: View) -> ViewName:
    match view:
        case View.VERIFY:
            return "verify"
        case View.SUMMARY:
            return "summary"
        case View.FULL:
            return "full"
