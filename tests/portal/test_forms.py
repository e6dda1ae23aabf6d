"""A form is taken from a page of ours, in the browser and the sign-in that it was made for."""

from collections.abc import Callable, Mapping

import pytest

from tests.support.portal_world import PortalWorld, Visitor

SIGN_IN = "/space/sign-in"
SIGN_OUT = "/space/sign-out"
TOO_OLD = "这一页放得太久了"
Change = Callable[[PortalWorld, dict[str, str]], Mapping[str, str]]


def signing_out(visitor: Visitor) -> dict[str, str]:
    """Return the form that signs out, as it stands on the first page."""
    visitor.open("/space")
    form = next(one for one in visitor.page.forms if one.action == SIGN_OUT)
    return dict(form.filled({}))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_a_form_from_elsewhere_does_nothing(world: PortalWorld, headers: dict[str, str]) -> None:
    visitor = world.member(world.settled())
    form = signing_out(visitor)

    answer = visitor.send(SIGN_OUT, form, **headers)

    assert answer.status_code == 403
    assert TOO_OLD in answer.text
    assert f'href="{world.origin}/space"' in answer.text
    assert visitor.get("/space").status_code == 200


def test_an_old_browser_that_tells_no_fetch_metadata_may_send_forms(world: PortalWorld) -> None:
    visitor = world.member(world.settled())
    form = signing_out(visitor)

    answer = visitor.send(SIGN_OUT, form, **{"Sec-Fetch-Site": ""})

    assert answer.status_code == 303


@pytest.mark.parametrize("token", ["", "wrong", "vcs_" + "A" * 49])
def test_a_form_without_this_browsers_token_does_nothing(world: PortalWorld, token: str) -> None:
    visitor = world.member(world.settled())
    form = signing_out(visitor) | {"csrf": token}

    answer = visitor.send(SIGN_OUT, {name: value for name, value in form.items() if value})

    assert answer.status_code == 403
    assert visitor.get("/space").status_code == 200


def test_the_token_of_another_sign_in_does_nothing(world: PortalWorld) -> None:
    holder = world.settled()
    attacker, victim = world.member(holder), world.member(world.settled())
    theirs = attacker.cookie("vault-form")
    victim.http.cookies.delete("vault-form")
    victim.http.cookies["vault-form"] = theirs  # As a neighbouring host could plant it.

    answer = victim.send(SIGN_OUT, {"csrf": theirs})

    assert answer.status_code == 403
    assert victim.get("/space").status_code == 200


def test_a_token_of_before_signing_in_is_worth_nothing_afterwards(world: PortalWorld) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)
    before = visitor.cookie("vault-form")
    visitor.sign_in(world.settled())

    answer = visitor.send(SIGN_OUT, {"csrf": before})

    assert answer.status_code == 403


def test_a_post_from_elsewhere_cannot_replace_the_token(world: PortalWorld) -> None:
    stranger = world.visitor()

    answer = stranger.send(SIGN_OUT, {"csrf": "x"}, Origin="https://example.org")

    assert "vault-form" not in answer.headers.get("set-cookie", "")


def test_whoever_is_not_signed_in_is_asked_to_and_nothing_happens(world: PortalWorld) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)

    answer = visitor.send(SIGN_OUT, {"csrf": visitor.cookie("vault-form")})

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/space/sign-in?onward=%2Fspace%2Fsign-out",
    )


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([("unknown", "1")], 422),
        ([("number", "1"), ("number", "2")], 422),
        ([("number", "1" * 70_000)], 413),
        ([(f"x{at}", "") for at in range(500)], 400),
    ],
    ids=["unknown", "twice", "long", "many"],
)
def test_a_form_that_is_not_as_we_made_it_is_a_page_that_says_so(
    world: PortalWorld, more: list[tuple[str, str]], status: int
) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)
    token = ("csrf", visitor.cookie("vault-form"))

    answer = visitor.send(SIGN_IN, [token, *more])

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""]
)
def test_only_plain_forms_are_read(world: PortalWorld, content_type: str) -> None:
    visitor = world.visitor()
    visitor.get(SIGN_IN)

    answer = visitor.http.post(
        SIGN_IN,
        content=b'{"number": "1"}',
        headers={"Origin": world.origin, "Content-Type": content_type},
    )

    assert answer.status_code == 422


def test_no_page_changes_anything_when_it_is_only_opened(world: PortalWorld) -> None:
    visitor = world.member(world.settled())

    answers = {path: visitor.get(path).status_code for path in (SIGN_OUT, "/space/consents/x/y")}

    assert answers == {SIGN_OUT: 405, "/space/consents/x/y": 404}
    assert visitor.get("/space").status_code == 200
