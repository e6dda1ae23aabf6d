"""Routes of the authorization server: one answer per value.

Every route answers in the forms of OAuth, also for wrong verbs, long bodies and a busy
database; only ``/oauth/authorize`` speaks to people.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

import orjson
import structlog
from fastapi import APIRouter, Header, Response
from fastapi.routing import APIRoute

from api.deps import BROWSER_COOKIE, SIGNIN_COOKIE, PresentedDep, WiredDep
from api.oauth.answer import NO_STORE, Answer, refusal
from api.oauth.authorize import lead
from api.oauth.endpoints.ciba import ask
from api.oauth.endpoints.device import begin
from api.oauth.endpoints.end_session import end_session
from api.oauth.endpoints.grants import give_back, query_grant
from api.oauth.endpoints.introspect import introspect
from api.oauth.endpoints.revoke import revoke
from api.oauth.endpoints.userinfo import JWT, user_info
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import FormDep, PageDep
from api.oauth.openapi import BY_GRANT_TOKEN, BY_OPENID_TOKEN, form
from api.oauth.page_route import LeavingRoute, PageRoute
from api.oauth.par import push
from api.oauth.registering import add_registration
from api.oauth.routes import FormRoute, OAuthRoute
from api.oauth.sending import ProviderDep, answered
from api.oauth.token import exchange
from api.oauth.wellknown import (
    ENDPOINTS,
    OPENID_METADATA,
    RESOURCE_METADATA,
    SERVER_METADATA,
    resource_metadata,
    server_metadata,
)
from api.way_back import WayBack

TAG: Final = "authorization server"
METADATA_SECONDS: Final = 900
VERBS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

_log = structlog.get_logger("myspace.oauth")


def oauth_router() -> APIRouter:
    """Return the routes; what they work with is on the application (``api.deps.Wired``)."""
    router = APIRouter(route_class=OAuthRoute, tags=[TAG])
    for path, endpoint, status in (
        (ENDPOINTS["introspection_endpoint"], introspected, 200),  # Tried first: the most asked.
        (ENDPOINTS["token_endpoint"], token, 200),
        (ENDPOINTS["pushed_authorization_request_endpoint"], pushed, 201),
        (ENDPOINTS["device_authorization_endpoint"], device_authorized, 200),
        (ENDPOINTS["backchannel_authentication_endpoint"], asked_for, 200),
        (ENDPOINTS["revocation_endpoint"], revoked, 200),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            status_code=status,
            openapi_extra=form(path),
            route_class_override=FormRoute,
        )
    for path, document in (
        (SERVER_METADATA, described),
        (OPENID_METADATA, described),
        (RESOURCE_METADATA, protected),
        (ENDPOINTS["jwks_uri"], keys),
    ):
        router.add_api_route(path, document, methods=["GET"])
    grant = ENDPOINTS["grant_management_endpoint"] + "/{grant_id}"
    for verb, managed, status in (("GET", queried, 200), ("DELETE", given_back, 204)):
        router.add_api_route(
            grant,
            managed,
            methods=[verb],
            status_code=status,
            response_class=Response,
            openapi_extra=BY_GRANT_TOKEN,
        )
    for verb in ("GET", "POST"):
        router.add_api_route(
            ENDPOINTS["userinfo_endpoint"],
            user,
            methods=[verb],
            response_class=Response,
            openapi_extra=BY_OPENID_TOKEN,
        )
    add_registration(router)
    authorize = ENDPOINTS["authorization_endpoint"]
    router.add_api_route(
        authorize,
        authorized,
        methods=["GET", "POST"],
        status_code=303,
        include_in_schema=False,
        route_class_override=PageRoute,
    )
    router.add_api_route(
        ENDPOINTS["end_session_endpoint"],
        left,
        methods=["GET", "POST"],
        status_code=303,
        include_in_schema=False,
        route_class_override=LeavingRoute,
    )
    for path, verbs in _taken(router).items():
        others = [verb for verb in VERBS if verb not in verbs]
        router.add_api_route(path, _other_verb(verbs), methods=others, include_in_schema=False)
    return router


async def pushed(provider: ProviderDep, frozen: FormDep) -> Response:
    """Accept a pushed authorization request (RFC 9126)."""
    return answered(provider, await push(provider, frozen), path=frozen.path)


async def device_authorized(provider: ProviderDep, frozen: FormDep) -> Response:
    """Give a kiosk a code to show to its visitor (RFC 8628), and one to poll with."""
    return answered(provider, await begin(provider, frozen), path=frozen.path)


async def asked_for(provider: ProviderDep, frozen: FormDep) -> Response:
    """Let a counter ask a holder (CIBA), and give it what to poll with."""
    return answered(provider, await ask(provider, frozen), path=frozen.path)


async def token(provider: ProviderDep, frozen: FormDep) -> Response:
    """Issue an access token (RFC 6749), bound to a key (RFC 9449)."""
    return answered(provider, await exchange(provider, frozen), path=frozen.path)


async def introspected(provider: ProviderDep, frozen: FormDep) -> Response:
    """Tell a resource server whether a token is live (RFC 7662)."""
    return answered(provider, await introspect(provider, frozen), path=frozen.path)


async def revoked(provider: ProviderDep, frozen: FormDep) -> Response:
    """End an access token, or a refresh token with all that came of it (RFC 7009)."""
    return answered(provider, await revoke(provider, frozen), path=frozen.path)


def queried(
    provider: ProviderDep, wired: WiredDep, shown: PresentedDep, grant_id: str
) -> Response:
    """Say what was granted, and whether it still is; needs ``grant_management_query``."""
    answer = query_grant(provider, wired.resolve, shown, grant_id=grant_id)
    return answered(provider, answer, path=shown.path)


def given_back(
    provider: ProviderDep, wired: WiredDep, shown: PresentedDep, grant_id: str
) -> Response:
    """Give a grant back, through the journal; needs ``grant_management_revoke``."""
    answer = give_back(provider, wired.resolve, shown, grant_id=grant_id)
    return answered(provider, answer, path=shown.path)


def user(
    provider: ProviderDep,
    wired: WiredDep,
    shown: PresentedDep,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Say who signed in (OpenID Connect Core 5.3); signed where ``Accept`` names a JWT."""
    found = user_info(provider, wired.resolve, shown, accept=accept)
    if not found.jwt:
        return answered(provider, Answer(status=200, body=found.claims), path=shown.path)
    nonce = {"DPoP-Nonce": provider.nonces.at(provider.now())}
    return Response(found.jwt, media_type=JWT, headers=NO_STORE | nonce)


