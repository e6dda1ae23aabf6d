"""Where a request comes from is what a named proxy says of it, and never what the client says."""

import io
import signal
import subprocess
import sys

import pytest
import requests
import structlog
from pydantic import ValidationError

from api.settings import Settings
from scripts.serving import log_as_json

SERVED = """
import sys, threading
from api.proxies import Proxies
from fastapi import FastAPI, Request
from scripts.serving import claim_port, run
app = FastAPI()
app.add_middleware(Proxies, trusted=sys.argv[1], certificates=False)
@app.get("/")
def source(request: Request) -> str:
    return request.client.host
with claim_port(0) as held:
    print(held.getsockname()[1], flush=True)
    run(app, on=held, leaving=threading.Event())
"""
CLAIMED = {"X-Forwarded-For": "203.0.113.7, 198.51.100.4"}


@pytest.mark.parametrize(
    ("proxies", "source"),
    [
        ("", "127.0.0.1"),
        ("192.0.2.1,2001:db8::/32", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.4"),
        ("127.0.0.0/8,198.51.100.0/24", "203.0.113.7"),
    ],
)
def test_only_a_named_proxy_says_where_a_request_comes_from(proxies: str, source: str) -> None:
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", SERVED, proxies],
        stdout=subprocess.PIPE,
        env={"FORWARDED_ALLOW_IPS": "*"},  # The library's own variable changes nothing.
        text=True,
    )
    with child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        answer = requests.get(f"http://127.0.0.1:{port}/", headers=CLAIMED, timeout=10)
        child.send_signal(signal.SIGINT)

    assert answer.json() == source


@pytest.mark.parametrize("proxies", ["*", "0.0.0.0/0", "10.0.0.1,::/0", "nginx", "10.0.0.1/24"])
def test_neither_everybody_nor_a_name_is_a_proxy(proxies: str) -> None:
    with pytest.raises(ValidationError, match="prox"):
        Settings.model_validate(
            {
                "data": "/data",
                "state": "/state",
                "issuer": "https://space.example.org",
                "keys": {"root_key_file": "/key"},
                "proxies": proxies,
            }
        )


class Gone(io.StringIO):
    """A terminal that hangs up."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("closed", [True, False])
def test_a_line_that_cannot_be_written_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
    closed: bool,  # noqa: FBT001 - of the parameters
) -> None:
    to = io.StringIO() if closed else Gone()
    monkeypatch.setattr(sys, "stderr", to)
    configured = structlog.get_config()
    log_as_json()
    if closed:
        to.close()

    structlog.get_logger("test").warning("lost")

    structlog.configure(**configured)
