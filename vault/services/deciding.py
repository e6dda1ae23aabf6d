"""What a holder decides on, and how a decision spends the request: once, whoever else tries.

A pushed request is spent with its page, and a code is left for its client. A request of a kiosk
or counter is approved or denied where it lies, and a counter that is called back is called.
"""

from dataclasses import dataclass, field
from typing import Final

from policies.requests import Action
from vault.clients.async_requests import Approval, AsyncKind, AsyncRequest
from vault.clients.protocol import AuthorizationCode, InteractionState, SignIn
from vault.consents import Consent, ConsentStatus
from vault.consents.details import Details
from vault.errors import ConflictError, InvalidInputError
from vault.ids import CaseNumber, ClientId
from vault.ports import Tx
from vault.services import Vault
from vault.services.calling import call_client

FIRST: Final = 1
DECIDED: Final = "this request was decided already, or has expired"
PING: Final = "ciba-ping"
"""Kind of the call to a client that an answer waits (CIBA Core 1.0 s. 10.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenyConsent:
    """What the holder declines.

    Attributes:
        interaction_id, request_hash: Of the page and of the pushed request; spent by this. A
            request of a kiosk or counter has the one id, and the hash of the client's code.
        details: As asked for.
        shown_hash, shown_locale: The text that the holder decided on.
        signed_hash: SHA-256 of the request object (RFC 9101) that the department signed, if it
            signed one: with the object in its own files, the entry proves what it asked for.
        kind: How it began, where that was not in this browser.
        pings: The client hears of it at its registered address.
        refusal: ``CONSENT_REFUSE``, or what else happened than that the holder did not want to.
    """

    interaction_id: bytes
    request_hash: bytes = field(repr=False)
    signin: SignIn = field(repr=False)
    client_id: ClientId
    purpose: str
    item: str
    case_no: CaseNumber = field(repr=False)
    details: Details
    shown_hash: bytes
    shown_locale: str
    signed_hash: bytes | None = None
    kind: AsyncKind | None = None
    pings: bool = False
    refusal: Action = Action.CONSENT_REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveConsent(DenyConsent):
    """What the holder grants.

    Attributes:
        details: As narrow as the holder made it.
        note: The department's own words why, sealed.
        code: The authorization code's row; it names the grant.
        renews: The consent that this one takes the place of, as it was when it was shown: same
            id and matter, next version. In law it is a new one, so its uses begin anew.
    """

    note: bytes = field(repr=False)
    code: AuthorizationCode = field(repr=False)
    renews: Consent | None = None

    def __post_init__(self) -> None:
        """Refuse to renew what is of somebody else, about something else, or over."""
        before = self.renews
        if before is None:
            return
        same = (before.space, before.grant_id, before.client_id) == (
            self.signin.space,
            self.code.grant_id,
            self.client_id,
        )
        matter = (before.purpose, before.item, before.case_no)
        if not same or matter != (self.purpose, self.item, self.case_no):
            raise InvalidInputError("a consent is renewed for the same matter and client")
        if before.status is ConsentStatus.REVOKED or before.parent_id is not None:
            raise ConflictError("this consent has ended already, or is a part of another")

    @property
    def version(self) -> int:
        """The version that the consent gets."""
        return FIRST if self.renews is None else self.renews.version + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveConsent(DenyConsent):
    """What the holder grants to a kiosk or counter.

    Attributes:
        details, note: As in ``GiveConsent``.
        code: The approval; it names the grant, and stands where a code would.
    """

    note: bytes = field(repr=False)
    code: Approval

    @property
    def renews(self) -> None:
        """None: what a kiosk or counter is given is always new."""

    @property
    def version(self) -> int:
        """The version that the consent gets."""
        return FIRST


Granting = GiveConsent | ApproveConsent


def spend_granted(vault: Vault, tx: Tx, asked: Granting, *, now: int) -> None:
    """Spend the request, and leave for the client what it gets a token for.

    Raises:
        ConflictError: It was decided already, or has expired.
    """
    if isinstance(asked, ApproveConsent):
        if not tx.protocol.approve_async(asked.code, now=now):
            raise ConflictError(DECIDED)
        _ping(vault, tx, asked)
        return
    page = tx.protocol.interaction(asked.interaction_id)
    if page is None or page.expires_at <= now:
        raise ConflictError("the time to decide is over")
    _spend(tx, asked, state=InteractionState.GRANTED, now=now)
    tx.protocol.add_code(asked.code)


def spend_denied(vault: Vault, tx: Tx, asked: DenyConsent, *, now: int) -> None:
    """Spend the request, and leave nothing.

    Raises:
        ConflictError: It was decided already, or has expired.
    """
    if asked.kind is None:
        _spend(tx, asked, state=InteractionState.DENIED, now=now)
        return
    if not tx.protocol.deny_async(asked.interaction_id, now=now):
        raise ConflictError(DECIDED)
    _ping(vault, tx, asked)


def end_unmet(vault: Vault, tx: Tx, request: AsyncRequest, *, acr: str, now: int) -> None:
    """End a request that demands a sign-in of level ``acr``, which its holder has no means for.

    Nobody has decided anything; the client hears why.
    """
    if tx.protocol.end_unmet(request.request_id, acr=acr, now=now) and request.notify is not None:
        call_client(vault, tx, kind=PING, told={"request": request.request_id.hex()})


def _spend(tx: Tx, asked: DenyConsent, *, state: InteractionState, now: int) -> None:
    """Spend the pushed request and close its page: one decision, once."""
    if not tx.protocol.spend_pushed(asked.request_hash, now=now):
        raise ConflictError(DECIDED)
    if not tx.protocol.close_interaction(asked.interaction_id, state=state):
        raise ConflictError("this request was decided already")


def _ping(vault: Vault, tx: Tx, asked: DenyConsent) -> None:
    """Let the client hear that it may fetch an answer; what it is, it hears when it asks."""
    if asked.pings:
        call_client(vault, tx, kind=PING, told={"request": asked.interaction_id.hex()})
