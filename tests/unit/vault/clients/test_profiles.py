import dataclasses
from typing import Any

import pytest

from policies.scopes import View
from tests.unit.vault.clients.samples import JWKS
from vault.clients import Client, ClientStatus, Profile
from vault.clients.metadata import ClientMetadata
from vault.clients.profiles import (
    CIBA,
    DEVICE_CODE,
    Asked,
    Refusal,
    Step,
    check,
    check_registration,
    ends_with_case,
    told_signed_only,
)
from vault.errors import InvalidInputError
from vault.ids import ClientId, DepartmentId

CLIENT = Client(
    client_id=ClientId("licensing-system"),
    department_id=DepartmentId(bytes(16)),
    name_zh="许可系统",
    name_en="Licensing system",
    profile=Profile.FAPI2,
    status=ClientStatus.ACTIVE,
    jwks=JWKS,
    redirect_uris=("https://client.example.org/cb",),
    grant_types=frozenset({"authorization_code", "client_credentials"}),
    scopes=frozenset({"records:write"}),
    evidence={"ID01": View.FULL},
    issue_codes=frozenset({"LC04"}),
    service_items=frozenset({"LICENCE"}),
    version=1,
)
OFFLINE = dataclasses.replace(CLIENT, grant_types=CLIENT.grant_types | {"refresh_token"})
SIGNING = dataclasses.replace(CLIENT, profile=Profile.FAPI2_MS)
RS = dataclasses.replace(
    CLIENT,
    profile=Profile.RS,
    redirect_uris=(),
    grant_types=frozenset(),
    scopes=frozenset(),
    evidence={},
    issue_codes=frozenset(),
    service_items=frozenset(),
)
KIOSK = dataclasses.replace(
    CLIENT,
    profile=Profile.KIOSK,
    redirect_uris=(),
    grant_types=frozenset({DEVICE_CODE}),
    scopes=frozenset(),
    metadata=ClientMetadata(location="一层 3 号自助机"),
)
COUNTER = dataclasses.replace(
    KIOSK, profile=Profile.COUNTER, grant_types=frozenset({CIBA, "refresh_token"})
)
BOUND = Asked(bound=True)
WHOLE = Asked(bound=True, signed=True, signed_answer=True)


def but(**changes: Any) -> Asked:  # noqa: ANN401 - any field
    """Return what a client of signed messages asks, but for something."""
    return dataclasses.replace(WHOLE, **changes)


