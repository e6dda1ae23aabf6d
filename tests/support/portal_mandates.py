"""Mandates that are given on the portal, as people give them."""

from scripts.demo_people import Somebody
from tests.support.portal_world import PortalWorld, Visitor

LICENCE_ITEM = "11110105PDY00103944000531030200"
"""A matter of enterprises, for which the business licence is needed in full."""


def filled(visitor: Visitor, receiver: Somebody, **changes: list[str]) -> list[tuple[str, str]]:
    """Return the form for a mandate over the business licence, filled in."""
    visitor.open("/space/mandates/give")
    form = next(one for one in visitor.page.forms if "number" in one.names)
    ticked = {
        "kind": [receiver.kind.value],
        "number": [receiver.number],
        "act": ["read", "consent"],
        "evidence": ["LC01"],
        "view": ["full"],
        "item": [LICENCE_ITEM],
        "days": ["30"],
    } | changes
    token = dict(form.filled({}))["csrf"]
    sent = [(name, one) for name, values in ticked.items() for one in values]
    return [("csrf", token), *sent]


def give_licence(world: PortalWorld, giver: Somebody, receiver: Somebody) -> Visitor:
    """Let an enterprise give a mandate over its business licence; return its browser."""
    visitor = world.strong(giver)
    answer = visitor.send("/space/mandates/give", filled(visitor, receiver))
    assert answer.headers["location"] == "/space/mandates?done=given"
    return visitor
