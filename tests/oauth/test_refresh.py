import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.consent_page import Choice, Chosen
from api.oauth.grants.consented import IDLE_SECONDS
from api.oauth.resource import Resource
from policies.scopes import View
from tests.support.oauth_world import GRANTED, KEYS, NOW, World, client, details
from vault.consents import ConsentStatus
from vault.consents.details import EvidenceGrant
from vault.crypto.tokens import PEPPER

DAY = 86_400
SCOPE = "ev:identity:resident_id_card:full ev:licence:business_license:verify"
INVALID = (400, "invalid_grant")
OTHER_EVIDENCE = EvidenceGrant(code="LC04", view=View.VERIFY, fields=frozenset())


def error(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - of any client
    """Return status and code."""
    return answer.status_code, answer.json().get("error", "")


def test_b27_the_same_refresh_token_is_good_again_and_again_and_never_changes(
    world: World,
) -> None:
    first = world.offline()

    answers = [world.refreshed(first["refresh_token"]).json() for _ in range(3)]

    tokens = [answer.pop("access_token") for answer in answers]
    assert answers == [{k: v for k, v in first.items() if k != "access_token"}] * 3
    assert first["scope"] == f"{SCOPE} offline_access"
    assert first["refresh_token"][:4] == "vrt_"
    assert len({first["access_token"], *tokens}) == 4
    assert {world.use(token).status_code for token in (first["access_token"], *tokens)} == {200}


def test_b27_an_access_token_of_a_refresh_is_worth_what_the_first_was(world: World) -> None:
    first = world.offline()
    world.clock.now += 600

    token = world.refreshed(first["refresh_token"]).json()["access_token"]

    told = world.introspect(token)
    assert told["authorization_details"] == first["authorization_details"]
    assert (told["grant_id"], told["scope"]) == (first["grant_id"], SCOPE)
    assert told["cnf"] == {"jkt": KEYS["proof"].thumbprint}
    assert (told["iat"], told["exp"]) == (NOW + 600, NOW + 900)


def test_b42_auth_time_and_acr_stay_those_of_the_sign_in(world: World) -> None:
    first = world.offline()
    world.clock.now += DAY // 2

    told = world.introspect(world.refreshed(first["refresh_token"]).json()["access_token"])

    assert (told["auth_time"], told["acr"]) == (NOW - 30, "urn:myspace:acr:aal1")


def test_b27_the_whole_way_from_the_push_to_a_refresh(world: World) -> None:
    interaction_id, browser = world.visit(scope=f"offline_access {SCOPE}")
    signin = world.signin()
    page = world.desk.open(interaction_id, signin=signin, browser=browser)
    choice = Choice(evidence={"LC01": Chosen(view=View.VERIFY, fields=frozenset())})
    way = world.desk.decide(
        interaction_id,
        signin=signin,
        browser=browser,
        choice=choice,
        locale="en",
        shown_hash=page.shown_hash("en"),
    )
    (code,) = parse_qs(urlsplit(way.location).query)["code"]

    first = world.redeem(code).json()

    assert page.ongoing is not None
    assert first["scope"] == "ev:licence:business_license:verify offline_access"
    assert world.refreshed(first["refresh_token"]).json()["scope"] == first["scope"]


def test_b29_nothing_is_issued_without_offline_access(world: World) -> None:
    interaction_id, browser = world.visit(scope=SCOPE)

    page = world.desk.open(interaction_id, signin=world.signin(), browser=browser)
    answer = world.redeem(world.code(scope=SCOPE)).json()

    assert page.ongoing is None
    assert "refresh_token" not in answer
    assert answer["scope"] == SCOPE
    assert world.memory.rows.refresh_tokens == {}


def test_b29_a_client_that_is_not_registered_for_it_asks_in_vain(world: World) -> None:
    plain = frozenset({"authorization_code", "client_credentials"})
    code = world.code(scope="offline_access")
    world.memory.add(client("licensing", grant_types=plain))

    pushed = world.push(scope="offline_access")
    redeemed = world.redeem(code)
    refreshed = world.refreshed("vrt_x")

    assert error(pushed) == (400, "invalid_scope")
    assert "refresh_token" not in redeemed.json()
    assert error(refreshed) == (400, "unauthorized_client")


@pytest.mark.parametrize("scope", ["offline_access", f"{SCOPE} offline_access"])
def test_b29_offline_access_may_be_asked_for_beside_the_object(world: World, scope: str) -> None:
    assert world.push(scope=scope).status_code == 201


@pytest.mark.parametrize("scope", ["email", "offline_access email", "offline_access cases:write"])
def test_b13_no_other_scope_comes_in_with_it(world: World, scope: str) -> None:
    assert error(world.push(scope=scope)) == (400, "invalid_scope")


def test_b29_a_registry_token_comes_without_a_refresh_token(world: World) -> None:
    answer = world.registry_token("records:write offline_access")

    assert error(answer) == (400, "invalid_scope")


# Who may use it.


def test_b28_a_refresh_without_a_proof_is_malformed(world: World) -> None:
    token = world.offline()["refresh_token"]

    assert error(world.refreshed(token, proof=None)) == (400, "invalid_request")


def test_b28_a_refresh_without_client_authentication_is_refused(world: World) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": world.offline()["refresh_token"]}

    answer = world.http.post(
        "/oauth/token", data=form, headers={"DPoP": world.proof("/oauth/token")}
    )

    assert error(answer) == (401, "invalid_client")


@pytest.mark.parametrize("how", ["client", "key"])
def test_b28_b29_a_foreign_use_is_refused_and_the_rightful_client_still_works(
    world: World, how: str
) -> None:
    token = world.offline()["refresh_token"]
    before = list(world.memory.rows.refresh_tokens.values())
    proof = world.proof("/oauth/token", key=KEYS["proof2"])
    changes = {"client": "other"} if how == "client" else {"proof": proof}
    world.clock.now += 60

    foreign = world.refreshed(token, **changes)
    unchanged = list(world.memory.rows.refresh_tokens.values())
    own = world.refreshed(token)

    assert error(foreign) == INVALID
    assert unchanged == before
    assert own.status_code == 200
    [told] = world.misused
    assert told.client.client_id == changes.get("client", "licensing")
    assert (told.space, told.grant_id) == (before[0].space, before[0].grant_id)


@pytest.mark.parametrize(
    "token", ["x", "vrt_" + "x" * 49, "vat_" + "x" * 49, "国", "vrt_" + "国" * 49]
)
def test_b28_garbage_is_no_refresh_token(world: World, token: str) -> None:
    assert error(world.refreshed(token)) == INVALID


def test_b28_tokens_and_codes_are_not_taken_for_one_another(world: World) -> None:
    answer = world.offline()

    assert error(world.refreshed(answer["access_token"])) == INVALID
    assert error(world.refreshed(world.code())) == INVALID
    assert error(world.redeem(answer["refresh_token"])) == INVALID
    assert world.use(answer["refresh_token"]).status_code == 401


def test_d26_refreshes_at_once_do_not_mix(world: World) -> None:
    tokens = [world.offline() for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: world.refreshed(one["refresh_token"]), tokens))

    assert [a.json()["grant_id"] for a in answers] == [one["grant_id"] for one in tokens]


