import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.support.oauth_world import (
    CASE,
    GRANTED,
    ITEM,
    KEYS,
    NOW,
    ORIGIN,
    REDIRECT,
    SPACE,
    VERIFIER,
    World,
    client,
    details,
)
from vault.clients.confirmation import Confirmation
from vault.clients.levels import AAL1
from vault.consents import ConsentStatus
from vault.ids import ClientId

SCOPE = "ev:identity:resident_id_card:full ev:licence:business_license:verify"


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of any client
    """Return status and code."""
    return answer.status_code, answer.json().get("error", "")


def test_b02_a_code_is_exchanged_for_what_was_granted(world: World) -> None:
    code = world.code()

    answer = world.redeem(code)

    body = answer.json()
    token, grant_id = body.pop("access_token"), body.pop("grant_id")
    assert answer.status_code == 200
    assert body == {
        "token_type": "DPoP",
        "expires_in": 300,
        "scope": SCOPE,
        "authorization_details": [
            {
                "type": "evidence_access",
                "locations": [ORIGIN],
                "basis": "consent",
                "subject": {"kind": "person"},
                "purpose": {"code": "licence_application", "note": "为什么"},
                "item": ITEM,
                "case": CASE,
                "evidence": [
                    {"code": "ID01", "view": "full", "fields": ["id_number", "name"]},
                    {"code": "LC01", "view": "verify"},
                ],
                "valid": {"from": GRANTED.starts_at, "to": GRANTED.ends_at},
                "uses": 3,
                "retention_days": 30,
            }
        ],
    }
    assert (token[:4], len(token), len(grant_id)) == ("vat_", 53, 32)
    assert answer.headers["cache-control"] == "no-store"
    assert world.use(token).json() == {"client": "licensing", "scopes": SCOPE.split()}


def test_b58_a_dump_holds_nothing_that_can_be_used(world: World) -> None:
    code = world.code()
    token = world.redeem(code).json()["access_token"]

    dump = repr(world.memory.rows)

    assert code not in dump
    assert token not in dump


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [({"uses": 1}, 60), ({"uses": None}, 300), ({"ends_at": NOW + 100}, 100)],
    ids=str,
)
def test_d20_a_token_lives_shortly_and_never_longer_than_its_grant(
    world: World, changes: dict[str, Any], seconds: int
) -> None:
    code = world.code(granted=replace(GRANTED, **changes))

    answer = world.redeem(code)

    assert answer.json()["expires_in"] == seconds


def test_b19_a_code_shown_again_is_refused_and_kills_what_came_of_it(world: World) -> None:
    code = world.code()
    token = world.redeem(code).json()["access_token"]

    again = world.redeem(code)

    assert error(again) == (400, "invalid_grant")
    assert world.use(token).status_code == 401
    assert world.introspect(token) == {"active": False}
    assert [told.client.client_id for told in world.misused] == ["licensing"]


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": NOW},
        {"expires_at": NOW - 1},
        {"client_id": ClientId("other")},
        {"redirect_uri": "https://client.example.org/other"},
        {"code_challenge": "A" * 43},
        {"cnf": Confirmation.key(KEYS["proof2"].thumbprint)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_b20_a_code_is_of_one_time_client_redirect_and_key(
    world: World, changes: dict[str, Any]
) -> None:
    code = world.code(**changes)

    answer = world.redeem(code)

    assert error(answer) == (400, "invalid_grant")
    assert world.memory.rows.tokens == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": "w" * 43},
        {"code_verifier": "v" * 42},
        {"code_verifier": "v" * 129},
        {"code_verifier": "国" * 43},
        {"redirect_uri": None},
        {"redirect_uri": f"{REDIRECT}&x"},
    ],
    ids=str,
)
def test_b11_b20_d04_a_wrong_verifier_or_redirect_is_an_invalid_grant_and_spends_the_code(
    world: World, changes: dict[str, str | None]
) -> None:
    code = world.code()

    first = world.redeem(code, **changes)
    second = world.redeem(code)

    assert [error(first), error(second)] == [(400, "invalid_grant")] * 2


