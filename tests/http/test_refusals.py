"""Why a request was refused is found under its correlation id, and is not in the answer."""

import json
from collections.abc import Callable

import pytest
from httpx2 import Response

from api.middleware import Seen
from api.refusals import MOST_WAITING, RefusalLog, writing
from tests.support.http_world import CODE, HttpWorld, System
from tests.support.jws import ec_signer
from vault.clients.refusals import RefusedRequest
from vault.errors import StorageError


def kept(world: HttpWorld, answer: Response) -> RefusedRequest | None:
    """Return what is kept of an answer."""
    while world.wired.refusals.flush(world.vault):
        pass
    with world.vault.read() as tx:
        return tx.refusals.get(answer.headers["x-correlation-id"])


def unknown_code(world: HttpWorld) -> Response:
    form = {
        "grant_type": "authorization_code",
        "code": "vco_x",
        "redirect_uri": "https://client.example.org/cb",
        "code_verifier": "v" * 43,
    }
    return world.market.form("/oauth/token", form)


def other_key(world: HttpWorld) -> Response:
    thief = System(world, world.market.department, world.market.client_id, key=ec_signer())
    return thief.form("/oauth/token", {"grant_type": "client_credentials"})


def no_scope(world: HttpWorld) -> Response:
    token = world.police.token("registry:read")
    return world.police.send("/v1/cases", {}, token=token)


def malformed(world: HttpWorld) -> Response:
    return world.market.send("/v1/cases", {"holder": 1})


def dead_token(world: HttpWorld) -> Response:
    form = {"grant_type": "client_credentials", "scope": "registry:read"}
    token = world.market.form("/oauth/token", form).json()["access_token"]
    world.market.form("/oauth/revoke", {"token": token})
    return world.market.get("/v1/items", token=token)


def old_token(world: HttpWorld) -> Response:
    form = {"grant_type": "client_credentials", "scope": "registry:read"}
    token = world.market.form("/oauth/token", form).json()["access_token"]
    world.clock.ahead += 400
    try:
        return world.market.get("/v1/items", token=token)
    finally:
        world.clock.ahead -= 400


def stolen_token(world: HttpWorld) -> Response:
    return world.schools.get("/v1/items", token=world.market.token("registry:read"))


def ended_consent(world: HttpWorld) -> Response:
    person, _ = world.settled()
    token, holder = world.granted(person)
    [consent] = holder.get("/v1/me/consents").json()
    holder.post(f"/v1/me/consents/{consent['grant_id']}/revoke")
    return world.market.pull(token)


def not_granted(world: HttpWorld) -> Response:
    person, _ = world.settled()
    token, _ = world.granted(person)
    return world.market.pull(token, code="LC04")


CASES: dict[str, tuple[Callable[[HttpWorld], Response], bool, str, str]] = {
    "a code": (unknown_code, True, "/oauth/token", "invalid_grant"),
    "another key": (other_key, False, "/oauth/token", "invalid_client"),
    "a scope": (no_scope, True, "/v1/cases", "insufficient_scope"),
    "a body": (malformed, True, "/v1/cases", "malformed"),
    "a revoked token": (dead_token, False, "/v1/items", "invalid_token"),
    "an old token": (old_token, False, "/v1/items", "invalid_token"),
    "a stolen token": (stolen_token, False, "/v1/items", "invalid_token"),
    "an ended consent": (ended_consent, False, "/v1/evidence/{code}", "invalid_token"),
}
REASONS = {
    "another key": "the signature does not verify",
    "a scope": "the token lacks the scope",
    "a revoked token": "the token was revoked",
    "an old token": "the token has expired",
    "a stolen token": "the token is bound to another key or certificate",
    "an ended consent": "the consent, the client or the department is not active",
}


@pytest.mark.parametrize("name", CASES)
def test_the_reason_of_a_refusal_is_found_by_its_correlation_id(
    world: HttpWorld, name: str
) -> None:
    refuse, proven, path, error = CASES[name]

    answer = refuse(world)

    found = kept(world, answer)
    assert found is not None
    assert (found.proven, found.path, found.error, found.status) == (
        proven,
        path,
        error,
        answer.status_code,
    )
    assert found.client_id == (world.police if name == "a scope" else world.market).client_id
    assert found.reason == REASONS.get(name, found.reason)
    assert found.reason
    assert (REASONS.get(name) or "\0") not in answer.text


def test_what_the_policies_refuse_is_kept_with_their_reasons(world: HttpWorld) -> None:
    answer = not_granted(world)

    found = kept(world, answer)
    assert found is not None
    assert (found.error, found.proven) == ("access-denied", True)
    assert found.reason == ", ".join(answer.json()["reasons"])


def test_nothing_is_kept_of_strangers_and_of_what_goes_well(world: HttpWorld) -> None:
    stranger = world.http.get(f"/v1/evidence/{CODE}")
    fine = world.market.get("/v1/items", token=world.market.token("registry:read"))
    unknown = System(world, world.market.department, "nobody")
    nobody = unknown.form("/oauth/token", {"grant_type": "client_credentials"})

    assert [kept(world, one) for one in (stranger, fine, nobody)] == [None] * 3


def test_no_value_that_was_sent_is_kept(world: HttpWorld) -> None:
    person = world.person()
    body = {"holder": {"type": "resident_id_18", "value": person.number + "x"}, "item": "x"}

    answer = world.market.send("/v1/cases", body | {person.number: 1})

    found = kept(world, answer)
    assert found is not None
    assert person.number not in json.dumps(
        [found.reason, found.error, found.path], ensure_ascii=False
    )


def refused(number: int) -> Seen:
    return Seen(f"{number:016x}", client_id="somebody", error="e", reason="r")


def test_what_there_is_no_room_for_is_dropped(world: HttpWorld) -> None:
    log = RefusalLog()

    for number in range(MOST_WAITING + 5):
        log.take({"method": "GET"}, refused(number), 400, now=1)
    log.take({"method": "GET"}, Seen("waits", client_id="a", error="slow_down"), 400, now=1)

    written = 0
    while batch := log.flush(world.vault):
        written += batch
    assert written == MOST_WAITING


def test_a_database_that_takes_nothing_stops_nobody(world: HttpWorld) -> None:
    log = RefusalLog()

    class Broken:
        def work(self) -> None:
            raise StorageError("full")

    with writing(log, Broken(), every=0.001):  # type: ignore[arg-type]  # all that is asked of it
        log.take({"method": "GET"}, refused(1), 400, now=1)

    assert log.flush(world.vault) == 0
