"""What a kiosk or counter may ask for: read when it begins, and again at every later step.

The object is checked exactly as at PAR; what a profile allows less is checked besides. There
is no redirect, no code and no state: the client polls with the one secret that it got.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.granted import check_scope, identity, offline
from api.oauth.pushed import check_sign_in, locale_of
from api.oauth.rar import Wanted, read_wanted
from api.oauth.secrets import REQUEST_ID_BYTES, Secrets
from api.oauth.server import Server
from vault.clients.async_requests import AsyncRequest
from vault.clients.profiles import Asked

LIFETIME_SECONDS: Final = 600
INTERVAL_SECONDS: Final = 5

MANAGED: Final = frozenset({"grant_id", "grant_management_action"})
"""What would change the meaning of a request if it were ignored: here every grant is new."""

ACCEPTED: Final = frozenset(
    {"acr_values", "authorization_details", "binding_message", "scope", "ui_locales"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An accepted request.

    Attributes:
        params: The accepted parameters, as they came.
        wanted: What is asked for.
    """

    params: Mapping[str, str] = field(repr=False)
    wanted: Wanted

    @property
    def offline(self) -> bool:
        """Whether a refresh token is asked for."""
        return offline(self.params.get("scope", ""))

    @property
    def identity(self) -> frozenset[str]:
        """Scopes that ask who signed in."""
        return identity(self.params.get("scope", ""))

    @property
    def locale(self) -> str:
        """The first language asked for that there is, or the default."""
        return locale_of(self.params.get("ui_locales", ""))

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
    return Awaited(params=kept, wanted=wanted)


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
