import json
from typing import Any

import pytest

from tests.support.jws import Signer, b64, ec_signer, ed_signer, rsa_signer
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
from vault.departments import DepartmentStatus

REFUSED = {
    "error": "invalid_client",
    "error_description": "client authentication failed",
}


def raw(header: bytes, payload: bytes) -> str:
    """Return a JWS of any bytes, with a signature that is none."""
    return f"{b64(header)}.{b64(payload)}.{b64(b'x')}"


def register(world: World, *keys: dict[str, Any]) -> None:
    """Give the client exactly these keys."""
    world.memory.add(client("licensing", jwks=json.dumps({"keys": list(keys)})))


@pytest.mark.parametrize(
    "signer", [ec_signer(), ed_signer(), ed_signer("Ed25519"), rsa_signer()], ids=lambda s: s.alg
)
def test_b14_each_algorithm_of_fapi_proves_a_client(world: World, signer: Signer) -> None:
    register(world, signer.jwk | {"kid": "k1"})

    answer = world.registry_token(assertion=world.assertion(key=signer))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": 8},
        {"iat": 8},
        {"nbf": 29, "iat": 29},
        {"exp": 600},
        {"exp": -9},
        {"iat": -3000},
    ],
)
def test_b60_clocks_that_differ_a_little_are_accepted(
    world: World, changes: dict[str, int]
) -> None:
    times: dict[str, Any] = {name: NOW + offset for name, offset in changes.items()}

    answer = world.registry_token(assertion=world.assertion(**times))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ORIGIN]},
        {"aud": f"{ORIGIN}/oauth/token"},
        {"aud": f"{ORIGIN}/"},
        {"aud": "https://elsewhere.example.org"},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": "other"},
        {"iss": "other"},
        {"iss": "nobody", "sub": "nobody"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 129},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e400},
        {"exp": 1 << 70},
        {"header": {"alg": "RS256"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"header": {"alg": "ES384"}},
        {"header": {"alg": None}},
        {"header": {"alg": 7}},
        {"header": {"typ": "dpop+jwt"}},
        {"header": {"typ": 7}},
        {"header": {"kid": "k2"}},
        {"header": {"kid": 7}},
        {"header": {"crit": ["exp"]}},
        {"header": {"crit": ["b64"], "b64": False}},
        {"header": {"b64": False}},
    ],
    ids=str,
)
def test_b14_d06_other_assertions_prove_nobody(world: World, changes: dict[str, Any]) -> None:
    answer = world.registry_token(assertion=world.assertion(**changes))

    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    "changes", [{"exp": -11}, {"exp": 601}, {"exp": -300}, {"iat": 60}, {"nbf": 61}, {"nbf": 31}]
)
def test_b60_clocks_that_differ_too_much_are_refused(
    world: World, changes: dict[str, int]
) -> None:
    times: dict[str, Any] = {name: NOW + offset for name, offset in changes.items()}

    answer = world.registry_token(assertion=world.assertion(**times))

    assert answer.json() == REFUSED


@pytest.mark.parametrize(
    "assertion",
    [
        "",
        "x",
        "a.b.c",
        "..",
        "e30.e30.",
        "é.é.é",
        "x" * 9000,
        raw(b"[]", b"{}"),
        raw(b"{", b"{}"),
        raw(b"[" * 3000, b"{}"),
        raw(b'{"alg":"ES256","x":"' + b"y" * 4000 + b'"}', b"{}"),
        raw(b'{"alg":"ES256","alg":"none"}', b"{}"),
        raw(b'{"alg":"ES256"}', b'{"exp":NaN}'),
        raw(b'{"alg":"ES256"}', b'{"exp":' + b"9" * 5000 + b"}"),
        raw(b'{"alg":"ES256"}', b"[]"),
        raw(b'{"alg":"ES256"}', b'{"sub":"\\ud800"}'),
        raw(b'{"alg":"ES256"}', b"{}") + "=",
        raw(b'{"alg":"ES256"}', b'{"sub":"licensing"}') + "!",
        raw(b'{"alg":"ES256"}', b'{"sub":"licensing"}'),
    ],
)
def test_b14_what_is_no_assertion_proves_nobody(world: World, assertion: str) -> None:
    answer = world.post("/oauth/token", {"client_assertion": assertion})

    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_b14_a_bad_signature_proves_nobody(world: World) -> None:
    forged = world.assertion(key=ec_signer())

    answer = world.registry_token(assertion=forged)

    assert answer.json() == REFUSED


def test_b14_a_jti_is_spent_even_by_a_request_that_fails(world: World) -> None:
    assertion = world.assertion()
    first = world.registry_token("everything", assertion=assertion)

    second = world.registry_token(assertion=assertion)

    assert first.json()["error"] == "invalid_scope"
    assert second.json() == REFUSED


