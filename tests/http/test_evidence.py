"""Requesters: what a consent covers, what is released of it, and what is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from api.deps import Bearer, Presented
from api.oauth.resource import Resource
from scripts.demo_proofs import release_proves
from tests.support.http_world import CODE, DAY, FIELDS, HttpWorld, identity_card
from vault.journal.kinds import Kind


def told(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - an answer of the test client
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_the_list_tells_what_is_covered_and_held_without_values(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person, uses=2)

    answer = world.market.get("/v1/evidence", token=token)

    body = answer.json()
    [line] = body["evidence"]
    assert answer.status_code == 200
    assert (line["code"], line["view"], line["held"], line["status"]) == (CODE, "full", True, "01")
    assert line["fields"] == sorted(FIELDS)
    assert line["uses"] == {"used": 0, "limit": 2}
    assert body["valid"]["to"] - body["valid"]["from"] == DAY + 60
    assert release_proves(body, trust=world.trust()).kind is Kind.LIST
    assert person.name not in answer.text
    assert person.number not in answer.text


@pytest.mark.parametrize("code", ["LC07", "LC08"])
def test_b40_sensitive_evidence_needs_a_token_that_came_of_a_passkey(
    world: HttpWorld, code: str
) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    answer = world.market.pull(token, code=code, view="verify")

    assert answer.status_code == 401
    told = answer.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in told
    assert 'acr_values="urn:myspace:acr:aal2' in told
    assert 'max_age="300"' in told


def test_the_list_tells_what_is_not_held(world: HttpWorld) -> None:
    person, _ = world.settled(served_until="2020-01-01")
    token, _ = world.granted(person)

    [line] = world.market.get("/v1/evidence", token=token).json()["evidence"]

    assert (line["held"], line["status"], line["issuer"]) == (False, None, None)


@pytest.mark.parametrize(
    ("view", "name", "bare"), [("summary", "王**", False), ("full", "王示例", True)]
)
def test_a_view_shows_what_it_says(world: HttpWorld, view: str, name: str, *, bare: bool) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    body = world.market.pull(token, view=view).json()

    assert set(body["fields"]) == set(FIELDS)
    assert (body["view"], body["fields"]["name"]) == (view, name)
    assert (body["fields"]["id_number"] == person.number) is bare
    assert release_proves(body, trust=world.trust()).kind is Kind.PULL


def test_verify_says_yes_and_how_it_stands_and_nothing_else(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    body = world.market.pull(token, view="verify").json()

    assert body.keys() == {
        "held",
        "status",
        "issuer",
        "last_updated",
        "receipt",
        "opening",
        "statement",
    }
    assert (body["held"], body["status"]) == (True, "01")
    assert body["issuer"]["code"] == world.police.department


def test_without_a_view_it_is_verify(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    body = world.market.get(f"/v1/evidence/{CODE}", token=token).json()

    assert "fields" not in body


def test_only_the_fields_that_are_asked_for_are_released(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    body = world.market.pull(token, fields="name,valid_to").json()

    assert body["fields"] == {"name": person.name, "valid_to": "2040-05-18"}


def test_what_is_not_held_is_told_as_not_held(world: HttpWorld) -> None:
    person, _ = world.settled(served_until="2020-01-01")
    token, _ = world.granted(person)

    body = world.market.pull(token).json()

    assert (body["held"], body["status"], body["fields"]) == (False, None, {})
    assert (body["version"], body["issuer"], body["last_updated"]) == (None, None, None)
    assert release_proves(body, trust=world.trust()).kind is Kind.PULL


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("/v1/evidence/LC01", {"view": "full"}, (403, "access-denied")),
        ("/v1/evidence/XX99", {"view": "full"}, (404, "not-found")),
        (f"/v1/evidence/{CODE}", {"view": "all"}, (422, "malformed")),
        (f"/v1/evidence/{CODE}", {"fields": "Name"}, (422, "malformed")),
        (f"/v1/evidence/{CODE}", {"view": "full", "fields": "sex"}, (403, "access-denied")),
        (f"/v1/evidence/{CODE}", {"what": "else"}, (422, "malformed")),
        ("/v1/evidence", {"what": "else"}, (422, "malformed")),
    ],
)
def test_what_was_not_granted_or_not_asked_rightly_is_refused(
    world: HttpWorld, path: str, params: dict[str, str], expected: tuple[int, str]
) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    answer = world.market.get(path, token=token, params=params)

    assert told(answer) == expected


def test_a_parameter_that_is_there_twice_is_refused(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    path = f"/v1/evidence/{CODE}"

    answer = world.http.get(
        f"{path}?view=verify&view=full", headers=world.market.headers("GET", path, token=token)
    )

    assert answer.json()["errors"] == [{"field": "query.view", "reason": "repeated"}]


def test_a_refused_pull_is_in_the_holders_ledger(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, browser = world.granted(person)

    world.market.get("/v1/evidence/LC01", token=token, params={"view": "full"})

    newest = browser.get("/v1/me/accesses").json()["accesses"][0]
    assert (newest["kind"], newest["result"]) == ("refusal", "deny")
    assert newest["reasons"]
    assert newest["client"]["client_id"] == world.market.client_id


def test_a_proof_that_is_shown_twice_is_refused(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    path = f"/v1/evidence/{CODE}"
    headers = world.market.headers("GET", path, token=token)

    first = world.http.get(path, headers=headers)
    second = world.http.get(path, headers=headers)

    assert first.status_code == 200
    assert told(second) == (401, "replayed")
    assert second.headers["WWW-Authenticate"].startswith('DPoP error="invalid_dpop_proof", algs="')
    assert second.headers["DPoP-Nonce"]


def test_the_last_use_is_the_last(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person, uses=1)

    first = world.market.pull(token)
    second = world.market.pull(token)

    assert first.status_code == 200
    assert told(second) == (403, "access-denied")


def test_a_token_in_the_hands_of_another_system_opens_nothing(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    answer = world.schools.pull(token)

    assert told(answer) == (401, "unauthenticated")


def test_a_token_in_the_query_is_refused(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)

    answer = world.http.get(f"/v1/evidence/{CODE}", params={"access_token": token})

    assert told(answer) == (401, "unauthenticated")
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_that_has_no_consent_behind_it_opens_nothing(world: HttpWorld) -> None:
    answer = world.market.pull(world.market.token())

    assert told(answer) == (403, "access-denied")
    assert answer.json()["reasons"] == ["no-basis"]


def test_a_suspended_system_is_let_in_nowhere_until_it_may_go_on(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    world.suspend(world.market)

    suspended = world.market.pull(token)
    world.resume(world.market)
    resumed = world.market.pull(token)

    assert told(suspended) == (401, "unauthenticated")
    assert resumed.status_code == 200


def test_a_holder_who_declines_gives_no_code(world: HttpWorld) -> None:
    person, _ = world.settled()
    case_no = world.market.open_case(person).json()["case_no"]
    uri = world.market.push(case_no)

    callback = world.browser(person).decide(world.market, uri, act="refuse")

    assert "error=access_denied" in callback
    assert "code=" not in callback


def test_a_new_version_answers_the_next_pull(world: HttpWorld) -> None:
    person, record_id = world.settled()
    token, _ = world.granted(person)
    body = identity_card(person, holder=None, holder_name=None, contact=None)
    renewed = body["fields"] | {"valid_to": "2041-05-18"}

    world.police.send(
        f"/v1/records/{record_id}/versions", body | {"fields": renewed}, If_Match='"1"'
    )

    pulled = world.market.pull(token).json()
    assert (pulled["version"], pulled["fields"]["valid_to"]) == (2, "2041-05-18")


class RevokedMeanwhile(Resource):
    """A front door behind which the token is revoked before anything else happens."""

    def __call__(self, shown: Presented) -> Bearer:
        """Resolve, then let somebody revoke what was resolved."""
        bearer = super().__call__(shown)
        token = bearer.live.token
        with self.provider.vault.work() as tx:
            tx.protocol.revoke_token(
                token.token_hash, client_id=token.client_id, now=self.provider.now()
            )
        return bearer


@contextmanager
def revoked_meanwhile(world: HttpWorld) -> Iterator[None]:
    resolve = world.wired.resolve
    assert isinstance(resolve, Resource)
    world.app.state.wired = replace(world.wired, resolve=RevokedMeanwhile(resolve.provider))
    try:
        yield
    finally:
        world.app.state.wired = world.wired


@pytest.mark.parametrize("path", [f"/v1/evidence/{CODE}", "/v1/evidence"])
def test_b31_a_token_revoked_on_the_way_releases_nothing_and_is_told_as_a_dead_one(
    world: HttpWorld, path: str
) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person, uses=1)

    with revoked_meanwhile(world):
        late = world.market.get(path, token=token)
    dead = world.market.get(path, token=token)

    assert told(late) == told(dead) == (401, "unauthenticated")
    assert person.name not in late.text
    for name in ("www-authenticate", "cache-control", "content-type"):
        assert late.headers[name] == dead.headers[name]
    assert late.json().keys() == dead.json().keys()
    assert late.json()["detail"] == dead.json()["detail"] == "invalid_token"
    again, _ = world.granted(person, uses=1)
    assert world.market.pull(again).status_code == 200


def test_b31_a_deposit_whose_token_was_revoked_on_the_way_writes_nothing(
    world: HttpWorld,
) -> None:
    person, _ = world.settled()
    fresh = {"grant_type": "client_credentials", "scope": "records:write"}
    token = world.police.form("/oauth/token", fresh).json()["access_token"]

    with revoked_meanwhile(world):
        late = world.police.send("/v1/records", identity_card(person), token=token)

    assert told(late) == (401, "unauthenticated")
    assert 'error="invalid_token"' in late.headers["www-authenticate"]
