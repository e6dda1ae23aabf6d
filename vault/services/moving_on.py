"""Asking again, where what would be shown has changed between the decision and the lock."""

from dataclasses import replace
from typing import Final

from vault.errors import ConflictError, NotFoundError
from vault.services import Vault
from vault.services.acting import Caller

ATTEMPTS: Final = 3
"""A record that changes while it is pulled is asked for again this often."""


class MovedOnError(ConflictError):
    """The record that would have been released is not the one that answers any more."""


def refreshed(vault: Vault, caller: Caller) -> Caller:
    """Return ``caller`` with a spent proof, and the consent of its token as it is now.

    Raises:
        NotFoundError: The consent is not there any more.
    """
    live = caller.live
    if live.consent is None:
        return caller.spent()
    with vault.read() as tx:
        consent = tx.consents.get(live.consent.space, grant_id=live.consent.grant_id)
    if consent is None:
        raise NotFoundError("no such consent")
    return replace(caller.spent(), live=replace(live, consent=consent))
