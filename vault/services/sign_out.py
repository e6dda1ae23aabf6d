"""A sign-in ends, or goes on as the next one in the same browser; clients that were told hear it.

What ends with it is what stands on the sign-in: its cookie, and the right to hear who signed in
(ID tokens, user info). Consents stay, and so does what tokens may fetch under them: a holder
takes those back one by one, and each with an entry.
"""

from typing import Final

from vault.clients.protocol import SignIn
from vault.clock import MS
from vault.ports import Tx
from vault.services import Vault
from vault.services.calling import call_client
from vault.services.sign_in import LONGEST_SECONDS

LOGOUT: Final = "backchannel-logout"
"""Kind of the call that tells a client: ``client``, ``sid`` and ``sub``, the last two hex."""


def sign_out(vault: Vault, signin: SignIn) -> None:
    """End a sign-in; its cookie opens nothing from now on, and clients are told."""
    now = vault.clock.now_ms() // MS
    with vault.work() as tx:
        tx.protocol.end_signin(signin.signin_hash, now=now)
        _tell(vault, tx, signin, now=now)


def give_way(vault: Vault, before: SignIn, *, to: SignIn) -> None:
    """End the sign-in that a browser brought along, where a new one has just begun.

    The same person has only proved once more to be there, so no client is told anything until
    the new sign-in ends; another person begins anew.
    """
    now = vault.clock.now_ms() // MS
    with vault.work() as tx:
        tx.protocol.end_signin(before.signin_hash, now=now)
        if before.auth.person == to.auth.person:
            until = now + 2 * LONGEST_SECONDS
            tx.protocol.lead_told(before.auth.sid, to=to.auth.sid, expires_at=until)
        else:
            _tell(vault, tx, before, now=now)


def _tell(vault: Vault, tx: Tx, signin: SignIn, *, now: int) -> None:
    told = tx.protocol.end_told(signin.auth.sid, expires_at=now + 2 * LONGEST_SECONDS, now=now)
    for one in told:
        client = tx.clients.get(one.client_id)
        if client is not None and client.metadata.backchannel_logout_uri:
            call_client(
                vault,
                tx,
                kind=LOGOUT,
                told={"client": one.client_id, "sid": one.sid.hex(), "sub": one.sub.hex()},
            )
