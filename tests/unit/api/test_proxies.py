"""A certificate is what a named proxy says it is, and nothing that a caller says."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from api.proxies import CERTIFICATE, Proxies

SAID = "-----BEGIN%20CERTIFICATE-----"


def heard(peer: str, *headers: tuple[str, str], **how: Any) -> tuple[str | None, str]:  # noqa: ANN401 - as Proxies
    """Return certificate and source as the application hears them from a ``peer``."""
    app = FastAPI()
    said: dict[str, Any] = {"trusted": "192.0.2.0/28", "certificates": True}
    app.add_middleware(Proxies, **(said | how))

    @app.get("/")
    def told(request: Request) -> tuple[str | None, str]:
        source = request.client.host if request.client else ""
        return request.headers.get(CERTIFICATE), source

    http = TestClient(app, client=(peer, 40_000))
    certificate, source = http.get("/", headers=[*headers]).json()
    return certificate, source


@pytest.mark.parametrize("peer", ["192.0.2.1", "192.0.2.15", "::ffff:192.0.2.1"])
def test_b05_a_proxy_says_which_certificate_it_saw(peer: str) -> None:
    assert heard(peer, (CERTIFICATE, SAID))[0] == SAID


@pytest.mark.parametrize("peer", ["192.0.2.16", "127.0.0.1", "2001:db8::1", "testclient"])
def test_b05_a_claim_of_anybody_else_is_dropped(peer: str) -> None:
    assert heard(peer, (CERTIFICATE, SAID)) == (None, peer)


def test_b05_whom_the_request_came_from_is_no_proxy_because_a_proxy_says_so() -> None:
    forwarded = ("X-Forwarded-For", "192.0.2.1")

    assert heard("203.0.113.7", (CERTIFICATE, SAID), forwarded) == (None, "203.0.113.7")


def test_a_proxy_says_whom_the_request_came_from_as_well() -> None:
    forwarded = ("X-Forwarded-For", "203.0.113.7")

    assert heard("192.0.2.1", (CERTIFICATE, SAID), forwarded) == (SAID, "203.0.113.7")


def test_b05_two_certificates_are_none() -> None:
    assert heard("192.0.2.1", (CERTIFICATE, SAID), (CERTIFICATE.lower(), SAID))[0] is None


@pytest.mark.parametrize("how", [{"certificates": False}, {"trusted": ""}])
def test_b05_where_nothing_is_turned_on_nobody_is_believed(how: dict[str, object]) -> None:
    assert heard("192.0.2.1", (CERTIFICATE, SAID), **how)[0] is None
