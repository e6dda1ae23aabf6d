"""The request as a frozen value: read once, under limits, before anything looks at it.

Nothing later touches the framework's request. A body is a form of at most 64 KiB, counted
while it is read; a repeated parameter is refused, an empty one is absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from api.oauth.errors import FaultError, Say
from api.oauth.jose import parse_json
from api.proxies import CERTIFICATE

MAX_BODY_BYTES: Final = 64 * 1024
MAX_PARAMETERS: Final = 100
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"
REPEATABLE: Final = frozenset({"resource"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """One request to the authorization server.

    Attributes:
        path: As routed; addresses are built from it and the configured origin.
        form: Parameters by name, each once, none empty.
        resources: Every ``resource`` (RFC 8707).
        authorization, proofs: Every value of these headers.
        accept: What the caller takes, as it says.
        certificate: What a proxy of ours said the caller proved itself with; empty for none.
        cookies: By name.
        network: Address of the peer, for limits.
    """

    method: str
    path: str
    form: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = field(repr=False)
    authorization: tuple[str, ...] = field(repr=False)
    proofs: tuple[str, ...] = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    network: str
    accept: str = ""
    certificate: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenJson:
    """One request that manages a registration (RFC 7591, RFC 7592).

    Attributes:
        path: As routed.
        authorization: Every value of that header.
        body: The JSON object; empty where there is none.
        network: Address of the peer, for limits.
    """

    path: str
    authorization: tuple[str, ...] = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    network: str


async def frozen_json(request: Request) -> FrozenJson:
    """Freeze a request with a JSON object.

    Raises:
        FaultError: Not JSON, too long, no object, or with a key that stands twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE:
        raise FaultError(Say.JSON_TYPE)
    try:
        found = parse_json(await _body(request))
    except ValueError as error:
        raise FaultError(Say.REQUEST, reason="the body is no JSON") from error
    if not isinstance(found, dict):
        raise FaultError(Say.REQUEST, reason="the body is no JSON object")
    return _freeze_json(request, found)


async def frozen_bare(request: Request) -> FrozenJson:
    """Freeze a request whose body, if there is one, says nothing."""
    return _freeze_json(request, {})


async def frozen_form(request: Request) -> Frozen:
    """Freeze a POST.

    Raises:
        FaultError: Not a form, too long, malformed, or with a repeated parameter.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MEDIA_TYPE:
        raise FaultError(Say.MEDIA_TYPE)
    return _freeze(request, await _body(request))


async def frozen_page(request: Request) -> Frozen:
    """Freeze a request of a browser: parameters in the query, or in a form.

    Raises:
        FaultError: As ``frozen_form``.
    """
    if request.method == "POST":
        return await frozen_form(request)
    query = request.scope.get("query_string", b"")
    if len(query) > MAX_BODY_BYTES:
        raise FaultError(Say.TOO_LARGE)
    return _freeze(request, query)


FormDep = Annotated[Frozen, Depends(frozen_form)]
JsonDep = Annotated[FrozenJson, Depends(frozen_json)]
BareDep = Annotated[FrozenJson, Depends(frozen_bare)]
PageDep = Annotated[Frozen, Depends(frozen_page)]


async def _body(request: Request) -> bytes:
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > MAX_BODY_BYTES:
            raise FaultError(Say.TOO_LARGE)
    return bytes(taken)


def _freeze(request: Request, encoded: bytes) -> Frozen:
    pairs = _pairs(encoded)
    form = {name: value for name, value in pairs if value and name not in REPEATABLE}
    names = [name for name, _ in pairs if name not in REPEATABLE]
    if len(set(names)) != len(names):
        raise FaultError(Say.REPEATED)
    return Frozen(
        method=request.method,
        path=request.scope["path"],
        form=form,
        resources=tuple(value for name, value in pairs if value and name in REPEATABLE),
        authorization=tuple(request.headers.getlist("authorization")),
        proofs=tuple(request.headers.getlist("dpop")),
        cookies=request.cookies,
        network=request.client.host if request.client else "",
        accept=", ".join(request.headers.getlist("accept")),
        certificate=request.headers.get(CERTIFICATE, ""),
    )


def _freeze_json(request: Request, body: Mapping[str, Any]) -> FrozenJson:
    return FrozenJson(
        path=request.url.path,
        authorization=tuple(request.headers.getlist("authorization")),
        body=body,
        network=request.client.host if request.client else "",
    )


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    if not encoded:
        return []
    try:
        return parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        raise FaultError(Say.REQUEST, reason="the parameters are malformed") from error
