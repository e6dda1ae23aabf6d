"""Grant management: a department's system looks at what it was granted, and gives it back."""

import pytest
from httpx2 import Response

from tests.support.http_world import CODE, HttpWorld, Person, System
from vault.journal.kinds import Kind

GONE = {
    "error": "invalid_grant_id",
    "error_description": "this client was granted nothing under that id",
}


def grant_of(world: HttpWorld) -> tuple[str, str, Person]:
    """Return somebody's consent, and a token under it."""
    person, _ = world.settled()
    token, holder = world.granted(person)
    [consent] = holder.get("/v1/me/consents").json()
    grant_id: str = consent["grant_id"]
    return grant_id, token, person


def ask(system: System, verb: str, grant_id: str, *, token: str | None = None) -> Response:
    path = f"/oauth/grants/{grant_id}"
    headers = system.headers(verb, path, token=token or system.token())
    return system.world.http.request(verb, path, headers=headers)


def test_b33_a_client_sees_what_it_was_granted(world: HttpWorld) -> None:
    grant_id, _, _ = grant_of(world)

    answer = ask(world.market, "GET", grant_id)

    body = answer.json()
    [details] = body.pop("authorization_details")
    assert answer.status_code == 200
    assert body == {
        "grant_id": grant_id,
        "status": "active",
        "scopes": [{"scope": "ev:identity:resident_id_card:full"}],
    }
    assert [one["code"] for one in details["evidence"]] == [CODE]
    assert answer.headers["cache-control"] == "no-store"


def test_b33_a_grant_is_shown_as_it_is_now(world: HttpWorld) -> None:
    person, _ = world.settled()
    _, holder = world.granted(person)
    [consent] = holder.get("/v1/me/consents").json()
    grant_id = consent["grant_id"]
    holder.post(f"/v1/me/consents/{grant_id}/narrow", {"retention_days": 1})

    narrowed = ask(world.market, "GET", grant_id).json()
    holder.post(f"/v1/me/consents/{grant_id}/revoke")
    revoked = ask(world.market, "GET", grant_id).json()

    assert narrowed["authorization_details"][0]["retention_days"] == 1
    assert (narrowed["status"], revoked["status"]) == ("active", "revoked")


def test_b33_a_grant_that_is_over_says_so(world: HttpWorld) -> None:
    person, _ = world.settled()
    now = world.now()
    _, holder = world.granted(person, valid={"from": now - 60, "to": now + 600})
    [consent] = holder.get("/v1/me/consents").json()
    world.clock.ahead += 600
    fresh = {"grant_type": "client_credentials", "scope": "grant_management_query"}
    token = world.market.form("/oauth/token", fresh).json()["access_token"]

    answer = ask(world.market, "GET", consent["grant_id"], token=token)

    world.clock.ahead -= 600
    assert answer.json()["status"] == "expired"


def test_b32_b33_a_paused_grant_says_so_gives_nothing_and_can_be_given_back(
    world: HttpWorld,
) -> None:
    grant_id, token, person = grant_of(world)
    world.browser(person).post(f"/v1/me/consents/{grant_id}/pause")

    told = ask(world.market, "GET", grant_id)
    pulled = world.market.pull(token)
    given_back = ask(world.market, "DELETE", grant_id)

    assert told.json()["status"] == "paused"
    assert (pulled.status_code, given_back.status_code) == (401, 204)
    assert ask(world.market, "GET", grant_id).json()["status"] == "revoked"


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
def test_b33_anothers_grant_is_one_that_is_not_there(world: HttpWorld, verb: str) -> None:
    grant_id, token, _ = grant_of(world)
    unknown = ["0" * 32, grant_id.upper(), grant_id[:-2], "x", "国", f"{grant_id}00"]

    foreign = ask(world.schools, verb, grant_id)
    others = [ask(world.market, verb, one) for one in unknown if one != grant_id]

    assert (foreign.status_code, foreign.json()) == (404, GONE)
    assert {(one.status_code, str(one.json())) for one in others} == {(404, str(GONE))}
    assert world.market.pull(token).status_code == 200


def test_b33_what_is_given_back_is_dead_and_the_holder_sees_by_whom(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, holder = world.granted(person)
    [consent] = holder.get("/v1/me/consents").json()
    grant_id = consent["grant_id"]

    answer = ask(world.market, "DELETE", grant_id)
    again = ask(world.market, "DELETE", grant_id)

    [after] = holder.get("/v1/me/consents").json()
    newest = holder.get("/v1/me/accesses").json()["accesses"][0]
    assert (answer.status_code, answer.content, again.status_code) == (204, b"", 204)
    assert world.market.pull(token).status_code == 401
    assert after["status"] == "revoked"
    assert newest["kind"] == Kind.CONSENT_END.value
    assert ask(world.market, "GET", grant_id).json()["status"] == "revoked"


@pytest.mark.parametrize(
    ("verb", "scope"), [("GET", "grant_management_revoke"), ("DELETE", "grant_management_query")]
)
def test_b33_each_verb_needs_its_own_scope(world: HttpWorld, verb: str, scope: str) -> None:
    grant_id, token, _ = grant_of(world)
    form = {"grant_type": "client_credentials", "scope": scope}
    other = world.market.form("/oauth/token", form).json()["access_token"]

    answer = ask(world.market, verb, grant_id, token=other)

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert world.market.pull(token).status_code == 200


def test_b33_a_proof_is_good_for_one_look(world: HttpWorld) -> None:
    grant_id, _, _ = grant_of(world)
    path = f"/oauth/grants/{grant_id}"
    headers = world.market.headers("GET", path, token=world.market.token())

    answers = [world.http.get(path, headers=headers).status_code for _ in range(2)]

    assert answers == [200, 401]


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_b33_a_grant_is_queried_and_revoked_and_nothing_else(world: HttpWorld, verb: str) -> None:
    answer = world.http.request(verb, f"/oauth/grants/{'0' * 32}")

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_b33_a_grant_is_changed_by_a_new_decision_and_counts_anew(
    world: HttpWorld, action: str
) -> None:
    person, _ = world.settled()
    case_no = world.market.open_case(person).json()["case_no"]
    browser = world.browser(person)
    first = world.market.redeem(browser.decide(world.market, world.market.push(case_no, uses=1)))
    [before] = browser.get("/v1/me/consents").json()
    spent = [world.market.pull(first).status_code for _ in range(2)]
    how = {"grant_management_action": action, "grant_id": before["grant_id"]}
    form = world.market.request(case_no, uses=2) | how

    uri = world.market.form("/oauth/par", form).json()["request_uri"]
    token = world.market.redeem(browser.decide(world.market, uri))

    [after] = browser.get("/v1/me/consents").json()
    again = [world.market.pull(token).status_code for _ in range(3)]
    newest = browser.get("/v1/me/accesses").json()["accesses"]
    assert after["grant_id"] == before["grant_id"]
    assert ask(world.market, "GET", before["grant_id"]).json()["status"] == "active"
    assert (spent, again) == ([200, 403], [200, 200, 403])
    assert [one["kind"] for one in newest].count(Kind.CONSENT_GIVE.value) == 2
