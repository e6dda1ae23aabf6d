"""Developers see their department's systems and why requests were refused; nobody else does."""

from dataclasses import replace

import pytest

from scripts.demo_people import Somebody
from tests.support.portal_world import MARKET, POLICE, PortalWorld
from vault.clients import Client, ClientStatus
from vault.clients.metadata import ClientMetadata
from vault.clients.refusals import RefusedRequest
from vault.ids import ClientId, DepartmentId
from vault.services.appoint_developer import appoint_developer, dismiss_developer
from vault.services.register_client import register_client

REASON = "the code was used before"


def department(world: PortalWorld, code: str) -> DepartmentId:
    with world.vault.read() as tx:
        found = tx.departments.find(code)
    assert found is not None
    return found.department_id


def client_of(world: PortalWorld, code: str) -> Client:
    with world.vault.read() as tx:
        found = tx.clients.get(ClientId(f"demo-{code[11:17].lower()}"))
    assert found is not None
    return found


@pytest.fixture
def developer(world: PortalWorld) -> Somebody:
    found = world.settled()
    appoint_developer(world.vault, world.number(found), department_id=department(world, MARKET))
    return found


def refused(world: PortalWorld, code: str, correlation: str, *, proven: bool = True) -> None:
    one = RefusedRequest(
        correlation=correlation,
        client_id=client_of(world, code).client_id,
        proven=proven,
        at=world.now(),
        method="POST",
        path="/oauth/token",
        status=400,
        error="invalid_grant",
        reason=REASON,
    )
    with world.vault.work() as tx:
        if tx.refusals.get(correlation) is None:
            tx.refusals.keep([one])


def test_a_developer_sees_the_systems_of_the_own_department(
    world: PortalWorld, developer: Somebody
) -> None:
    visitor = world.member(developer)

    shown = visitor.open("/developer").text

    assert client_of(world, MARKET).client_id in shown
    assert client_of(world, POLICE).client_id not in shown


def test_a_system_is_shown_with_keys_addresses_and_rights(
    world: PortalWorld, developer: Somebody
) -> None:
    whole = replace(
        client_of(world, MARKET),
        client_id=ClientId("whole"),
        status=ClientStatus.PENDING,
        issue_codes=frozenset({"LC09"}),
        version=1,
        metadata=ClientMetadata(
            post_logout_redirect_uris=("https://client.example.org/bye",),
            software_id="licensing",
            software_version="4.2",
        ),
    )
    register_client(world.vault, whole, demo=True)
    visitor = world.member(developer)

    text = visitor.open("/developer/clients/whole").text

    for shown in ("https://client.example.org/bye", "licensing 4.2", "LC09", "ES256", "等待批准"):
        assert shown in text


def test_the_reason_is_found_by_the_correlation_id_of_the_answer(
    world: PortalWorld, developer: Somebody
) -> None:
    refused(world, MARKET, "00000000000000aa")
    refused(world, MARKET, "00000000000000ab", proven=False)
    visitor = world.member(developer)

    found = visitor.open("/developer/refusal?id=00000000000000AA").text
    unproven = visitor.open("/developer/refusal?id=00000000000000ab").text
    listed = visitor.open(f"/developer/clients/{client_of(world, MARKET).client_id}").text

    assert REASON in found
    assert "证明了自己的身份" in found
    assert "没有证明身份" in unproven
    assert "/developer/refusal?id=00000000000000aa" in listed


def test_what_is_of_another_department_is_what_is_not_there(
    world: PortalWorld, developer: Somebody
) -> None:
    refused(world, POLICE, "00000000000000bb")
    visitor = world.member(developer)

    foreign = visitor.get("/developer/refusal?id=00000000000000bb")
    unknown = visitor.get("/developer/refusal?id=00000000000000bc")
    pages = [
        visitor.get(f"/developer/clients/{name}")
        for name in (client_of(world, POLICE).client_id, "nobody", "%00", "%E5%9B%BD")
    ]

    assert REASON not in foreign.text
    assert (foreign.status_code, unknown.status_code) == (200, 200)
    assert "没有找到" in foreign.text
    assert "没有找到" in unknown.text
    assert [one.status_code for one in pages] == [404] * 4


@pytest.mark.parametrize("path", ["", "/refusal?id=00000000000000aa", "/clients/demo-001012"])
def test_for_anybody_else_there_are_no_such_pages(world: PortalWorld, path: str) -> None:
    visitor = world.member(world.settled())

    answer = visitor.get(f"/developer{path}")

    assert answer.status_code == 404


def test_whoever_is_dismissed_sees_nothing_any_more(
    world: PortalWorld, developer: Somebody
) -> None:
    visitor = world.member(developer)
    before = visitor.get("/developer")

    dismiss_developer(
        world.vault, world.number(developer), department_id=department(world, MARKET)
    )

    assert (before.status_code, visitor.get("/developer").status_code) == (200, 404)
