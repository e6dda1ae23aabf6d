"""Security profiles: the one place that says what a client may do at which step (oauth.md 1).

All clients are confidential, and prove possession of a key or certificate with every token. A
profile is fixed at approval, and no request can change it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from policies.scopes import REGISTRY_SCOPES, View
from vault.clients import Client, ClientStatus, Profile
from vault.clients.certificates import check_registered
from vault.clients.keys import NO_KEYS, read_jwks
from vault.clients.metadata import AuthMethod
from vault.clients.signing_keys import SigningAlgorithm
from vault.errors import InvalidInputError

AUTHORIZATION_CODE: Final = "authorization_code"
CLIENT_CREDENTIALS: Final = "client_credentials"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - the name of a grant type, not a secret
CIBA: Final = "urn:openid:params:grant-type:ciba"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - as above

MAX_URI_CHARACTERS: Final = 512
PINGED: Final = "backchannel_client_notification_endpoint"
"""The member that says where pings go (CIBA Core 1.0 s. 4)."""

KIOSK_SECONDS: Final = 86_400
"""A machine that anybody may stand at is granted something for a day at most."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Step(StrEnum):
    """Where a client meets the server."""

    PAR = "par"
    AUTHORIZE = "authorize"
    CIBA = "ciba"
    DEVICE = "device"
    TOKEN = "token"  # noqa: S105 - the name of a step, not a secret
    INTROSPECT = "introspect"
    REVOKE = "revoke"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a profile is asked about.

    Attributes:
        grant_type: At the token endpoint.
        level: Highest sensitivity of the evidence concerned, 0 for none.
        view: Highest view of it, 0 for none.
        seconds: For how long from now on it is asked for, 0 where nothing is.
        bound: A key or certificate is proven, or a key named at PAR.
        by_certificate: It is a certificate.
        offline: A refresh token is asked for.
        nonceless: A proof was shown that carries no nonce of this server.
        signed: The request came as a signed object.
        signed_answer: The answer was asked for in signed form.
    """

    grant_type: str = ""
    level: int = 0
    view: int = 0
    seconds: int = 0
    bound: bool = False
    by_certificate: bool = False
    offline: bool = False
    nonceless: bool = False
    signed: bool = False
    signed_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Not allowed.

    Attributes:
        error: Code of RFC 6749 section 5.2, RFC 9101, RFC 9396 section 5 or RFC 9449.
        reason: For the operator's log and the developer.
        parameter: Which one is at fault, where the code alone does not say it.
    """

    error: str
    reason: str
    parameter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    steps: frozenset[Step]
    grant_types: frozenset[str]
    level: int
    certificates: bool = True
    view: View = View.FULL
    seconds: int | None = None
    ends_with_case: bool = False
    nonces: bool = False
    messages: bool = False
    """Requests and answers of the code flow, and answers about its tokens, are signed."""


_CALLS: Final = frozenset({Step.TOKEN, Step.REVOKE, Step.RESOURCE})
_DEPARTMENTS: Final = frozenset(
    {AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN, TOKEN_EXCHANGE}
)
_RULES: Final[Mapping[Profile, _Rules]] = {
    Profile.FAPI2: _Rules(
        steps=_CALLS | {Step.PAR, Step.AUTHORIZE},
        grant_types=_DEPARTMENTS,
        level=3,
    ),
    Profile.FAPI2_MS: _Rules(
        steps=_CALLS | {Step.PAR, Step.AUTHORIZE},
        grant_types=_DEPARTMENTS,
        level=4,
        nonces=True,
        messages=True,
    ),
    Profile.COUNTER: _Rules(
        steps=_CALLS | {Step.CIBA},
        grant_types=frozenset({CIBA, REFRESH_TOKEN}),
        level=3,
        ends_with_case=True,
    ),
    Profile.KIOSK: _Rules(
        steps=_CALLS | {Step.DEVICE},
        grant_types=frozenset({DEVICE_CODE}),
        level=3,
        certificates=False,
        view=View.SUMMARY,
        seconds=KIOSK_SECONDS,
        nonces=True,
    ),
    Profile.RS: _Rules(steps=frozenset({Step.INTROSPECT}), grant_types=frozenset(), level=0),
}

_STANDS: Final = frozenset({Profile.KIOSK, Profile.COUNTER})
"""Holders compare where these are with where they are themselves."""

_SIGNS: Final = frozenset({Profile.FAPI2_MS, Profile.COUNTER})
"""They sign requests too, so they have keys however they prove themselves."""

_NEEDS_KEY: Final = frozenset({Step.PAR, Step.CIBA, Step.DEVICE, Step.TOKEN, Step.RESOURCE})
_FLOW_OF: Final[Mapping[Step, str]] = {
    Step.PAR: AUTHORIZATION_CODE,
    Step.AUTHORIZE: AUTHORIZATION_CODE,
    Step.CIBA: CIBA,
    Step.DEVICE: DEVICE_CODE,
}


def check(client: Client, *, step: Step, request: Asked) -> Refusal | None:
    """Return why ``client`` may not take ``step``, or ``None``."""
    return next(_refusals(client, _RULES[client.profile], step=step, request=request), None)


def told_signed_only(client: Client) -> bool:
    """Say whether tokens of ``client`` are live in signed answers alone (RFC 9701)."""
    return _RULES[client.profile].messages


