"""The sandbox: personas decide by themselves, through the same page and journal as people."""

import json
from pathlib import Path

import pytest
import requests
from requests_oauth2client import AuthorizationPending, DPoPKey, OAuth2Client, PrivateKeyJwt

from scripts.demo_browser import StoryError
from scripts.outcomes import OperatorError
from scripts.places import places
from scripts.private_files import append_private
from scripts.sandbox.personas import personas
from scripts.sandbox.place import claim_sandbox, refuse_sandbox, sandbox_places
from tests.sandbox.conftest import WINDOW, Sandbox

HOST = "127.0.0.1"


def test_who_approves_leads_back_with_a_code_and_the_evidence_is_released(
    sandbox: Sandbox,
) -> None:
    system = sandbox.system()
    asked, address = sandbox.asked(system, "lin")

    token = system.redeem(asked, callback=sandbox.led(address))

    pulled = system.pull(token, code="LC05", view="full", fields=["license_no"])
    assert pulled.body["fields"] == {"license_no": personas()["lin"].somebody.number}


def test_who_declines_leads_back_without_one(sandbox: Sandbox) -> None:
    system = sandbox.system()
    asked, address = sandbox.asked(system, "wang")

    callback = sandbox.led(address)

    assert "error=access_denied" in callback
    with pytest.raises(StoryError):
        system.redeem(asked, callback=callback)


def test_b17_a_persona_s_answer_is_posted_where_the_system_wants_it_so(sandbox: Sandbox) -> None:
    _, address = sandbox.asked(sandbox.system(), "lin", response_mode="form_post.jwt")

    answer = requests.get(address, allow_redirects=False, timeout=10)

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert 'name="response" value="ey' in answer.text
    assert "Location" not in answer.headers


def test_for_one_who_asks_a_person_decides(sandbox: Sandbox) -> None:
    _, address = sandbox.asked(sandbox.system(), "sun")

    assert sandbox.led(address).startswith("/space/consent/")


def test_a_switch_counts_for_the_next_request(sandbox: Sandbox) -> None:
    system = sandbox.system()
    switched = sandbox.switch("sun", "approve")

    _, address = sandbox.asked(system, "sun")
    callback = sandbox.led(address)

    sandbox.switch("sun", "ask")
    assert switched.json() == {"persona": "sun", "decision": "approve"}
    assert "code=" in callback


def test_a_suspended_licence_of_a_persona_is_told_as_what_it_is(sandbox: Sandbox) -> None:
    system = sandbox.system()
    asked, address = sandbox.asked(system, "chen")
    token = system.redeem(asked, callback=sandbox.led(address))

    told = system.pull(token, code="LC05", view="verify")
    shown = system.pull(token, code="LC05", view="full", fields=["license_no"])

    assert (told.body["held"], told.body["status"]) == (True, "02")
    assert shown.status == 403


def test_one_who_holds_nothing_is_asked_in_vain(sandbox: Sandbox) -> None:
    system = sandbox.system()
    asked, address = sandbox.asked(system, "zhao")
    token = system.redeem(asked, callback=sandbox.led(address))

    told = system.pull(token, code="LC05", view="verify")

    assert told.body["held"] is False


def test_the_same_persona_is_asked_again_and_again(sandbox: Sandbox) -> None:
    system = sandbox.system()

    led = [sandbox.led(sandbox.asked(system, "wang")[1]) for _ in range(12)]

    assert all("error=access_denied" in one for one in led)


@pytest.mark.parametrize(
    ("persona", "decision", "status"),
    [("nobody", "approve", 404), ("lin", "perhaps", 422), ("lin", "", 422)],
)
def test_an_unknown_persona_or_decision_is_refused(
    sandbox: Sandbox, persona: str, decision: str, status: int
) -> None:
    assert sandbox.switch(persona, decision).status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"department": "11110105PDY00PDY0X"},
        {"profile": "rs"},
        {"jwks": {"keys": []}},
        {"redirect_uris": ["http://client.example.org/callback"]},
        {"name": "unknown"},
        {"profile": "kiosk"},
        {"profile": "counter", "location": "x" * 101},
    ],
    ids=str,
)
def test_a_system_that_could_not_be_registered_is_not_let_in(
    sandbox: Sandbox, changes: dict[str, object]
) -> None:
    body = {"jwks": {"keys": [{"kty": "EC"}]}, "redirect_uris": []}

    assert sandbox.post("/sandbox/clients", body | changes).status_code == 422


