"""``/v1/receipts``: a department fetches again the proof of something that it did."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Response

from api.deps import Bearer, PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS, ProofOut, log_header, proof_parts
from api.routers.strict import StrictRoute
from policies.scopes import REGISTRY_READ
from vault.ids import EntryId, parse_id
from vault.services.prove_own_entry import prove_own_entry

router = APIRouter(prefix="/v1/receipts", tags=["receipts"], route_class=StrictRoute)


def _registry(shown: PresentedDep, wired: WiredDep) -> Bearer:
    return wired.resolve.once(shown, scope=REGISTRY_READ)


@router.get(
    "/{entry_id}",
    response_class=Response,
    responses=RESOURCE_PROBLEMS | {200: {"model": ProofOut}},
    openapi_extra=BY_TOKEN,
)
def read_receipt(
    entry_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="id of the entry")],
    bearer: Annotated[Bearer, Depends(_registry)],
    wired: WiredDep,
) -> Response:
    """Return receipt, opening and statement of an entry that the department itself made."""
    department_id = bearer.live.client.department_id
    proof = prove_own_entry(wired.vault, department_id, EntryId(parse_id(entry_id)))
    return Response(
        orjson.dumps(proof_parts(proof)),
        media_type="application/json",
        headers=log_header(proof.receipt),
    )