@pytest.mark.parametrize(
    ("client", "step", "asked", "error"),
    [
        (CLIENT, Step.PAR, BOUND, None),
        (CLIENT, Step.PAR, Asked(bound=True, level=3), None),
        (CLIENT, Step.PAR, Asked(bound=True, level=4), "invalid_authorization_details"),
        (CLIENT, Step.PAR, Asked(), "invalid_request"),
        (CLIENT, Step.PAR, Asked(bound=True, offline=True), "invalid_scope"),
        (OFFLINE, Step.PAR, Asked(bound=True, offline=True), None),
        (OFFLINE, Step.TOKEN, Asked(bound=True, grant_type="refresh_token"), None),
        (OFFLINE, Step.TOKEN, Asked(grant_type="refresh_token"), "invalid_request"),
        (CLIENT, Step.TOKEN, Asked(bound=True, grant_type="refresh_token"), "unauthorized_client"),
        (CLIENT, Step.AUTHORIZE, Asked(), None),
        (CLIENT, Step.TOKEN, Asked(bound=True, grant_type="authorization_code"), None),
        (CLIENT, Step.TOKEN, Asked(bound=True, grant_type="client_credentials"), None),
        (CLIENT, Step.TOKEN, Asked(bound=True, grant_type="password"), "unauthorized_client"),
        (CLIENT, Step.TOKEN, Asked(grant_type="client_credentials"), "invalid_request"),
        (CLIENT, Step.REVOKE, Asked(), None),
        (CLIENT, Step.INTROSPECT, Asked(), "unauthorized_client"),
        (CLIENT, Step.RESOURCE, BOUND, None),
        (CLIENT, Step.RESOURCE, Asked(), "invalid_request"),
        (CLIENT, Step.PAR, but(nonceless=True), None),
        (SIGNING, Step.PAR, WHOLE, None),
        (SIGNING, Step.PAR, but(level=4), None),
        (SIGNING, Step.PAR, but(signed=False), "invalid_request_object"),
        (SIGNING, Step.PAR, but(signed_answer=False), "invalid_request"),
        (SIGNING, Step.PAR, but(nonceless=True), "use_dpop_nonce"),
        (SIGNING, Step.TOKEN, Asked(bound=True, nonceless=True), "use_dpop_nonce"),
        (SIGNING, Step.RESOURCE, Asked(bound=True, nonceless=True), "use_dpop_nonce"),
        (SIGNING, Step.RESOURCE, BOUND, None),
        (SIGNING, Step.REVOKE, Asked(nonceless=True), None),
        (SIGNING, Step.INTROSPECT, Asked(), "unauthorized_client"),
        (RS, Step.INTROSPECT, Asked(), None),
        (RS, Step.PAR, BOUND, "unauthorized_client"),
        (
            RS,
            Step.TOKEN,
            Asked(bound=True, grant_type="client_credentials"),
            "unauthorized_client",
        ),
        (RS, Step.REVOKE, Asked(), "unauthorized_client"),
        (KIOSK, Step.DEVICE, Asked(bound=True, level=3, view=2, seconds=86_400), None),
        (KIOSK, Step.DEVICE, Asked(), "invalid_request"),
        (KIOSK, Step.DEVICE, Asked(bound=True, level=4), "invalid_authorization_details"),
        (KIOSK, Step.DEVICE, Asked(bound=True, view=3), "invalid_authorization_details"),
        (KIOSK, Step.DEVICE, Asked(bound=True, seconds=86_401), "invalid_authorization_details"),
        (KIOSK, Step.DEVICE, Asked(bound=True, offline=True), "invalid_scope"),
        (KIOSK, Step.TOKEN, Asked(bound=True, grant_type=DEVICE_CODE), None),
        (KIOSK, Step.CIBA, BOUND, "unauthorized_client"),
        (KIOSK, Step.PAR, BOUND, "unauthorized_client"),
        (CLIENT, Step.DEVICE, BOUND, "unauthorized_client"),
        (COUNTER, Step.CIBA, Asked(bound=True, level=3, view=3, seconds=10**7), None),
        (COUNTER, Step.CIBA, Asked(bound=True, offline=True), None),
        (COUNTER, Step.DEVICE, BOUND, "unauthorized_client"),
        (RS, Step.RESOURCE, BOUND, "unauthorized_client"),
    ],
)
def test_a_profile_allows_its_steps_and_no_others(
    client: Client, step: Step, asked: Asked, error: str | None
) -> None:
    refusal = check(client, step=step, request=asked)

    assert (refusal and refusal.error) == error


def test_what_is_at_fault_is_named_where_the_code_alone_does_not_say_it() -> None:
    refusal = check(SIGNING, step=Step.PAR, request=but(signed_answer=False))

    assert refusal == Refusal(
        error="invalid_request", reason="the answer would not be signed", parameter="response_mode"
    )


@pytest.mark.parametrize("profile", Profile)
def test_tokens_of_signed_messages_alone_are_told_signed_only(profile: Profile) -> None:
    client = dataclasses.replace(CLIENT, profile=profile)

    assert told_signed_only(client) == (profile is Profile.FAPI2_MS)


def test_a_flow_that_is_not_registered_is_refused() -> None:
    client = dataclasses.replace(CLIENT, grant_types=frozenset({"client_credentials"}))

    refusal = check(client, step=Step.PAR, request=BOUND)

    assert refusal == Refusal(
        error="unauthorized_client", reason="the grant type is not registered"
    )


@pytest.mark.parametrize("status", [s for s in ClientStatus if s is not ClientStatus.ACTIVE])
@pytest.mark.parametrize("step", Step)
def test_a_client_that_is_not_active_may_do_nothing(status: ClientStatus, step: Step) -> None:
    client = dataclasses.replace(CLIENT, status=status)

    refusal = check(client, step=step, request=BOUND)

    assert refusal == Refusal(error="invalid_client", reason="the client is not active")


def test_what_else_a_profile_is_held_to() -> None:
    clients = (CLIENT, RS, KIOSK, COUNTER)

    proven = Asked(bound=True, grant_type=DEVICE_CODE, nonceless=True)
    assert check(KIOSK, step=Step.TOKEN, request=proven) == Refusal(
        error="use_dpop_nonce", reason="the proof has no nonce"
    )
    assert [ends_with_case(one) for one in clients] == [False, False, False, True]


@pytest.mark.parametrize("client", [KIOSK, COUNTER])
@pytest.mark.parametrize("place", ["", " ", "一层\n二层"])
def test_a_kiosk_or_counter_says_where_it_stands(client: Client, place: str) -> None:
    moved = dataclasses.replace(client, metadata=ClientMetadata(location=place))

    with pytest.raises(InvalidInputError) as caught:
        check_registration(moved, demo=False)

    assert caught.value.field == "location"


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (KIOSK, "https://client.example.org/ping"),
        (CLIENT, "https://client.example.org/ping"),
        (COUNTER, "http://client.example.org/ping"),
        (COUNTER, "https://user@client.example.org/ping"),
    ],
)
def test_only_a_counter_is_called_back_and_by_https(client: Client, address: str) -> None:
    metadata = dataclasses.replace(client.metadata, ciba_notification_uri=address)

    with pytest.raises(InvalidInputError) as caught:
        check_registration(dataclasses.replace(client, metadata=metadata), demo=False)

    assert caught.value.field == "backchannel_client_notification_endpoint"


