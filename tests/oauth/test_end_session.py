"""A department asks to sign out: who it is must be proven, and a person decides."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import Response as Answered
from jwskate import SignedJwt

from api.leaving import Leaving, opened
from api.oauth.signer import Signer
from tests.oauth.test_openid import redeemed
from tests.support.jws import b64
from tests.support.oauth_world import KEYS, NOW, ORIGIN, World, client
from vault.clients import ClientStatus
from vault.clients.metadata import ClientMetadata
from vault.clients.signing_keys import DAY, SigningPurpose
from vault.ids import ClientId

PATH = "/oauth/end_session"
HOME = "https://client.example.org/bye?from=space"
PAGE = f"{ORIGIN}/space/leave"


@pytest.fixture
def hint(world: World) -> str:
    """Return an ID token of a client that registered where to go."""
    register(world)
    return str(redeemed(world)["id_token"])


def register(world: World, **changes: Any) -> None:  # noqa: ANN401 - any column
    metadata = ClientMetadata(post_logout_redirect_uris=(HOME,))
    world.memory.add(client("licensing", **({"metadata": metadata} | changes)))


def asked(world: World, method: str = "GET", **params: str) -> Answered:
    if method == "POST":
        return world.http.post(PATH, data=params)
    return world.http.get(PATH, params=params)


def leaving(world: World, answer: Answered) -> Leaving | None:
    """Return what the portal is told; it is always the portal that is led to."""
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    where = urlsplit(answer.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == PAGE
    return opened(world.vault, parse_qs(where.query).get("ticket", [""])[0])


LICENSING = ClientId("licensing")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("named", [{}, {"client_id": "licensing"}])
def test_b46_a_hint_and_a_registered_address_lead_back(
    world: World, hint: str, method: str, named: dict[str, str]
) -> None:
    found = asked(
        world,
        method,
        id_token_hint=hint,
        post_logout_redirect_uri=HOME,
        state="a b&c=d ~",
        **named,
    )

    assert leaving(world, found) == Leaving(
        client_id=LICENSING, onward=f"{HOME}&state=a+b%26c%3Dd+~"
    )


def test_b46_an_expired_hint_is_one_and_so_is_one_of_a_key_that_was_removed(
    world: World, hint: str
) -> None:
    world.clock.now += 100 * DAY
    late = leaving(world, asked(world, id_token_hint=hint, post_logout_redirect_uri=HOME))
    world.clock.now += 400 * DAY
    far = leaving(world, asked(world, id_token_hint=hint, post_logout_redirect_uri=HOME))

    assert (late, far) == (Leaving(client_id=LICENSING, onward=HOME), None)


def test_b46_without_parameters_or_with_state_alone_a_page_of_ours_follows(
    world: World, hint: str
) -> None:
    assert leaving(world, asked(world)) is None
    assert leaving(world, asked(world, state="x")) is None
    found = leaving(world, asked(world, id_token_hint=hint))
    assert found == Leaving(client_id=LICENSING, onward="")


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example.org/bye",
        f"{HOME}&x=1",
        f"{HOME}#x",
        HOME.replace("https", "http"),
        "https://evil.example.org/bye?from=space",
        "https://client.example.org/cb?flow=1",
        "javascript:alert(1)",
        '"',
        "国",
    ],
)
def test_b46_d18_an_address_that_is_not_registered_is_not_gone_to(
    world: World, hint: str, uri: str
) -> None:
    found = asked(world, id_token_hint=hint, post_logout_redirect_uri=uri, state="s")

    assert leaving(world, found) == Leaving(client_id=LICENSING, onward="")


def altered(hint: str, **changes: object) -> str:
    header, _payload, signature = hint.split(".")
    claims = dict(SignedJwt(hint).claims) | changes
    return ".".join([header, b64(json.dumps(claims).encode()), signature])


def test_b46_without_a_hint_of_ours_nobody_is_led_anywhere(world: World, hint: str) -> None:
    head, payload, signature = hint.split(".")
    kid = str(SignedJwt(hint).headers["kid"])
    claims = dict(SignedJwt(hint).claims)
    none = b64(json.dumps({"alg": "none", "kid": kid}).encode())
    signer = world.provider.signer
    hints = {
        "missing": "",
        "garbage": "x",
        "altered": altered(hint, aud="other"),
        "unsigned": f"{none}.{payload}.",
        "no signature": f"{head}.{payload}.",
        "foreign key": KEYS["other"].sign({"alg": "ES256", "kid": kid}, claims),
        "unknown key": KEYS["other"].sign({"alg": "ES256", "kid": "x"}, claims),
        "other purpose": signer.sign(purpose=SigningPurpose.LOGOUT, alg="ES256", claims=claims),
        "other issuer": Signer(world.vault, origin="https://other.example.org").sign(
            purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims=claims
        ),
        "no audience": signer.sign(purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims={}),
        "nobody": signer.sign(
            purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims=claims | {"aud": "nobody"}
        ),
        "several": signer.sign(
            purpose=SigningPurpose.ID_TOKEN, alg="ES256", claims=claims | {"aud": ["licensing"]}
        ),
        "too long": hint + "x" * 9000,
    }

    found = {
        name: leaving(
            world,
            asked(
                world,
                id_token_hint=one,
                client_id="licensing",
                post_logout_redirect_uri=HOME,
            ),
        )
        for name, one in hints.items()
    }

    assert found == dict.fromkeys(hints)
    assert signature


def test_b46_a_hint_of_another_client_is_none(world: World, hint: str) -> None:
    found = asked(world, id_token_hint=hint, client_id="other", post_logout_redirect_uri=HOME)

    assert leaving(world, found) is None


def test_b46_a_client_that_is_not_served_leads_nobody(world: World, hint: str) -> None:
    register(world, status=ClientStatus.SUSPENDED)

    found = asked(world, id_token_hint=hint, post_logout_redirect_uri=HOME)

    assert leaving(world, found) is None


@pytest.mark.parametrize("state", ["国", "a\nb", "x" * 2049])
def test_a_state_that_cannot_be_echoed_is_told_on_a_page(
    world: World, hint: str, state: str
) -> None:
    answer = asked(world, id_token_hint=hint, post_logout_redirect_uri=HOME, state=state)

    assert answer.status_code == 400
    assert "无法退出" in answer.text
    assert state not in answer.text


def test_a_repeated_parameter_or_another_media_type_is_told_on_a_page(world: World) -> None:
    repeated = world.http.get(f"{PATH}?state=a&state=b")
    media = world.http.post(PATH, json={})

    assert {repeated.status_code, media.status_code} == {400}


def test_the_language_goes_along(world: World) -> None:
    answer = asked(world, ui_locales="en zh-CN")

    assert answer.headers["location"] == f"{PAGE}?lang=en"


def test_a_ticket_is_ours_whole_and_young(world: World, hint: str) -> None:
    answer = asked(world, id_token_hint=hint, post_logout_redirect_uri=HOME)
    [ticket] = parse_qs(urlsplit(answer.headers["location"]).query)["ticket"]

    flipped = ticket[:-1] + ("A" if ticket[-1] != "A" else "B")
    foreign = [opened(world.vault, one) for one in ("", "x", "国", flipped, ticket[:40])]
    world.clock.now = NOW + 599
    young = opened(world.vault, ticket)
    world.clock.now += 1

    assert foreign == [None] * 5
    assert young == Leaving(client_id=LICENSING, onward=HOME)
    assert opened(world.vault, ticket) is None
    assert HOME not in ticket
