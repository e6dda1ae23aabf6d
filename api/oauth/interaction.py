"""The consent desk: shows a department's request, and turns a decision into a code or a refusal.

Nothing is granted here: the decision is one operation of the journal, which re-reads what it
rests on under its lock. The plain code stays in this thread until that operation has committed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest

from api.consent_page import Choice, ConsentPage
from api.deps import LedAwayError
from api.oauth.authorize import reopened
from api.oauth.chosen import chosen
from api.oauth.errors import Say
from api.oauth.grants.code import Decided
from api.oauth.jarm import error_back, way_back
from api.oauth.kernel import OAuth2Error
from api.oauth.page import Setting, compose
from api.oauth.prompts import count_declined, count_prompt
from api.oauth.provider import Provider
from api.oauth.pushed import Pushed
from api.oauth.server import Server
from api.oauth.strength import UnmetError, check_sign_in
from api.way_back import WayBack
from vault.clients import Client
from vault.clients.profiles import Step, check
from vault.clients.protocol import (
    AuthorizationCode,
    Interaction,
    InteractionState,
    PushedRequest,
    SignIn,
)
from vault.clock import MS
from vault.consents.details import Details
from vault.errors import AccessDeniedError, ConflictError, NotFoundError
from vault.ids import ID_BYTES, GrantId
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member
from vault.services.chains import NOT_COVERED, reach
from vault.services.give_consent import DenyConsent, GiveConsent, deny_consent, give_consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the holder decided on."""

    locale: str
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """An open interaction with everything that hangs on it."""

    interaction: Interaction
    row: PushedRequest
    client: Client
    pushed: Pushed
    server: Server
    page: ConsentPage


class Desk:
    """Implements ``ConsentDesk``."""

    def __init__(
        self,
        provider: Provider,
        *,
        give: Callable[[Vault, GiveConsent], object] = give_consent,
        deny: Callable[[Vault, DenyConsent], object] = deny_consent,
    ) -> None:
        """Work with the authorization server's collaborators, and the verbs of the vault."""
        self._provider = provider
        self._give = give
        self._deny = deny

    def open(self, interaction_id: bytes, *, signin: SignIn, browser: str) -> ConsentPage:
        """Return the page, and bind the interaction to this sign-in."""
        with self._reading() as tx:
            asked = self._asked(tx, interaction_id, signin=signin, browser=browser)
        if asked.interaction.signin_hash is None and not self._bind(asked, signin=signin):
            with self._reading() as tx:  # Bound meanwhile: to us, or to somebody else.
                return self._asked(tx, interaction_id, signin=signin, browser=browser).page
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
    ) -> WayBack:
        """Grant or refuse through the journal; return how the browser goes back."""
        provider = self._provider
        vault = provider.vault
        with self._reading() as tx:
            asked = self._asked(tx, interaction_id, signin=signin, browser=browser)
            if asked.interaction.signin_hash is None:
                raise NotFoundError("the page was not opened")
            if not compare_digest(asked.page.shown_hash(locale), shown_hash):
                raise ConflictError("what was shown has changed")
            granted = None if choice is None else chosen(asked.pushed.wanted.details, choice)
            made = None if granted is None else _code(asked, granted=granted, signin=signin)
        params = asked.pushed.params
        shown = Shown(locale=locale, hash=shown_hash)
        if granted is None or made is None:
            way = error_back(provider, params, client=asked.client, say=Say.DENIED)
            self._declined(asked, signin=signin, shown=shown)
            return way
        code, row = made
        way = way_back(provider, params, client=asked.client, answer={"code": code})
        self._give(vault, _given(asked, granted=granted, row=row, signin=signin, shown=shown))
        return way  # Made before: where no answer can be signed, nothing is decided.

    def _asked(self, tx: Tx, interaction_id: bytes, *, signin: SignIn, browser: str) -> _Asked:
        """Return an interaction that this browser and this person may decide now."""
        provider, now_ms = self._provider, self._provider.vault.clock.now_ms()
        now = now_ms // MS
        interaction = tx.protocol.interaction(interaction_id)
        if interaction is None or not _owned(tx, interaction, signin=signin, now=now):
            raise NotFoundError("there is no such request")
        hashes = provider.secrets.hashes(browser)
        if not any([compare_digest(interaction.browser_hash, one) for one in hashes]):  # noqa: C419 - all, always
            raise NotFoundError("there is no such request")
        row = tx.protocol.pushed(interaction.request_hash)
        client = tx.clients.get(row.client_id) if row is not None else None
        department = tx.departments.get(client.department_id) if client is not None else None
        if row is None or client is None or department is None or row.consumed_at is not None:
            raise NotFoundError("there is no such request")
        server = Server(provider=provider, tx=tx, now=now, client=client)
        try:
            pushed = reopened(server, row)
        except OAuth2Error as error:
            raise ConflictError("the request cannot be granted any more") from error
        if check(client, step=Step.PAR, request=pushed.asked) is not None:
            raise ConflictError("the request cannot be granted any more")
        if pushed.wanted.space != signin.space:
            raise NotFoundError("there is no such request")
        far = reach(tx, Member(signin=signin), now_ms=now_ms)
        if not far.covers(pushed.wanted.item, pushed.wanted.details.evidence):
            raise AccessDeniedError(NOT_COVERED)
        check_sign_in(tx, pushed, asked=(interaction, client), signin=signin, now=now)
        setting = Setting(
            interaction_id=interaction_id,
            client=client,
            department=department,
            expires_at=interaction.expires_at,
            now_ms=now_ms,
        )
        return _Asked(
            interaction=interaction,
            row=row,
            client=client,
            pushed=pushed,
            server=server,
            page=compose(pushed, setting=setting, tx=tx),
        )

    @contextmanager
    def _reading(self) -> Iterator[Tx]:
        """Read; where the client needs more than this holder can, the request is over."""
        vault = self._provider.vault
        try:
            with vault.read() as tx:
                yield tx
        except UnmetError as unmet:
            with vault.work() as tx:
                unmet.spend(tx, now=self._provider.now())
            params, client = unmet.pushed.params, unmet.client
            way = error_back(self._provider, params, client=client, say=Say.UNMET)
            raise LedAwayError(way) from unmet

    def _bind(self, asked: _Asked, *, signin: SignIn) -> bool:
        """Bind to the sign-in, and count what is put before this holder.

        Returns:
            Whether it was bound to nobody; a page that is loaded twice at once counts once.

        Raises:
            RateLimitedError: It is not bound.
        """
        vault = self._provider.vault
        with vault.work() as tx:
            bound = tx.protocol.bind_interaction(
                asked.interaction.interaction_id, signin_hash=signin.signin_hash
            )
            if not bound:
                return False
            often = count_prompt(
                vault,
                tx,
                asked.client,
                holder=signin.space.holder_id,
                item=asked.pushed.wanted.item,
                now=asked.server.now,
            )
            if often is not None:
                raise often  # In here: neither bound nor counted.
        return True

    def _declined(self, asked: _Asked, *, signin: SignIn, shown: Shown) -> None:
        """Let the journal know, and remember not to ask for this again and again."""
        vault = self._provider.vault
        self._deny(vault, _denied(asked, signin=signin, shown=shown))
        with vault.work() as tx:
            count_declined(
                vault,
                tx,
                asked.client,
                holder=signin.space.holder_id,
                item=asked.pushed.wanted.item,
                now=asked.server.now,
            )


