"""How a page is made and sent: templates, the frame around every page, and its headers.

A page is one template and one frozen view. Styles and images come from this origin, forms go to
it, and nobody may frame it. Scripts are not allowed, but for the one of ours that talks to an
authenticator, on the pages that need it.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.portal.language import LANGUAGE_COOKIE, Language, choose, languages
from api.portal.static_files import static_href

_TEMPLATES: Final = Path(__file__).parent / "templates"
LANGUAGE_SECONDS: Final = 365 * 24 * 3600

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # With "no-referrer" a form would send "Origin: null".
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Vary": "Accept-Language, Cookie",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every page.

    Attributes:
        section: The tab that is marked; empty on pages outside the four.
        csrf: Token that each form of the page carries.
        switch: Address of this page in the other language.
        acting: Name of whose space is open by a mandate; ``None`` in the own one.
        tabs: Whether the four tabs are shown; a page that asks for a decision shows none.
    """

    language: Language
    section: str
    signed: bool
    demo: bool
    switch: str
    tabs: bool = False
    acting: str | None = None
    csrf: str = field(default="", repr=False)


def policy(*, redirect_origin: str = "", scripts: bool = False) -> str:
    """Return the Content-Security-Policy of a page.

    Args:
        redirect_origin: Where a decision leads; browsers apply ``form-action`` to the
            redirect that answers a form, too.
        scripts: Whether the page's own script may run; nothing inline ever does.
    """
    forms = f"'self' {redirect_origin}".strip()
    allowed = "'self'" if scripts else "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'self'; img-src 'self'; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )


def language_of(request: Request) -> Language:
    """Return the language for ``request``: as asked, as kept, or as the browser prefers."""
    cookies = request.cookies
    return choose(
        asked=request.query_params.get("lang"),
        kept=cookies.get(f"__Host-{LANGUAGE_COOKIE}") or cookies.get(LANGUAGE_COOKIE),
        accepts=request.headers.get("accept-language", ""),
    )


def render(template: str, *, frame: Frame, view: object) -> str:
    """Return the page as text."""
    environment = _environments()[frame.language.code]
    return environment.get_template(template).render(frame=frame, view=view)


def page(
    template: str,
    *,
    frame: Frame,
    view: object,
    status: int = 200,
    redirect_origin: str = "",
    scripts: bool = False,
) -> HTMLResponse:
    """Return the page as a response with every header it needs."""
    headers = {
        **_HEADERS,
        "Content-Security-Policy": policy(redirect_origin=redirect_origin, scripts=scripts),
        "Content-Language": frame.language.code,
    }
    return HTMLResponse(
        render(template, frame=frame, view=view), status_code=status, headers=headers
    )


@cache
def _environments() -> dict[str, Environment]:
    """One environment for each language: translations are looked up while a page is printed."""
    made = {}
    for code, language in languages().items():
        environment = Environment(
            autoescape=True,
            extensions=["jinja2.ext.i18n"],
            loader=FileSystemLoader(_TEMPLATES),
            lstrip_blocks=True,
            trim_blocks=True,
            undefined=StrictUndefined,
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]  # by the extension
            language.texts, newstyle=True
        )
        environment.globals["static"] = static_href
        made[code] = environment
    return made