def test_b58_a_dump_holds_no_refresh_token(world: World) -> None:
    token = world.offline()["refresh_token"]

    assert token not in repr(world.memory.rows)


# What it is good for.


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        (
            {"scope": "ev:identity:resident_id_card:summary"},
            [{"code": "ID01", "view": "summary", "fields": ["id_number", "name"]}],
        ),
        (
            {"scope": "ev:licence:business_license:verify offline_access"},
            [{"code": "LC01", "view": "verify"}],
        ),
        (
            {"authorization_details": [details(legal=None, evidence=[{"code": "ID01"}])]},
            [{"code": "ID01", "view": "verify"}],
        ),
        (
            {"scope": "offline_access"},
            [
                {"code": "ID01", "view": "full", "fields": ["id_number", "name"]},
                {"code": "LC01", "view": "verify"},
            ],
        ),
    ],
    ids=str,
)
def test_b28_a_refresh_may_be_for_less_and_the_next_for_all_again(
    world: World, changes: dict[str, Any], evidence: list[Any]
) -> None:
    first = world.offline()
    sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in changes.items()}

    less = world.refreshed(first["refresh_token"], **sent)
    again = world.refreshed(first["refresh_token"])

    token = less.json()["access_token"]
    assert less.json()["authorization_details"][0]["evidence"] == evidence
    assert world.introspect(token)["authorization_details"][0]["evidence"] == evidence
    assert again.json()["authorization_details"] == first["authorization_details"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"scope": "ev:licence:business_license:full"}, "invalid_scope"),
        ({"scope": "ev:service_result:no_criminal_record:verify"}, "invalid_scope"),
        ({"scope": "records:write"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "x  y"}, "invalid_scope"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
        (
            {"authorization_details": [details(evidence=[{"code": "LC04"}])]},
            "invalid_authorization_details",
        ),
        (
            {"authorization_details": [details(evidence=[{"code": "ID01"}], uses=4)]},
            "invalid_authorization_details",
        ),
        ({"resource": "https://elsewhere.example.org"}, "invalid_target"),
    ],
    ids=str,
)
def test_b28_b37_a_refresh_is_never_for_more(
    world: World, changes: dict[str, Any], expected: str
) -> None:
    first = world.offline()
    sent = {k: v if isinstance(v, str) else json.dumps(v) for k, v in changes.items()}

    answer = world.refreshed(first["refresh_token"], **sent)

    assert error(answer) == (400, expected)
    assert len(world.memory.rows.tokens) == 1