def _owned(tx: Tx, interaction: Interaction, *, signin: SignIn, now: int) -> bool:
    """Say whether an open interaction is bound to nobody else's sign-in.

    Signing in anew for this very page ends the sign-in that it was bound to; the new one takes
    its place, in the same browser and for the same person, which are both checked besides.
    """
    if interaction.state is not InteractionState.OPEN or interaction.expires_at <= now:
        return False
    bound = interaction.signin_hash
    if bound is None or compare_digest(bound, signin.signin_hash):
        return True
    return tx.protocol.signin(bound, now=now) is None


def _code(asked: _Asked, *, granted: Details, signin: SignIn) -> tuple[str, AuthorizationCode]:
    """Let the kernel validate the request again and build the code; nothing is written."""
    decided = Decided(
        space=signin.space,
        grant_id=asked.pushed.renews.grant_id
        if asked.pushed.renews
        else GrantId(asked.server.provider.vault.random(ID_BYTES)),
        cnf=asked.row.cnf,
        auth=signin.auth,
        details=granted,
        offline=asked.pushed.offline,
        identity=asked.pushed.identity,
    )
    server, grant = asked.server, asked.pushed.grant
    server.ask(
        lambda: server.create_authorization_response(
            asked.pushed.kernel, grant_user=decided, grant=grant
        )
    )
    if grant.made is None:
        raise ConflictError("the request cannot be granted any more")
    return grant.made


def _given(
    asked: _Asked, *, granted: Details, row: AuthorizationCode, signin: SignIn, shown: Shown
) -> GiveConsent:
    wanted = asked.pushed.wanted
    return GiveConsent(
        interaction_id=asked.interaction.interaction_id,
        request_hash=asked.row.request_hash,
        signin=signin,
        client_id=asked.client.client_id,
        purpose=wanted.purpose,
        item=wanted.item,
        case_no=wanted.case_no,
        note=asked.server.provider.secrets.seal(wanted.note.encode(), request_id=row.grant_id),
        details=granted,
        code=row,
        renews=asked.pushed.renews,
        shown_hash=shown.hash,
        shown_locale=shown.locale,
        signed_hash=asked.pushed.signed_hash,
    )


def _denied(asked: _Asked, *, signin: SignIn, shown: Shown) -> DenyConsent:
    wanted = asked.pushed.wanted
    return DenyConsent(
        interaction_id=asked.interaction.interaction_id,
        request_hash=asked.row.request_hash,
        signin=signin,
        client_id=asked.client.client_id,
        purpose=wanted.purpose,
        item=wanted.item,
        case_no=wanted.case_no,
        details=wanted.details,
        shown_hash=shown.hash,
        shown_locale=shown.locale,
        signed_hash=asked.pushed.signed_hash,
    )
