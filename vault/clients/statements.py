"""Software statements (RFC 7591 s. 2.3): what the operator's registry vouches for.

Pure rules over claims whose signature was verified. What a statement says wins over what a
request says; a request may ask for less, never for more.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from policies.catalogue import catalogue
from policies.errors import ScopeError
from policies.items import items
from policies.scopes import REGISTRY_SCOPES, View
from vault.clients import Client, Profile
from vault.errors import InvalidInputError

AHEAD_SECONDS: Final = 30
"""How far another machine's clock may be ahead of ours."""

LONGEST_SECONDS: Final = 90 * 24 * 3600
MAX_TEXT: Final = 200
MAX_CODES: Final = 500

CLAIMS: Final = frozenset(
    {
        *("iss", "aud", "iat", "exp", "jti", "software_id", "software_version"),
        *("client_name#zh-CN", "client_name#en", "department", "profiles", "scope"),
        *("evidence", "issue_codes", "service_items"),
    }
)
"""A statement with any other is refused: nobody here knows what it would vouch for."""

_DEPARTMENT: Final = re.compile(r"[0-9A-Z]{18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a client may ask for at most.

    Attributes:
        scopes: Registry scopes.
        evidence: Evidence code → highest view.
    """

    scopes: frozenset[str]
    evidence: Mapping[str, View]
    issue_codes: frozenset[str]
    service_items: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A department's software, vouched for.

    Attributes:
        once: SHA-256 of issuer and ``jti``, 32 bytes: it registers one client.
        department: Unified social credit code.
        profiles: Those that the client may choose from.
    """

    once: bytes
    department: str
    software_id: str
    software_version: str
    name_zh: str
    name_en: str
    profiles: frozenset[Profile]
    rights: Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request asks for; ``None`` asks for all that the statement has."""

    profile: Profile | None = None
    scopes: frozenset[str] | None = None
    evidence: Mapping[str, View] | None = None
    issue_codes: frozenset[str] | None = None
    service_items: frozenset[str] | None = None


def read_statement(
    claims: Mapping[str, object], *, issuer: str, audience: str, now: int
) -> Statement:
    """Return what verified claims vouch for.

    Args:
        claims: Of a JWT whose signature is the registry's.
        issuer: Name of the registry.
        audience: Origin of this deployment: a statement for another one registers nothing here.
        now: UTC seconds.

    Raises:
        InvalidInputError: Not ours, not of now, malformed, or with codes that nobody knows;
            ``field`` names the claim.
    """
    if claims.keys() - CLAIMS:
        raise InvalidInputError("the statement has a claim that is not known")
    if claims.get("iss") != issuer:
        raise InvalidInputError("the statement is of another registry", field="iss")
    if claims.get("aud") != audience:
        raise InvalidInputError("the statement is for another server", field="aud")
    _check_dates(claims, now=now)
    department = _text(claims, "department")
    if _DEPARTMENT.fullmatch(department) is None:
        raise InvalidInputError("a department is named by its code", field="department")
    return Statement(
        once=sha256(f"{issuer}\x00{_text(claims, 'jti')}".encode()).digest(),
        department=department,
        software_id=_text(claims, "software_id"),
        software_version=_text(claims, "software_version"),
        name_zh=_text(claims, "client_name#zh-CN"),
        name_en=_text(claims, "client_name#en"),
        profiles=_profiles(claims),
        rights=_rights(claims, department=department),
    )


def granted_rights(statement: Statement, wish: Wish) -> tuple[Profile, Rights]:
    """Return the profile and the rights of a client that asks for ``wish``.

    Raises:
        InvalidInputError: It asks for more, or must choose a profile; ``field`` says where.
    """
    profile = wish.profile
    if profile is None and len(statement.profiles) == 1:
        [profile] = statement.profiles
    if profile is None or profile not in statement.profiles:
        raise InvalidInputError("the statement does not have that profile", field="profile")
    most = statement.rights
    asked = Rights(
        scopes=most.scopes if wish.scopes is None else wish.scopes,
        evidence=most.evidence if wish.evidence is None else wish.evidence,
        issue_codes=most.issue_codes if wish.issue_codes is None else wish.issue_codes,
        service_items=most.service_items if wish.service_items is None else wish.service_items,
    )
    refuse_wider(asked, than=most)
    return profile, asked


def rights_of(client: Client) -> Rights:
    """Return what a client may ask for now."""
    return Rights(
        scopes=client.scopes,
        evidence=client.evidence,
        issue_codes=client.issue_codes,
        service_items=client.service_items,
    )


def refuse_wider(asked: Rights, *, than: Rights) -> None:
    """Refuse rights of which any is not among those of ``than``.

    Raises:
        InvalidInputError: ``field`` names the member.
    """
    higher = [code for code, view in asked.evidence.items() if not _has(than, code, view)]
    for name, more in (
        ("scope", asked.scopes - than.scopes),
        ("evidence", higher),
        ("issue_codes", asked.issue_codes - than.issue_codes),
        ("service_items", asked.service_items - than.service_items),
    ):
        if more:
            raise InvalidInputError("this asks for more than was vouched for", field=name)


def _has(rights: Rights, code: str, view: View) -> bool:
    most = rights.evidence.get(code)
    return most is not None and view <= most


def _check_dates(claims: Mapping[str, object], *, now: int) -> None:
    issued, expires = _date(claims, "iat"), _date(claims, "exp")
    if issued > now + AHEAD_SECONDS:
        raise InvalidInputError("the statement is of the future", field="iat")
    if expires <= now:
        raise InvalidInputError("the statement has expired", field="exp")
    if expires - issued > LONGEST_SECONDS:
        raise InvalidInputError("a statement lives for at most 90 days", field="exp")


def _rights(claims: Mapping[str, object], *, department: str) -> Rights:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise InvalidInputError("a scope is a text", field="scope")
    rights = Rights(
        scopes=frozenset(scope.split()),
        evidence=_evidence(claims),
        issue_codes=_codes(claims, "issue_codes"),
        service_items=_codes(claims, "service_items"),
    )
    offered = {code for code, kind in catalogue().items() if kind.offered}
    own = {code for code, item in items().items() if item.department == department}
    for name, given, known in (
        ("scope", rights.scopes, REGISTRY_SCOPES),
        ("evidence", rights.evidence.keys(), offered),
        ("issue_codes", rights.issue_codes, offered),
        ("service_items", rights.service_items, own),
    ):
        if not _within(given, known):
            raise InvalidInputError("the statement has a code that nobody knows", field=name)
    return rights


def _within(given: Collection[str], known: Collection[str]) -> bool:
    return all(one in known for one in given)


def _evidence(claims: Mapping[str, object]) -> Mapping[str, View]:
    found = claims.get("evidence", {})
    if not isinstance(found, dict) or len(found) > MAX_CODES:
        raise InvalidInputError("evidence is an object of views", field="evidence")
    try:
        return {str(code): View.of(str(label)) for code, label in found.items()}
    except ScopeError as error:
        raise InvalidInputError(str(error), field="evidence") from error


def _profiles(claims: Mapping[str, object]) -> frozenset[Profile]:
    try:
        profiles = frozenset(map(Profile, _codes(claims, "profiles")))
    except ValueError as error:
        raise InvalidInputError("there is no such profile", field="profiles") from error
    if not profiles:
        raise InvalidInputError("a statement permits a profile", field="profiles")
    return profiles


def _codes(claims: Mapping[str, object], name: str) -> frozenset[str]:
    found = claims.get(name, [])
    if not isinstance(found, list) or len(found) > MAX_CODES:
        raise InvalidInputError("a list of codes", field=name)
    if not all(isinstance(one, str) for one in found):
        raise InvalidInputError("a list of codes", field=name)
    return frozenset(found)


def _text(claims: Mapping[str, object], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= MAX_TEXT or not found.isprintable():
        raise InvalidInputError("a claim is missing or no text", field=name)
    return found


def _date(claims: Mapping[str, object], name: str) -> int:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise InvalidInputError("a date is a whole number of seconds", field=name)
    return found
