"""Signed requests (RFC 9101 s. 6; FAPI 2.0 Message Signing s. 5.3; FAPI-CIBA s. 5.2.2).

A request object is a JWS of the client that sends it, made for this server and for now. Its
claims are the request; only what was verified here may be read from it. Nothing is written: who
must not see an object twice spends its ``jti`` (``RequestObject.claim``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from api.oauth.client_auth import AHEAD_SECONDS, KEPT_SECONDS, LEEWAY_SECONDS, MAX_JTI_CHARACTERS
from api.oauth.errors import FaultError, Say
from api.oauth.jose import (
    BadJwsError,
    Json,
    Jws,
    KeyCache,
    date_claim,
    key_for,
    read_jws,
    text_claim,
    verify,
)
from vault.clients import Client
from vault.clients.protocol import Claim
from vault.errors import InvalidInputError

MAX_CHARACTERS: Final = 40 * 1024
"""Room for ``authorization_details`` of 16 KiB, a long state and a long nonce, in base64url."""

TYPES: Final = frozenset({"oauth-authz-req+jwt", "jwt"})
NESTED: Final = frozenset({"request", "request_uri"})
TYPES_OF: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(
        (
            "acr_values",
            "binding_message",
            "client_id",
            "client_notification_token",
            "code_challenge",
            "code_challenge_method",
            "display",
            "dpop_jkt",
            "grant_id",
            "grant_management_action",
            "id_token_hint",
            "login_hint",
            "login_hint_token",
            "nonce",
            "prompt",
            "redirect_uri",
            "response_mode",
            "response_type",
            "scope",
            "state",
            "ui_locales",
            "user_code",
        ),
        (str,),
    ),
    "authorization_details": (list,),
    "claims": (dict,),
    "max_age": (int,),
    "requested_expiry": (int, str),
}
"""Parameters and what JSON makes of them (RFC 9101 s. 4); what is not here is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What one flow demands of a request object.

    Attributes:
        required: Claims that must be there, besides ``iss`` and ``aud``.
        oldest_seconds: How long ago ``nbf`` may lie.
        longest_seconds: How long after ``nbf`` it may expire.
        nulls: A parameter that is ``null`` is absent; libraries for CIBA write them so.
    """

    required: frozenset[str]
    oldest_seconds: int = 3600
    longest_seconds: int = 3600
    nulls: bool = False


AUTHORIZATION: Final = Demands(required=frozenset({"nbf", "exp"}))
"""At PAR (FAPI 2.0 Message Signing s. 5.3.1)."""

BACKCHANNEL: Final = Demands(required=frozenset({"iat", "nbf", "exp", "jti"}), nulls=True)
"""At ``bc-authorize`` (OpenID Connect CIBA s. 7.1.1); spend ``RequestObject.claim``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestObject:
    """A request object that verified.

    Attributes:
        claims: All of them, as they came.
        params: The known parameters, as a form would have said them; none is empty.
        resources: Every ``resource`` (RFC 8707).
        claim: Replay row of its ``jti``, not yet written; ``None`` where it has none.
        text: The JWS as it was sent.
    """

    claims: Json = field(repr=False)
    params: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = field(repr=False)
    claim: Claim | None
    text: str = field(repr=False)


def read_request(
    text: str,
    *,
    client: Client,
    issuer: str,
    keys: KeyCache,
    now: int,
    demands: Demands = AUTHORIZATION,
) -> RequestObject:
    """Return what ``client`` has signed.

    Args:
        text: The parameter ``request``.
        client: Who sends it, authenticated; its keys alone are tried.
        issuer: This server, which must be among the audiences.
        keys: Where imported keys are kept.
        now: UTC seconds.
        demands: Of the flow.

    Raises:
        FaultError: ``invalid_request_object``; which check failed goes to the log only.
    """
    try:
        jws = read_jws(text, longest=MAX_CHARACTERS)
        _check_type(jws)
        verify(jws, key=key_for(jws, jwks=client.jwks, keys=keys))
        claims = jws.claims
        _check_parties(claims, client_id=client.client_id, issuer=issuer)
        _check_times(claims, demands=demands, now=now)
        return RequestObject(
            claims=claims,
            params=_params(claims, nulls=demands.nulls),
            resources=_resources(claims),
            claim=_claim(claims, client_id=client.client_id, demands=demands),
            text=text,
        )
    except (BadJwsError, InvalidInputError) as error:
        raise FaultError(Say.REQUEST_OBJECT, reason=str(error)) from error


def _check_type(jws: Jws) -> None:
    kind = jws.header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise BadJwsError("the type is not that of a request object")


def _check_parties(claims: Json, *, client_id: str, issuer: str) -> None:
    """From this client, to us, and fit for nothing else (RFC 9101 s. 10.8)."""
    if claims.get("iss") != client_id:
        raise BadJwsError("iss is not the client")
    if claims.get("client_id", client_id) != client_id:
        raise BadJwsError("client_id is another client")
    if "sub" in claims:
        raise BadJwsError("sub makes it an assertion")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if issuer not in audiences or not all(isinstance(one, str) for one in audiences):
        raise BadJwsError("aud does not name the issuer")


def _check_times(claims: Json, *, demands: Demands, now: int) -> None:
    """Not from later, not of long ago, and not for long (oauth.md 11)."""
    missing = sorted(demands.required - claims.keys())
    if missing:
        raise BadJwsError(f"{', '.join(missing)} is missing")
    times = {name: date_claim(claims, name) for name in ("iat", "nbf", "exp") if name in claims}
    starts, ends = times["nbf"], times["exp"]
    if max(starts, times.get("iat", starts)) > now + AHEAD_SECONDS:
        raise BadJwsError("nbf or iat is ahead")
    if starts < now - demands.oldest_seconds:
        raise BadJwsError("nbf is too long ago")
    if ends <= now - LEEWAY_SECONDS:
        raise BadJwsError("exp is past")
    if not starts < ends <= starts + demands.longest_seconds:
        raise BadJwsError("exp is too long after nbf, or before it")


def _claim(claims: Json, *, client_id: str, demands: Demands) -> Claim | None:
    if "jti" not in claims:
        return None
    jti = text_claim(claims, "jti", longest=MAX_JTI_CHARACTERS)
    kept = demands.longest_seconds + AHEAD_SECONDS + LEEWAY_SECONDS + KEPT_SECONDS
    spent = f"{client_id}\x00{jti}".encode("utf-8", "surrogatepass")
    return Claim(
        kind="request-object",
        key_hash=sha256(spent).digest(),
        expires_at=date_claim(claims, "nbf") + kept,
    )


def _params(claims: Json, *, nulls: bool) -> Mapping[str, str]:
    """Return the parameters as texts; an empty one is absent, as in a form."""
    if NESTED & claims.keys():
        raise BadJwsError("a request object refers to no other")
    known = sorted(TYPES_OF.keys() & claims.keys())
    said = [name for name in known if not (nulls and claims[name] is None)]
    params = {name: _text(name, claims[name]) for name in said}
    return {name: value for name, value in params.items() if value}


def _resources(claims: Json) -> tuple[str, ...]:
    found = claims.get("resource", [])
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(one, str) for one in listed):
        raise BadJwsError("resource is no text")
    return tuple(listed)


def _text(name: str, value: object) -> str:
    if type(value) not in TYPES_OF[name]:  # Exactly: to Python a truth value is a number too.
        raise BadJwsError(f"{name} is of another type")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise BadJwsError(f"{name} holds half a character")
    return text
