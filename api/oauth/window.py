"""The desk for requests of kiosks and counters: shown to whose case it is, decided once.

A request is its own page: who types the kiosk's code, or is asked by a counter, is bound to it
by the sign-in. What is given, and every refusal, is one operation of the journal.
"""

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

import structlog

from api.consent_page import ConsentPage, Text, WindowShown
from api.deps import LedAwayError
from api.oauth.awaited import Awaited, reread
from api.oauth.errors import FaultError
from api.oauth.interaction import Shown
from api.oauth.matching import blanked, number_in, numbers_of
from api.oauth.page import Setting, compose
from api.oauth.prompts import count_declined, count_prompt, count_reported
from api.oauth.provider import Provider
from api.oauth.screen_codes import count_shown, count_typed, shown_code_name, user_code_name
from api.oauth.server import Server
from api.oauth.strength import OutOfReachError, check_fresh, check_level
from api.oauth.window_acts import Asked, approved, denied, is_bound_to, is_for, outcome_of, whose
from api.way_back import WayBack
from api.window_desk import Decision, OnScreen, Outcome, Waiting
from policies.items import items
from vault.clients import Client
from vault.clients.async_requests import (
    AsyncKind,
    AsyncRequest,
    ShownCode,
)
from vault.clients.profiles import Step, check
from vault.clients.protocol import SignIn
from vault.clock import MS
from vault.crypto.letters import mint_letters, read_letters, spaced_letters
from vault.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from vault.ports import Tx
from vault.services import Vault
from vault.services.deciding import end_unmet
from vault.services.give_consent import (
    ApproveConsent,
    DenyConsent,
    deny_consent,
    give_consent,
)

SHOWN_SECONDS: Final = 300
"""How long a code on a holder's screen is good (oauth.md 3)."""

UNMET: Final = f"/space/decided/{Outcome.UNMET.value}"

STEPS: Final = {AsyncKind.DEVICE: Step.DEVICE, AsyncKind.CIBA: Step.CIBA}

_log = structlog.get_logger("myspace.oauth")


class _UnmetError(Exception):
    """The client demands a sign-in that this holder has no means for."""

    def __init__(self, row: AsyncRequest, *, acr: str) -> None:
        super().__init__("the holder has no such sign-in")
        self.row, self.acr = row, acr


