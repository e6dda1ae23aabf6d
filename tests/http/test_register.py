"""A department's system registers itself, is approved, changes its keys, and ends."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx2 import Response

from tests.support.http_world import (
    CODE,
    FOOD,
    MARKET,
    ORIGIN,
    POLICE,
    REGISTRY,
    REGISTRY_KEY,
    HttpWorld,
    System,
    unique,
)
from tests.support.jws import Signer, b64, ec_signer, rsa_signer
from vault.clients import ClientStatus
from vault.errors import ConflictError
from vault.ids import ClientId
from vault.services.approve_client import approve_client, refuse_client
from vault.services.self_register import INITIAL_SECONDS, hand_out_token
from vault.services.suspend_client import resume_client, suspend_client

DAY = 24 * 3600
REDIRECT = "https://client.example.org/cb"
SET_BY_SERVER = {"registration_access_token", "registration_client_uri", "client_id_issued_at"}
FLOWS = ["authorization_code", "client_credentials", "refresh_token"]


def initial_token(world: HttpWorld, code: str = MARKET) -> str:
    with world.vault.read() as tx:
        department = tx.departments.find(code)
    assert department is not None
    return hand_out_token(world.vault, department.department_id)


def statement(world: HttpWorld, *, key: Signer = REGISTRY_KEY, **changes: Any) -> str:  # noqa: ANN401 - any claim
    """Return a statement; ``header=`` changes its header, ``None`` leaves a claim out."""
    now = world.now()
    claims = {
        "iss": REGISTRY,
        "aud": ORIGIN,
        "iat": now,
        "exp": now + DAY,
        "jti": unique(),
        "software_id": "licensing",
        "software_version": "4.2",
        "client_name#zh-CN": "许可系统",
        "client_name#en": "Licensing system",
        "department": MARKET,
        "profiles": ["fapi2"],
        "scope": "cases:write registry:read",
        "evidence": {CODE: "full", "LC01": "summary"},
        "issue_codes": [],
        "service_items": [FOOD],
    }
    header = {"alg": key.alg, "kid": "r1"} | changes.pop("header", {})
    asked = claims | changes
    return key.sign(header, {name: value for name, value in asked.items() if value is not None})


def asked(world: HttpWorld, key: Signer | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Return a registration; ``None`` leaves a member out."""
    plain = {
        "software_statement": changes.pop("software_statement", None) or statement(world),
        "jwks": {"keys": [(key or ec_signer()).jwk | {"kid": "k1"}]},
        "redirect_uris": [REDIRECT],
        "grant_types": FLOWS,
    }
    found = plain | changes
    return {name: value for name, value in found.items() if value is not None}


def register(world: HttpWorld, body: Any, *, token: str | None = None) -> Response:  # noqa: ANN401 - any JSON
    shown = initial_token(world) if token is None else token
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    return world.http.post("/oauth/register", json=body, headers=headers)


def manage(
    world: HttpWorld,
    verb: str,
    registered: dict[str, Any],
    body: Any = None,  # noqa: ANN401 - any JSON
    *,
    token: str | None = None,
) -> Response:
    path = registered["registration_client_uri"].removeprefix(ORIGIN)
    shown = token or registered["registration_access_token"]
    return world.http.request(
        verb,
        path,
        headers={"Authorization": f"Bearer {shown}", "Content-Type": "application/json"},
        content=None if body is None else json.dumps(body),
    )


