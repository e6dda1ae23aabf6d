"""What a kiosk or counter may ask for: read when it begins, and again at every later step.

The object is checked exactly as at PAR; what a profile allows less is checked besides. There
is no redirect, no code and no state: the client polls with the one secret that it got.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.granted import check_scope
from api.oauth.params import Params
from api.oauth.pushed import check_sign_in
from api.oauth.rar import Wanted, read_wanted
from api.oauth.secrets import REQUEST_ID_BYTES, Secrets
from api.oauth.server import Server
from api.oauth.sign_in_asked import check_reachable
from vault.clients.async_requests import AsyncRequest
from vault.clients.profiles import Asked

LIFETIME_SECONDS: Final = 600
INTERVAL_SECONDS: Final = 5

MANAGED: Final = frozenset({"grant_id", "grant_management_action"})
"""What would change the meaning of a request if it were ignored: here every grant is new."""

ACCEPTED: Final = frozenset(
    {
        "acr_values",
        "authorization_details",
        "binding_message",
        "claims",
        "max_age",
        "scope",
        "ui_locales",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited(Params):
    """An accepted request.

    Attributes:
        wanted: What is asked for.
    """

    wanted: Wanted

    @property
    def renews(self) -> None:
        """None: it asks for something new."""

    @property
    def redirect_origin(self) -> str:
        """Nowhere: who asked is told when it polls."""
        return ""

    def asked(self, *, now: int) -> Asked:
        """What the client's profile is asked about."""
        details = self.wanted.details
        return Asked(
            bound=True,
            level=self.wanted.level,
            view=max(one.view for one in details.evidence.values()),
            seconds=details.ends_at - now,
            offline=self.offline,
        )

    def sealed(self, secrets: Secrets, *, request_id: bytes) -> bytes:
        """Return the parameters, sealed for their row."""
        plain = json.dumps(self.params, separators=(",", ":"), sort_keys=True).encode()
        return secrets.seal(plain, request_id=request_id[:REQUEST_ID_BYTES])


def read_awaited(
    server: Server, params: Mapping[str, str], *, resources: Sequence[str] = ()
) -> Awaited:
    """Return an accepted request; the first check that fails answers.

    Args:
        server: With the client that asks, and a unit of work that reads.
        params: As sent, or as kept.
        resources: Every ``resource``, at the start.

    Raises:
        FaultError: Refused.
    """
    if MANAGED & params.keys():
        raise FaultError(Say.NOT_OFFERED)
    check_sign_in(params)
    if any(one != server.provider.origin for one in resources):
        raise FaultError(Say.TARGET)
    if "authorization_details" not in params:
        raise FaultError(Say.DETAILS_MISSING)
    wanted = read_wanted(
        params["authorization_details"],
        client=server.client,
        origin=server.provider.origin,
        tx=server.tx,
        now=server.now,
    )
    if "scope" in params:
        check_scope(params["scope"], details=wanted.details)
    kept = {name: params[name] for name in sorted(ACCEPTED & params.keys())}
    awaited = Awaited(params=kept, wanted=wanted)
    check_reachable(awaited.level, levels=server.provider.levels)
    return awaited


def reread(server: Server, row: AsyncRequest) -> Awaited:
    """Read a kept request again, with every check that its start had.

    Raises:
        FaultError: It would not be accepted now.
    """
    secrets = server.provider.secrets
    return read_awaited(server, _kept(secrets.open(row.params, request_id=row.request_id)))


def _kept(opened: bytes) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(opened)
    return found
