"""What a consent covers, and how it only ever gets narrower (RFC 9396; oauth.md 3).

``Details`` is the frozen value behind the wire object ``evidence_access``. One request, one
purpose, one item, one case, one holder. Comparison goes field by field, never by text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

from policies.errors import PolicyError
from policies.scopes import View
from vault.errors import IntegrityError, InvalidInputError

MAX_NOTE_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceGrant:
    """One evidence type of a consent.

    Attributes:
        code: Catalogue code, such as ``ID01``.
        view: Highest view that may be released.
        fields: Catalogue fields that may be released; empty for ``verify``.
    """

    code: str
    view: View
    fields: frozenset[str]

    def overlap(self, other: Self) -> Self:
        """Return what both allow of the same evidence type."""
        if self == other:
            return self
        view = min(self.view, other.view)
        fields = self.fields & other.fields if view is not View.VERIFY else frozenset[str]()
        return replace(self, view=view, fields=fields)

    def covers(self, other: Self) -> bool:
        """Say whether ``other`` asks for nothing more than this allows."""
        return self.code == other.code and other.view <= self.view and other.fields <= self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What was asked for, or granted.

    Attributes:
        evidence: By code, each code once.
        starts_at, ends_at: UTC seconds (NumericDate); the range in which it may be used.
        uses: How often each evidence type may be released; ``None`` is without limit.
        retention_days: How long the department keeps what it gets.
        legal_article: Code of the legal basis shown to the holder, or ``None``.
    """

    evidence: Mapping[str, EvidenceGrant]
    starts_at: int
    ends_at: int
    uses: int | None
    retention_days: int
    legal_article: str | None = None

    def __post_init__(self) -> None:
        """Hold the invariants, also for values that come back from storage."""
        if not self.evidence or any(code != e.code for code, e in self.evidence.items()):
            raise InvalidInputError("a consent names at least one evidence type, each once")
        if self.starts_at >= self.ends_at:
            raise InvalidInputError("a consent ends after it starts")
        if self.uses is not None and self.uses < 1:
            raise InvalidInputError("a consent allows at least one use")
        if self.retention_days < 0:
            raise InvalidInputError("retention is a number of days, zero or more")

    def covers(self, other: Self) -> bool:
        """Say whether ``other`` is a subset: nothing more, nothing longer, nothing oftener."""
        uses_ok = self.uses is None or (other.uses is not None and other.uses <= self.uses)
        return (
            all(
                code in self.evidence and self.evidence[code].covers(asked)
                for code, asked in other.evidence.items()
            )
            and self.starts_at <= other.starts_at
            and other.ends_at <= self.ends_at
            and uses_ok
            and other.retention_days <= self.retention_days
        )

    def overlap(self, other: Self) -> Self | None:
        """Return what is in both; ``None`` if nothing is.

        A token's details and those of its grant overlap in what the token may do now.
        """
        evidence = {
            code: self.evidence[code].overlap(other.evidence[code])
            for code in self.evidence.keys() & other.evidence.keys()
        }
        starts_at = max(self.starts_at, other.starts_at)
        ends_at = min(self.ends_at, other.ends_at)
        if not evidence or starts_at >= ends_at:
            return None
        limits = [uses for uses in (self.uses, other.uses) if uses is not None]
        return replace(
            other,
            evidence=evidence,
            starts_at=starts_at,
            ends_at=ends_at,
            uses=min(limits, default=None),
            retention_days=min(self.retention_days, other.retention_days),
        )

    def keep(self, codes: frozenset[str]) -> Self:
        """Return the details with only the evidence types in ``codes``.

        Raises:
            InvalidInputError: Nothing is left, or a code was never asked for.
        """
        if not codes <= self.evidence.keys():
            raise InvalidInputError("only evidence that was asked for can be granted")
        return replace(self, evidence={c: e for c, e in self.evidence.items() if c in codes})

    def to_json(self) -> str:
        """Return canonical JSON, as stored and as journalled."""
        plain = {
            "ends_at": self.ends_at,
            "evidence": [
                {"code": e.code, "fields": sorted(e.fields), "view": e.view.label}
                for _, e in sorted(self.evidence.items())
            ],
            "legal_article": self.legal_article,
            "retention_days": self.retention_days,
            "starts_at": self.starts_at,
            "uses": self.uses,
        }
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the details that ``to_json`` made; the invariants run again.

        Raises:
            IntegrityError: The text is something else.
        """
        try:
            found = json.loads(text)
            evidence = {
                e["code"]: EvidenceGrant(
                    code=e["code"], view=View.of(e["view"]), fields=frozenset(e["fields"])
                )
                for e in found.pop("evidence")
            }
            return cls(evidence=evidence, **found)
        except (KeyError, TypeError, ValueError, PolicyError, InvalidInputError) as error:
            raise IntegrityError("the details of a consent are malformed") from error


@lru_cache(maxsize=4096)
def details_of(text: str) -> Details:
    """Read what ``to_json`` made, once for the many uses of it; details name nobody.

    Raises:
        IntegrityError: The text is something else.
    """
    return Details.from_json(text)


@lru_cache(maxsize=1024)
def read_details(text: str | None) -> Details | None:
    """Return the details of a token, which many pulls share; they hold no value of anybody."""
    return None if text is None else Details.from_json(text)
