from typing import Any

import pytest

from api.oauth.jose import KeyCache
from tests.support.jws import Signer, ec_signer, ed_signer, rsa_signer
from tests.support.oauth_world import KEYS, NOW, ORIGIN, World
from vault.clients.keys import read_jwk

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path, not a secret

GOOD = [
    {},
    {"iat": NOW - 10},
    {"iat": NOW + 10},
    {"iat": NOW - 60},
    {"iat": NOW + 30},
    {"iat": NOW + 0.5},
    {"exp": NOW + 5, "nbf": NOW - 5},
    {"exp": NOW - 10, "nbf": NOW + 30},
    {"htu": f"{ORIGIN}{{path}}?a=b"},
    {"htu": f"{ORIGIN}{{path}}#f"},
    {"htu": "https://SPACE.example.org{path}"},
    {"htu": "https://space.example.org:443{path}"},
    {"htu": "HTTPS://space.example.org{path}"},
    {"more": {"claims": ["are", "ignored"]}},
    {"header": {"kid": "x", "unknown": {"name": 1}}},
    {"jti": "j" * 128},
]
BAD = [
    {"header": {"typ": None}},
    {"header": {"typ": "JWT"}},
    {"header": {"typ": "DPOP+JWT"}},
    {"header": {"alg": None}},
    {"header": {"alg": "none"}},
    {"header": {"alg": "RS256"}},
    {"header": {"alg": "HS256"}},
    {"header": {"alg": "PS256"}},
    {"header": {"jwk": None}},
    {"header": {"jwk": "text"}},
    {"header": {"jwk": {}}},
    {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    {"header": {"jwk": KEYS["proof"].jwk | {"d": "AAAA"}}},
    {"header": {"jwk": KEYS["proof2"].jwk}},
    {"header": {"jwk": KEYS["proof"].jwk | {"x": "A" * 43}}},
    {"header": {"crit": ["jwk"]}},
    {"header": {"big": "x" * 4096}},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"jti": "j" * 129},
    {"htm": None},
    {"htm": "PUT"},
    {"htm": "post"},
    {"htu": None},
    {"htu": 7},
    {"htu": ""},
    {"htu": "{path}"},
    {"htu": "http://space.example.org{path}"},
    {"htu": "https://space.example.org:8443{path}"},
    {"htu": "https://space.example.org:99999{path}"},
    {"htu": "https://[space{path}"},
    {"htu": "https://elsewhere.example.org{path}"},
    {"htu": "https://me@space.example.org{path}"},
    {"htu": f"{ORIGIN}{{path}}/"},
    {"htu": f"{ORIGIN}/oauth/other"},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"iat": 1e300},
    {"iat": NOW - 61},
    {"iat": NOW + 31},
    {"iat": NOW - 3600},
    {"iat": NOW + 3600},
    {"exp": NOW - 11},
    {"exp": "later"},
    {"nbf": NOW + 31},
    {"nbf": "x"},
]
TEXTS = ["x", "a.b.c", "é", "x" * 9000, "e30.e30.e30"]


