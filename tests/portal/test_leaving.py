"""Signing out because a department asks: a person decides, and goes on to where was proven."""

from urllib.parse import urlencode

import pytest

from api.leaving import PAGE, Leaving, sealed
from tests.support.portal_world import PortalWorld, Visitor
from vault.clients import Client
from vault.ids import ClientId

ONWARD = "https://client.example.org/bye?state=s"
LEFT = "/space/left"


def some_client(world: PortalWorld) -> Client:
    with world.vault.read() as tx:
        return next(one for one in tx.clients.all() if one.redirect_uris)


def page_for(world: PortalWorld, *, onward: str = ONWARD, client_id: str = "") -> str:
    asked = Leaving(client_id=ClientId(client_id or some_client(world).client_id), onward=onward)
    return f"{PAGE}?{urlencode({'ticket': sealed(world.vault, asked)})}"


def signed_in(visitor: Visitor) -> bool:
    return visitor.get("/space").status_code == 200


def test_a_department_asks_by_its_registered_name_and_the_person_decides(
    world: PortalWorld,
) -> None:
    visitor = world.member(world.settled())

    shown = visitor.open(page_for(world))

    asks = some_client(world).department_id
    with world.vault.read() as tx:
        department = tx.departments.get(asks)
    assert department is not None
    assert department.name_zh in shown.text
    assert (
        "form-action 'self' https://client.example.org;"
        in (shown.headers["content-security-policy"])
    )
    assert signed_in(visitor)


def test_whoever_signs_out_goes_on_to_the_department(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.open(page_for(world))

    answer = visitor.submit(holding="ticket")

    assert (answer.status_code, answer.headers["location"]) == (303, ONWARD)
    assert answer.headers["clear-site-data"] == '"cache"'
    assert not signed_in(visitor)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}?ticket=nonsense"])
def test_without_a_proven_department_a_page_of_ours_follows(world: PortalWorld, path: str) -> None:
    visitor = world.member(world.settled())
    shown = visitor.open(path)

    answer = visitor.submit(holding="ticket")

    assert "form-action 'self';" in shown.headers["content-security-policy"]
    assert answer.headers["location"] == LEFT
    assert "您已退出" in visitor.get(LEFT).text
    assert not signed_in(visitor)


def test_a_department_that_is_gone_has_no_name(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    shown = visitor.open(page_for(world, client_id="gone"))

    assert "要退出我的空间吗" in shown.text
    assert "请您也从这里退出" not in shown.text


def test_whoever_is_not_signed_in_has_nothing_to_decide(world: PortalWorld) -> None:
    visitor = world.visitor()

    led = [visitor.get(path) for path in (page_for(world), page_for(world, onward=""), PAGE)]

    assert [(one.status_code, one.headers["location"]) for one in led] == [
        (303, ONWARD),
        (303, LEFT),
        (303, LEFT),
    ]


def test_a_form_from_elsewhere_signs_nobody_out(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.open(page_for(world))
    form = next(one for one in visitor.page.forms if "ticket" in one.names)

    foreign = visitor.send(PAGE, form.filled({}), Origin="https://client.example.org")

    assert foreign.status_code == 403
    assert signed_in(visitor)


def test_a_ticket_that_grew_old_leads_nowhere_but_signs_out(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    visitor.open(page_for(world))
    world.clock.ahead = 601

    answer = visitor.submit(holding="ticket")

    assert answer.headers["location"] == LEFT
    assert not signed_in(visitor)


def test_the_page_speaks_both_languages_and_keeps_the_ticket(world: PortalWorld) -> None:
    visitor = world.member(world.settled(), locale="en")

    shown = visitor.open(page_for(world))

    assert "Sign out of MySpace?" in shown.text
    assert "ticket=" in shown.text.partition('class="quick" href="')[2].partition('"')[0]
