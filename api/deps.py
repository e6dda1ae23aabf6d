"""What the front doors share: how one reaches what another provides, without importing it.

``wiring`` builds ``Wired`` once and puts it on the application; the dependencies here hand it
to endpoints. The two Protocols are implemented in ``api.oauth`` and used elsewhere:
``TokenResolver`` by ``/v1``, ``ConsentDesk`` by the portal.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol

from fastapi import Depends, Request, Response

from api.consent_page import Choice, ConsentPage
from api.middleware import seen
from api.problems import HTTP, respond, vault_problem
from api.proxies import CERTIFICATE
from api.refusals import RefusalLog
from api.way_back import WayBack
from api.window_desk import WindowDesk
from vault.clients.protocol import Claim, SignIn
from vault.consents.details import Details, details_of
from vault.errors import RateLimitedError, ReplayedError, TokenEndedError, VaultError
from vault.passkeys.ceremony import RelyingParty
from vault.ports import LiveToken
from vault.services import Vault

BROWSER_COOKIE: Final = "vault-browser"
"""Owns this browser's open interactions with departments."""

SIGNIN_COOKIE: Final = "vault-signin"
"""The sign-in of the holder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """One process, put together.

    Attributes:
        issuer: Origin of every address, such as ``https://space.example.org``.
        demo: Synthetic people; http on loopback is allowed.
        passkeys: Who asks for passkeys; ``None`` where browsers make none for the issuer's host.
        resolve: Turns a presented token into what it may be used for.
        desk: The consent decision.
        window: The same, for what began at a kiosk or counter.
        shown: Returns the checkpoint of a log, by its number, as anybody may see it now.
        refusals: Why clients were refused, until it is written.
        leaving: Set when this process is told to stop: whoever shares requests out looks for
            another one, while those that are here already are answered.
    """

    vault: Vault
    issuer: str
    demo: bool
    resolve: "TokenResolver"
    desk: "ConsentDesk"
    window: WindowDesk
    shown: Callable[[int], str]
    passkeys: RelyingParty | None = None
    refusals: RefusalLog = field(default_factory=RefusalLog, repr=False)
    leaving: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def secure(self) -> bool:
        """Whether browsers reach this deployment by https."""
        return self.issuer.startswith("https:")

    def cookie(self, name: str) -> str:
        """Return the full name of a cookie: bound to this host wherever there is TLS."""
        return f"__Host-{name}" if self.secure else name

    def serving(self) -> bool:
        """Say whether this process takes requests and its journal entries.

        Without a journal nothing is released or changed. It is asked for what it knows, and
        nobody waits: it looks for the database by itself, about once a second.
        """
        return not self.leaving.is_set() and self.vault.journal.waiting


async def wired(request: Request) -> Wired:
    """Return what this application was wired with."""
    found = request.app.state.wired
    if not isinstance(found, Wired):
        raise TypeError("the application was not wired")
    return found


WiredDep = Annotated[Wired, Depends(wired)]


# -- access tokens at resources ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Presented:
    """What a caller of a resource presented; nothing later touches the request.

    Attributes:
        path: Path as routed; ``htu`` is compared with the issuer and this.
        authorization, proofs: Every value of ``Authorization`` and of ``DPoP``.
        elsewhere: A token stands in the query, where none is taken (RFC 6750 s. 2.3).
        network: Address of the peer, for the entry.
        certificate: What a proxy of ours said the caller proved itself with; empty for none.
    """

    method: str
    path: str
    authorization: tuple[str, ...]
    proofs: tuple[str, ...]
    elsewhere: bool = False
    network: str = ""
    certificate: str = ""


async def presented(request: Request) -> Presented:
    """Freeze what is needed to resolve a token."""
    return Presented(
        method=request.method,
        path=request.scope["path"],
        authorization=tuple(request.headers.getlist("authorization")),
        proofs=tuple(request.headers.getlist("dpop")),
        elsewhere=bool(request.scope["query_string"]) and "access_token" in request.query_params,
        network=request.client.host if request.client else "",
        certificate=request.headers.get(CERTIFICATE, ""),
    )


PresentedDep = Annotated[Presented, Depends(presented)]


class ChallengeError(VaultError):
    """A resource wants a better token. The header says which, and never why this one failed.

    Attributes:
        status: 401, or 403 where a live token lacks a scope.
        error: Code of RFC 6750 or RFC 9449; empty when nothing was presented.
        challenge: Value of ``WWW-Authenticate``.
        nonce: Value of ``DPoP-Nonce``.
    """

    def __init__(self, error: str, *, status: int, challenge: str, nonce: str) -> None:
        """Keep what the answer is built from."""
        super().__init__(error or "a token is needed")
        self.error = error
        self.status = status
        self.challenge = challenge
        self.nonce = nonce


def challenged(_request: Request, error: Exception) -> Response:
    """Render a challenge; the application registers it for ``ChallengeError``."""
    if not isinstance(error, ChallengeError):
        raise error
    response = respond(HTTP[error.status], detail=str(error))
    response.headers["WWW-Authenticate"] = error.challenge
    response.headers["DPoP-Nonce"] = error.nonce
    return response


def ended(request: Request, error: Exception) -> Response:
    """Render a token that ended while its request was under way as one that came ended."""
    if not isinstance(error, TokenEndedError):
        raise error
    found: Wired = request.app.state.wired
    seen().refused("invalid_token", reason=str(error))
    return challenged(request, found.resolve.ended())


def replayed(request: Request, error: Exception) -> Response:
    """Render a proof that was shown before: the problem says so, the challenge wants a new one."""
    if not isinstance(error, ReplayedError):
        raise error
    found: Wired = request.app.state.wired
    wanted = found.resolve.replayed()
    response = vault_problem(request, error)
    response.headers["WWW-Authenticate"] = wanted.challenge
    response.headers["DPoP-Nonce"] = wanted.nonce
    return response


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bearer:
    """A live token in the hands of the holder of its key or certificate.

    Attributes:
        claim: The proof's replay row. It is not written yet: the journal operation of a pull
            writes it, everywhere else ``TokenResolver.once`` does. A certificate has none.
        proof_hash: SHA-256 of the proof as sent, for the entry.
    """

    live: LiveToken
    claim: Claim | None
    proof_hash: bytes | None
    network: str

    @property
    def scopes(self) -> frozenset[str]:
        """The token's scopes."""
        return frozenset(self.live.token.scope.split())

    @property
    def details(self) -> Details | None:
        """What this token was issued for; what it may do is the overlap with the consent."""
        text = self.live.token.details
        return None if text is None else details_of(text)


