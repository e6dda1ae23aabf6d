import json
from typing import Any

import pytest

from api.oauth.errors import FaultError
from api.oauth.jar import (
    AUTHORIZATION,
    BACKCHANNEL,
    MAX_CHARACTERS,
    Demands,
    RequestObject,
    read_request,
)
from api.oauth.jose import KeyCache
from tests.support.jws import Signer, b64, ec_signer, ed_signer, rsa_signer
from tests.support.oauth_world import KEYS, NOW, ORIGIN, client

HEADER = {"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": "licensing",
    "aud": ORIGIN,
    "nbf": NOW,
    "exp": NOW + 60,
    "response_type": "code",
    "state": "st",
}
BACK: dict[str, Any] = CLAIMS | {"iat": NOW, "jti": "j1"}
LEFT_OUT = object()


def changed(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return ``plain`` with changes, without what is left out."""
    return {name: one for name, one in (plain | changes).items() if one is not LEFT_OUT}


def signed(
    claims: Any = None,  # noqa: ANN401 - any JSON
    *,
    key: Signer | None = None,
    raw: bytes | None = None,
    **header: Any,  # noqa: ANN401 - any JSON
) -> str:
    """Return a request object; ``LEFT_OUT`` leaves a member out."""
    signer = key or KEYS["licensing"]
    plain = CLAIMS if claims is None else claims
    if isinstance(plain, dict):
        plain = changed(CLAIMS, plain)
    return signer.sign(changed(HEADER | {"alg": signer.alg}, header), plain, raw=raw)


def read(
    text: str, *, key: Signer | None = None, demands: Demands = AUTHORIZATION
) -> RequestObject:
    """Read a request object of the client that is registered."""
    jwk = (key or KEYS["licensing"]).jwk
    return read_request(
        text,
        client=client("licensing", jwks=json.dumps({"keys": [jwk | {"kid": "k1"}]})),
        issuer=ORIGIN,
        keys=KeyCache(),
        now=NOW,
        demands=demands,
    )


def refusal_of(text: str, *, demands: Demands = AUTHORIZATION) -> tuple[str, int]:
    """Return the error code and status that a request object is refused with."""
    with pytest.raises(FaultError) as caught:
        read(text, demands=demands)
    return caught.value.say.error, caught.value.say.status


@pytest.mark.parametrize(
    "signer", [ec_signer(), ed_signer(), ed_signer("Ed25519"), rsa_signer()], ids=lambda s: s.alg
)
def test_b16_each_algorithm_of_fapi_signs_a_request(signer: Signer) -> None:
    found = read(signed(key=signer), key=signer)

    assert dict(found.params) == {"response_type": "code", "state": "st"}


@pytest.mark.parametrize(
    "typ", [LEFT_OUT, "JWT", "jwt", "oauth-authz-req+jwt", "OAuth-AuthZ-Req+JWT"]
)
def test_b16_a_type_is_left_out_or_named_in_any_case(typ: object) -> None:
    assert read(signed(typ=typ)).params["state"] == "st"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ORIGIN]},
        {"aud": ["https://elsewhere.example.org", ORIGIN]},
        {"nbf": NOW + 8},
        {"nbf": NOW + 29, "iat": NOW + 29},
        {"nbf": NOW - 3600, "exp": NOW - 1},
        {"nbf": NOW, "exp": NOW + 3600},
        {"nbf": NOW - 0.5},
        {"exp": NOW - 9, "nbf": NOW - 60},
        {"client_id": "licensing"},
        {"jti": "x"},
        {"extension": {"of": ["somebody"]}},
    ],
)
def test_b16_an_audience_in_a_list_and_clocks_a_little_off_are_taken(
    changes: dict[str, Any],
) -> None:
    assert read(signed(changes)).params["response_type"] == "code"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": LEFT_OUT},
        {"iss": "other"},
        {"iss": ["licensing"]},
        {"client_id": "other"},
        {"client_id": 7},
        {"sub": "licensing"},
        {"aud": LEFT_OUT},
        {"aud": []},
        {"aud": f"{ORIGIN}/oauth/par"},
        {"aud": "https://elsewhere.example.org"},
        {"aud": [ORIGIN, 7]},
        {"aud": {"of": ORIGIN}},
        {"exp": LEFT_OUT},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": NOW - 300},
        {"exp": NOW - 10},
        {"exp": NOW + 3601},
        {"nbf": LEFT_OUT},
        {"nbf": NOW + 61},
        {"nbf": NOW + 31},
        {"nbf": NOW - 3601},
        {"nbf": NOW - 3601, "exp": NOW - 2},
        {"nbf": NOW + 20, "exp": NOW + 10},
        {"nbf": "now"},
        {"nbf": 1e300},
        {"iat": NOW + 61},
        {"iat": "now"},
        {"jti": 7},
        {"jti": ""},
        {"jti": "x" * 129},
        {"request": "a.b.c"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:vpr_x"},
        {"state": 7},
        {"scope": ["ev:identity:resident_id:verify"]},
        {"redirect_uri": None},
        {"max_age": "300"},
        {"max_age": True},
        {"max_age": 1.5},
        {"authorization_details": "[]"},
        {"authorization_details": {}},
        {"claims": "{}"},
        {"claims": []},
        {"resource": 7},
        {"resource": [ORIGIN, None]},
        {"requested_expiry": 1.5},
        {"binding_message": "\ud800"},
        {"claims": {"\udfff": None}},
    ],
)
def test_b16_a_request_object_of_another_party_time_or_form_is_refused(
    changes: dict[str, Any],
) -> None:
    assert refusal_of(signed(changes)) == ("invalid_request_object", 400)


@pytest.mark.parametrize("name", ["iss", "aud", "iat", "nbf", "exp", "jti"])
def test_b49_a_backchannel_request_needs_every_claim(name: str) -> None:
    whole = read(signed(BACK), demands=BACKCHANNEL)
    refused = refusal_of(signed(BACK | {name: LEFT_OUT}), demands=BACKCHANNEL)

    assert whole.claim is not None
    assert refused == ("invalid_request_object", 400)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "RS256"},
        {"alg": "HS256"},
        {"alg": LEFT_OUT},
        {"alg": 7},
        {"crit": ["exp"], "exp": NOW},
        {"b64": True},
        {"kid": "k2"},
        {"kid": 7},
        {"typ": "dpop+jwt"},
        {"typ": "at+jwt"},
        {"typ": 7},
        {"typ": ""},
    ],
)
def test_d11_a_request_object_of_another_algorithm_key_or_type_is_refused(
    header: dict[str, Any],
) -> None:
    assert refusal_of(signed(**header)) == ("invalid_request_object", 400)


def test_d11_a_key_of_another_client_proves_nothing() -> None:
    assert refusal_of(signed(key=KEYS["other"])) == ("invalid_request_object", 400)


def test_d11_an_rsa_key_signs_with_ps256_only() -> None:
    signer = rsa_signer()

    with pytest.raises(FaultError) as caught:
        read(signed(key=signer, alg="RS256"), key=signer)

    assert caught.value.say.error == "invalid_request_object"


def unsigned() -> str:
    """Return a request object of ``alg: none`` with no signature."""
    return f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(json.dumps(CLAIMS).encode())}."


TWICE = json.dumps(CLAIMS).encode()[:-1] + b', "state": "other"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        unsigned(),
        signed()[:-2],
        signed().replace(".", "..", 1),
        signed(raw=TWICE),
        signed(raw=b"[]"),
        signed(raw=b"\xff"),
        signed(raw=b"[" * 20_000),
        signed(raw=signed().encode()),
        signed({"state": "x" * MAX_CHARACTERS}),
        signed() + "国",
    ],
    ids=range(15),
)
def test_d11_what_is_no_signed_object_is_refused(text: str) -> None:
    assert refusal_of(text) == ("invalid_request_object", 400)


def test_b16_what_is_json_inside_comes_out_as_the_form_would_have_said_it() -> None:
    inside = {
        "authorization_details": [{"note": "为什么"}],
        "max_age": 0,
        "claims": {"userinfo": {}},
        "requested_expiry": "300",
        "resource": ORIGIN,
        "nonce": "",
        "jti": "j1",
    }

    found = read(signed(inside))

    assert dict(found.params) == {
        "authorization_details": '[{"note": "为什么"}]',
        "claims": '{"userinfo": {}}',
        "max_age": "0",
        "requested_expiry": "300",
        "response_type": "code",
        "state": "st",
    }
    assert found.resources == (ORIGIN,)


def test_b16_a_request_object_is_known_again_by_client_and_jti() -> None:
    first, again, other = (read(signed({"jti": jti})).claim for jti in ("a", "a", "b"))

    assert first is not None
    assert other is not None
    assert first == again
    assert first.key_hash != other.key_hash
    assert (first.kind, first.expires_at) == ("request-object", NOW + 3600 + 100)
