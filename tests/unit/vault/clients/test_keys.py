import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.jws import ec_signer, ed_signer, rsa_signer
from vault.clients.keys import NO_KEYS, PublicJwk, plain_jwks, read_jwk, read_jwks, registered_keys
from vault.errors import InvalidInputError

# RFC 7638 section 3.1: the key and its thumbprint.
RFC7638 = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
}
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    key = read_jwk({**RFC7638, "alg": "PS256", "kid": "2011-04-29"})

    assert key == PublicJwk(
        members=RFC7638, algorithms=frozenset({"PS256"}), thumbprint=THUMBPRINT, kid="2011-04-29"
    )


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [(EC, {"ES256"}), (OKP, {"EdDSA", "Ed25519"}), (OKP | {"alg": "EdDSA"}, {"EdDSA"})],
)
def test_a_key_says_what_it_may_sign_with(jwk: dict[str, object], algorithms: set[str]) -> None:
    assert read_jwk(jwk | {"use": "sig", "key_ops": ["verify"]}).algorithms == algorithms


@pytest.mark.parametrize(
    "jwk",
    [
        [],
        "text",
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": ["EC"]},
        EC | {"d": "AAAA"},
        EC | {"k": "AAAA"},
        EC | {"crv": "P-384"},
        EC | {"x": "AAAA"},
        EC | {"x": ""},
        EC | {"x": 1},
        EC | {"x": "é"},
        EC | {"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D!"},
        EC | {"x": EC["x"] + "="},
        EC | {"y": "A"},
        EC | {"use": "enc"},
        EC | {"key_ops": ["sign"]},
        EC | {"key_ops": "verify"},
        EC | {"alg": "ES384"},
        EC | {"alg": 1},
        EC | {"kid": 7},
        OKP | {"crv": "X25519"},
        RFC7638 | {"alg": "RS256"},
        RFC7638 | {"e": "AQ"},
        RFC7638 | {"e": "Ag"},
        RFC7638 | {"n": "AQAB"},
        RFC7638 | {"oth": []},
    ],
)
def test_other_keys_are_refused(jwk: object) -> None:
    with pytest.raises(InvalidInputError):
        read_jwk(jwk)


def test_a_set_keeps_the_order_of_its_keys() -> None:
    text = json.dumps({"keys": [EC | {"kid": "a"}, OKP, RFC7638]})

    keys = read_jwks(text)

    assert [key.members for key in keys] == [EC, OKP, RFC7638]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": {}}',
        '{"keys": []}',
        json.dumps({"keys": [EC, EC]}),
        json.dumps({"keys": [EC | {"kid": "a"}, OKP | {"kid": "a"}]}),
        json.dumps({"keys": [{"kty": "EC"}] * 11}),
        "[" * 20_000,
        " " * 40_000,
    ],
)
def test_what_is_no_set_of_different_keys_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_jwks(text)

    assert caught.value.field == "jwks"


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d"]), st.text()))
def test_any_object_is_a_key_or_is_refused(jwk: dict[str, str]) -> None:
    try:
        found = read_jwk(jwk)
    except InvalidInputError:
        return

    assert len(found.thumbprint) == 43


def test_a_set_is_told_with_nothing_in_it_but_what_was_understood() -> None:
    ec, ed, rsa = ec_signer(), ed_signer(), rsa_signer()
    told = {
        "keys": [
            ec.jwk | {"kid": "a", "alg": "ES256", "x5c": ["AA"], "note": "x"},
            ed.jwk | {"key_ops": ["verify"]},
            rsa.jwk | {"kid": "c"},
        ]
    }

    found = json.loads(plain_jwks(read_jwks(json.dumps(told))))

    assert found == {
        "keys": [
            ec.jwk | {"kid": "a", "alg": "ES256", "use": "sig"},
            ed.jwk | {"use": "sig"},
            rsa.jwk | {"kid": "c", "alg": "PS256", "use": "sig"},
        ]
    }


def test_a_client_that_only_shows_certificates_has_no_keys() -> None:
    signed = json.dumps({"keys": [ec_signer().jwk]})

    assert registered_keys(NO_KEYS) == ()
    assert registered_keys(signed) == read_jwks(signed)
