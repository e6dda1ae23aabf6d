"""Every page: rendered whole in both languages, sent with every header, errors as pages."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.portal.language import choose, languages
from api.portal.pages import Frame, render
from api.portal.records import attachment
from api.portal.static_files import static_files, static_href
from api.portal.views import RecordsView, TroubleView
from tests.support.portal_views import PAGES
from tests.support.portal_world import PortalWorld
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    InvalidInputError,
    JournalUnavailableError,
    KeyUnavailableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    ReplayedError,
    StepUpRequiredError,
    StorageError,
)

SCREEN = "/space/consent/" + "0" * 32
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "vary": "Accept-Language, Cookie",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

WITH_SCRIPT = {"confirm", "passkey_add", "passkey_sign_in"}
"""Pages that talk to an authenticator."""


def frame(code: str, **changes: Any) -> Frame:  # noqa: ANN401 - any attribute
    plain = Frame(
        language=languages()[code],
        section="home",
        signed=True,
        demo=False,
        switch="?lang=en",
        tabs=True,
        csrf="a-token",
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_but_its_view(name: str, code: str) -> None:
    section, signed, view = PAGES[name]
    around = frame(code, section=section, signed=signed, tabs=signed)

    text = render(f"space/{name}.html", frame=around, view=view)

    assert text.startswith(f'<!doctype html>\n<html lang="{code}">')
    assert text.count("<h1") == 1
    assert "%(" not in text
    assert 'style="' not in text
    own = f'<script src="{static_href("passkey.js")}" defer></script>'
    assert text.count("<script") == text.count(own) == int(name in WITH_SCRIPT)
    assert text.count("<form") == text.count('name="csrf" value="a-token"')


def test_an_empty_space_says_that_nothing_has_to_be_done() -> None:
    text = render("space/records.html", frame=frame("zh-CN"), view=RecordsView(groups=()))

    assert "还没有材料" in text


def test_what_people_wrote_is_shown_and_never_run() -> None:
    view = TroubleView(title="<b>", told="&", step="'\"", href="/space", correlation="")

    text = render("space/trouble.html", frame=frame("en"), view=view)

    assert "<h1>&lt;b&gt;</h1>" in text
    assert "&#39;&#34;" in text


@pytest.mark.parametrize(
    "path",
    [
        "/space",
        "/space/records",
        "/space/consents",
        "/space/accesses",
        "/space/check",
        "/space/sign-in",
        "/space/nowhere",
        "/space/records/x",
    ],
)
def test_every_page_has_every_header(world: PortalWorld, path: str) -> None:
    answer = world.member(world.settled()).get(path)

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["content-language"] == "zh-CN"


@pytest.mark.parametrize(
    ("asked", "kept", "accepts", "code"),
    [
        (None, None, "", "zh-CN"),
        (None, None, "fr", "zh-CN"),
        (None, None, "fr, en-GB;q=0.8, zh;q=0.5", "en"),
        (None, None, "zh-TW, en", "zh-CN"),
        (None, "en", "zh", "en"),
        ("zh-CN", "en", "en", "zh-CN"),
        ("fr", "fr", "en", "en"),
    ],
    ids=str,
)
def test_the_language_is_the_one_asked_for_then_kept_then_preferred(
    asked: str | None, kept: str | None, accepts: str, code: str
) -> None:
    assert choose(asked=asked, kept=kept, accepts=accepts).code == code


def test_a_chosen_language_stays(world: PortalWorld) -> None:
    visitor = world.visitor()
    visitor.get("/space/sign-in?lang=en&onward=/space/accesses")
    switch = next(one for one in visitor.page.links if "lang=" in one)

    visitor.get("/space/sign-in")

    assert switch == "?onward=%2Fspace%2Faccesses&lang=zh-CN"
    assert "Sign in to MySpace" in visitor.page.text
    assert visitor.cookie("vault-language") == "en"


def test_whoever_knows_only_the_host_finds_the_portal(world: PortalWorld) -> None:
    answer = world.visitor().get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/space")


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("DELETE", "/space", 405),
        ("PUT", "/space/records", 405),
        ("POST", "/space/accesses", 405),
        ("POST", "/space/nowhere", 404),
        ("PATCH", "/space/consents/x/revoke", 405),
    ],
)
def test_a_wrong_verb_is_a_page_too(world: PortalWorld, verb: str, path: str, status: int) -> None:
    answer = world.visitor().http.request(verb, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


# -- files of ours ------------------------------------------------------------------------------


def test_a_style_sheet_named_by_its_content_is_kept_for_good(world: PortalWorld) -> None:
    visitor = world.visitor()

    named = visitor.get(static_href("space.css"))
    plain = visitor.get("/space/static/space.css?v=old")

    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "public, max-age=86400"
    assert named.headers["content-type"] == "text/css; charset=utf-8"
    assert named.content == plain.content == static_files()["space.css"].body
    assert "set-cookie" not in named.headers


def test_what_the_browser_has_is_not_sent_again(world: PortalWorld) -> None:
    visitor = world.visitor()
    tag = visitor.get("/space/static/logo.svg").headers["etag"]

    answer = visitor.get("/space/static/logo.svg", **{"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.css", "..%2fpages.py", "space.css.map"])
def test_no_other_file_is_served(world: PortalWorld, name: str) -> None:
    assert world.visitor().get(f"/space/static/{name}").status_code == 404


def test_every_drawing_that_is_named_is_there() -> None:
    sheet = static_files()["space.css"].body.decode()
    named = {part.split('"')[0] for part in sheet.split('url("')[1:]}

    assert named <= static_files().keys()
    assert "http" not in sheet


def test_a_name_of_a_file_is_sent_in_both_forms() -> None:
    assert attachment('合同 "1".pdf') == (
        "attachment; filename=\"____1_.pdf\"; filename*=UTF-8''%E5%90%88%E5%90%8C%20%221%22.pdf"
    )


# -- errors as pages ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A desk on which everything fails in one way."""

    error: Exception

    def open(self, *_: object, **__: object) -> NoReturn:
        raise self.error