def placed(changes: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the changes with the address of the request filled in."""
    htu = changes.get("htu")
    return changes | {"htu": htu.replace("{path}", path)} if isinstance(htu, str) else changes


@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_b23_proofs_that_differ_in_form_alone_are_accepted(
    world: World, changes: dict[str, Any]
) -> None:
    answer = world.registry_token(proof=world.proof(TOKEN_PATH, **placed(changes, TOKEN_PATH)))

    assert answer.status_code == 200


@pytest.mark.parametrize("changes", GOOD, ids=str)
def test_b23_a_resource_accepts_the_same_proofs(world: World, changes: dict[str, Any]) -> None:
    token = world.registry_token().json()["access_token"]
    path = "/v1/probe"

    proof = world.proof(path, method="GET", token=token, **placed(changes, path))
    answer = world.use(token, proof=proof)

    assert answer.status_code == 200


@pytest.mark.parametrize("changes", BAD)
def test_b23_proofs_with_any_fault_are_refused(world: World, changes: dict[str, Any]) -> None:
    answer = world.registry_token(proof=world.proof(TOKEN_PATH, **placed(changes, TOKEN_PATH)))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("changes", [*BAD, {"ath": "x"}, {"ath": None}, {"ath": 7}])
def test_b23_a_resource_refuses_the_same_proofs(world: World, changes: dict[str, Any]) -> None:
    token = world.registry_token().json()["access_token"]
    path = "/v1/probe"

    proof = world.proof(path, method="GET", token=token, **placed(changes, path))
    answer = world.use(token, proof=proof)

    assert answer.status_code == 401
    assert 'error="invalid_dpop_proof"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("text", TEXTS)
def test_b23_what_is_no_proof_is_refused(world: World, text: str) -> None:
    answer = world.http.post(
        TOKEN_PATH,
        data={
            "grant_type": "client_credentials",
            "scope": "records:write",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": world.assertion(),
        },
        headers=[(b"DPoP", text.encode("latin-1"))],
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_b23_two_proofs_are_refused(world: World) -> None:
    form = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": world.assertion(),
        "grant_type": "client_credentials",
        "scope": "records:write",
    }
    headers = [("DPoP", world.proof(TOKEN_PATH)), ("DPoP", world.proof(TOKEN_PATH))]

    answer = world.http.post(TOKEN_PATH, data=form, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_b23_a_missing_proof_is_a_malformed_request(world: World) -> None:
    answer = world.registry_token(proof=None)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_b23_an_empty_proof_is_a_bad_one(world: World) -> None:
    answer = world.registry_token(proof=None, headers={"DPoP": ""})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "signer",
    [ec_signer(), ed_signer(), ed_signer("Ed25519"), rsa_signer(), rsa_signer(4096)],
    ids=lambda s: f"{s.alg}-{s.jwk['kty']}",
)
def test_b03_b04_d24_keys_of_every_kind_prove_possession(world: World, signer: Signer) -> None:
    answer = world.registry_token(proof=world.proof(TOKEN_PATH, key=signer))
    token = answer.json()["access_token"]

    used = world.use(token, proof=world.proof("/v1/probe", method="GET", token=token, key=signer))

    assert (answer.status_code, used.status_code) == (200, 200)


def test_b23_every_signature_is_verified_though_its_header_was_seen_before(world: World) -> None:
    good = world.proof(TOKEN_PATH)
    world.registry_token(proof=good)
    header, payload, _ = world.proof(TOKEN_PATH).split(".")

    forged = f"{header}.{payload}.{good.rpartition('.')[2]}"
    answer = world.registry_token(proof=forged)

    assert header == good.partition(".")[0]
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_b23_a_proof_is_taken_once(world: World) -> None:
    proof = world.proof(TOKEN_PATH)
    first = world.registry_token(proof=proof)

    second = world.registry_token(proof=proof)

    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (400, "invalid_dpop_proof")


def test_b23_a_proof_is_spent_even_by_a_request_that_fails(world: World) -> None:
    proof = world.proof(TOKEN_PATH)
    world.registry_token("everything", proof=proof)

    second = world.registry_token(proof=proof)

    assert second.json()["error"] == "invalid_dpop_proof"


def test_b23_the_same_jti_for_another_address_or_key_is_another_proof(world: World) -> None:
    proofs = [
        world.proof(TOKEN_PATH, jti="same"),
        world.proof(TOKEN_PATH, jti="same", key=KEYS["proof2"]),
    ]

    answers = [world.registry_token(proof=proof).status_code for proof in proofs]
    pushed = world.push(proof=world.proof("/oauth/par", jti="same"))

    assert (answers, pushed.status_code) == ([200, 200], 201)


def test_b24_a_nonce_makes_the_round_trip(world: World) -> None:
    nonce = world.registry_token().headers["dpop-nonce"]

    answer = world.registry_token(proof=world.proof(TOKEN_PATH, nonce=nonce))

    assert answer.status_code == 200


@pytest.mark.parametrize("nonce", ["", "x", "é", 7, "A" * 27])
def test_b24_a_nonce_that_is_sent_must_be_right(world: World, nonce: object) -> None:
    answer = world.registry_token(proof=world.proof(TOKEN_PATH, nonce=nonce))

    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    assert answer.headers["dpop-nonce"]


def test_b24_an_old_nonce_is_refused_and_a_new_one_given(world: World) -> None:
    nonce = world.registry_token().headers["dpop-nonce"]
    world.clock.now += 300

    still = world.registry_token(proof=world.proof(TOKEN_PATH, nonce=nonce))
    world.clock.now += 60
    old = world.registry_token(proof=world.proof(TOKEN_PATH, nonce=nonce))

    assert (still.status_code, old.json()["error"]) == (200, "use_dpop_nonce")
    assert old.headers["dpop-nonce"] != nonce


def test_b24_an_old_nonce_at_a_resource_is_answered_with_a_new_one(world: World) -> None:
    token = world.registry_token().json()["access_token"]

    proof = world.proof("/v1/probe", method="GET", token=token, nonce="old")
    answer = world.use(token, proof=proof)

    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert answer.headers["dpop-nonce"]


def test_keys_that_were_used_last_are_kept_and_no_more() -> None:
    cache = KeyCache(size=2)
    first, second, third = (read_jwk(ec_signer().jwk) for _ in range(3))
    kept = cache.load(first).native
    cache.load(second)
    cache.load(first)

    cache.load(third)

    assert cache.load(first).native is kept
    assert cache.load(second).native is not None
