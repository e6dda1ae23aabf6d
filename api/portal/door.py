"""What every page passes: who is there, in which language, and whether a form is really ours.

A form is taken only from this origin (``Origin``, ``Sec-Fetch-Site``) and with the token that
its page carried: a cookie of this host before signing in, the sign-in's own token afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hmac import compare_digest
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.deps import SIGNIN_COOKIE, Wired, WiredDep
from api.middleware import correlation_id
from api.portal.language import LANGUAGE_COOKIE, Language
from api.portal.pages import LANGUAGE_SECONDS, Frame, language_of
from vault.clients.protocol import SignIn
from vault.errors import InvalidInputError, NotFoundError, VaultError
from vault.ids import parse_id
from vault.services import acting
from vault.services.own_mandates import acting_for
from vault.services.sign_in import csrf_is_of, live_sign_in

FORM_COOKIE: Final = "vault-form"
"""Holds the token that forms carry; readable by nobody but this origin."""

FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 400
KEPT_QUERY: Final = ("before", "id", "onward", "ticket")
"""Parameters that stay when the language is switched."""

HOME: Final = "/space"
SIGN_IN: Final = "/space/sign-in"
DEVELOPER: Final = "/developer"
"""Pages of those who build departments' systems."""


class SignInNeededError(VaultError):
    """Nobody is signed in.

    Attributes:
        onward: Path to come back to.
    """

    def __init__(self, onward: str) -> None:
        """Keep where to come back to."""
        super().__init__("nobody is signed in")
        self.onward = onward


class ForeignFormError(VaultError):
    """The form is not ours, or its page is too old."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Visit:
    """One request of a browser, frozen before any endpoint runs.

    Attributes:
        path: Path as routed, without query.
        token: What forms of this browser must carry.
        source: Address of the peer, for limits.
    """

    wired: Wired
    language: Language
    path: str
    switch: str
    token: str
    source: str
    cookies: Mapping[str, str]

    def cookie(self, name: str) -> str:
        """Return the value of one of our cookies, or an empty string."""
        return self.cookies.get(self.wired.cookie(name), "")

    def frame(self, section: str = "", *, signed: bool = False, tabs: bool = True) -> Frame:
        """Return what stands around a page."""
        return Frame(
            language=self.language,
            section=section,
            signed=signed,
            tabs=signed and tabs,
            demo=self.wired.demo,
            switch=self.switch,
            csrf=self.token,
        )


async def visit(request: Request, wired: WiredDep) -> Visit:
    """Freeze the request."""
    language = language_of(request)
    kept = {
        name: request.query_params[name] for name in KEPT_QUERY if name in request.query_params
    }
    return Visit(
        wired=wired,
        language=language,
        path=request.url.path,
        switch="?" + urlencode(kept | {"lang": language.other}),
        token=request.state.form_token,
        source=request.client.host if request.client else "",
        cookies=request.cookies,
    )


VisitDep = Annotated[Visit, Depends(visit)]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Member:
    """Somebody signed in; ``acting_for`` names whose space is open by a mandate, if known."""

    visit: Visit
    signin: SignIn
    acting_for: str = ""

    @property
    def wired(self) -> Wired:
        """Return what this process was put together from."""
        return self.visit.wired

    @property
    def language(self) -> Language:
        """Return the reader's language."""
        return self.visit.language

    @property
    def acting(self) -> acting.Member:
        """Return who acts, as the vault's verbs take it."""
        return acting.Member(
            signin=self.signin,
            network=acting.network_prefix(self.visit.source),
            correlation=correlation_id(),
        )

    def frame(self, section: str = "", *, tabs: bool = True) -> Frame:
        """Return what stands around a page of a signed-in holder."""
        frame = self.visit.frame(section, signed=True, tabs=tabs)
        return replace(frame, acting=self.acting_for) if self.acting.is_agent else frame


def signed_in(visit: VisitDep) -> Member:
    """Return who is signed in.

    Raises:
        SignInNeededError: Nobody is; the page comes back to where it was.
        AccessDeniedError: The mandate that was acted by has ended; the own space is open again.
    """
    signin = live_sign_in(visit.wired.vault, visit.cookie(SIGNIN_COOKIE))
    if signin is None:
        raise SignInNeededError(visit.path)
    member = Member(visit=visit, signin=signin)
    return replace(member, acting_for=acting_for(visit.wired.vault, member.acting))