@pytest.fixture
def failing(world: PortalWorld) -> Any:  # noqa: ANN401 - a function
    """Return what shows the page for an error, to a holder who is signed in."""
    visitor = world.member(world.settled())

    def fails(error: Exception, *, locale: str = "zh-CN") -> Any:  # noqa: ANN401 - a response
        wired = replace(world.wired, desk=Broken(error))  # type: ignore[arg-type]  # opens only
        app = create_app(world.settings, wiring=lambda _: nullcontext(wired))
        with TestClient(app, base_url=world.origin, follow_redirects=False) as http:
            http.cookies.update(visitor.http.cookies)
            return http.get(SCREEN, headers={"Accept-Language": locale})

    return fails


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (NotFoundError("x"), 404, "没有这份请求"),
        (AccessDeniedError(("case-not-open",)), 403, "没有在办的办件，不能调取材料。"),
        (ConflictError("x"), 409, "内容刚刚有变化"),
        (InvalidInputError("x"), 422, "这份表单没有填对"),
        (RateLimitedError("x", retry_after_seconds=61), 429, "请在 2 分钟后再试。"),
        (JournalUnavailableError("x"), 503, "现在不能登记，所以没有打开"),
        (OutcomeUnknownError("x"), 503, "还不知道有没有登记成功"),
        (KeyUnavailableError("x"), 503, "暂时不能用"),
        (StorageError("x"), 503, "暂时不能用"),
        (IntegrityError("x"), 500, "这份内容没有通过核对"),
        (ReplayedError("x"), 401, "我们这边出了问题"),
        (ValueError("a bug"), 500, "我们这边出了问题"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_error_is_a_page_that_says_what_to_do(
    failing: Any,  # noqa: ANN401 - the fixture above
    error: Exception,
    status: int,
    said: str,
) -> None:
    answer = failing(error)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert said in answer.text
    assert "a bug" not in answer.text


@pytest.mark.parametrize("error", [StorageError("x"), ValueError("x")], ids=["known", "bug"])
def test_what_somebody_must_look_into_has_a_number(failing: Any, error: Exception) -> None:  # noqa: ANN401 - the fixture above
    answer = failing(error)

    assert f"<code>{answer.headers['x-correlation-id']}</code>" in answer.text


def test_an_error_that_passes_says_when_to_come_back(failing: Any) -> None:  # noqa: ANN401 - the fixture above
    limited = failing(RateLimitedError("x", retry_after_seconds=61))
    away = failing(StorageError("x", retry_after_seconds=9))

    assert (limited.headers["retry-after"], away.headers["retry-after"]) == ("61", "9")


def test_an_error_is_told_in_the_readers_language(failing: Any) -> None:  # noqa: ANN401 - the fixture above
    answer = failing(AccessDeniedError(("case-not-open", "step-up-needed")), locale="en")

    assert (
        "There is no open case to pull evidence for. Sensitive evidence needs a stronger sign-in."
        " The attempt is recorded under “Who looked”." in answer.text
    )


@pytest.mark.parametrize(
    "error",
    [
        StepUpRequiredError(acr="urn:myspace:acr:aal1", max_age_seconds=300),
        AccessDeniedError(("sign-in-not-fresh",)),
    ],
    ids=["desk", "policies"],
)
def test_a_sign_in_that_is_too_old_leads_to_a_new_one(failing: Any, error: Exception) -> None:  # noqa: ANN401 - the fixture above
    answer = failing(error)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/space/sign-in?onward=" + SCREEN.replace("/", "%2F")


def test_behind_tls_every_cookie_is_bound_to_this_host(world: PortalWorld) -> None:
    wired = replace(world.wired, issuer="https://space.example.org")
    app = create_app(world.settings, wiring=lambda _: nullcontext(wired))

    with TestClient(app, base_url=wired.issuer) as http:
        found = http.get("/space/sign-in?lang=en").headers.get_list("set-cookie")
        again = http.get("/space/sign-in")

    assert [line.split("=")[0] for line in found] == ["__Host-vault-form", "__Host-vault-language"]
    assert all({"Secure", "HttpOnly", "Path=/"} <= set(line.split("; ")) for line in found)
    assert "set-cookie" not in again.headers
    assert "Sign in to MySpace" in again.text
