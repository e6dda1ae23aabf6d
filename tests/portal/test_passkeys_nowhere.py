"""Where browsers make no passkeys, pages say so plainly, and codes go on as ever."""

import pytest

from tests.support.portal_world import PortalWorld


def test_at_an_address_of_numbers_no_passkey_is_offered(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    stranger = world.visitor().get("/space/sign-in").text
    listed = visitor.get("/space/passkeys").text
    confirm = visitor.get("/space/confirm").text

    assert "通行密钥" not in stranger
    assert "MYSPACE_ISSUER=http://localhost" in listed
    assert "/space/passkeys/add" not in listed + confirm
    assert "所以这里不能确认" in confirm


@pytest.mark.parametrize("path", ["/space/passkeys/add", "/space/sign-in/passkey"])
def test_at_an_address_of_numbers_no_ceremony_begins(world: PortalWorld, path: str) -> None:
    visitor = world.member(world.settled())

    assert visitor.get(path).status_code == 404
    visitor.get("/space/passkeys")
    token = visitor.page.forms[0].filled({})
    sent = dict(token) | {"answer": "{}", "onward": "/space"}
    assert visitor.send(path, sent).status_code == 404
    assert visitor.send("/space/confirm", sent).status_code == 404