def entered(world: HttpWorld, key: Signer | None = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Register a client; return the answer."""
    answer = register(world, asked(world, key, **changes))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def approve(world: HttpWorld, registered: dict[str, Any]) -> None:
    client_id = ClientId(registered["client_id"])
    with world.vault.read() as tx:
        client = tx.clients.get(client_id)
    assert client is not None
    approve_client(world.vault, client_id, version=client.version)


def update_of(registered: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    """Return a whole update; ``None`` leaves a member out."""
    whole = {name: value for name, value in registered.items() if name not in SET_BY_SERVER}
    return {name: value for name, value in (whole | changes).items() if value is not None}


def lets_in(world: HttpWorld, registered: dict[str, Any], key: Signer, kid: str = "k1") -> int:
    """Return the status of a token request with a key of the client."""
    system = System(world, MARKET, registered["client_id"], key=key)
    now = world.now()
    claims = {
        "iss": system.client_id,
        "sub": system.client_id,
        "aud": ORIGIN,
        "jti": unique(),
        "iat": now,
        "exp": now + 60,
    }
    form = {
        "grant_type": "client_credentials",
        "scope": "cases:write",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key.sign({"alg": key.alg, "kid": kid}, claims),
    }
    headers = {"DPoP": system.proof("POST", "/oauth/token")}
    return world.http.post("/oauth/token", data=form, headers=headers).status_code


def errors(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# Entering.


def test_b53_a_system_registers_itself_and_waits(world: HttpWorld) -> None:
    key = ec_signer()

    answer = register(world, body := asked(world, key))

    found = answer.json()
    secret, client_id = found["registration_access_token"], found["client_id"]
    assert answer.status_code == 201
    assert secret.startswith("vrg_")
    assert "client_secret" not in found
    assert found == {
        "client_id": client_id,
        "client_id_issued_at": found["client_id_issued_at"],
        "registration_client_uri": f"{ORIGIN}/oauth/register/{client_id}",
        "registration_access_token": secret,
        "software_statement": body["software_statement"],
        "software_id": "licensing",
        "software_version": "4.2",
        "client_name": "许可系统",
        "client_name#zh-CN": "许可系统",
        "client_name#en": "Licensing system",
        "status": "pending",
        "profile": "fapi2",
        "jwks": {"keys": [key.jwk | {"kid": "k1", "alg": "ES256", "use": "sig"}]},
        "token_endpoint_auth_method": "private_key_jwt",
        "dpop_bound_access_tokens": True,
        "grant_types": FLOWS,
        "response_types": ["code"],
        "redirect_uris": [REDIRECT],
        "scope": "cases:write registry:read",
        "authorization_details_types": ["evidence_access"],
        "evidence": {CODE: "full", "LC01": "summary"},
        "issue_codes": [],
        "service_items": [FOOD],
        "id_token_signed_response_alg": "ES256",
    }
    assert answer.headers["cache-control"] == "no-store"


def test_b53_a_client_is_not_let_in_before_a_person_approved_it(world: HttpWorld) -> None:
    key = ec_signer()
    registered = entered(world, key)

    before = lets_in(world, registered, key)
    approve(world, registered)
    after = lets_in(world, registered, key)

    assert (before, after) == (401, 200)
    assert manage(world, "GET", registered).json()["status"] == "active"


def test_b53_a_refused_client_never_comes_in(world: HttpWorld) -> None:
    key = ec_signer()
    registered = entered(world, key)

    refuse_client(world.vault, ClientId(registered["client_id"]))

    assert lets_in(world, registered, key) == 401
    assert errors(manage(world, "GET", registered)) == (401, "invalid_token")
    with pytest.raises(ConflictError):
        approve(world, registered)


def test_b53_what_is_approved_is_what_was_looked_at(world: HttpWorld) -> None:
    registered = entered(world)
    moved = update_of(registered, redirect_uris=["https://elsewhere.example.org/cb"])
    assert manage(world, "PUT", registered, moved).status_code == 200

    with pytest.raises(ConflictError, match="looked at"):
        approve_client(world.vault, ClientId(registered["client_id"]), version=1)

    assert manage(world, "GET", registered).json()["status"] == "pending"


@pytest.mark.parametrize(
    "token",
    ["", "vin_x", "vat_" + "a" * 49, "国"],
    ids=["none", "malformed", "of another kind", "not ASCII"],
)
def test_b53_without_an_initial_token_nobody_registers(world: HttpWorld, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}

    answer = world.http.post("/oauth/register", json=asked(world), headers=headers)

    assert errors(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_d17_a_missing_token_is_401_and_no_secret_is_ever_handed_out(world: HttpWorld) -> None:
    missing = register(world, asked(world), token="")

    assert errors(missing) == (401, "invalid_token")
    assert not [name for name in entered(world) if "secret" in name]


def test_b53_an_initial_token_registers_one_client_within_a_day(world: HttpWorld) -> None:
    token = initial_token(world)
    first = register(world, asked(world), token=token)
    again = register(world, asked(world), token=token)
    late = initial_token(world)
    world.clock.ahead += INITIAL_SECONDS
    expired = register(world, asked(world), token=late)
    world.clock.ahead -= INITIAL_SECONDS

    assert first.status_code == 201
    assert [errors(again), errors(expired)] == [(401, "invalid_token")] * 2


def test_b53_of_many_registrations_with_one_token_one_is_entered(world: HttpWorld) -> None:
    token = initial_token(world)
    bodies = [asked(world) for _ in range(16)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: register(world, body, token=token), bodies))

    statuses = sorted(one.status_code for one in answers)
    assert statuses == [201, *[401] * 15]


def test_b54_of_many_updates_of_one_version_none_is_lost_silently(world: HttpWorld) -> None:
    registered = entered(world)
    sets = [{"keys": [ec_signer().jwk | {"kid": f"k{n}"}]} for n in range(8)]
    bodies = [update_of(registered, jwks=one) for one in sets]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: manage(world, "PUT", registered, body), bodies))

    done = [one for one in answers if one.status_code == 200]
    final = manage(world, "GET", registered).json()["jwks"]
    assert {one.status_code for one in answers} <= {200, 503}
    assert done
    assert final in [one.json()["jwks"] for one in done]
    with world.vault.read() as tx:
        client = tx.clients.get(ClientId(registered["client_id"]))
    assert client is not None
    assert client.version == 1 + len(done)


def test_b53_a_refused_registration_does_not_use_the_token_up(world: HttpWorld) -> None:
    token = initial_token(world)

    refused = register(world, asked(world, redirect_uris=["http://a.example.org"]), token=token)

    assert errors(refused) == (400, "invalid_redirect_uri")
    assert register(world, asked(world), token=token).status_code == 201


def test_b53_a_statement_registers_one_client(world: HttpWorld) -> None:
    signed = statement(world)
    first = register(world, asked(world, software_statement=signed))
    token = initial_token(world)

    again = register(world, asked(world, software_statement=signed), token=token)

    assert first.status_code == 201
    assert errors(again) == (400, "invalid_software_statement")
    assert register(world, asked(world), token=token).status_code == 201


def unsigned(world: HttpWorld) -> str:
    _header, payload, _signature = statement(world).split(".")
    return f"{b64(json.dumps({'alg': 'none'}).encode())}.{payload}."


STATEMENTS: dict[str, Callable[[HttpWorld], str]] = {
    "none": lambda world: "",
    "no JWS": lambda world: "a.b.c",
    "unsigned": unsigned,
    "of another key": lambda world: statement(world, key=ec_signer()),
    "RS256": lambda world: statement(world, key=rsa_signer(), header={"alg": "RS256"}),
    "altered": lambda world: statement(world)[:-4] + "AAAA",
    "unknown kid": lambda world: statement(world, header={"kid": "r2"}),
    "odd type": lambda world: statement(world, header={"typ": "dpop+jwt"}),
    "critical": lambda world: statement(world, header={"crit": ["exp"]}),
    "foreign issuer": lambda world: statement(world, iss="https://other.example.org"),
    "no issuer": lambda world: statement(world, iss=None),
    "for another server": lambda world: statement(world, aud="https://test.example.org"),
    "expired": lambda world: statement(world, exp=world.now()),
    "no exp": lambda world: statement(world, exp=None),
    "exp as text": lambda world: statement(world, exp=str(world.now() + DAY)),
    "no iat": lambda world: statement(world, iat=None),
    "of the future": lambda world: statement(world, iat=world.now() + 60),
    "too long": lambda world: statement(world, exp=world.now() + 91 * DAY),
    "no jti": lambda world: statement(world, jti=None),
    "unknown claim": lambda world: statement(world, officer="x"),
    "unknown profile": lambda world: statement(world, profiles=["fapi1"]),
    "no profile": lambda world: statement(world, profiles=[]),
    "unknown evidence": lambda world: statement(world, evidence={"XX99": "full"}),
    "unknown view": lambda world: statement(world, evidence={CODE: "all"}),
    "unknown scope": lambda world: statement(world, scope="everything"),
    "item of another department": lambda world: statement(
        world, service_items=["11110105PDY00103944000131070600"]
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_b53_only_the_registrys_statement_of_now_vouches(world: HttpWorld, name: str) -> None:
    body = asked(world) | {"software_statement": STATEMENTS[name](world)}

    assert errors(register(world, body)) == (400, "invalid_software_statement")


def test_b53_a_statement_is_for_the_department_of_the_token(world: HttpWorld) -> None:
    answer = register(world, asked(world), token=initial_token(world, POLICE))

    assert errors(answer) == (400, "unapproved_software_statement")


@pytest.mark.parametrize(
    "member",
    [
        *("jwks_uri", "sector_identifier_uri", "logo_uri", "policy_uri", "tos_uri", "client_uri"),
        *("initiate_login_uri", "picture_url", "request_uris"),
    ],
)
def test_b53_no_address_is_read(world: HttpWorld, member: str) -> None:
    answer = register(world, asked(world) | {member: "https://client.example.org/x"})

    assert errors(answer) == (400, "invalid_client_metadata")
    assert "by value" in answer.json()["error_description"]


@pytest.mark.parametrize(
    "uri",
    [
        *("http://client.example.org/cb", "https://client.example.org/cb#x", "", "cb", "/cb"),
        *("https://a@b.example/cb", "https:///cb", "ftp://b.example/", "https://例.example.org/"),
    ],
)
def test_d18_a_bad_address_is_refused_with_the_right_error(world: HttpWorld, uri: str) -> None:
    redirect = register(world, asked(world, redirect_uris=[uri]))
    logout = register(world, asked(world, post_logout_redirect_uris=[uri]))

    assert errors(redirect) == (400, "invalid_redirect_uri")
    assert errors(logout) == (400, "invalid_client_metadata")


BAD: dict[str, dict[str, Any]] = {
    "no keys": {"jwks": None},
    "an empty set": {"jwks": {"keys": []}},
    "keys as text": {"jwks": "x"},
    "a private key": {"jwks": {"keys": [ec_signer().jwk | {"d": "AA"}]}},
    "a symmetric key": {"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}},
    "no point of the curve": {
        "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}]}
    },
    "a short RSA key": {"jwks": {"keys": [{"kty": "RSA", "e": "AQAB", "n": "AQAB"}]}},
    "a client secret": {"client_secret": "hush"},
    "another profile": {"profile": "fapi2_ms"},
    "no such profile": {"profile": "fapi1"},
    "a higher view": {"evidence": {"LC01": "full"}},
    "other evidence": {"evidence": {"LC04": "verify"}},
    "no such view": {"evidence": {CODE: "all"}},
    "another scope": {"scope": "records:write"},
    "other evidence to issue": {"issue_codes": ["LC09"]},
    "another item": {"service_items": ["11110105PDY00103944000131070600"]},
    "a secret to prove itself": {"token_endpoint_auth_method": "client_secret_basic"},
    "no way to prove itself": {"token_endpoint_auth_method": "none"},
    "an implicit flow": {"grant_types": ["implicit"]},
    "another response": {"response_types": ["token"]},
    "redirects as text": {"redirect_uris": REDIRECT},
    "a ping without an address": {"backchannel_token_delivery_mode": "ping"},
    "an address without a ping": {"backchannel_client_notification_endpoint": REDIRECT},
    "a symmetric ID token": {"id_token_signed_response_alg": "HS256"},
    "unbound tokens": {"dpop_bound_access_tokens": False},
}


@pytest.mark.parametrize("name", BAD)
def test_b53_a_request_may_ask_for_less_never_for_more(world: HttpWorld, name: str) -> None:
    answer = register(world, asked(world, **BAD[name]))

    assert errors(answer) == (400, "invalid_client_metadata")


def test_b53_a_request_may_ask_for_less(world: HttpWorld) -> None:
    found = entered(
        world,
        scope="registry:read",
        evidence={CODE: "verify"},
        service_items=[],
        client_name="Something else",
        application_type="web",
    )

    assert (found["scope"], found["evidence"], found["service_items"], found["client_name"]) == (
        "registry:read",
        {CODE: "verify"},
        [],
        "许可系统",
    )
    assert "application_type" not in found


def test_b53_of_several_profiles_one_is_chosen(world: HttpWorld) -> None:
    several: dict[str, Any] = {"profiles": ["fapi2", "fapi2_ms"]}

    unsaid = register(world, asked(world, software_statement=statement(world, **several)))
    said = entered(world, software_statement=statement(world, **several), profile="fapi2_ms")

    assert errors(unsaid) == (400, "invalid_client_metadata")
    assert said["profile"] == "fapi2_ms"


def test_b53_where_messages_go_is_kept_and_told(world: HttpWorld) -> None:
    told: dict[str, Any] = {
        "post_logout_redirect_uris": [REDIRECT],
        "backchannel_logout_uri": REDIRECT,
        "id_token_signed_response_alg": "PS256",
    }

    found = entered(world, **told)

    assert {name: found[name] for name in told} == told


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"jwks": {}, "jwks": {}}', "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"jwks=x", "application/x-www-form-urlencoded", 415),
        (b" " * (64 * 1024 + 1), "application/json", 413),
    ],
)
def test_b53_the_body_is_one_json_object(
    world: HttpWorld, content: bytes, kind: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {initial_token(world)}", "Content-Type": kind}

    answer = world.http.post("/oauth/register", content=content, headers=headers)

    assert errors(answer) == (status, "invalid_request")


def test_the_address_of_registration_is_told_where_there_is_a_registry(world: HttpWorld) -> None:
    found = world.http.get("/.well-known/oauth-authorization-server").json()

    assert found["registration_endpoint"] == f"{ORIGIN}/oauth/register"


def test_b58_neither_rows_nor_logs_hold_a_token_of_registration(
    world: HttpWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    token = initial_token(world)
    registered = register(world, asked(world), token=token).json()
    secret = registered["registration_access_token"]
    manage(world, "PUT", registered, {})
    register(world, asked(world), token=token)

    with world.vault.read() as tx:
        kept = tx.registrations.of_client(ClientId(registered["client_id"]))
        spent = tx.registrations.token(world.vault.secrets.hash(token))

    assert kept is not None
    assert spent is not None
    logged = "".join(capsys.readouterr())
    assert "/oauth/register" in logged
    for one in (token, secret):
        assert one not in logged
        assert one.encode() not in kept.token_hash + spent.token_hash + kept.statement.encode()
        assert one not in repr((kept, spent))


# Managing.


def test_b53_a_registration_is_read_with_its_own_token(world: HttpWorld) -> None:
    registered, other = entered(world), entered(world)
    stranger = other["registration_access_token"]

    own = manage(world, "GET", registered)
    foreign = [manage(world, verb, registered, {}, token=stranger) for verb in ("GET", "PUT")]
    foreign.append(manage(world, "DELETE", registered, token=stranger))
    unknown = dict(registered, registration_client_uri=f"{ORIGIN}/oauth/register/c-{'0' * 20}")
    odd = dict(registered, registration_client_uri=f"{ORIGIN}/oauth/register/%00%E5%9B%BD")

    assert own.json() == registered
    refused = [*foreign, manage(world, "GET", unknown), manage(world, "GET", odd)]
    assert {(one.status_code, one.text) for one in refused} == {
        (401, json.dumps(foreign[0].json(), separators=(",", ":")))
    }
    assert {one.headers["www-authenticate"] for one in refused} == {'Bearer error="invalid_token"'}


def test_b53_a_client_that_the_operator_entered_has_no_registration(world: HttpWorld) -> None:
    found = {"registration_client_uri": f"{ORIGIN}/oauth/register/{world.market.client_id}"}

    answer = manage(world, "GET", found, token=entered(world)["registration_access_token"])

    assert errors(answer) == (401, "invalid_token")


def test_b53_an_update_narrows(world: HttpWorld) -> None:
    registered = entered(world)
    approve(world, registered)
    less = {
        "evidence": {CODE: "verify"},
        "scope": "registry:read",
        "redirect_uris": [f"{REDIRECT}/2"],
        "grant_types": ["authorization_code", "client_credentials"],
    }

    answer = manage(world, "PUT", registered, update_of(registered, **less))

    assert answer.status_code == 200
    assert answer.json() == registered | less | {"status": "active"}
    assert manage(world, "GET", registered).json() == answer.json()


WIDER: dict[str, dict[str, Any]] = {
    "profile": {"profile": "fapi2_ms"},
    "view": {"evidence": {CODE: "full", "LC01": "full"}},
    "evidence": {"evidence": {CODE: "full", "LC04": "verify"}},
    "scope": {"scope": "cases:write registry:read records:write"},
    "issue": {"issue_codes": ["LC09"]},
    "item": {"service_items": [FOOD, "11110105PDY00103944000131070600"]},
    "flow": {"grant_types": [*FLOWS, "urn:openid:params:grant-type:ciba"]},
    "no statement": {"software_statement": None},
    "no keys": {"jwks": None},
    "no profile": {"profile": None},
    "another client": {"client_id": "system-0"},
    "what the server sets": {"client_id_issued_at": 1},
    "a secret": {"client_secret": "hush"},
    "an address to read": {"jwks_uri": REDIRECT},
    "logout elsewhere": {"backchannel_logout_uri": "https://elsewhere.example.org/out"},
    "after logout elsewhere": {"post_logout_redirect_uris": ["https://elsewhere.example.org/"]},
}


@pytest.mark.parametrize("name", WIDER)
def test_b53_no_update_widens_or_leaves_out(world: HttpWorld, name: str) -> None:
    registered = entered(world)
    approve(world, registered)

    answer = manage(world, "PUT", registered, update_of(registered, **WIDER[name]))

    assert errors(answer) == (400, "invalid_client_metadata")
    assert manage(world, "GET", registered).json() == registered | {"status": "active"}


def test_b53_an_approved_client_moves_to_no_other_origin(world: HttpWorld) -> None:
    registered = entered(world)
    elsewhere = update_of(registered, redirect_uris=["https://elsewhere.example.org/cb"])
    approve(world, registered)

    answer = manage(world, "PUT", registered, elsewhere)

    assert errors(answer) == (400, "invalid_redirect_uri")


def test_b53_what_was_given_up_is_not_taken_back(world: HttpWorld) -> None:
    registered = entered(world)
    manage(world, "PUT", registered, update_of(registered, evidence={CODE: "verify"}))

    answer = manage(world, "PUT", registered, update_of(registered))

    assert errors(answer) == (400, "invalid_client_metadata")


def test_b53_another_statement_takes_another_registration(world: HttpWorld) -> None:
    registered = entered(world)
    other = update_of(registered, software_statement=statement(world))

    answer = manage(world, "PUT", registered, other)

    assert errors(answer) == (400, "unapproved_software_statement")


def test_b53_a_suspended_client_changes_nothing_until_it_goes_on(world: HttpWorld) -> None:
    registered = entered(world)
    approve(world, registered)
    client_id = ClientId(registered["client_id"])
    suspend_client(world.vault, client_id)

    answer = manage(world, "PUT", registered, update_of(registered))
    seen = manage(world, "GET", registered).json()["status"]
    resume_client(world.vault, client_id)

    assert errors(answer) == (403, "access_denied")
    assert seen == "suspended"
    assert manage(world, "PUT", registered, update_of(registered)).status_code == 200


def test_b53_a_client_ends_by_its_own_wish(world: HttpWorld) -> None:
    key = ec_signer()
    registered = entered(world, key)
    approve(world, registered)

    ended = manage(world, "DELETE", registered)

    assert (ended.status_code, ended.content) == (204, b"")
    assert lets_in(world, registered, key) == 401
    assert errors(manage(world, "GET", registered)) == (401, "invalid_token")
    assert errors(manage(world, "DELETE", registered)) == (401, "invalid_token")
    with world.vault.read() as tx:
        client = tx.clients.get(ClientId(registered["client_id"]))
    assert client is not None
    assert client.status is ClientStatus.CLOSED


def test_b54_old_and_new_keys_work_side_by_side_and_a_removed_one_fails_at_once(
    world: HttpWorld,
) -> None:
    old, new = ec_signer(), rsa_signer()
    registered = entered(world, old)
    approve(world, registered)
    both = {"keys": [old.jwk | {"kid": "k1"}, new.jwk | {"kid": "k2"}]}
    alone = {"keys": [new.jwk | {"kid": "k2"}]}

    def found() -> tuple[int, int]:
        return lets_in(world, registered, old), lets_in(world, registered, new, "k2")

    before = found()
    side_by_side = manage(world, "PUT", registered, update_of(registered, jwks=both))
    during = found()
    removed = manage(world, "PUT", registered, update_of(registered, jwks=alone))
    after = found()

    assert (side_by_side.status_code, removed.status_code) == (200, 200)
    assert [key["kid"] for key in side_by_side.json()["jwks"]["keys"]] == ["k1", "k2"]
    assert (before, during, after) == ((200, 401), (200, 200), (401, 200))
