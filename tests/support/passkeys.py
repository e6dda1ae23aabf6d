"""What tests of passkeys share: who asks, and what an honest browser tells."""

from typing import Any

from tests.support.authenticator import Authenticator, Told
from vault.passkeys.ceremony import RelyingParty

ORIGIN = "https://space.example.org"
HOST = "space.example.org"
PARTY = RelyingParty(rp_id=HOST, origin=ORIGIN)


def told(**false: Any) -> Told:  # noqa: ANN401 - any part of it
    """Return what an honest browser tells, but for what is ``false``."""
    return Told(**({"origin": ORIGIN, "rp_id": HOST} | false))


__all__ = ["HOST", "ORIGIN", "PARTY", "Authenticator", "told"]