def _refusals(client: Client, rules: _Rules, *, step: Step, request: Asked) -> Iterator[Refusal]:
    """Say what stands against it, the first that counts first."""
    if client.status is not ClientStatus.ACTIVE:
        yield Refusal(error="invalid_client", reason="the client is not active")
    if step not in rules.steps:
        yield Refusal(error="unauthorized_client", reason="the profile has no such step")
    yield from _unregistered(rules.grant_types & client.grant_types, step, request)
    if step in _NEEDS_KEY:
        if not request.bound or (request.by_certificate and not rules.certificates):
            yield Refusal(error="invalid_request", reason="no key is proven")
        if rules.nonces and request.nonceless:
            yield Refusal(error="use_dpop_nonce", reason="the proof has no nonce")
    if step is Step.PAR and rules.messages:
        yield from _unsigned(request)
    over = _over(rules, request)
    if over:
        yield Refusal(error="invalid_authorization_details", reason=over)


def ends_with_case(client: Client) -> bool:
    """Say whether ``client`` gets no more tokens for a case once it is decided."""
    return _RULES[client.profile].ends_with_case


def _over(rules: _Rules, request: Asked) -> str:
    if request.level > rules.level:
        return "the level needs signed messages"
    if request.view > rules.view:
        return "the profile is granted no such view"
    if rules.seconds is not None and request.seconds > rules.seconds:
        return "the profile is granted nothing for so long"
    return ""


def _unregistered(flows: frozenset[str], step: Step, request: Asked) -> Iterator[Refusal]:
    grant_type = _FLOW_OF.get(step, request.grant_type)
    if grant_type and grant_type not in flows:
        yield Refusal(error="unauthorized_client", reason="the grant type is not registered")
    if request.offline and REFRESH_TOKEN not in flows:
        yield Refusal(error="invalid_scope", reason="refresh tokens are not registered")


def _unsigned(request: Asked) -> Iterator[Refusal]:
    if not request.signed:
        yield Refusal(error="invalid_request_object", reason="the request is not signed")
    if not request.signed_answer:
        yield Refusal(
            error="invalid_request",
            reason="the answer would not be signed",
            parameter="response_mode",
        )


def check_registration(client: Client, *, demo: bool) -> None:
    """Refuse a registration that its profile cannot have.

    Args:
        client: As it would be registered.
        demo: ``http`` redirects on loopback are taken; never otherwise.

    Raises:
        InvalidInputError: A key, redirect, grant type or scope is not allowed; ``field`` says
            which.
    """
    _check_method(client)
    allowed = _RULES[client.profile].grant_types
    if not client.grant_types <= allowed:
        raise InvalidInputError("the profile has no such grant type", field="grant_types")
    if bool(client.redirect_uris) != (AUTHORIZATION_CODE in client.grant_types):
        raise InvalidInputError("the code flow needs redirects", field="redirect_uris")
    if REFRESH_TOKEN in client.grant_types and not client.grant_types & {AUTHORIZATION_CODE, CIBA}:
        raise InvalidInputError("a refresh token comes of a consent", field="grant_types")
    for name, uri in addresses(client):
        _check_address(uri, field=name, demo=demo)
    SigningAlgorithm.named(client.metadata.id_token_alg)
    _check_window(client)
    needed = REGISTRY_SCOPES if CLIENT_CREDENTIALS in client.grant_types else frozenset()
    if not client.scopes <= needed:
        raise InvalidInputError("registry scopes need client credentials", field="scopes")
    if not allowed and (client.evidence or client.issue_codes or client.service_items):
        raise InvalidInputError("a resource server asks for no evidence", field="profile")


def _check_window(client: Client) -> None:
    """Require of kiosks and counters where they stand; counters alone are called back."""
    ping = client.metadata.ciba_notification_uri
    if ping and CIBA not in client.grant_types:
        raise InvalidInputError("only counters are called back", field=PINGED)
    place = client.metadata.location
    if (client.profile in _STANDS and not place.strip()) or not place.isprintable():
        raise InvalidInputError("a kiosk or counter says where it stands", field="location")


def addresses(client: Client) -> tuple[tuple[str, str], ...]:
    """Return every address that a client has, each after the member that holds it."""
    metadata = client.metadata
    called = (
        ("backchannel_logout_uri", metadata.backchannel_logout_uri),
        (PINGED, metadata.ciba_notification_uri),
    )
    return (
        *(("redirect_uris", uri) for uri in client.redirect_uris),
        *(("post_logout_redirect_uris", uri) for uri in metadata.post_logout_redirect_uris),
        *((name, uri) for name, uri in called if uri),
    )


def _check_method(client: Client) -> None:
    """Require what the way in which the client proves itself is judged by, and nothing else."""
    method = client.metadata.auth_method
    if method is not AuthMethod.PRIVATE_KEY_JWT and not _RULES[client.profile].certificates:
        raise InvalidInputError("the profile has no such method", field="auth_method")
    check_registered(client.metadata)
    signs = method is AuthMethod.PRIVATE_KEY_JWT or client.profile in _SIGNS
    if signs or client.jwks != NO_KEYS:
        read_jwks(client.jwks)


def _check_address(uri: str, *, field: str, demo: bool) -> None:
    """Exact strings, https, no fragment, no user info (oauth.md 6.6)."""
    refused = InvalidInputError("an address begins with https", field=field)
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' "\\<>^`{|}')
    if not plain or len(uri) > MAX_URI_CHARACTERS:
        raise refused
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise refused from error
    secure = parts.scheme == "https" or (demo and parts.scheme == "http" and host in _LOOPBACK)
    if not secure or not host or "@" in parts.netloc or "#" in uri:
        raise refused
