"""Who a counter means (oauth.md 3): by case, or by the code on a holder's screen.

A hint that is malformed or was used up says so (``unknown_user_id``). One that is well formed
and leads to nobody does not: whether somebody has a space is nobody's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.screen_codes import GUESSED, shown_code_name
from api.oauth.server import Server
from vault.crypto.letters import read_letters
from vault.ids import CaseNumber, Space
from vault.services.limits import count

HINTS: Final = frozenset({"id_token_hint", "login_hint", "login_hint_token"})
CASE: Final = "case"
SHOWN: Final = "shown"

_CASE: Final = re.compile(r"[0-9A-Z]{20,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A well-formed hint."""

    kind: str
    value: str = field(repr=False)


def read_hint(params: Mapping[str, str]) -> Hint:
    """Return the one hint of a request.

    Raises:
        FaultError: None, more than one, one that is not offered, or a malformed one.
    """
    given = HINTS & params.keys()
    if len(given) != 1:
        raise FaultError(Say.HINTS)
    if "login_hint" not in given:
        raise FaultError(Say.NOT_OFFERED, reason="hints are login_hint")
    kind, _, value = params["login_hint"].partition(":")
    if kind == SHOWN and read_letters(value):
        return Hint(kind=kind, value=read_letters(value))
    if kind == CASE and _CASE.fullmatch(value):
        return Hint(kind=kind, value=value)
    raise FaultError(Say.UNKNOWN_USER, reason="the hint is malformed")


def followed(server: Server, hint: Hint) -> Space | None:
    """Return whom a hint leads to, or ``None``; a shown code is used up by this.

    Raises:
        FaultError: ``unknown_user_id``: nobody shows this code (any more).
        RateLimitedError: This client has shown too many wrong codes.
    """
    if hint.kind == SHOWN:
        return _shown(server, hint.value)
    case = server.tx.cases.find(CaseNumber(hint.value))
    ours = case is not None and case.department_id == server.client.department_id
    return case.space if case is not None and ours else None


def _shown(server: Server, letters: str) -> Space:
    tx, vault = server.tx, server.provider.vault
    key = server.client.client_id.encode()
    tally = count(vault, tx, [(GUESSED, key)], now=server.now)
    if tally.limited is not None:
        raise tally.limited
    for name in server.provider.secrets.hashes(shown_code_name(letters)):
        space = tx.protocol.claim_shown_code(name, now=server.now)
        if space is not None:
            tally.forgive(tx)
            return space
    raise FaultError(Say.UNKNOWN_USER, reason="nobody shows this code")
