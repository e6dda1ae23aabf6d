"""Scopes: ``ev:<group>:<slug>[:verify|summary|full]``, without a view ``verify``; no wildcards.

A scope names evidence and how much of it may be seen, nothing else: purpose, item, case and
fields are in the consent. Every scope is a token of RFC 6749 section 3.3.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from policies.errors import ScopeError

GROUPS: Final = ("identity", "licence", "credit", "service_result", "material")
"""Groups of the evidence catalogue, in its order."""

REGISTRY_READ: Final = "registry:read"
RECORDS_WRITE: Final = "records:write"
CASES_WRITE: Final = "cases:write"
GRANT_QUERY: Final = "grant_management_query"
GRANT_REVOKE: Final = "grant_management_revoke"
REGISTRY_SCOPES: Final = frozenset(
    {REGISTRY_READ, RECORDS_WRITE, CASES_WRITE, GRANT_QUERY, GRANT_REVOKE}
)
"""What a client does as itself, without a holder's consent."""

OFFLINE_ACCESS: Final = "offline_access"
"""Asks for a refresh token (OpenID Connect Core 11); it names no evidence."""

OPENID: Final = "openid"
"""Asks for an ID token (OpenID Connect Core 3.1.2.1): who signed in, by a name of no meaning."""
IDENTITY_SCOPES: Final = frozenset({OPENID})
"""What says something of who signed in; it names no evidence."""

MAX_SCOPE_CHARACTERS: Final = 4096
"""Longest list of scopes that is read."""

_SCOPE: Final = re.compile(
    rf"ev:({'|'.join(GROUPS)}):([a-z][a-z0-9_]{{0,63}})(?::(verify|summary|full))?"
)


class View(IntEnum):
    """How much is seen. A higher view contains each lower one."""

    VERIFY = 1
    SUMMARY = 2
    FULL = 3

    @property
    def label(self) -> str:
        """The word used in scopes and on the wire."""
        return _LABELS[self]

    @classmethod
    def of(cls, label: str) -> Self:
        """Return the view called ``label``.

        Raises:
            ScopeError: There is none; case counts.
        """
        found = _VIEWS.get(label)
        if found is None:
            raise ScopeError("a view is verify, summary or full")
        return cls(found)


_LABELS: Final = {view: view.name.lower() for view in View}
_VIEWS: Final = {label: view for view, label in _LABELS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceScope:
    """One evidence type and the highest view of it. Whether the type exists, the catalogue says.

    Attributes:
        group: One of ``GROUPS``.
        slug: Lower-case name of the type within its group.
    """

    group: str
    slug: str
    view: View

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the scope that ``text`` writes; a bare one means ``verify``.

        Raises:
            ScopeError: ``text`` breaks the grammar, or holds a wildcard.
        """
        found = _SCOPE.fullmatch(text)
        if found is None:
            raise ScopeError("a scope is ev:<group>:<slug>[:verify|summary|full]")
        group, slug, view = found.groups()
        return cls(group=group, slug=slug, view=View.of(view or "verify"))

    def __str__(self) -> str:
        """Return the canonical text, which always writes the view."""
        return f"ev:{self.group}:{self.slug}:{self.view.label}"

    def covers(self, other: Self) -> bool:
        """Say whether ``other`` asks for nothing more: the same type, no higher view."""
        same_type = (self.group, self.slug) == (other.group, other.slug)
        return same_type and other.view <= self.view


def parse_scopes(text: str) -> tuple[frozenset[EvidenceScope], frozenset[str]]:
    """Split a ``scope`` parameter (RFC 6749 section 3.3) into evidence and other scopes.

    Args:
        text: Scopes with one space between two of them.

    Returns:
        The evidence scopes, and every scope that does not begin with ``ev:``; which of those
        are known is for the caller to say.

    Raises:
        ScopeError: Empty, too long, repeated, badly spaced, or an evidence scope is malformed.
    """
    if not text or len(text) > MAX_SCOPE_CHARACTERS:
        raise ScopeError("a list of scopes is 1 to 4096 characters long")
    tokens = text.split(" ")
    if len(set(tokens)) != len(tokens) or not all(map(is_token, tokens)):
        raise ScopeError("scopes are different tokens with one space between them")
    evidence = frozenset(EvidenceScope.parse(t) for t in tokens if t.startswith("ev:"))
    return evidence, frozenset(t for t in tokens if not t.startswith("ev:"))


def format_scopes(evidence: Iterable[EvidenceScope], *, others: Iterable[str] = ()) -> str:
    """Return the scopes as one parameter, sorted, so that equal sets give equal text."""
    return " ".join(sorted({*map(str, evidence), *others}))


def covered(asked: Iterable[EvidenceScope], *, by: Iterable[EvidenceScope]) -> bool:
    """Say whether each scope of ``asked`` is covered by one of ``by``."""
    granted = tuple(by)
    return all(any(scope.covers(other) for scope in granted) for other in asked)


def is_token(text: str) -> bool:
    """Say whether ``text`` is a scope-token: ``1*( %x21 / %x23-5B / %x5D-7E )``."""
    return re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", text) is not None
