"""What the sandbox adds to the server: a page of its personas, their switches, quick entry."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp

from api.deps import Wired
from api.portal.pages import language_of, policy
from api.portal.static_files import static_href
from policies.items import items
from scripts.gateway import masked
from scripts.private_files import read_private
from scripts.sandbox.clients import Newcomer, let_in
from scripts.sandbox.personas import Decision, Persona, Switches, personas
from scripts.sandbox.robot import Deciding, Robot
from vault.errors import AccessDeniedError, InvalidInputError

PREFIX: Final = "/sandbox"
NEWEST: Final = 5
MAX_FORM_BYTES: Final = 256


class Switched(BaseModel):
    """What a persona does from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Decision


def sandboxed(app: FastAPI, *, wired: Wired, codes: Path) -> ASGIApp:
    """Return ``app`` with the sandbox around it.

    Args:
        app: The server, not yet started.
        wired: What it is wired with.
        codes: File of one-time codes.
    """
    switches = Switches()
    routes = _Routes(wired, switches, codes=codes)
    router = APIRouter(prefix=PREFIX, include_in_schema=False)
    router.add_api_route("", routes.page, methods=["GET"])
    router.add_api_route("/personas", routes.told, methods=["GET"])
    router.add_api_route("/personas/{key}", routes.switch, methods=["PUT"])
    router.add_api_route("/personas/{key}", routes.pressed, methods=["POST"])
    router.add_api_route("/clients", routes.enter, methods=["POST"], status_code=201)
    app.router.routes[:0] = router.routes
    return Deciding(app, Robot(wired, switches))


class _Routes:
    """The routes, over one running server."""

    def __init__(self, wired: Wired, switches: Switches, *, codes: Path) -> None:
        self._wired = wired
        self._switches = switches
        self._codes = codes
        environment = Environment(
            autoescape=True,
            loader=FileSystemLoader(Path(__file__).parent),
            lstrip_blocks=True,
            trim_blocks=True,
            undefined=StrictUndefined,
        )
        self._template = environment.get_template("sandbox.html")

    def page(self, request: Request) -> Response:
        """Show who there is, and what each of them does."""
        language = language_of(request)
        text = self._template.render(
            language=language,
            static=static_href,
            personas=[self._row(key, one) for key, one in personas().items()],
            decisions=list(Decision),
            items=list(items().values()),
            codes=self._newest_codes(),
            issuer=self._wired.issuer,
        )
        return HTMLResponse(
            text, headers={"Content-Security-Policy": policy(), "Cache-Control": "no-store"}
        )

    def told(self) -> list[dict[str, Any]]:
        """Say the same as the page, for programs."""
        return [
            {
                "persona": row["key"],
                "name": row["name"],
                "number": row["number"],
                "kind": row["kind"],
                "decision": row["decision"],
                "told": row["told"].en,
                "holds": [one.en for one in row["holds"]],
            }
            for row in (self._row(key, one) for key, one in personas().items())
        ]

    def switch(self, key: str, body: Switched) -> dict[str, str]:
        """Let a persona approve, decline or ask from now on."""
        self._switches.set(key, body.decision)
        return {"persona": key, "decision": body.decision.value}

    async def pressed(self, key: str, request: Request) -> Response:
        """Do the same for a button of the page."""
        if request.headers.get("origin") not in {self._wired.issuer, None}:
            raise AccessDeniedError(("no-basis",))
        body = (await request.body())[:MAX_FORM_BYTES]
        sent = parse_qs(body.decode("ascii", errors="replace"))
        try:
            decision = Decision(sent.get("decision", [""])[0])
        except ValueError as error:
            raise InvalidInputError("there is no such decision", field="decision") from error
        self._switches.set(key, decision)
        return RedirectResponse(PREFIX, status_code=303)

    def enter(self, body: Newcomer) -> dict[str, Any]:
        """Let a developer's system in."""
        return let_in(self._wired.vault, body)

    def _row(self, key: str, one: Persona) -> dict[str, Any]:
        who = one.somebody
        return {
            "key": key,
            "name": who.name,
            "number": who.number,
            "kind": who.kind.value,
            "contact": masked(who.contact),
            "decision": self._switches.of(key),
            "told": one.told,
            "holds": one.holds,
        }

    def _newest_codes(self) -> list[list[str]]:
        if not self._codes.exists():
            return []
        lines = read_private(self._codes).decode().splitlines()[-NEWEST:]
        return [line.split("\t") for line in reversed(lines)]