def test_b14_a_jti_stays_spent_where_another_server_has_a_clock_that_is_ahead(
    world: World,
) -> None:
    assertion = world.assertion(exp=NOW - 9)
    first = world.registry_token(assertion=assertion)
    with world.memory.work() as tx:
        tx.protocol.sweep(now=NOW + 30, limit=9)

    second = world.registry_token(assertion=assertion)

    assert first.status_code == 200
    assert second.json() == REFUSED


def test_b14_the_same_jti_of_another_client_is_another_one(world: World) -> None:
    world.memory.add(client("other"))

    answers = [
        world.registry_token(assertion=world.assertion(name, jti="same"))
        for name in ("licensing", "other")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"client_secret": "x"}, {}),
        ({}, {"Authorization": "Basic bGljZW5zaW5nOng="}),
        ({}, {"Authorization": "Bearer x"}),
        ({"client_secret": "x"}, {"Authorization": "Basic bGljZW5zaW5nOng="}),
    ],
)
def test_b15_d07_two_mechanisms_at_once_are_a_malformed_request(
    world: World, form: dict[str, str], headers: dict[str, str]
) -> None:
    good = {"grant_type": "client_credentials", "scope": "records:write"}

    answer = world.post("/oauth/token", good | form, headers=headers)

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "more than one client authentication was sent",
        },
    )


@pytest.mark.parametrize(
    "credentials", [b"Basic bGljZW5zaW5nOng=", b"Basic \xff\xfe", b"Basic /////w==", b"basic"]
)
def test_d02_d25_basic_is_refused_before_anything_reads_it(
    world: World, credentials: bytes
) -> None:
    answer = world.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers=[(b"Authorization", credentials)],
    )

    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert answer.headers["www-authenticate"] == 'Basic realm="oauth"'


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": "licensing"},
        {"client_id": "licensing", "client_secret": "x"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    ],
)
def test_b15_d25_no_other_method_proves_a_client(world: World, form: dict[str, str]) -> None:
    answer = world.http.post("/oauth/token", data={"grant_type": "client_credentials"} | form)

    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert "www-authenticate" not in answer.headers


def test_b15_d06_a_foreign_client_id_in_the_form_is_refused(world: World) -> None:
    answer = world.post("/oauth/token", {"grant_type": "client_credentials", "client_id": "other"})

    assert answer.json() == REFUSED


@pytest.mark.parametrize("status", [s for s in ClientStatus if s is not ClientStatus.ACTIVE])
def test_b15_only_active_clients_are_let_in(world: World, status: ClientStatus) -> None:
    world.memory.add(client("licensing", status=status))

    answer = world.registry_token()

    assert answer.json() == REFUSED


def test_b15_no_client_of_a_suspended_department_is_let_in(world: World) -> None:
    world.memory.add(department(DEPARTMENT, status=DepartmentStatus.SUSPENDED))

    answer = world.registry_token()

    assert answer.json() == REFUSED


def test_d05_rs256_is_refused_although_the_key_is_registered(world: World) -> None:
    signer = rsa_signer()
    register(world, signer.jwk | {"kid": "k1"})

    answer = world.registry_token(assertion=world.assertion(key=signer, header={"alg": "RS256"}))

    assert answer.json() == REFUSED


@pytest.mark.parametrize(
    ("registered", "header", "taken"),
    [
        (("k1", "k2"), {"kid": "k1"}, True),
        (("k1", "k2"), {"kid": None}, False),
        (("k1",), {"kid": None}, True),
        (("k1",), {"kid": "k2"}, False),
    ],
)
def test_d08_the_key_is_chosen_by_name_or_is_the_only_one_that_fits(
    world: World, registered: tuple[str, ...], header: dict[str, Any], *, taken: bool
) -> None:
    other = ec_signer()
    jwks = {"k1": KEYS["licensing"].jwk | {"kid": "k1"}, "k2": other.jwk | {"kid": "k2"}}
    register(world, *(jwks[name] for name in registered), rsa_signer().jwk)

    answer = world.registry_token(assertion=world.assertion(header=header))

    assert (answer.status_code == 200) is taken


def test_d08_a_key_without_a_name_is_named_by_its_thumbprint(world: World) -> None:
    register(world, KEYS["licensing"].jwk)

    kid = KEYS["licensing"].thumbprint
    answer = world.registry_token(assertion=world.assertion(header={"kid": kid}))

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_assertion_brings_along_is_never_used(world: World, name: str) -> None:
    forger = ec_signer()
    brought = {"jwk": forger.jwk, "jku": "https://evil.example.org/jwks", "x5u": "x", "x5c": []}

    answer = world.registry_token(
        assertion=world.assertion(key=forger, header={name: brought[name]})
    )

    assert answer.json() == REFUSED


def test_a_registered_key_that_is_no_point_of_its_curve_proves_nobody(world: World) -> None:
    broken = KEYS["licensing"].jwk | {"x": b64(b"\x01" * 32), "kid": "k1"}
    register(world, broken)

    answer = world.registry_token()

    assert answer.json() == REFUSED
