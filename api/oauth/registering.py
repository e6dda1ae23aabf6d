"""Routes of registration (RFC 7591, RFC 7592): JSON, with tokens of their own."""

from typing import Final

from fastapi import APIRouter, Response

from api.oauth.endpoints.register import (
    PATH,
    end_registration,
    read_registration,
    register,
    replace_registration,
)
from api.oauth.frozen import BareDep, JsonDep
from api.oauth.openapi import registering
from api.oauth.sending import ProviderDep, answered

OWN: Final = PATH + "/{client_id}"


def add_registration(router: APIRouter) -> None:
    """Add the routes to those of the authorization server."""
    for path, verb, managing, status in (
        (PATH, "POST", registered, 201),
        (OWN, "GET", registration, 200),
        (OWN, "PUT", reregistered, 200),
        (OWN, "DELETE", unregistered, 204),
    ):
        router.add_api_route(
            path,
            managing,
            methods=[verb],
            status_code=status,
            response_class=Response,
            openapi_extra=registering(verb),
        )


def registered(provider: ProviderDep, frozen: JsonDep) -> Response:
    """Register a department's system (RFC 7591); it waits until a person approves it."""
    return answered(provider, register(provider, frozen), path=frozen.path)


def registration(provider: ProviderDep, frozen: BareDep, client_id: str) -> Response:
    """Say what is registered of a client (RFC 7592)."""
    answer = read_registration(provider, frozen, client_id=client_id)
    return answered(provider, answer, path=PATH)


def reregistered(provider: ProviderDep, frozen: JsonDep, client_id: str) -> Response:
    """Replace what is registered of a client: narrower, or with other keys (RFC 7592)."""
    answer = replace_registration(provider, frozen, client_id=client_id)
    return answered(provider, answer, path=PATH)


def unregistered(provider: ProviderDep, frozen: BareDep, client_id: str) -> Response:
    """Close a client for good (RFC 7592)."""
    answer = end_registration(provider, frozen, client_id=client_id)
    return answered(provider, answer, path=PATH)
