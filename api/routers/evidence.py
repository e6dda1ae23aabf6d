"""``/v1/evidence``: what a consent covers, and the evidence itself, each with its proof."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from api.deps import PresentedDep, WiredDep, presented, wired
from api.openapi import BY_TOKEN
from api.routers.answers import (
    RESOURCE_PROBLEMS,
    IssuerOut,
    JsonScalar,
    ProofOut,
    ValidOut,
    ViewName,
    iso,
    issuer_parts,
    log_header,
    proof_parts,
)
from api.routers.awaiting import secured, submitted
from api.routers.callers import caller_of
from api.routers.direct import (
    FIELD_NAMES,
    MAX_CODE_CHARACTERS,
    MAX_FIELDS_CHARACTERS,
    DirectRoute,
)
from api.routers.strict import StrictRoute
from policies.catalogue import catalogue
from policies.scopes import View
from vault.clients.levels import needed_for
from vault.journal.operations import Outcome
from vault.records import RecordHead
from vault.services import Vault
from vault.services.list_evidence import Listed, Listing, list_evidence
from vault.services.moving_on import ATTEMPTS, MovedOnError
from vault.services.pull import Prepared, Pull, Release, again, complete_pull, prepare_pull

router = APIRouter(prefix="/v1/evidence", tags=["evidence"], route_class=StrictRoute)

EvidenceCode = Annotated[
    str, Path(max_length=MAX_CODE_CHARACTERS, description="evidence code, such as ID01")
]
FieldNames = Annotated[
    str | None,
    Query(
        max_length=MAX_FIELDS_CHARACTERS,
        pattern=FIELD_NAMES,
        description="names with commas between them; all that were granted if it is not there",
    ),
]


class UsesOut(BaseModel):
    """How often it was released, and how often it may be."""

    used: int
    limit: int | None


class HeldOut(BaseModel):
    """One evidence type of the consent, without values."""

    code: str
    name_zh: str
    name_en: str
    view: ViewName
    fields: list[str]
    held: bool
    status: str | None
    issuer: IssuerOut | None
    last_updated: str | None
    valid_from: str | None
    valid_to: str | None
    uses: UsesOut | None


class ListingOut(ProofOut):
    """What the consent covers."""

    grant_id: str
    purpose: str
    item: str
    case: str
    valid: ValidOut
    retention_days: int
    evidence: list[HeldOut]


class VerifiedOut(ProofOut):
    """The answer to ``verify``: whether it is held, and how it stands."""

    held: bool
    status: str | None
    issuer: IssuerOut | None
    last_updated: str | None


class EvidenceOut(VerifiedOut):
    """The answer to ``summary`` and ``full``: the granted fields with their provenance."""

    code: str
    view: ViewName
    version: int | None
    valid_from: str | None
    valid_to: str | None
    trust_grade: str | None
    fields: dict[str, JsonScalar | list[str]]


_HEADERS: Final = {
    "Vault-Log": {
        "description": "name of the log and position of the entry",
        "schema": {"type": "string"},
    }
}


@router.get(
    "",
    response_class=Response,
    responses=RESOURCE_PROBLEMS | {200: {"model": ListingOut, "headers": _HEADERS}},
    openapi_extra=BY_TOKEN,
)
def list_held(shown: PresentedDep, here: WiredDep) -> Response:
    """List what the consent covers and what is held of it. Being told is an entry too."""
    found = list_evidence(here.vault, caller_of(here.resolve(shown)))
    return _answer(_listing(found), headers=log_header(found.proof.receipt))


async def read_evidence(
    request: Request,
    code: EvidenceCode,
    view: Annotated[ViewName, Query()] = "verify",
    fields: FieldNames = None,
) -> Response:
    """Release one piece of evidence, in the view and with the fields that were granted."""
    here, shown = await wired(request), await presented(request)
    bearer = here.resolve(shown)
    kind = catalogue().get(code)
    if kind is not None:
        here.resolve.require_level(bearer, acr=needed_for(kind.level))
    pull = Pull(
        caller=caller_of(bearer),
        code=code,
        view=View.of(view),
        fields=None if fields is None else frozenset(fields.split(",")),
    )
    release = await _pulled(here.vault, pull)
    return _answer(_evidence(release), headers=log_header(release.proof.receipt))


router.add_api_route(
    "/{code}",
    read_evidence,
    methods=["GET"],
    response_class=Response,
    responses=RESOURCE_PROBLEMS | {200: {"model": EvidenceOut | VerifiedOut, "headers": _HEADERS}},
    openapi_extra=BY_TOKEN,
    route_class_override=DirectRoute,
)


async def _pulled(vault: Vault, pull: Pull) -> Release:
    """Pull as ``pull_evidence`` does, but await the journal."""
    for _ in range(ATTEMPTS - 1):
        prepared = prepare_pull(vault, pull)
        try:
            return complete_pull(vault, prepared, await _submitted(vault, prepared))
        except MovedOnError:
            pull = again(vault, pull)
    prepared = prepare_pull(vault, pull)
    return complete_pull(vault, prepared, await _submitted(vault, prepared))


async def _submitted(vault: Vault, prepared: Prepared) -> Outcome:
    outcome = await submitted(vault.journal, prepared.operation)
    return await secured(vault, outcome, log_id=prepared.operation.log_id)


def _evidence(release: Release) -> dict[str, Any]:
    head = release.head
    found = {
        "held": head is not None,
        "status": None if head is None else head.status.value,
        "issuer": issuer_parts(release.issuer),
        "last_updated": None if head is None else iso(head.updated_at_ms),
        **proof_parts(release.proof),
    }
    if release.view is View.VERIFY:
        return found
    return found | {
        "code": release.kind.code,
        "view": release.view.label,
        "version": None if head is None else head.version,
        **_validity(head),
        "trust_grade": None if head is None else head.trust_grade.value,
        "fields": dict(release.fields),
    }


def _listing(listing: Listing) -> dict[str, Any]:
    consent, details = listing.consent, listing.details
    return {
        "grant_id": consent.grant_id.hex(),
        "purpose": consent.purpose,
        "item": consent.item,
        "case": consent.case_no,
        "valid": {"from": details.starts_at, "to": details.ends_at},
        "retention_days": details.retention_days,
        "evidence": [_held(line) for line in listing.lines],
        **proof_parts(listing.proof),
    }


def _held(line: Listed) -> dict[str, Any]:
    head, use = line.head, line.use
    return {
        "code": line.kind.code,
        "name_zh": line.kind.name_zh,
        "name_en": line.kind.name_en,
        "view": line.grant.view.label,
        "fields": sorted(line.grant.fields),
        "held": head is not None,
        "status": None if head is None else head.status.value,
        "issuer": issuer_parts(line.issuer),
        "last_updated": None if head is None else iso(head.updated_at_ms),
        **_validity(head),
        "uses": None if use is None else {"used": use.used, "limit": use.limit},
    }


def _validity(head: RecordHead | None) -> dict[str, str | None]:
    first = None if head is None else head.valid_from
    last = None if head is None else head.valid_to
    return {
        "valid_from": None if first is None else first.isoformat(),
        "valid_to": None if last is None else last.isoformat(),
    }


def _answer(body: dict[str, Any], *, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)
