"""A code that is shown again: refused, in the log, and told to the holder."""

from urllib.parse import parse_qs, urlsplit

from scripts.demo_clients import REDIRECT
from tests.support.http_world import VERIFIER, HttpWorld
from vault.journal.entries import Kind


def test_b19_b64_a_code_that_is_shown_again_is_a_refusal_that_the_holder_sees(
    world: HttpWorld,
) -> None:
    person, _ = world.settled()
    case_no = world.market.open_case(person).json()["case_no"]
    browser = world.browser(person)
    callback = browser.decide(world.market, world.market.push(case_no))
    token = world.market.redeem(callback)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(callback).query)["code"][0],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }

    again = world.market.form("/oauth/token", form)

    newest = browser.get("/v1/me/accesses").json()["accesses"][0]
    [consent] = browser.get("/v1/me/consents").json()
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (newest["kind"], newest["client"]["client_id"]) == (
        Kind.REFUSAL.value,
        world.market.client_id,
    )
    assert world.market.pull(token).status_code == 401
    assert consent["status"] == "active"
