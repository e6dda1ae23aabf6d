"""A department's system was closed for good: what was granted to it has ended."""

from tests.support.portal_world import PortalWorld
from vault.services.close_client import close_client


def test_a_consent_to_a_closed_system_is_among_those_that_ended(world: PortalWorld) -> None:
    holder = world.settled()
    visitor = world.member(holder)
    visitor.open(world.ask(holder, "ID01").address)
    visitor.submit(holding="give-ID01", **{"give-ID01": "full", "act": "give"})
    [consent] = world.consents(holder)
    before = visitor.open("/space/consents").text

    close_client(world.vault, consent.client_id)

    after = visitor.open("/space/consents").text
    assert "系统已关闭" not in before
    assert "系统已关闭" in after
    assert "现在没有生效的授权" in after
    assert visitor.get(f"/space/consents/{consent.grant_id.hex()}/revoke").status_code >= 300