class Window:
    """Implements ``api.window_desk.WindowDesk``."""

    def __init__(
        self,
        provider: Provider,
        *,
        give: Callable[[Vault, ApproveConsent], object] = give_consent,
        deny: Callable[[Vault, DenyConsent], object] = deny_consent,
    ) -> None:
        """Work with the authorization server's collaborators, and the verbs of the vault."""
        self._provider = provider
        self._give = give
        self._deny = deny

    def enter(self, typed: str, *, signin: SignIn) -> bytes:
        """Find a kiosk's request by its code; what finds nothing is counted."""
        letters = read_letters(typed)
        if not letters:
            raise InvalidInputError("no code has this form", field="user_code")
        vault, secrets = self._provider.vault, self._provider.secrets
        now = self._provider.now()
        found = None
        with vault.work() as tx:
            tally = count_typed(vault, tx, signin=signin, now=now)
            if tally.limited is None:
                names = secrets.hashes(user_code_name(letters))
                rows = [tx.protocol.async_of_user_code(name) for name in names]
                found = next((row for row in rows if is_for(row, signin=signin, now=now)), None)
                if found is not None:
                    tally.forgive(tx)
        if tally.limited is not None:
            raise tally.limited
        if found is None:
            raise NotFoundError("no kiosk shows this code")
        return found.request_id

    def waiting(self, *, signin: SignIn) -> tuple[Waiting, ...]:
        """List what counters wait for."""
        now = self._provider.now()
        found = []
        with self._provider.vault.read() as tx:
            for row in tx.protocol.async_waiting(signin.space, now=now):
                client, department = whose(tx, row)
                awaited = self._reread(tx, row, client=client, now=now)
                if awaited is not None:
                    item = items()[awaited.wanted.item]
                    found.append(
                        Waiting(
                            request_id=row.request_id,
                            department=Text(department.name_zh, department.name_en),
                            item=Text(item.name_zh, item.name_en),
                            place=client.metadata.location,
                            asked_at=row.created_at,
                        )
                    )
        return tuple(found)

    def open(self, request_id: bytes, *, signin: SignIn) -> ConsentPage:
        """Return the page, and bind the request to this sign-in."""
        asked = self._found(request_id, signin=signin)
        if asked.row.signin_hash is None and not self._bind(asked, signin=signin):
            # Bound meanwhile: to us, or to another one.
            return self._found(request_id, signin=signin).page
        return asked.page

    def decide(
        self,
        request_id: bytes,
        *,
        signin: SignIn,
        decision: Decision,
        locale: str,
        shown_hash: bytes,
    ) -> Outcome:
        """Grant or refuse through the journal."""
        asked = self._found(request_id, signin=signin)
        if asked.row.signin_hash is None:
            raise NotFoundError("the page was not opened")
        if not compare_digest(asked.page.shown_hash(locale), shown_hash):
            raise ConflictError("what was shown has changed")
        shown = Shown(locale=locale, hash=shown_hash)
        outcome = outcome_of(asked, decision)
        if outcome is Outcome.GIVEN and decision.choice is not None:
            made = approved(
                asked,
                decision.choice,
                signin=signin,
                shown=shown,
                secrets=self._provider.secrets,
                random=self._provider.vault.random,
            )
            self._give(self._provider.vault, made)
        else:
            self._refused(asked, outcome, signin=signin, shown=shown)
        return outcome

    def show(self, *, signin: SignIn) -> OnScreen:
        """Mint a code that one counter may ask with."""
        vault, now = self._provider.vault, self._provider.now()
        letters = mint_letters(random=vault.random)
        expires_at = now + SHOWN_SECONDS
        code = ShownCode(
            code_hash=self._provider.secrets.hash(shown_code_name(letters)),
            space=signin.space,
            expires_at=expires_at,
        )
        with vault.work() as tx:
            often = count_shown(vault, tx, holder=signin.space.holder_id, now=now)
            if often is not None:
                raise often
            tx.protocol.add_shown_code(code)
        return OnScreen(letters=spaced_letters(letters), expires_at=expires_at)

    def _found(self, request_id: bytes, *, signin: SignIn) -> Asked:
        """Return a request; where it demands more than this holder can, it is over."""
        vault = self._provider.vault
        try:
            with vault.read() as tx:
                return self._asked(tx, request_id, signin=signin)
        except _UnmetError as unmet:
            with vault.work() as tx:
                end_unmet(vault, tx, unmet.row, acr=unmet.acr, now=self._provider.now())
            raise LedAwayError(WayBack(location=UNMET)) from unmet

    def _asked(self, tx: Tx, request_id: bytes, *, signin: SignIn) -> Asked:
        """Return a request that this sign-in may decide now."""
        now_ms = self._provider.vault.clock.now_ms()
        now = now_ms // MS
        row = tx.protocol.async_request(request_id)
        if row is None or not is_for(row, signin=signin, now=now):
            raise NotFoundError("there is no such request")
        if not is_bound_to(tx, row, signin=signin, now=now):
            raise NotFoundError("there is no such request")
        client, department = whose(tx, row)
        awaited = self._reread(tx, row, client=client, now=now)
        if awaited is None:
            raise ConflictError("the request cannot be granted any more")
        try:
            check_level(tx, awaited, signin=signin)
        except OutOfReachError as error:
            raise _UnmetError(row, acr=error.acr) from error
        check_fresh(awaited, began_at=row.created_at, signin=signin, now=now)
        window, number = self._window(row, awaited, client=client)
        setting = Setting(
            interaction_id=request_id,
            client=client,
            department=department,
            expires_at=row.expires_at,
            now_ms=now_ms,
            window=window,
        )
        page = compose(awaited, setting=setting, tx=tx)
        return Asked(row=row, client=client, awaited=awaited, page=page, number=number, now=now)

    def _reread(self, tx: Tx, row: AsyncRequest, *, client: Client, now: int) -> Awaited | None:
        """Return the request as it would be accepted now; ``None`` where it would not be."""
        server = Server(provider=self._provider, tx=tx, now=now, client=client)
        try:
            awaited = reread(server, row)
        except FaultError:
            return None
        refused = check(client, step=STEPS[row.kind], request=awaited.asked(now=now))
        return awaited if refused is None and awaited.wanted.space == row.space else None

    def _window(
        self, row: AsyncRequest, awaited: Awaited, *, client: Client
    ) -> tuple[WindowShown, str]:
        message = awaited.params.get("binding_message", "")
        number = number_in(message) if row.kind is AsyncKind.CIBA else ""
        keyed = self._provider.secrets.keyed
        window = WindowShown(
            kind=row.kind.value,
            place=client.metadata.location,
            asked_at=row.created_at,
            message=blanked(message, number) if number else "",
            numbers=numbers_of(number, request_id=row.request_id, keyed=keyed) if number else (),
        )
        return window, number

    def _bind(self, asked: Asked, *, signin: SignIn) -> bool:
        """Bind to the sign-in; a kiosk's request is put before the holder by this.

        Returns:
            Whether it was bound to nobody.

        Raises:
            RateLimitedError: It is not bound.
        """
        vault, row = self._provider.vault, asked.row
        with vault.work() as tx:
            bound = tx.protocol.bind_async(row.request_id, signin_hash=signin.signin_hash)
            if not bound or row.kind is not AsyncKind.DEVICE:
                return bound
            often = count_prompt(
                vault,
                tx,
                asked.client,
                holder=signin.space.holder_id,
                item=asked.awaited.wanted.item,
                now=asked.now,
            )
            if often is not None:
                raise often  # In here: neither bound nor counted.
        return True

    def _refused(self, asked: Asked, outcome: Outcome, *, signin: SignIn, shown: Shown) -> None:
        """Let the journal know, and remember not to ask for this again and again."""
        vault, client = self._provider.vault, asked.client
        self._deny(vault, denied(asked, outcome, signin=signin, shown=shown))
        counted = count_reported if outcome is Outcome.REPORTED else count_declined
        with vault.work() as tx:
            counted(
                vault,
                tx,
                client,
                holder=signin.space.holder_id,
                item=asked.awaited.wanted.item,
                now=asked.now,
            )
        if outcome is Outcome.REPORTED:
            _log.warning("reported by a holder", client=client.client_id, kind=asked.row.kind)
