"""Who may act for whom, for what, until when: a mandate only narrows when it is passed on.

A mandate lies in the space that it opens, whoever gave it: the holder's own mandate and what was
passed on of it stand in one order of one log, so ending a link ends all below it at once. What
somebody may do is the overlap of every link from the holder down (``effective``), never what one
row says (Civil Code art. 161-169; domain.md 2.4).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

from policies.errors import PolicyError
from policies.scopes import View
from vault.clock import MS
from vault.errors import IntegrityError, InvalidInputError
from vault.ids import EntryId, MandateId, Space

LONGEST_CHAIN: Final = 2
"""The holder's mandate, and one that its receiver passed on (oauth.md 7)."""


class Act(StrEnum):
    """What a receiver may do in the space."""

    READ = "read"
    CONSENT = "consent"
    EXCHANGE = "exchange"


class MandateStatus(StrEnum):
    """Expiry is judged by time, not stored."""

    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What a mandate allows: a partial order under ``covers``.

    Attributes:
        acts: Reading records, deciding on departments' requests, having the receiver's own
            system pull under a consent of the holder (RFC 8693).
        evidence: Highest view by catalogue code; what is not named is not covered.
        items: Service items that may be acted in.
        starts_at, ends_at: UTC seconds.
        passes_on: The receiver may give a part of it to somebody else.
    """

    acts: frozenset[Act]
    evidence: Mapping[str, View]
    items: frozenset[str]
    starts_at: int
    ends_at: int
    passes_on: bool = False

    def __post_init__(self) -> None:
        """Hold the invariants, also for values that come back from storage."""
        if not self.acts or not self.evidence:
            raise InvalidInputError("a mandate names acts and evidence", field="powers")
        if self.acts - {Act.READ} and not self.items:
            raise InvalidInputError("who acts in matters needs items", field="items")
        if self.starts_at >= self.ends_at:
            raise InvalidInputError("a mandate ends after it starts", field="ends_at")

    def covers(self, other: Self) -> bool:
        """Say whether ``other`` allows nothing that this does not."""
        return (
            other.acts <= self.acts
            and all(
                code in self.evidence and view <= self.evidence[code]
                for code, view in other.evidence.items()
            )
            and other.items <= self.items
            and self.starts_at <= other.starts_at
            and other.ends_at <= self.ends_at
            and (self.passes_on or not other.passes_on)
        )

    def overlap(self, other: Self) -> Self | None:
        """Return what both allow; ``None`` if that is nothing."""
        try:
            return replace(
                self,
                acts=self.acts & other.acts,
                evidence={
                    code: min(self.evidence[code], other.evidence[code])
                    for code in self.evidence.keys() & other.evidence.keys()
                },
                items=self.items & other.items,
                starts_at=max(self.starts_at, other.starts_at),
                ends_at=min(self.ends_at, other.ends_at),
                passes_on=self.passes_on and other.passes_on,
            )
        except InvalidInputError:
            return None

    def to_json(self) -> str:
        """Return canonical JSON, as stored."""
        plain = {
            "acts": sorted(self.acts),
            "ends_at": self.ends_at,
            "evidence": {code: view.label for code, view in self.evidence.items()},
            "items": sorted(self.items),
            "passes_on": self.passes_on,
            "starts_at": self.starts_at,
        }
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the powers that ``to_json`` made; the invariants run again.

        Raises:
            IntegrityError: The text is something else.
        """
        try:
            found = json.loads(text)
            return cls(
                acts=frozenset(map(Act, found.pop("acts"))),
                evidence={c: View.of(v) for c, v in found.pop("evidence").items()},
                items=frozenset(found.pop("items")),
                **found,
            )
        except (
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
            PolicyError,
            InvalidInputError,
        ) as error:
            raise IntegrityError("the powers of a mandate are malformed") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """One link: somebody may act in ``space``.

    Attributes:
        space: Whose space it opens; also where the row lies.
        giver: Who gave it: the holder of ``space``, or the receiver of ``parent_id``.
        receiver: Who may act. A space that is not there, where the number had none: nobody is
            told which numbers have a space.
        parent_id: The link that it was passed on from.
        version: Raised by one with every change; decisions name the version they read.
        label: The receiver's number as the giver sees it, masked, sealed (context ``protocol``).
        created_at_ms, ended_at_ms: UTC milliseconds.
        state_entry: Entry that brought it to this version.
    """

    space: Space
    mandate_id: MandateId
    giver: Space
    receiver: Space
    parent_id: MandateId | None
    status: MandateStatus
    version: int
    powers: Powers
    label: bytes = field(repr=False)
    created_at_ms: int
    ended_at_ms: int | None
    state_entry: EntryId

    def __post_init__(self) -> None:
        """Hold who may have given what to whom."""
        if (self.parent_id is None) != (self.giver == self.space):
            raise InvalidInputError("the first link is the holder's own", field="parent")
        if self.receiver in {self.space, self.giver}:
            raise InvalidInputError("nobody needs a mandate for the own space", field="receiver")


def effective(chain: Sequence[Mandate]) -> Powers | None:
    """Return what the last link of ``chain`` allows now: the overlap of all, if all are alive.

    Args:
        chain: From the holder's own mandate down. Times are not judged here.

    Returns:
        ``None`` where a link has ended, or the links have nothing in common.

    Raises:
        IntegrityError: The links do not hang together.
    """
    _check(chain)
    powers: Powers | None = chain[0].powers
    for link in chain[1:]:
        powers = None if powers is None else powers.overlap(link.powers)
    ended = any(link.status is not MandateStatus.ACTIVE for link in chain)
    return None if ended else powers


def passed_on(chain: Sequence[Mandate], powers: Powers) -> None:
    """Make sure that the receiver of the last link of ``chain`` may pass ``powers`` on.

    Raises:
        InvalidInputError: More than is there, or more links than there may be.
    """
    own = effective(chain)
    if own is None or not own.passes_on or len(chain) >= LONGEST_CHAIN:
        raise InvalidInputError("this mandate cannot be passed on", field="parent")
    if powers.passes_on and len(chain) + 1 >= LONGEST_CHAIN:
        raise InvalidInputError("this mandate cannot be passed on further", field="passes_on")
    if not own.covers(powers):
        raise InvalidInputError("a mandate only narrows when it is passed on", field="powers")


def lives(chain: Sequence[Mandate], *, now_ms: int) -> bool:
    """Say whether something may be done by the last link of ``chain`` at ``now_ms``."""
    powers = effective(chain)
    return powers is not None and powers.starts_at * MS <= now_ms < powers.ends_at * MS


def works(mandate: Mandate, *, now_ms: int) -> bool:
    """Say whether a link is alive at ``now_ms``, as far as it says itself."""
    powers = mandate.powers
    in_time = powers.starts_at * MS <= now_ms < powers.ends_at * MS
    return in_time and mandate.status is MandateStatus.ACTIVE


def _check(chain: Sequence[Mandate]) -> None:
    first = chain[0]
    linked = all(
        (below.space, below.parent_id, below.giver)
        == (above.space, above.mandate_id, above.receiver)
        for above, below in pairwise(chain)
    )
    if first.parent_id is not None or not linked or len(chain) > LONGEST_CHAIN:
        raise IntegrityError("the links of a mandate do not hang together")
