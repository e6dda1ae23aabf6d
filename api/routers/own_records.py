"""``/v1/me/records``: what is in the holder's own space. Opening something is an entry."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import WiredDep
from api.openapi import BY_SIGN_IN
from api.routers.answers import (
    NO_STORE,
    OWN_PROBLEMS,
    IssuerOut,
    JsonScalar,
    ProofOut,
    iso,
    issuer_parts,
    log_header,
    proof_parts,
)
from api.routers.signed_in import IdPath, MemberDep
from api.routers.strict import StrictRoute
from policies.catalogue import catalogue
from vault.departments import Department
from vault.files import MAX_FILES, MEDIA_TYPES
from vault.ids import RecordId, parse_id
from vault.records import RecordHead
from vault.services.own_space import own_heads
from vault.services.read_own import OwnRecord, read_own_file, read_own_record

router = APIRouter(prefix="/v1/me/records", tags=["me"], route_class=StrictRoute)

FILE_HEADERS: Final = {
    **NO_STORE,
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


class OwnHeadOut(BaseModel):
    """A record as a list shows it: no value of it."""

    record_id: str
    code: str
    group: str
    name_zh: str
    name_en: str
    version: int
    status: str
    issuer: IssuerOut | None
    trust_grade: str
    valid_from: str | None
    valid_to: str | None
    last_updated: str


class FileOut(BaseModel):
    """A file of a record."""

    number: int
    name: str
    media_type: str
    size_bytes: int


class OwnRecordOut(OwnHeadOut, ProofOut):
    """A record, opened for its holder."""

    fields: dict[str, JsonScalar | list[str]]
    files: list[FileOut]


@router.get("", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def list_records(member: MemberDep, wired: WiredDep) -> list[OwnHeadOut]:
    """List the records of the own space, without values."""
    return [
        OwnHeadOut(**_head(one.head, issuer=one.issuer)) for one in own_heads(wired.vault, member)
    ]


@router.get(
    "/{record_id}",
    response_class=Response,
    responses=OWN_PROBLEMS | {200: {"model": OwnRecordOut}},
    openapi_extra=BY_SIGN_IN,
)
def read_record(record_id: IdPath, member: MemberDep, wired: WiredDep) -> Response:
    """Open a record."""
    found = read_own_record(wired.vault, member, RecordId(parse_id(record_id)))
    return Response(
        orjson.dumps(_record(found)),
        media_type="application/json",
        headers=log_header(found.proof.receipt),
    )


@router.get(
    "/{record_id}/files/{number}",
    response_class=StreamingResponse,
    responses=OWN_PROBLEMS
    | {200: {"content": {kind: {"schema": {"type": "string"}} for kind in MEDIA_TYPES}}},
    openapi_extra=BY_SIGN_IN,
)
def read_file(
    record_id: IdPath,
    number: Annotated[int, Path(ge=1, le=MAX_FILES)],
    member: MemberDep,
    wired: WiredDep,
) -> StreamingResponse:
    """Open a file of a record; the answer breaks off if a piece does not verify."""
    found = read_own_file(wired.vault, member, RecordId(parse_id(record_id)), number=number)
    return StreamingResponse(
        found.pieces,
        media_type=found.note.media_type,
        headers={
            **FILE_HEADERS,
            "Content-Length": str(found.note.size_bytes),
            "Content-Disposition": attachment(found.note.name),
        },
    )


def attachment(name: str) -> str:
    """Return a ``Content-Disposition`` that saves under ``name`` (RFC 6266 s. 4.3)."""
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _record(found: OwnRecord) -> dict[str, Any]:
    return _head(found.head, issuer=found.issuer) | {
        "fields": dict(found.payload.fields),
        "files": [
            {
                "number": file.number,
                "name": file.name,
                "media_type": file.media_type,
                "size_bytes": file.size_bytes,
            }
            for file in found.payload.files
        ],
        **proof_parts(found.proof),
    }


def _head(head: RecordHead, *, issuer: Department | None) -> dict[str, Any]:
    kind = catalogue()[head.code]
    return {
        "record_id": head.record_id.hex(),
        "code": head.code,
        "group": kind.group,
        "name_zh": kind.name_zh,
        "name_en": kind.name_en,
        "version": head.version,
        "status": head.status.value,
        "issuer": issuer_parts(issuer),
        "trust_grade": head.trust_grade.value,
        "valid_from": None if head.valid_from is None else head.valid_from.isoformat(),
        "valid_to": None if head.valid_to is None else head.valid_to.isoformat(),
        "last_updated": iso(head.updated_at_ms),
    }
