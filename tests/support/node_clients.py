"""Departments' systems on npm libraries, against a server that runs as a process of its own.

The scripts ``openid_client.js`` and ``oauth4webapi.js`` know the same acts, so that one test
speaks through either. Their keys are made in Node.js; the operator enters the public parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.demo_clients import REDIRECT, DemoClient, registration
from scripts.demo_people import Somebody
from tests.support.peers import Peer
from tests.support.served import REQUESTER, Served

FLOWS: Final = ("authorization_code", "client_credentials", "refresh_token")
OPENID_CLIENT: Final = "openid_client"
OAUTH4WEBAPI: Final = "oauth4webapi"
RESOURCE_SERVER: Final[Mapping[str, Any]] = {
    "profile": "rs",
    "redirect_uris": [],
    "grant_types": [],
    "scopes": [],
    "evidence": {},
    "issue_codes": [],
    "service_items": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a system signs.

    Attributes:
        alg: Of its client assertions.
        proof_alg, proof_bits: Of its proofs of possession; ``None`` where there is no choice.
    """

    alg: str = "ES256"
    proof_alg: str = "ES256"
    proof_bits: int | None = None

    def __str__(self) -> str:
        """Name it in a test's id."""
        return f"{self.alg}-{self.proof_alg}{self.proof_bits or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSystem:
    """A department's system that runs in Node.js.

    Attributes:
        server: That it speaks to.
        found: What it discovered there.
    """

    peer: Peer
    server: Served
    client_id: str
    found: Mapping[str, Any] = field(repr=False)

    def push(self, details: Mapping[str, Any], *, scope: str | None = None) -> str:
        """Push an authorization request; return where the holder's browser is sent."""
        url: str = self.peer.ask("push", redirectUri=REDIRECT, scope=scope, details=[details])
        return url

    def authorized(self, holder: Somebody, *, scope: str | None = None) -> str:
        """Ask for an identity card, let ``holder`` consent; return where they were sent back."""
        requester = self.server.system(REQUESTER)
        details = self.server.details(requester, holder, note="核对身份")
        return self.server.decided(holder, self.push(details, scope=scope))[1]

    def redeem(self, callback: str) -> dict[str, Any]:
        """Check state and issuer of ``callback``; return the tokens for its code."""
        told: dict[str, Any] = self.peer.ask("redeem", callback=callback)
        return told

    def redeem_at_once(self, callback: str, *, times: int) -> Sequence[Mapping[str, str]]:
        """Redeem so many times in parallel; return the ``token`` or the ``error`` of each."""
        told: list[dict[str, str]] = self.peer.ask("redeemAtOnce", callback=callback, times=times)
        return told

    def refresh(self, token: str) -> dict[str, Any]:
        """Show a refresh token; return the answer."""
        told: dict[str, Any] = self.peer.ask("refresh", token=token)
        return told

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask about a token."""
        told: dict[str, Any] = self.peer.ask("introspect", token=token)
        return told

    def revoke(self, token: str) -> None:
        """Revoke a token."""
        self.peer.ask("revoke", token=token)

    def resource(self, token: str, path: str, *, method: str = "GET") -> tuple[int, Any]:
        """Use a token; return status and body."""
        told = self.peer.ask("resource", token=token, method=method, url=self.server.origin + path)
        return told["status"], told["body"]


def connected(
    server: Served,
    peer: Peer,
    name: str,
    *,
    kind: Kind | None = None,
    entered: bool = True,
    algorithm: str = "oauth2",
    signed: str | None = None,
    **changes: Any,  # noqa: ANN401 - any member of a registration
) -> NodeSystem:
    """Make keys, let the operator enter them, discover the server.

    Args:
        server: To which it connects.
        peer: Runs one of the scripts.
        name: Its client id.
        kind: How it signs.
        entered: The operator enters it; otherwise nobody knows its key.
        algorithm: ``oauth2`` or ``oidc``, the document to discover by.
        signed: It signs its requests, and wants answers signed with this.
        changes: Of its registration.
    """
    how = kind or Kind()
    jwk = peer.ask("key", alg=how.alg, proofAlg=how.proof_alg, proofBits=how.proof_bits)
    if entered:
        client = DemoClient(client_id=name, department=REQUESTER, key=jwk)
        plain = registration(client) | {"grant_types": [*FLOWS], "jwks": {"keys": [jwk]}}
        server.register(plain | changes)
    found = peer.ask(
        "discover",
        issuer=server.origin,
        clientId=name,
        redirectUri=REDIRECT,
        algorithm=algorithm,
        **({} if signed is None else {"signed": signed}),
    )
    return NodeSystem(peer=peer, server=server, client_id=name, found=found)