def test_b20_the_try_of_another_client_does_not_spend_a_code(world: World) -> None:
    code = world.code()

    foreign = world.redeem(code, client="other")
    own = world.redeem(code)

    assert error(foreign) == (400, "invalid_grant")
    assert own.status_code == 200


def test_b22_a_code_needs_the_key_that_it_was_bound_to(world: World) -> None:
    code = world.code()

    proof = world.proof("/oauth/token", key=KEYS["proof2"])
    answer = world.redeem(code, proof=proof)

    assert error(answer) == (400, "invalid_grant")


@pytest.mark.parametrize("code", ["", "x", "vco_" + "x" * 49, "vat_" + "x" * 49, "国"])
def test_b20_garbage_is_no_code(world: World, code: str) -> None:
    answer = world.redeem(code)

    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


def test_a_code_of_a_consent_that_ended_meanwhile_is_worth_nothing(world: World) -> None:
    code = world.code()
    for row in list(world.memory.rows.consents.values()):
        world.memory.add(replace(row, status=ConsentStatus.REVOKED))

    answer = world.redeem(code)

    assert error(answer) == (400, "invalid_grant")


def test_a_code_of_a_consent_that_is_over_is_worth_nothing(world: World) -> None:
    code = world.code(granted=replace(GRANTED, starts_at=NOW - 10, ends_at=NOW))

    answer = world.redeem(code)

    assert error(answer) == (400, "invalid_grant")


def test_b21_d19_of_twenty_who_show_a_code_at_once_exactly_one_succeeds(world: World) -> None:
    code = world.code()
    barrier = threading.Barrier(20)

    def redeem(_: int) -> Any:  # noqa: ANN401 - an answer
        assertion, proof = world.assertion(), world.proof("/oauth/token")
        barrier.wait()
        return world.redeem(code, assertion=assertion, proof=proof)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(redeem, range(20)))

    codes = sorted(answer.status_code for answer in answers)
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    assert codes == [200] + [400] * 19
    assert world.use(winner.json()["access_token"]).status_code == 401


def test_d26_requests_at_once_do_not_mix(world: World) -> None:
    codes = [world.code() for _ in range(12)]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(world.redeem, codes))

    grants = {answer.json()["grant_id"] for answer in answers}
    assert len(grants) == 12


# narrowing


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        (
            {"scope": "ev:identity:resident_id_card:verify"},
            [{"code": "ID01", "view": "verify"}],
        ),
        (
            {"scope": "ev:identity:resident_id_card:summary"},
            [{"code": "ID01", "view": "summary", "fields": ["id_number", "name"]}],
        ),
        (
            {"authorization_details": [details(legal=None, evidence=[{"code": "ID01"}])]},
            [{"code": "ID01", "view": "verify"}],
        ),
        (
            {
                "authorization_details": [
                    details(
                        legal=None,
                        evidence=[{"code": "ID01", "view": "full", "fields": ["name"]}],
                        uses=1,
                    )
                ]
            },
            [{"code": "ID01", "view": "full", "fields": ["name"]}],
        ),
        (
            {"authorization_details": [details(evidence=[{"code": "ID01", "view": "full"}])]},
            [{"code": "ID01", "view": "full", "fields": ["id_number", "name"]}],
        ),
    ],
    ids=str,
)
def test_b37_a_token_may_be_for_less_than_the_grant(
    world: World, changes: dict[str, Any], evidence: list[Any]
) -> None:
    sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in changes.items()}

    answer = world.redeem(world.code(), **sent)

    body = answer.json()
    assert answer.status_code == 200, body
    assert body["authorization_details"][0]["evidence"] == evidence
    assert (
        world.introspect(body["access_token"])["authorization_details"][0]["evidence"] == evidence
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": "ev:licence:business_license:full"}, "invalid_scope"),
        ({"scope": "ev:service_result:no_criminal_record"}, "invalid_scope"),
        ({"scope": "records:write"}, "invalid_scope"),
        ({"scope": "x y"}, "invalid_scope"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
        (
            {"authorization_details": [details(evidence=[{"code": "LC04"}])]},
            "invalid_authorization_details",
        ),
        (
            {
                "authorization_details": [
                    details(evidence=[{"code": "ID01", "view": "full", "fields": ["sex"]}])
                ]
            },
            "invalid_authorization_details",
        ),
        (
            {"authorization_details": [details(evidence=[{"code": "ID01"}], uses=4)]},
            "invalid_authorization_details",
        ),
        (
            {"authorization_details": [details(evidence=[{"code": "ID01"}], case="other")]},
            "invalid_authorization_details",
        ),
        (
            {
                "authorization_details": [
                    details(evidence=[{"code": "ID01"}], valid={"from": NOW, "to": NOW - 1})
                ]
            },
            "invalid_authorization_details",
        ),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
    ],
    ids=str,
)
def test_b37_b56_a_token_is_never_for_more_than_the_grant(
    world: World, changes: dict[str, Any], expected: str
) -> None:
    sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in changes.items()}

    answer = world.redeem(world.code(), **sent)

    assert error(answer) == (400, expected)
    assert world.memory.rows.tokens == {}


