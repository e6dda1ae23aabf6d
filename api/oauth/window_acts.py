"""What a holder's answer at a kiosk or counter comes to: whose it is, and what it says."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from api.consent_page import Choice, ConsentPage
from api.oauth.awaited import Awaited
from api.oauth.chosen import chosen
from api.oauth.granted import scope_of
from api.oauth.interaction import Shown
from api.oauth.secrets import Secrets
from api.window_desk import Decision, Outcome
from policies.requests import Action
from vault.clients import Client
from vault.clients.async_requests import Approval, AsyncRequest, AsyncState
from vault.clients.protocol import SignIn
from vault.departments import Department
from vault.errors import InvalidInputError, NotFoundError
from vault.ids import ID_BYTES, GrantId, RandomBytes
from vault.ports import Tx
from vault.services.give_consent import ApproveConsent, DenyConsent

REFUSALS: Final = {
    Outcome.DECLINED: Action.CONSENT_REFUSE,
    Outcome.REPORTED: Action.CONSENT_REPORT,
    Outcome.MISMATCHED: Action.CONSENT_MISMATCH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A pending request with everything that hangs on it.

    Attributes:
        number: On the counter's screen; empty at a kiosk.
    """

    row: AsyncRequest
    client: Client
    awaited: Awaited
    page: ConsentPage
    number: str
    now: int


def is_for(row: AsyncRequest | None, *, signin: SignIn, now: int) -> bool:
    """Say whether a request waits for whose space this sign-in is in."""
    if row is None or row.state is not AsyncState.PENDING or row.expires_at <= now:
        return False
    return row.space == signin.space


def is_bound_to(tx: Tx, row: AsyncRequest, *, signin: SignIn, now: int) -> bool:
    """Say whether a request is bound to no other live sign-in.

    Signing in anew ends the sign-in that it was bound to; the new one takes its place.
    """
    bound = row.signin_hash
    if bound is None or compare_digest(bound, signin.signin_hash):
        return True
    return tx.protocol.signin(bound, now=now) is None


def whose(tx: Tx, row: AsyncRequest) -> tuple[Client, Department]:
    """Return who asks.

    Raises:
        NotFoundError: It is gone.
    """
    client = tx.clients.get(row.client_id)
    department = None if client is None else tx.departments.get(client.department_id)
    if client is None or department is None:
        raise NotFoundError("there is no such request")
    return client, department


def outcome_of(asked: Asked, decision: Decision) -> Outcome:
    """Return what a decision comes to; a number that was not offered is no decision.

    Raises:
        InvalidInputError: No number of the page was chosen.
    """
    if decision.reported:
        return Outcome.REPORTED
    if decision.choice is None:
        return Outcome.DECLINED
    window = asked.page.window
    if asked.number and (window is None or decision.number not in window.numbers):
        raise InvalidInputError("no number was chosen", field="number")
    matched = compare_digest(decision.number.encode(), asked.number.encode())
    return Outcome.GIVEN if matched or not asked.number else Outcome.MISMATCHED


def approved(
    asked: Asked,
    choice: Choice,
    *,
    signin: SignIn,
    shown: Shown,
    secrets: Secrets,
    random: RandomBytes,
) -> ApproveConsent:
    """Return what is granted.

    Raises:
        InvalidInputError: It is wider than what was asked for.
    """
    wanted, row = asked.awaited.wanted, asked.row
    granted = chosen(wanted.details, choice)
    grant_id = GrantId(random(ID_BYTES))
    return ApproveConsent(
        interaction_id=row.request_id,
        request_hash=row.code_hash,
        signin=signin,
        client_id=asked.client.client_id,
        purpose=wanted.purpose,
        item=wanted.item,
        case_no=wanted.case_no,
        details=granted,
        shown_hash=shown.hash,
        shown_locale=shown.locale,
        kind=row.kind,
        pings=row.notify is not None,
        note=secrets.seal(wanted.note.encode(), request_id=grant_id),
        code=Approval(
            request_id=row.request_id,
            grant_id=grant_id,
            scope=scope_of(
                granted, offline=asked.awaited.offline, identity=asked.awaited.identity
            ),
            auth=signin.auth,
        ),
    )


def denied(asked: Asked, outcome: Outcome, *, signin: SignIn, shown: Shown) -> DenyConsent:
    """Return what is refused, and how it came to that."""
    wanted, row = asked.awaited.wanted, asked.row
    return DenyConsent(
        interaction_id=row.request_id,
        request_hash=row.code_hash,
        signin=signin,
        client_id=asked.client.client_id,
        purpose=wanted.purpose,
        item=wanted.item,
        case_no=wanted.case_no,
        details=wanted.details,
        shown_hash=shown.hash,
        shown_locale=shown.locale,
        kind=row.kind,
        pings=row.notify is not None,
        refusal=REFUSALS[outcome],
    )
