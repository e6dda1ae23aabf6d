"""Who a counter means (oauth.md 3): by case, by ``sub``, or by the code on a holder's screen.

A hint that is malformed or was used up says so (``unknown_user_id``). One that is well formed
and leads to nobody does not: whether somebody has a space is nobody's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.id_token import subject_text
from api.oauth.screen_codes import GUESSED, shown_code_name
from api.oauth.server import Server
from vault.crypto.letters import read_letters
from vault.ids import CaseNumber, Space
from vault.services.limits import count

HINTS: Final = frozenset({"id_token_hint", "login_hint", "login_hint_token"})
CASE: Final = "case"
SHOWN: Final = "shown"
SUBJECT: Final = "sub"

_FORMS: Final = {
    CASE: re.compile(r"[0-9A-Z]{20,64}"),
    SUBJECT: re.compile(r"[A-Za-z0-9_-]{22}"),
}


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
    if kind in _FORMS and _FORMS[kind].fullmatch(value):
        return Hint(kind=kind, value=value)
    raise FaultError(Say.UNKNOWN_USER, reason="the hint is malformed")


def leads_to(server: Server, hint: Hint, *, space: Space) -> bool:
    """Say whether a hint leads to whose ``space`` it is; a shown code is used up by this.

    Raises:
        FaultError: ``unknown_user_id``: nobody shows this code (any more).
        RateLimitedError: This client has shown too many wrong codes.
    """
    tx, department_id = server.tx, server.client.department_id
    if hint.kind == SHOWN:
        return _shown(server, hint.value) == space
    if hint.kind == SUBJECT:
        sub = tx.protocol.subject(space, sector=department_id)
        return sub is not None and compare_digest(subject_text(sub), hint.value)
    case = tx.cases.find(CaseNumber(hint.value))
    return case is not None and (case.department_id, case.space) == (department_id, space)


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