def authorized(provider: ProviderDep, wired: WiredDep, frozen: PageDep) -> Response:
    """Lead a browser to the decision on a pushed request."""
    browser = wired.cookie(BROWSER_COOKIE)
    led = lead(
        provider,
        frozen,
        browser=frozen.cookies.get(browser, ""),
        signin=frozen.cookies.get(wired.cookie(SIGNIN_COOKIE), ""),
    )
    response = led.way.response()
    if led.browser:
        response.set_cookie(
            browser, led.browser, secure=wired.secure, httponly=True, samesite="lax", path="/"
        )
    return response


def left(provider: ProviderDep, frozen: PageDep) -> Response:
    """Lead a browser to the page that asks whether to sign out."""
    return WayBack(location=end_session(provider, frozen)).response()


async def described(provider: ProviderDep) -> Response:
    """Describe the authorization server (RFC 8414)."""
    registers = provider.registry is not None
    return _public(
        server_metadata(
            provider.origin, mtls=provider.mtls, levels=provider.levels, registers=registers
        )
    )


async def protected(provider: ProviderDep) -> Response:
    """Describe the protected resource (RFC 9728)."""
    return _public(resource_metadata(provider.origin, mtls=provider.mtls))


def keys(provider: ProviderDep) -> Response:
    """Return the public keys that our JWTs verify with."""
    return _public(provider.signer.jwks())


def _public(document: dict[str, Any]) -> Response:
    return Response(
        orjson.dumps(document),
        media_type="application/json",
        headers={"Cache-Control": f"public, max-age={METADATA_SECONDS}"},
    )


def _taken(router: APIRouter) -> dict[str, list[str]]:
    taken = dict[str, set[str]]()
    for route in router.routes:
        if isinstance(route, APIRoute):
            taken.setdefault(route.path, set()).update(route.methods or ())
    return {path: sorted(verbs) for path, verbs in taken.items()}


def _other_verb(allowed: list[str]) -> Callable[[], Coroutine[Any, Any, Response]]:
    async def other_verb() -> Response:
        answer = refusal(FaultError(Say.METHOD))
        return answer.response(extra={"Allow": ", ".join(allowed)})

    return other_verb
