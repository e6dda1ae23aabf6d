"""What a partial consent means for the case, told while the holder is still choosing.

A refusal must not block the service (PIPL 16): whatever is not granted has another way, and
the holder sees at once which it is, and whether the case is decidable without.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.errors import CatalogueError
from policies.items import Consequence, Necessity, Requirement, ServiceItem


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementVerdict:
    """One requirement in the light of what is granted.

    Attributes:
        granted: The holder grants this very evidence.
        consequence: ``NONE`` if granted, or if another of its either-or group is.
    """

    requirement: Requirement
    granted: bool
    consequence: Consequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The whole item.

    Attributes:
        requirements: In the order of the item.
        consequence: The worst of them.
    """

    requirements: tuple[RequirementVerdict, ...]
    consequence: Consequence


def verdict(item: ServiceItem, *, granted: Iterable[str]) -> Verdict:
    """Return what granting just these evidence types means.

    Args:
        item: The service item of the case.
        granted: Evidence codes the holder would grant.

    Raises:
        CatalogueError: A code is no requirement of the item.
    """
    codes = frozenset(granted)
    if not codes <= item.requirements.keys():
        raise CatalogueError("the item does not require this evidence", field="evidence")
    parts = tuple(
        RequirementVerdict(
            requirement=one,
            granted=one.evidence in codes,
            consequence=_consequence(one, item, codes),
        )
        for one in item.requirements.values()
    )
    return Verdict(requirements=parts, consequence=max(part.consequence for part in parts))


def _consequence(one: Requirement, item: ServiceItem, codes: frozenset[str]) -> Consequence:
    choices = {one.evidence}
    if one.necessity is Necessity.EITHER_OR:
        others = item.requirements.values()
        choices = {other.evidence for other in others if other.group == one.group}
    return one.without if choices.isdisjoint(codes) else Consequence.NONE