MemberDep = Annotated[Member, Depends(signed_in)]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Form:
    """A form as sent, from a page of ours."""

    values: Mapping[str, tuple[str, ...]] = field(repr=False)

    def one(self, name: str) -> str:
        """Return a value that is there at most once; an empty string where it is missing.

        Raises:
            InvalidInputError: It is there more than once.
        """
        found = self.values.get(name, ())
        if len(found) > 1:
            raise InvalidInputError("a field is there twice", field=name)
        return found[0] if found else ""

    def many(self, name: str) -> frozenset[str]:
        """Return all values under ``name``."""
        return frozenset(self.values.get(name, ()))

    def only(self, *names: str, starting: tuple[str, ...] = ()) -> "Form":
        """Return the form, if it holds nothing but ``names`` and the token.

        Raises:
            InvalidInputError: There is something else.
        """
        for name in self.values:
            if name not in {"csrf", *names} and not name.startswith(starting or ("\0",)):
                raise InvalidInputError("a field is unknown", field="form")
        return self


async def form(request: Request, visit: VisitDep) -> Form:
    """Read a form and make sure that it is ours.

    Raises:
        ForeignFormError: It came from elsewhere, or without this browser's token.
        InvalidInputError: It is no plain form.
    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != FORM_TYPE:
        raise InvalidInputError("a plain form is expected", field="form")
    if request.headers.get("origin") != visit.wired.issuer:
        raise ForeignFormError("the form came from elsewhere")
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ForeignFormError("the form came from elsewhere")
    sent = await request.form(max_files=0, max_fields=MAX_FIELDS)
    values: dict[str, tuple[str, ...]] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            values[name] = (*values.get(name, ()), value)
    found = Form(values=values)
    if not visit.token or not compare_digest(found.one("csrf").encode(), visit.token.encode()):
        raise ForeignFormError("the page of this form is too old")
    return found


FormDep = Annotated[Form, Depends(form)]


def members_form(member: MemberDep, sent: FormDep) -> Form:
    """Return a form of a signed-in holder: its token must belong to this very sign-in.

    Raises:
        ForeignFormError: It belongs to another one.
    """
    if not csrf_is_of(member.wired.vault, member.signin, token=sent.one("csrf")):
        raise ForeignFormError("the page of this form is too old")
    return sent


MembersFormDep = Annotated[Form, Depends(members_form)]


def named(text: str) -> bytes:
    """Return the id that a part of an address stands for.

    Raises:
        NotFoundError: It is none; an address that nobody gave out leads nowhere.
    """
    try:
        return parse_id(text)
    except InvalidInputError as error:
        raise NotFoundError("no such page") from error


def to(path: str) -> RedirectResponse:
    """Return a redirect after a form: 303, so that a reload sends nothing twice."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def sign_in_for(onward: str) -> str:
    """Return the address of the sign-in that leads on to ``onward``."""
    onward = local(onward)
    return SIGN_IN if onward == HOME else f"{SIGN_IN}?{urlencode({'onward': onward})}"


def local(path: str) -> str:
    """Return ``path`` if it is a page of the portal, else the first page: nobody is led away."""
    plain = set("abcdefghijklmnopqrstuvwxyz0123456789/-")
    ours = path.startswith((HOME + "/", DEVELOPER + "/")) or path == DEVELOPER
    return path if ours and not set(path) - plain and "//" not in path else HOME


def set_cookie(
    response: Response, *, wired: Wired, name: str, value: str, max_age: int | None = None
) -> None:
    """Set a cookie for this host alone; no script can read it."""
    response.set_cookie(
        wired.cookie(name),
        value,
        max_age=max_age,
        path="/",
        secure=wired.secure,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, *, wired: Wired, name: str) -> None:
    """Remove a cookie."""
    set_cookie(response, wired=wired, name=name, value="", max_age=0)


def keep_language(response: Response, *, wired: Wired, language: Language) -> None:
    """Remember the language that was asked for."""
    set_cookie(
        response,
        wired=wired,
        name=LANGUAGE_COOKIE,
        value=language.code,
        max_age=LANGUAGE_SECONDS,
    )