@pytest.mark.parametrize("profile", ["counter", "kiosk"])
def test_a_counter_or_kiosk_says_where_it_stands_and_is_let_in(
    sandbox: Sandbox, profile: str
) -> None:
    client_id, key = sandbox.window(profile)

    with sandbox.wired.vault.read() as tx:
        found = tx.clients.get(client_id)
    assert found is not None
    assert (found.profile.value, found.metadata.location) == (profile, WINDOW)
    assert key.kid


def test_a_kiosk_of_the_sandbox_asks_and_waits_for_the_persona(sandbox: Sandbox) -> None:
    client_id, key = sandbox.window("kiosk")
    endpoint = sandbox.origin + "/oauth/device_authorization"
    kiosk = OAuth2Client(
        token_endpoint=sandbox.origin + "/oauth/token",
        device_authorization_endpoint=endpoint,
        issuer=sandbox.origin,
        auth=PrivateKeyJwt(client_id, key, alg="ES256", aud=sandbox.origin),
        dpop_bound_access_tokens=True,
        testing=True,
    )
    proof = DPoPKey.generate()
    wanted = sandbox.details(sandbox.system(), "lin") | {
        "evidence": [{"code": "LC05", "view": "verify"}]
    }

    told = kiosk.authorize_device(
        authorization_details=json.dumps([wanted]), dpop_jkt=str(proof.dpop_jkt)
    )

    assert told.user_code
    with pytest.raises(AuthorizationPending):
        kiosk.device_code(told, dpop=True, dpop_key=proof)


def test_buttons_of_the_page_do_the_same(sandbox: Sandbox) -> None:
    path = f"{sandbox.origin}/sandbox/personas/sun"

    def press(decision: str, origin: str) -> requests.Response:
        return requests.post(
            path,
            data={"decision": decision},
            headers={"Origin": origin},
            allow_redirects=False,
            timeout=10,
        )

    pressed = press("decline", sandbox.origin)
    page = requests.get(f"{sandbox.origin}/sandbox?lang=en", timeout=10).text
    foreign = press("approve", "https://evil.example.org")
    wrong = press("perhaps", sandbox.origin)
    listed = requests.get(f"{sandbox.origin}/sandbox/personas", timeout=10).json()
    sandbox.switch("sun", "ask")
    assert (pressed.status_code, pressed.headers["Location"]) == (303, "/sandbox")
    assert (foreign.status_code, wrong.status_code) == (403, 422)
    assert {one["persona"]: one["decision"] for one in listed}["sun"] == "decline"
    assert all(one.somebody.number in page for one in personas().values())


def test_the_page_shows_the_newest_codes(sandbox: Sandbox) -> None:
    before = requests.get(f"{sandbox.origin}/sandbox?lang=zh-CN", timeout=10).text
    append_private(sandbox.codes, b"2026-11-25T10:00:00+08:00\t+86139****0005\t123456\n")

    after = requests.get(f"{sandbox.origin}/sandbox?lang=zh-CN", timeout=10).text

    assert "还没有人登录" in before
    assert "123456" in after


def test_a_sandbox_takes_no_folder_that_holds_anything_else(tmp_path: Path) -> None:
    where = places(tmp_path / "data")
    where.data.mkdir()
    where.database.touch()

    with pytest.raises(OperatorError, match="no sandbox"):
        claim_sandbox(where, host=HOST, workers=1)


@pytest.mark.parametrize(
    ("host", "workers", "variable"),
    [
        ("0.0.0.0", 1, ""),  # noqa: S104 - refused
        (HOST, 2, ""),
        (HOST, 1, "MYSPACE_ISSUER"),
        (HOST, 1, "MYSPACE_POSTGRESQL__ADDRESS"),
    ],
)
def test_a_sandbox_is_for_this_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, workers: int, variable: str
) -> None:
    if variable:
        monkeypatch.setenv(variable, "x")

    with pytest.raises(OperatorError, match="one process"):
        claim_sandbox(places(tmp_path), host=host, workers=workers)


def test_a_sandbox_is_served_as_nothing_else(tmp_path: Path) -> None:
    where = sandbox_places(tmp_path / "data")
    refuse_sandbox(where)
    claim_sandbox(where, host=HOST, workers=1)

    with pytest.raises(OperatorError, match="--sandbox"):
        refuse_sandbox(where)
    claim_sandbox(where, host=HOST, workers=1)


def test_a_sandbox_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MYSPACE_DATA", raising=False)

    assert sandbox_places(None).data != places(None).data
