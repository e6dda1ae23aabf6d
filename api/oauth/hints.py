"""Who a counter means (oauth.md 3), said in one of several ways, in the clear or sealed to us.

In the clear stand the case, a ``sub``, the code on a holder's screen, or an ID token; a number
of a holder is sealed (``login_hint_token``), looked up by its keyed hash, and forgotten.

A hint that is malformed or was used up says so (``unknown_user_id``). One that is well formed
and leads to nobody does not: whether somebody has a space is nobody's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hmac import compare_digest
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.id_token import subject_text
from api.oauth.id_token_hint import hinted
from api.oauth.jose import BadJwsError, Json, date_claim, text_claim
from api.oauth.jwe import open_jwe
from api.oauth.screen_codes import GUESSED, shown_code_name
from api.oauth.server import Server
from vault.clients.signing_keys import OpeningPurpose
from vault.clock import MS, legal_day
from vault.crypto.letters import read_letters
from vault.errors import InvalidInputError
from vault.identifiers import Identifier
from vault.ids import CaseNumber, Space
from vault.numbers import number_of
from vault.services.limits import count

HINTS: Final = frozenset({"id_token_hint", "login_hint", "login_hint_token"})
CASE: Final = "case"
NUMBER: Final = "id_number"
SHOWN: Final = "shown"
SUBJECT: Final = "sub"
LONGEST_SECONDS: Final = 3600
"""What is sealed is for now: it expires within the hour."""

_CASE: Final = re.compile(r"[0-9A-Z]{20,64}")
_SUBJECT: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_SEALED: Final = frozenset({"aud", "exp", "iat", "iss", "jti"})
"""What is sealed beside the one who is meant; the last two are not looked at."""
MAX_NUMBER_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A well-formed hint.

    Attributes:
        number: Of the holder who is meant; nowhere else.
    """

    kind: str
    value: str = field(default="", repr=False)
    number: Identifier | None = field(default=None, repr=False)


def read_hint(server: Server, params: Mapping[str, str]) -> Hint:
    """Return the one hint of a request.

    Raises:
        FaultError: None, more than one, or a malformed one.
    """
    given = HINTS & params.keys()
    if len(given) != 1:
        raise FaultError(Say.HINTS)
    [name] = given
    try:
        if name == "login_hint":
            return _plain(params[name])
        if name == "id_token_hint":
            return _told_before(server, params[name])
        return _sealed(server, params[name])
    except (BadJwsError, InvalidInputError) as error:
        raise FaultError(Say.UNKNOWN_USER, reason=f"{name}: {error}") from error


def leads_to(server: Server, hint: Hint, *, space: Space) -> bool:
    """Say whether a hint leads to whose ``space`` it is; a shown code is used up by this.

    Raises:
        FaultError: ``unknown_user_id``: nobody shows this code (any more).
        RateLimitedError: This client has shown too many wrong codes.
    """
    tx, department_id = server.tx, server.client.department_id
    if hint.number is not None:
        indexes = server.provider.vault.numbers.of(hint.number)
        return space in [tx.holders.find(one.kind, one.index) for one in indexes]
    if hint.kind == SHOWN:
        return _shown(server, hint.value) == space
    if hint.kind == SUBJECT:
        sub = tx.protocol.subject(space, sector=department_id)
        return sub is not None and compare_digest(subject_text(sub), hint.value)
    case = tx.cases.find(CaseNumber(hint.value))
    return case is not None and (case.department_id, case.space) == (department_id, space)


def _plain(text: str) -> Hint:
    """Read ``login_hint``."""
    kind, _, value = text.partition(":")
    if kind == SHOWN and read_letters(value):
        return Hint(kind=kind, value=read_letters(value))
    if kind == CASE and _CASE.fullmatch(value):
        return Hint(kind=kind, value=value)
    if kind == SUBJECT:
        return _subject(value)
    raise InvalidInputError("the hint is malformed")


def _told_before(server: Server, token: str) -> Hint:
    """Read an ID token that this very client was given (CIBA Core 7.1)."""
    claims = hinted(server.provider, token)
    if claims.get("aud") != server.client.client_id:
        raise InvalidInputError("the ID token of another client")
    return _subject(claims.get("sub"))


def _sealed(server: Server, token: str) -> Hint:
    """Read what this client has sealed to us, for now and for nobody else."""
    signer = server.provider.signer
    private = partial(signer.opening, purpose=OpeningPurpose.HINT)
    found = open_jwe(token, private=private)
    if (found.get("iss"), found.get("aud")) != (server.client.client_id, server.provider.origin):
        raise InvalidInputError("sealed by or for somebody else")
    if not server.now < date_claim(found, "exp") <= server.now + LONGEST_SECONDS:
        raise InvalidInputError("exp is past, or too far ahead")
    meant = found.keys() - _SEALED
    if meant == {SUBJECT}:
        return _subject(found[SUBJECT])
    if meant == {NUMBER} and isinstance(found[NUMBER], dict):
        return Hint(kind=NUMBER, number=_number(server, found[NUMBER]))
    raise InvalidInputError("what is sealed names nobody, or too much")


def _number(server: Server, named: Json) -> Identifier:
    """Return a number that is right by the rules of its kind; whose it is, is not asked here."""
    if named.keys() != {"type", "value"}:
        raise InvalidInputError("a number has a type and a value")
    kind, value = (
        text_claim(named, one, longest=MAX_NUMBER_CHARACTERS) for one in ("type", "value")
    )
    return number_of(kind, value, today=legal_day(server.now * MS))


def _subject(value: object) -> Hint:
    if not isinstance(value, str) or not _SUBJECT.fullmatch(value):
        raise InvalidInputError("no sub of ours")
    return Hint(kind=SUBJECT, value=value)


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