def test_b37_narrowing_the_consent_narrows_its_tokens_at_once(world: World) -> None:
    token = world.redeem(world.code()).json()["access_token"]
    (row,) = world.memory.rows.consents.values()
    world.memory.add(replace(row, details=row.details.keep(frozenset({"LC01"}))))

    found = world.introspect(token)

    assert found["scope"] == "ev:licence:business_license:verify"


# client credentials


def test_registry_scopes_are_issued_to_the_client_itself(world: World) -> None:
    answer = world.registry_token("registry:read records:write")

    body = answer.json()
    token = body.pop("access_token")
    assert body == {
        "token_type": "DPoP",
        "expires_in": 300,
        "scope": "records:write registry:read",
    }
    assert world.use(token).json()["scopes"] == ["records:write", "registry:read"]


@pytest.mark.parametrize(
    "scope",
    [
        None,
        "",
        "cases:write",
        "records:write cases:write",
        "ev:identity:resident_id_card:verify",
        "records:write ev:identity:resident_id_card:verify",
        "records:write  registry:read",
        "openid",
        "*",
        '"',
        "国",
    ],
)
def test_b13_d20_only_registered_scopes_are_issued_and_none_is_dropped(
    world: World, scope: str | None
) -> None:
    answer = world.post("/oauth/token", {"grant_type": "client_credentials", "scope": scope})

    assert error(answer) == (400, "invalid_scope")


def test_client_credentials_never_reach_evidence(world: World) -> None:
    form = {
        "grant_type": "client_credentials",
        "scope": "records:write",
        "authorization_details": json.dumps([details()]),
    }

    answer = world.post("/oauth/token", form)

    assert error(answer) == (400, "invalid_authorization_details")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:ciba"}, "unsupported_grant_type"),
        ({"grant_type": 'to"ken'}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
    ],
    ids=str,
)
def test_d01_other_grant_types_are_refused_without_quoting_them(
    world: World, form: dict[str, str], expected: str
) -> None:
    answer = world.post("/oauth/token", form)

    assert error(answer) == (400, expected)


def test_b15_a_grant_type_that_is_not_registered_is_refused(world: World) -> None:
    world.memory.add(client("licensing", grant_types=frozenset({"authorization_code"})))

    answer = world.registry_token()

    assert error(answer) == (400, "unauthorized_client")


def test_a_resource_server_gets_no_token(world: World) -> None:
    answer = world.registry_token(client="checker")

    assert error(answer) == (400, "unauthorized_client")


def test_the_code_of_a_space_stays_with_its_space(world: World) -> None:
    world.redeem(world.code())

    (row,) = world.memory.rows.tokens.values()

    assert row.auth is not None
    assert (row.space, row.auth.acr, row.auth.auth_time) == (SPACE, AAL1, NOW - 30)
    assert VERIFIER not in repr(world.memory.rows)