PINGED = dataclasses.replace(
    COUNTER,
    metadata=dataclasses.replace(
        COUNTER.metadata, ciba_notification_uri="https://client.example.org/ping"
    ),
)


@pytest.mark.parametrize("client", [CLIENT, OFFLINE, RS, KIOSK, COUNTER, PINGED])
def test_registrations_that_fit_their_profile_are_taken(client: Client) -> None:
    check_registration(client, demo=False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"jwks": "{}"}, "jwks"),
        ({"grant_types": frozenset({"implicit"})}, "grant_types"),
        (
            {
                "grant_types": frozenset({"client_credentials", "refresh_token"}),
                "redirect_uris": (),
            },
            "grant_types",
        ),
        ({"redirect_uris": ()}, "redirect_uris"),
        ({"grant_types": frozenset({"client_credentials"})}, "redirect_uris"),
        ({"scopes": frozenset({"everything"})}, "scopes"),
        ({"grant_types": frozenset({"authorization_code"})}, "scopes"),
    ],
)
def test_registrations_beyond_the_profile_are_refused(change: dict[str, Any], field: str) -> None:
    client = dataclasses.replace(CLIENT, **change)

    with pytest.raises(InvalidInputError) as caught:
        check_registration(client, demo=False)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"post_logout_redirect_uris": ("http://c.example.org/",)}, "post_logout_redirect_uris"),
        (
            {"post_logout_redirect_uris": ("https://c.example.org/#x",)},
            "post_logout_redirect_uris",
        ),
        ({"backchannel_logout_uri": "http://c.example.org/"}, "backchannel_logout_uri"),
        ({"backchannel_logout_uri": "https://me@c.example.org/"}, "backchannel_logout_uri"),
        ({"id_token_alg": "RS256"}, "id_token_alg"),
        ({"id_token_alg": "none"}, "id_token_alg"),
    ],
)
@pytest.mark.parametrize("demo", [True, False])
def test_addresses_and_signatures_that_are_not_safe_are_refused(
    metadata: dict[str, Any], field: str, *, demo: bool
) -> None:
    client = dataclasses.replace(CLIENT, metadata=ClientMetadata(**metadata))
    loopback: dict[str, Any] = {"post_logout_redirect_uris": ("http://127.0.0.1/bye",)}
    check_registration(dataclasses.replace(CLIENT, metadata=ClientMetadata(**loopback)), demo=True)

    with pytest.raises(InvalidInputError) as caught:
        check_registration(client, demo=demo)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": {"ID01": View.VERIFY}},
        {"issue_codes": frozenset({"ID01"})},
        {"service_items": frozenset({"X"})},
    ],
)
def test_a_resource_server_asks_for_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_registration(dataclasses.replace(RS, **change), demo=False)

    assert caught.value.field == "profile"


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example.org/cb",
        "http://127.0.0.1:8000/cb",
        "https://client.example.org/cb#x",
        "https://client.example.org/cb#",
        "https://user@client.example.org/cb",
        'https://client.example.org/"',
        "https://client.example.org/国",
        "https://client.example.org/a b",
        "https://client.example.org/\n",
        "https:///cb",
        "https://client.example.org:99999/cb",
        "https://[::1/cb",
        "urn:example:cb",
        "javascript:alert(1)",
        "https://client.example.org/" + "a" * 512,
    ],
)
def test_redirects_are_exact_https_addresses(uri: str) -> None:
    client = dataclasses.replace(CLIENT, redirect_uris=(uri,))

    with pytest.raises(InvalidInputError) as caught:
        check_registration(client, demo=False)

    assert caught.value.field == "redirect_uris"


@pytest.mark.parametrize(
    ("uri", "taken"),
    [
        ("http://127.0.0.1:8000/cb", True),
        ("http://[::1]:8000/cb", True),
        ("http://localhost/cb", True),
        ("http://client.example.org/cb", False),
    ],
)
def test_the_demo_takes_http_on_loopback_alone(uri: str, *, taken: bool) -> None:
    client = dataclasses.replace(CLIENT, redirect_uris=(uri,))

    if taken:
        check_registration(client, demo=True)
        return

    with pytest.raises(InvalidInputError):
        check_registration(client, demo=True)
