"""What one request may be: sizes, methods, paths, and the headers that every answer has."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from httpx2 import Response
from starlette.types import Message, Receive, Scope, Send

from api.middleware import BodyLimits, Guard
from api.settings import LimitSettings
from tests.support.http_world import PDF, HttpWorld, identity_card, open_world, unique

MIB = 2**20


def test_ten_megabytes_of_json_are_refused(world: HttpWorld) -> None:
    body = identity_card(world.person()) | {"holder_name": "x" * (10 * MIB)}

    answer = world.police.send("/v1/records", body)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:myspace:problem:too-large"


def test_a_body_that_says_it_is_too_long_is_not_read(world: HttpWorld) -> None:
    headers = world.police.headers("POST", "/v1/cases", token=world.police.token())
    extra = [("content-length", str(10 * MIB)), ("content-type", "application/json")]
    named = [*headers.items(), ("idempotency-key", unique()), *extra]
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/cases",
        "raw_path": b"/v1/cases",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named],
        "client": ("192.0.2.1", 1),
        "server": ("space.example.org", 443),
        "scheme": "https",
        "http_version": "1.1",
    }
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    anyio.run(world.app, scope, receive, send)

    assert sent[0]["status"] == 413


def test_a_body_of_unknown_length_is_read_up_to_the_limit_only() -> None:
    taken: list[Message] = []
    statuses: list[int] = []

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        while True:
            taken.append(await receive())

    async def failed(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(100), "more_body": True}

    async def send(message: Message) -> None:
        statuses.append(message["status"])

    limits = BodyLimits(plain=250, upload=250)
    guard = Guard(
        application,
        limits=limits,
        https=True,
        failed=lambda: failed,
        refused=lambda _scope, _seen, _status: None,
    )
    anyio.run(guard, {"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)

    assert (len(taken), statuses) == (2, [500])  # No application here renders the 413.


def test_a_file_may_be_larger_than_any_json(world: HttpWorld) -> None:
    answer = world.police.upload(
        "/v1/records", identity_card(world.person()), [("a.pdf", PDF + bytes(5 * MIB))]
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/records", 405),
        ("DELETE", "/v1/evidence", 405),
        ("PATCH", "/v1/me/records", 405),
        ("POST", "/log/checkpoint", 405),
        ("GET", "/v1/nothing", 404),
        ("GET", "/docs", 404),
    ],
)
def test_what_is_not_offered_is_a_problem_too(
    world: HttpWorld, method: str, path: str, status: int
) -> None:
    answer = world.http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize("path", ["/healthz", "/v1/evidence", "/log/checkpoint", "/space", "/x"])
def test_every_answer_carries_the_headers_that_keep_browsers_strict(
    world: HttpWorld, path: str
) -> None:
    headers = world.http.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert "cache-control" in headers
    assert len(headers["x-correlation-id"]) == 16


def test_ready_is_said_while_the_journal_takes_entries(world: HttpWorld) -> None:
    ready, alive = world.http.get("/readyz"), world.http.get("/healthz")

    assert (ready.status_code, ready.text) == (200, "ready\n")
    assert (alive.status_code, alive.text) == (200, "ok\n")


def test_a_client_that_pulls_or_deposits_too_often_is_told_when_to_come_back(
    tmp_path: Path,
) -> None:
    limits = LimitSettings(client_reads_a_minute=60, client_changes_a_minute=60)
    with open_world(tmp_path, limits=limits) as world:
        token = world.police.token()
        body = identity_card(world.person())
        pulled = until_refused(lambda: world.police.pull(token))
        sent = until_refused(lambda: world.police.send("/v1/records", body, token=token))

    for passed, refused in (pulled, sent):
        assert passed >= 60
        assert refused.json()["type"] == "urn:myspace:problem:rate-limited"
        assert int(refused.headers["retry-after"]) >= 1


def until_refused(ask: Callable[[], Response]) -> tuple[int, Response]:
    """Ask faster than once a second; return how often it was let through, and the refusal."""
    for passed in range(600):
        answer = ask()
        if answer.status_code == 429:
            return passed, answer
    raise AssertionError("nothing was refused")