def test_b28_a_code_without_offline_access_is_not_narrowed_by_it(world: World) -> None:
    answer = world.redeem(world.code(), scope="offline_access")

    assert error(answer) == (400, "invalid_scope")


def test_b28_a_refresh_token_stands_for_the_grant_however_narrow_the_first_token_was(
    world: World,
) -> None:
    code = world.code(scope="offline_access")
    first = world.redeem(code, scope="ev:licence:business_license:verify").json()

    second = world.refreshed(first["refresh_token"]).json()

    assert first["scope"] == "ev:licence:business_license:verify offline_access"
    assert second["scope"] == f"{SCOPE} offline_access"


def test_b32_a_narrowed_consent_narrows_what_a_refresh_gives(world: World) -> None:
    first = world.offline()
    (row,) = world.memory.rows.consents.values()
    world.memory.add(replace(row, details=row.details.keep(frozenset({"LC01"}))))

    second = world.refreshed(first["refresh_token"]).json()

    assert second["scope"] == "ev:licence:business_license:verify offline_access"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ConsentStatus.REVOKED},
        {"details": replace(GRANTED, ends_at=NOW)},
        {"expires_at_ms": NOW * 1000},
        {
            "details": replace(
                GRANTED, evidence={"LC04": replace(GRANTED.evidence["LC01"], code="LC04")}
            )
        },
    ],
    ids=["revoked", "over", "expired", "nothing left"],
)
def test_b32_a_refresh_dies_with_its_consent(world: World, changes: dict[str, Any]) -> None:
    first = world.offline()
    (row,) = world.memory.rows.consents.values()
    world.memory.add(replace(row, **changes))

    assert error(world.refreshed(first["refresh_token"])) == INVALID
    assert len(world.memory.rows.tokens) == 1


def test_b30_a_refresh_never_outlives_the_grant(world: World) -> None:
    token = world.offline()["refresh_token"]
    (row,) = world.memory.rows.refresh_tokens.values()

    world.clock.now = GRANTED.ends_at - 100
    late = world.refreshed(token)
    world.clock.now = GRANTED.ends_at
    over = world.refreshed(token)

    assert (row.idle_expires_at, row.expires_at) == (GRANTED.ends_at, GRANTED.ends_at)
    assert late.json()["expires_in"] == 100
    assert error(over) == INVALID


@pytest.mark.parametrize(("idle", "works"), [(IDLE_SECONDS - 1, True), (IDLE_SECONDS, False)])
def test_b30_a_refresh_token_that_is_not_used_dies_of_it(
    world: World, *, idle: int, works: bool
) -> None:
    token = world.offline(granted=replace(GRANTED, ends_at=NOW + 200 * DAY))["refresh_token"]
    world.clock.now += DAY
    world.refreshed(token)

    world.clock.now += idle
    answer = world.refreshed(token)

    assert (answer.status_code == 200) is works


def test_b30_a_single_use_has_its_short_token_again(world: World) -> None:
    first = world.offline(granted=replace(GRANTED, uses=1))

    assert world.refreshed(first["refresh_token"]).json()["expires_in"] == 60


# How it ends.


