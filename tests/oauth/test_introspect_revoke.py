from dataclasses import replace
from typing import Any

import pytest

from policies.scopes import View
from tests.support.oauth_world import (
    DEPARTMENT,
    KEYS,
    NOW,
    ORIGIN,
    World,
    client,
    department,
)
from vault.clients import ClientStatus
from vault.consents import ConsentStatus
from vault.consents.details import EvidenceGrant
from vault.departments import DepartmentStatus

INACTIVE = {"active": False}


def token_of(world: World) -> str:
    """Return an access token for evidence."""
    return str(world.redeem(world.code()).json()["access_token"])


def test_b34_a_live_token_says_what_it_may_be_used_for(world: World) -> None:
    token = token_of(world)

    found = world.introspect(token)

    assert found.pop("authorization_details")[0]["evidence"][1] == {
        "code": "LC01",
        "view": "verify",
    }
    assert len(found.pop("grant_id")) == 32
    assert found == {
        "active": True,
        "iss": ORIGIN,
        "aud": ORIGIN,
        "client_id": "licensing",
        "token_type": "DPoP",
        "scope": "ev:identity:resident_id_card:full ev:licence:business_license:verify",
        "iat": NOW,
        "exp": NOW + 300,
        "cnf": {"jkt": KEYS["proof"].thumbprint},
        "acr": "urn:myspace:acr:aal1",
        "auth_time": NOW - 30,
    }


def test_b34_a_registry_token_says_its_scopes(world: World) -> None:
    token = world.registry_token().json()["access_token"]

    found = world.introspect(token)

    assert (found["active"], found["scope"]) == (True, "records:write")
    assert "grant_id" not in found


@pytest.mark.parametrize("token", ["x", "vat_" + "x" * 49, "vco_" + "x" * 49, "国"])
def test_b34_garbage_is_inactive_and_nothing_more(world: World, token: str) -> None:
    assert world.introspect(token) == INACTIVE


def test_b34_an_expired_token_is_inactive(world: World) -> None:
    token = token_of(world)
    world.clock.now += 300

    assert world.introspect(token) == INACTIVE


def test_b32_a_token_dies_with_its_consent(world: World) -> None:
    token = token_of(world)
    (row,) = world.memory.rows.consents.values()
    world.memory.add(replace(row, status=ConsentStatus.REVOKED))

    assert world.introspect(token) == INACTIVE
    assert world.use(token).status_code == 401


def test_b32_a_token_dies_when_nothing_of_it_is_still_granted(world: World) -> None:
    token = world.redeem(world.code(), scope="ev:identity:resident_id_card:full").json()
    (row,) = world.memory.rows.consents.values()
    world.memory.add(replace(row, details=row.details.keep(frozenset({"LC01"}))))

    assert world.introspect(token["access_token"]) == INACTIVE


def test_b32_a_token_is_worth_what_it_shares_with_its_consent(world: World) -> None:
    token = token_of(world)
    (row,) = world.memory.rows.consents.values()
    name = EvidenceGrant(code="ID01", view=View.SUMMARY, fields=frozenset({"name"}))
    narrowed = replace(
        row.details,
        evidence={"ID01": name},
        starts_at=NOW - 5,
        ends_at=NOW + 900,
        uses=2,
        retention_days=1,
    )
    world.memory.add(replace(row, details=narrowed))

    (found,) = world.introspect(token)["authorization_details"]

    assert found["evidence"] == [{"code": "ID01", "view": "summary", "fields": ["name"]}]
    assert found["valid"] == {"from": NOW - 5, "to": NOW + 900}
    assert (found["uses"], found["retention_days"]) == (2, 1)


@pytest.mark.parametrize("who", ["client", "department"])
def test_b15_a_token_dies_with_its_client_and_department(world: World, who: str) -> None:
    token = token_of(world)
    if who == "client":
        world.memory.add(client("licensing", status=ClientStatus.SUSPENDED))
    else:
        world.memory.add(department(DEPARTMENT, status=DepartmentStatus.SUSPENDED))

    used = world.use(token)

    assert used.status_code == 401


def test_b35_a_department_client_may_not_introspect(world: World) -> None:
    token = token_of(world)

    answer = world.post("/oauth/introspect", {"token": token}, proof=None)

    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_a_request_without_a_token_is_malformed(world: World, path: str) -> None:
    name = "checker" if path == "/oauth/introspect" else "licensing"

    answer = world.post(path, {}, client=name, proof=None)

    assert answer.json() == {"error": "invalid_request", "error_description": "token is missing"}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unknown", '"国'])
def test_d14_an_unknown_hint_is_ignored(world: World, hint: str) -> None:
    token = token_of(world)
    form = {"token": token, "token_type_hint": hint}

    told = world.post("/oauth/introspect", form, client="checker", proof=None)
    ended = world.post("/oauth/revoke", form, proof=None)

    assert (told.json()["active"], ended.status_code) == (True, 200)


def test_b31_a_revoked_token_is_dead_and_the_consent_stays(world: World) -> None:
    token = token_of(world)

    answer = world.post("/oauth/revoke", {"token": token}, proof=None)

    (consent,) = world.memory.rows.consents.values()
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.introspect(token) == INACTIVE
    assert consent.status is ConsentStatus.ACTIVE


@pytest.mark.parametrize("token", ["x", "vat_" + "x" * 49, "国"])
def test_b31_revoking_what_is_not_there_succeeds(world: World, token: str) -> None:
    answer = world.post("/oauth/revoke", {"token": token}, proof=None)

    assert (answer.status_code, answer.content) == (200, b"")


def test_b31_revoking_twice_succeeds(world: World) -> None:
    token = token_of(world)

    answers = [world.post("/oauth/revoke", {"token": token}, proof=None) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_b31_a_foreign_token_is_refused_and_untouched(world: World) -> None:
    token = token_of(world)

    answer = world.post("/oauth/revoke", {"token": token}, client="other", proof=None)

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": "the token was issued to another client",
        },
    )
    assert world.introspect(token)["active"] is True


def test_b31_a_resource_server_revokes_nothing(world: World) -> None:
    answer = world.post("/oauth/revoke", {"token": "x"}, client="checker", proof=None)

    assert answer.json()["error"] == "unauthorized_client"


def test_a_replayed_assertion_is_refused_here_too(world: World) -> None:
    assertion = world.assertion("checker")
    form: dict[str, Any] = {"token": "x"}

    answers = [
        world.post("/oauth/introspect", form, assertion=assertion, proof=None) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
