"""``/v1/items``: what departments handle, and the evidence that each item needs."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from api.deps import PresentedDep, WiredDep
from api.openapi import BY_TOKEN
from api.routers.answers import RESOURCE_PROBLEMS
from api.routers.strict import StrictRoute
from policies.items import Requirement, ServiceItem, items
from policies.scopes import REGISTRY_READ

router = APIRouter(prefix="/v1/items", tags=["items"], route_class=StrictRoute)


class RequirementOut(BaseModel):
    """One piece of evidence that an item needs, at most in this view and with these fields."""

    evidence: str
    view: str
    fields: list[str]
    necessity: str
    group: str | None
    legal_basis: str

    @classmethod
    def from_domain(cls, found: Requirement) -> "RequirementOut":
        """Return the wire form, field by field."""
        return cls(
            evidence=found.evidence,
            view=found.view.label,
            fields=list(found.fields),
            necessity=found.necessity.value,
            group=found.group,
            legal_basis=found.legal_basis,
        )


class ItemOut(BaseModel):
    """A service item."""

    code: str
    scheme: str
    name_zh: str
    name_en: str
    department: str
    purposes: list[str]
    requirements: list[RequirementOut]

    @classmethod
    def from_domain(cls, found: ServiceItem) -> "ItemOut":
        """Return the wire form, field by field."""
        return cls(
            code=found.code,
            scheme=found.scheme,
            name_zh=found.name_zh,
            name_en=found.name_en,
            department=found.department,
            purposes=list(found.purposes),
            requirements=[RequirementOut.from_domain(r) for r in found.requirements.values()],
        )


def _registry(shown: PresentedDep, wired: WiredDep) -> None:
    wired.resolve.once(shown, scope=REGISTRY_READ)


@router.get("", responses=RESOURCE_PROBLEMS, openapi_extra=BY_TOKEN)
def list_items(_: Annotated[None, Depends(_registry)]) -> list[ItemOut]:
    """List the service items. Needs a token with ``registry:read``."""
    return [ItemOut.from_domain(item) for item in items().values()]
