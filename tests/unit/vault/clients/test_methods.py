"""Which profile may prove itself by a certificate, and what it then needs besides."""

import pytest

from tests.support.vault_values import a_client
from tests.unit.vault.clients.samples import JWKS
from vault.clients import Profile
from vault.clients.keys import NO_KEYS
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.clients.profiles import (
    CIBA,
    DEVICE_CODE,
    Asked,
    Refusal,
    Step,
    check,
    check_registration,
)
from vault.errors import InvalidInputError

BY_CERTIFICATE = ClientMetadata(
    auth_method=AuthMethod.SELF_SIGNED_TLS, tls_thumbprints=("x" * 43,), location="一层"
)
NOTHING = frozenset[str]()
KIOSK = a_client(
    profile=Profile.KIOSK,
    jwks=JWKS,
    redirect_uris=(),
    scopes=NOTHING,
    grant_types=frozenset({DEVICE_CODE}),
    metadata=ClientMetadata(location="一层"),
)


@pytest.mark.parametrize("jwks", [NO_KEYS, JWKS])
def test_a_client_that_signs_nothing_needs_no_key(jwks: str) -> None:
    check_registration(a_client(jwks=jwks, metadata=BY_CERTIFICATE), demo=False)


@pytest.mark.parametrize("jwks", ["", "{}", '{"keys": []}'])
def test_no_keys_are_written_in_one_way(jwks: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_registration(a_client(jwks=jwks, metadata=BY_CERTIFICATE), demo=False)

    assert refused.value.field == "jwks"


@pytest.mark.parametrize(
    ("profile", "grant_type"),
    [(Profile.FAPI2_MS, "authorization_code"), (Profile.COUNTER, CIBA)],
)
def test_a_client_that_signs_requests_has_keys_however_it_proves_itself(
    profile: Profile, grant_type: str
) -> None:
    plain = a_client(
        profile=profile,
        jwks=JWKS,
        scopes=NOTHING,
        grant_types=frozenset({grant_type}),
        redirect_uris=() if grant_type == CIBA else ("https://client.example.org/a",),
        metadata=BY_CERTIFICATE,
    )
    bare = a_client(profile=profile, jwks=NO_KEYS, metadata=BY_CERTIFICATE)

    check_registration(plain, demo=False)
    with pytest.raises(InvalidInputError) as refused:
        check_registration(bare, demo=False)

    assert refused.value.field == "jwks"


def test_a_kiosk_proves_its_own_key_each_time() -> None:
    asked = Asked(grant_type=DEVICE_CODE, bound=True, by_certificate=True)

    refusal = check(KIOSK, step=Step.TOKEN, request=asked)

    assert refusal == Refusal(error="invalid_request", reason="no key is proven")


def test_a_kiosk_is_not_registered_for_a_certificate() -> None:
    check_registration(KIOSK, demo=False)
    by_certificate = a_client(profile=Profile.KIOSK, metadata=BY_CERTIFICATE)

    with pytest.raises(InvalidInputError) as refused:
        check_registration(by_certificate, demo=False)

    assert refused.value.field == "auth_method"
