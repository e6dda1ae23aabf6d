"""``/v1/records``: issuing departments deposit evidence, revise it, and say how it stands."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StrictBool, StrictInt

from api.deps import PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS, Day, NumberIn, ReceiptOut, StrictIn
from api.routers.callers import (
    IfMatch,
    OptionalRequestId,
    RequestId,
    caller_of,
    expected_version,
    holder_of,
    scoped,
)
from api.routers.strict import StrictRoute
from api.routers.uploads import Upload, upload_body, upload_of
from policies.scopes import RECORDS_WRITE
from vault.ids import RecordId, parse_id
from vault.records import RecordStatus
from vault.services.acting import Caller
from vault.services.change_status import StatusChange, change_status
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, Revision, deposit, revise
from vault.services.versions import Deposited

router = APIRouter(prefix="/v1/records", tags=["records"], route_class=StrictRoute)

FieldName = Annotated[str, Field(max_length=64, pattern="^[a-z][a-z0-9_]*$")]
Value = Annotated[str, Field(max_length=100_000)] | StrictBool | StrictInt
FieldIn = Value | Annotated[list[Annotated[str, Field(max_length=100_000)]], Field(max_length=100)]
Version = Annotated[int | None, Field(ge=1, le=2**31, description="the version that this follows")]
RecordPath = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="id of the record")]


class EvidenceIn(StrictIn):
    """What a department says."""

    code: str = Field(max_length=16, description="evidence code, such as ID01")
    fields: dict[FieldName, FieldIn] = Field(description="by the names of the catalogue")
    status: Annotated[RecordStatus, Field(strict=False)] = RecordStatus.VALID
    valid_from: Day | None = None
    valid_to: Day | None = None
    served_until: Day | None = Field(
        default=None, description="last day on which a credit record may be shown to others"
    )


class RecordIn(EvidenceIn):
    """A new record, and whose it is."""

    holder: NumberIn
    holder_name: str = Field(default="", max_length=200)
    contact: str = Field(default="", max_length=200, description="for one-time codes")


class VersionIn(EvidenceIn):
    """A new version of a record."""

    expected_version: Version = None


class StatusIn(StrictIn):
    """What became of a record."""

    status: Annotated[RecordStatus, Field(strict=False)]
    served_until: Day | None = None
    expected_version: Version = None


class DepositedOut(BaseModel):
    """A version that is in the space."""

    record_id: str
    version: int
    receipt: ReceiptOut

    @classmethod
    def from_domain(cls, found: Deposited) -> "DepositedOut":
        """Return the wire form, field by field."""
        return cls(
            record_id=found.record_id.hex(),
            version=found.version,
            receipt=ReceiptOut.from_domain(found.receipt),
        )


def _issuer(shown: PresentedDep, wired: WiredDep, request_id: RequestId) -> Caller:
    return caller_of(scoped(wired, shown, scope=RECORDS_WRITE), request_id=request_id)


def _any_issuer(
    shown: PresentedDep, wired: WiredDep, request_id: OptionalRequestId = None
) -> Caller:
    return caller_of(scoped(wired, shown, scope=RECORDS_WRITE), request_id=request_id)


IssuerDep = Annotated[Caller, Depends(_issuer)]
AnyIssuerDep = Annotated[Caller, Depends(_any_issuer)]
RecordUpload = Annotated[Upload[RecordIn], Depends(upload_of(RecordIn))]
VersionUpload = Annotated[Upload[VersionIn], Depends(upload_of(VersionIn))]


@router.post(
    "",
    status_code=201,
    responses=RESOURCE_PROBLEMS,
    openapi_extra=BY_TOKEN | upload_body(RecordIn),
)
def deposit_record(
    caller: IssuerDep,
    wired: WiredDep,
    sent: RecordUpload,
) -> DepositedOut:
    """Deposit evidence for the holder of a number; its space is opened if there is none."""
    found = deposit(
        wired.vault,
        Deposit(
            caller=caller,
            number=holder_of(sent.body.holder, vault=wired.vault),
            evidence=_evidence(sent),
            holder_name=sent.body.holder_name,
            contact=sent.body.contact,
        ),
    )
    return DepositedOut.from_domain(found)


@router.post(
    "/{record_id}/versions",
    status_code=201,
    responses=RESOURCE_PROBLEMS,
    openapi_extra=BY_TOKEN | upload_body(VersionIn),
)
def revise_record(
    record_id: RecordPath,
    caller: IssuerDep,
    wired: WiredDep,
    sent: VersionUpload,
    if_match: IfMatch = None,
) -> DepositedOut:
    """Write the next version of a record, with a payload and files of its own."""
    found = revise(
        wired.vault,
        Revision(
            caller=caller,
            record_id=RecordId(parse_id(record_id)),
            expected=expected_version(if_match, sent.body.expected_version),
            evidence=_evidence(sent),
        ),
    )
    return DepositedOut.from_domain(found)


@router.put("/{record_id}/status", responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def put_status(
    record_id: RecordPath,
    caller: AnyIssuerDep,
    wired: WiredDep,
    sent: StatusIn,
    if_match: IfMatch = None,
) -> DepositedOut:
    """Say that a record was suspended, revoked, or is valid again; its content stays."""
    found = change_status(
        wired.vault,
        StatusChange(
            caller=caller,
            record_id=RecordId(parse_id(record_id)),
            expected=expected_version(if_match, sent.expected_version),
            status=sent.status,
            served_until=sent.served_until,
        ),
    )
    return DepositedOut.from_domain(found)


def _evidence(sent: Upload[Any]) -> Evidence:
    body: EvidenceIn = sent.body
    return Evidence(
        code=body.code,
        fields=body.fields,
        status=body.status,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        served_until=body.served_until,
        files=sent.files,
    )
