"""What a pushed authorization request may say: read at PAR, and again at every later step.

The accepted parameters are kept; everything is derived from them anew, so a page and a
decision rest on the same checks as the push (oauth.md 2).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Protocol

from api.consent_page import origin_of
from api.oauth.errors import FaultError, Say
from api.oauth.granted import check_scope
from api.oauth.grants.code import S256, CodeGrant
from api.oauth.jarm import MODES, QUERY, mode_of
from api.oauth.models import KernelRequest
from api.oauth.params import Params
from api.oauth.rar import Wanted, read_wanted
from api.oauth.renewing import check_action, renewed, together
from api.oauth.server import Server
from api.oauth.sign_in_asked import check_reachable, level_asked
from vault.clients.profiles import Asked
from vault.consents import Consent
from vault.errors import IntegrityError

PATH: Final = "/oauth/par"
ACCEPTED: Final = frozenset(
    {
        "acr_values",
        "authorization_details",
        "claims",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "grant_id",
        "grant_management_action",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
        "ui_locales",
    }
)
REFUSED: Final = frozenset({"id_token_hint"})
"""What would change the meaning of a request if it were ignored."""

_TEXT: Final = re.compile(r"[\x20-\x7e]{1,4096}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as it was sent, or as it was kept.

    Attributes:
        resources: Every ``resource``, at PAR.
        signed: The request object (RFC 9101) that all of it stands in; empty for a plain form.
    """

    params: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = field(default=(), repr=False)
    signed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed(Params):
    """An accepted request.

    Attributes:
        signed: The request object that they stand in; empty for a plain form.
        wanted: What is asked for, with what was granted before if that is to be kept.
        renews: The consent that it would take the place of.
        kernel: The same for the kernel, validated.
        grant: The kernel's grant for it.
    """

    signed: str = field(repr=False)
    wanted: Wanted
    renews: Consent | None
    kernel: KernelRequest = field(repr=False)
    grant: CodeGrant = field(repr=False)

    @property
    def asked(self) -> Asked:
        """What the client's profile is asked about."""
        return Asked(
            bound=True,
            level=self.wanted.level,
            offline=self.offline,
            signed=bool(self.signed),
            signed_answer=mode_of(self.params) != QUERY,
        )

    @property
    def redirect_origin(self) -> str:
        """Where the decision leads."""
        return origin_of(self.params["redirect_uri"])

    @property
    def signed_hash(self) -> bytes | None:
        """SHA-256 of the request object, 32 bytes."""
        return sha256(self.signed.encode()).digest() if self.signed else None

    def to_json(self) -> bytes:
        """Return the parameters and what was signed, ready to be sealed."""
        kept = dict(self.params) | ({"request": self.signed} if self.signed else {})
        return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


def kept_request(opened: bytes) -> Sent:
    """Return what ``to_json`` wrote.

    Raises:
        IntegrityError: The bytes are something else.
    """
    try:
        found = json.loads(opened)
    except ValueError as error:
        raise IntegrityError("a pushed request is malformed") from error
    if not isinstance(found, dict):
        raise IntegrityError("a pushed request is malformed")
    return Sent(params=found, signed=found.pop("request", ""))


class Check(Protocol):
    """One check of plain parameters."""

    def __call__(self, params: Mapping[str, str]) -> None:
        """Raise ``FaultError`` if it does not hold."""
        ...


def read_pushed(server: Server, sent: Sent) -> Pushed:
    """Return an accepted request; the first check that fails answers.

    Args:
        server: The kernel, with the client that pushed it, and a unit of work that reads.
        sent: As sent, its signature verified, or as kept.

    Raises:
        OAuth2Error: Refused; nothing of it is a redirect (trap D22).
    """
    params = sent.params
    for check in CHECKS:
        check(params)
    if any(one != server.provider.origin for one in sent.resources):
        raise FaultError(Say.TARGET)
    check_reachable(level_asked(params), levels=server.provider.levels)
    client = server.client
    kept = {name: params[name] for name in sorted(ACCEPTED & params.keys())}
    kept["client_id"] = client.client_id
    server.register_grant(CodeGrant, [S256()])
    kernel = server.request(PATH, params=kept)
    grant = server.authorization_grant(kernel)
    if "authorization_details" not in kept:
        raise FaultError(Say.DETAILS_MISSING)
    wanted = read_wanted(
        kept["authorization_details"],
        client=client,
        origin=server.provider.origin,
        tx=server.tx,
        now=server.now,
    )
    renews = renewed(kept, wanted=wanted, client_id=client.client_id, tx=server.tx, now=server.now)
    wanted = together(kept, wanted=wanted, renews=renews)
    if "scope" in kept:
        check_scope(kept["scope"], details=wanted.details)
    return Pushed(
        params=kept,
        signed=sent.signed,
        wanted=wanted,
        renews=renews,
        kernel=kernel,
        grant=grant,
    )


def check_what_is_offered(params: Mapping[str, str]) -> None:
    """No request by reference, nothing of later steps, and an answer in a form of ours."""
    if "request_uri" in params:
        raise FaultError(Say.NESTED)
    if REFUSED & params.keys():
        raise FaultError(Say.NOT_OFFERED)
    if mode_of(params) not in MODES:
        raise FaultError(Say.MODE)


def check_response_type(params: Mapping[str, str]) -> None:
    """``code`` alone; the kernel would quote anything else (trap D1)."""
    if "response_type" not in params:
        raise FaultError(Say.REQUEST, reason="no response_type")
    if params["response_type"] != "code":
        raise FaultError(Say.RESPONSE_TYPE)


def check_texts(params: Mapping[str, str]) -> None:
    """``state`` and ``nonce`` come back byte by byte, so they hold what a URL may hold."""
    if not all(_TEXT.fullmatch(params[name]) for name in {"state", "nonce"} & params.keys()):
        raise FaultError(Say.STATE)


def check_sign_in(params: Mapping[str, str]) -> None:
    """``prompt``, ``max_age``, ``acr_values``, ``claims``: what this server can do."""
    prompts = params.get("prompt", "login").split(" ")
    if not set(prompts) <= {"none", "login", "consent"} or len(set(prompts)) != len(prompts):
        raise FaultError(Say.PROMPT)
    if "none" in prompts and len(prompts) > 1:
        raise FaultError(Say.PROMPT)
    if not _SECONDS.fullmatch(params.get("max_age", "0")):
        raise FaultError(Say.MAX_AGE)
    level_asked(params)


CHECKS: Final[tuple[Check, ...]] = (
    check_what_is_offered,
    check_response_type,
    check_texts,
    check_sign_in,
    check_action,
)