class TokenResolver(Protocol):
    """Access tokens as resources see them. Every failure is a ``ChallengeError``."""

    def __call__(self, shown: Presented) -> Bearer:
        """Resolve the token and verify its proof; writes nothing."""
        ...

    def once(self, shown: Presented, *, scope: str) -> Bearer:
        """Resolve, require ``scope``, and spend the proof: for routes without a journal entry."""
        ...

    def require(self, bearer: Bearer, *, scope: str) -> None:
        """Refuse a token without ``scope``."""
        ...

    def require_level(self, bearer: Bearer, *, acr: str) -> None:
        """Refuse a token that came of a weaker sign-in than ``acr``."""
        ...

    def ended(self) -> ChallengeError:
        """Return the challenge for a token that is not live any more."""
        ...

    def replayed(self) -> ChallengeError:
        """Return the challenge for a proof that was shown before."""
        ...


# -- the consent decision ------------------------------------------------------------------


class DeclinedBeforeError(RateLimitedError):
    """The holder has declined the same item of this department, more than once."""


class LedAwayError(VaultError):
    """The request is over before the holder was asked: the browser goes back to the client.

    Attributes:
        way: How.
    """

    def __init__(self, way: WayBack) -> None:
        """Keep how the browser goes back."""
        super().__init__("the request is over")
        self.way = way


class ConsentDesk(Protocol):
    """A department's request, decided by the holder."""

    def open(self, interaction_id: bytes, *, signin: SignIn, browser: str) -> ConsentPage:
        """Return the page, and bind the interaction to this sign-in.

        Args:
            interaction_id: From the page's path.
            signin: The live sign-in.
            browser: Value of the cookie ``BROWSER_COOKIE``.

        Raises:
            NotFoundError: Not there, decided, expired, of another browser or person.
            StepUpRequiredError: The sign-in is too old, or too weak.
            LedAwayError: The client needs a sign-in that this holder cannot reach.
            DeclinedBeforeError: The holder was asked for this before, and declined.
            RateLimitedError: This department, or this system of it, asks too often.
        """
        ...

    def decide(
        self,
        interaction_id: bytes,
        *,
        signin: SignIn,
        browser: str,
        choice: Choice | None,
        locale: str,
        shown_hash: bytes,
    ) -> WayBack:
        """Grant or, with ``None``, refuse; return how the browser goes back.

        Raises:
            InvalidInputError: The choice is wider than what was asked for.
            ConflictError: What was shown is no longer so; show the page again.
            AccessDeniedError: The policies refuse this consent.
            JournalUnavailableError: Nothing was decided.
        """
        ...