def test_b31_a_revoked_refresh_token_ends_with_its_access_tokens_and_the_consent_stays(
    world: World,
) -> None:
    first, other = world.offline(), world.offline()
    second = world.refreshed(first["refresh_token"]).json()

    answer = world.post("/oauth/revoke", {"token": first["refresh_token"]}, proof=None)

    statuses = {row.status for row in world.memory.rows.consents.values()}
    tokens = [one["access_token"] for one in (first, second, other)]
    assert (answer.status_code, answer.content) == (200, b"")
    assert error(world.refreshed(first["refresh_token"])) == INVALID
    assert [world.use(token).status_code for token in tokens] == [401, 401, 200]
    assert world.refreshed(other["refresh_token"]).status_code == 200
    assert statuses == {ConsentStatus.ACTIVE}


def test_b31_revoking_an_access_token_leaves_its_refresh_token(world: World) -> None:
    first = world.offline()

    world.post("/oauth/revoke", {"token": first["access_token"]}, proof=None)

    assert world.use(first["access_token"]).status_code == 401
    assert world.refreshed(first["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "unknown"])
def test_b31_d14_whatever_the_hint_says_a_refresh_token_is_revoked(
    world: World, hint: str
) -> None:
    token = world.offline()["refresh_token"]
    form = {"token": token, "token_type_hint": hint}

    answers = [world.post("/oauth/revoke", form, proof=None).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert error(world.refreshed(token)) == INVALID


def test_b31_a_foreign_refresh_token_is_refused_and_untouched(world: World) -> None:
    token = world.offline()["refresh_token"]

    answer = world.post("/oauth/revoke", {"token": token}, client="other", proof=None)

    assert error(answer) == INVALID
    assert world.refreshed(token).status_code == 200


@pytest.mark.parametrize("token", ["vrt_x", "vrt_" + "x" * 49])
def test_b31_revoking_a_refresh_token_that_is_not_there_succeeds(world: World, token: str) -> None:
    assert world.post("/oauth/revoke", {"token": token}, proof=None).status_code == 200


def test_b31_an_unknown_refresh_token_of_our_form_is_nothing(world: World) -> None:
    token = world.provider.secrets.mint("vrt_")

    revoked = world.post("/oauth/revoke", {"token": token}, proof=None)

    assert revoked.status_code == 200
    assert error(world.refreshed(token)) == INVALID


def test_b19_a_code_shown_again_ends_its_refresh_token_too(world: World) -> None:
    code = world.code(scope="offline_access")
    first = world.redeem(code).json()

    world.redeem(code)

    assert error(world.refreshed(first["refresh_token"])) == INVALID
    assert world.use(first["access_token"]).status_code == 401


def test_b31_of_a_revocation_and_refreshes_at_once_no_token_survives(world: World) -> None:
    for _ in range(10):
        token = world.offline()["refresh_token"]
        barrier = threading.Barrier(5)

        def refresh(token: str = token, barrier: threading.Barrier = barrier) -> Any:  # noqa: ANN401 - an answer
            assertion, proof = world.assertion(), world.proof("/oauth/token")
            barrier.wait()
            return world.refreshed(token, assertion=assertion, proof=proof)

        with ThreadPoolExecutor(5) as pool:
            answers = [pool.submit(refresh) for _ in range(4)]
            barrier.wait()
            revoked = world.post("/oauth/revoke", {"token": token}, proof=None)
            told = [answer.result().json() for answer in answers]

        issued = [one["access_token"] for one in told if "access_token" in one]
        assert revoked.status_code == 200
        assert {world.use(one).status_code for one in issued} <= {401}
        assert error(world.refreshed(token)) == INVALID


def test_b34_a_refresh_token_is_nothing_to_a_resource_server(world: World) -> None:
    token = world.offline()["refresh_token"]

    assert world.introspect(token) == {"active": False}


# The keys of the hashes.


def test_a_refresh_token_is_found_under_the_pepper_before_and_kept_under_the_new_one(
    world: World,
) -> None:
    token = world.offline()["refresh_token"]
    keyring, secrets = world.vault.keyring, world.provider.secrets
    newest = keyring.service_key(keyring.new_service_key(PEPPER))
    both = replace(secrets, peppers=(newest, *secrets.peppers))
    provider = replace(world.provider, secrets=both)
    world.app.state.wired = replace(world.wired, resolve=Resource(provider))

    answers = [world.refreshed(token), world.refreshed(token)]

    (row,) = world.memory.rows.refresh_tokens.values()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert row.token_hash == both.hash(token)
    assert row.token_hash != secrets.hash(token)
