"""The consent desk: shows a department's request, and turns a decision into a code or a refusal.

Nothing is granted here: the decision is one operation of the journal, which re-reads what it
rests on under its lock. The plain code stays in this thread until that operation has committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final

from api.consent_page import Choice, Chosen, ConsentPage
from api.oauth.authorize import INTERACTION_SECONDS, answer_to, error_to, reopened
from api.oauth.errors import Say
from api.oauth.grants.code import Decided
from api.oauth.kernel import OAuth2Error
from api.oauth.page import Setting, compose
from api.oauth.provider import Provider
from api.oauth.pushed import ACR, FRESH_SECONDS, Pushed
from api.oauth.server import Server
from policies.scopes import View
from vault.clients import Client
from vault.clients.protocol import Interaction, InteractionState, PushedRequest, SignIn
from vault.consents.details import Details, EvidenceGrant
from vault.departments import Department
from vault.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StepUpRequiredError,
)
from vault.ids import ID_BYTES, GrantId
from vault.ports import Tx
from vault.services.give_consent import DenyConsent, GiveConsent, deny_consent, give_consent

PROMPTS_A_DAY: Final = 10
"""Requests that one department may put before one holder (threats.md 6)."""

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """An open interaction with everything that hangs on it."""

    interaction: Interaction
    row: PushedRequest
    client: Client
    department: Department
    pushed: Pushed
    server: Server
    page: ConsentPage


class Desk:
    """Implements ``ConsentDesk``."""

    def __init__(self, provider: Provider) -> None:
        """Work with the authorization server's collaborators."""
        self._provider = provider

    def open(self, interaction_id: bytes, *, signin: SignIn, browser: str) -> ConsentPage:
        """Return the page, and bind the interaction to this sign-in."""
        with self._provider.vault.read() as tx:
            asked = self._asked(tx, interaction_id, signin=signin, browser=browser)
        if asked.interaction.signin_hash is None:
            self._bind(asked, signin=signin)
        return asked.page

    def decide(
        self,
        interaction_id: bytes,
        *,
        signin: SignIn,
        browser: str,
        choice: Choice | None,
        locale: str,
        shown_hash: bytes,
    ) -> str:
        """Grant or refuse through the journal; return where to send the browser."""
        with self._provider.vault.read() as tx:
            asked = self._asked(tx, interaction_id, signin=signin, browser=browser)
            if asked.interaction.signin_hash is None:
                raise NotFoundError("the page was not opened")
            if not compare_digest(asked.page.shown_hash(locale), shown_hash):
                raise ConflictError("what was shown has changed")
            decision = self._decision(asked, signin=signin, locale=locale)
            if choice is not None:
                details = chosen(asked.pushed.wanted.details, choice)
                code, given = _given(asked, decision, details=details, signin=signin)
        if choice is None:
            deny_consent(self._provider.vault, decision)
            return self._led(error_to(asked.pushed.params, Say.DENIED, origin=self._origin))
        give_consent(self._provider.vault, given)
        return self._led(
            answer_to(asked.pushed.params, origin=self._origin, answer={"code": code})
        )
