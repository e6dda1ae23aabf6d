"""A persona decides by itself: signed in, before the same page, through the same journal.

The robot takes no short cut: it is shown the page that a browser would be shown, agrees to all
of it or declines, and whatever the vault refuses to a holder it refuses to the robot.
"""

import os
from typing import Final

import structlog
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.consent_page import Choice, Chosen, ConsentPage, EvidenceShown
from api.deps import BROWSER_COOKIE, Wired
from api.way_back import WayBack
from policies.scopes import View
from scripts.sandbox.personas import Decision, Switches, personas
from vault.clients.protocol import SignIn, authenticated
from vault.clock import MS, legal_day
from vault.errors import NotFoundError, VaultError
from vault.identifiers import parse
from vault.ids import Space, parse_id
from vault.services.acting import ACR_PREFIX
from vault.services.open_space import find_space

ACR: Final = f"{ACR_PREFIX}aal2"
AMR: Final = ("sandbox",)
SIGNED_IN_SECONDS: Final = 300
AUTHORIZE: Final = "/oauth/authorize"
CONSENT: Final = "/space/consent/"

_log = structlog.get_logger("myspace.sandbox")


class Robot:
    """Decides on open requests for whoever's switch says so."""

    def __init__(self, wired: Wired, switches: Switches) -> None:
        """Act on ``wired`` as ``switches`` say."""
        self._wired = wired
        self._switches = switches

    def decide(self, interaction_id: bytes, *, browser: str) -> WayBack | None:
        """Return the way back of a decided request; ``None`` where a person has to decide.

        Raises:
            VaultError: The vault refuses this to the holder, too.
        """
        for key in personas():
            decision = self._switches.of(key)
            space = self._space(key)
            if space is None or decision is Decision.ASK:
                continue
            signin = self._signed_in(space)
            try:
                page = self._wired.desk.open(interaction_id, signin=signin, browser=browser)
            except NotFoundError:  # It is somebody else's.
                continue
            locale = page.locale
            return self._wired.desk.decide(
                interaction_id,
                signin=signin,
                browser=browser,
                choice=everything(page) if decision is Decision.APPROVE else None,
                locale=locale,
                shown_hash=page.shown_hash(locale),
            )
        return None

    def _space(self, key: str) -> Space | None:
        vault, who = self._wired.vault, personas()[key].somebody
        number = parse(who.kind, who.number, today=legal_day(vault.clock.now_ms()))
        with vault.read() as tx:
            return find_space(vault, tx, number)

    def _signed_in(self, space: Space) -> SignIn:
        vault = self._wired.vault
        now, signin_hash = vault.clock.now_ms() // MS, os.urandom(32)
        signin = SignIn(
            signin_hash=signin_hash,
            space=space,
            csrf_hash=os.urandom(32),
            auth=authenticated(space, acr=ACR, at=now, signin_hash=signin_hash, amr=AMR),
            idle_expires_at=now + SIGNED_IN_SECONDS,
            expires_at=now + SIGNED_IN_SECONDS,
        )
        with vault.work() as tx:
            tx.protocol.add_signin(signin)
        return signin


def everything(page: ConsentPage) -> Choice:
    """Return the consent to all that is asked for, in the view that was asked for."""
    return Choice(
        evidence={
            one.code: Chosen(view=one.views[-1], fields=_fields(one)) for one in page.evidence
        }
    )


def _fields(one: EvidenceShown) -> frozenset[str]:
    verified = one.views[-1] is View.VERIFY
    return frozenset() if verified else frozenset(field.name for field in one.fields)


class Deciding:
    """Lets the answer of ``/oauth/authorize`` lead on at once, where a persona has decided."""

    def __init__(self, app: ASGIApp, robot: Robot) -> None:
        """Wrap ``app``."""
        self._app = app
        self._robot = robot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != AUTHORIZE:
            await self._app(scope, receive, send)
            return

        onward: Response | None = None

        async def led(message: Message) -> None:
            nonlocal onward
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                location = headers.get("location", "")
                if location.startswith(CONSENT):
                    asked = parse_id(location.removeprefix(CONSENT))
                    onward = await run_sync(self._led, asked, _browser(scope, headers))
                if onward is not None:
                    del headers["location"]
                    headers.update(onward.headers)
                    message["status"] = onward.status_code
            elif onward is not None:
                message["body"] = onward.body
            await send(message)

        await self._app(scope, receive, led)

    def _led(self, interaction_id: bytes, browser: str) -> Response | None:
        """Return the way to the client if it was decided; ``None`` leaves the page."""
        try:
            way = self._robot.decide(interaction_id, browser=browser)
        except VaultError as error:  # The page will tell a person what it is.
            _log.warning("a persona could not decide", reason=str(error))
            return None
        return way.response() if way is not None else None


def _browser(scope: Scope, answered: MutableHeaders) -> str:
    """Return the browser's secret: as it was just given, or as it was brought along."""
    given = answered.get("set-cookie", "").partition(";")[0]
    brought = Headers(scope=scope).get("cookie", "")
    pairs = (one.strip().partition("=") for one in (given, *brought.split(";")))
    return next((value for name, _, value in pairs if name == BROWSER_COOKIE), "")
