"""Reads the links of a mandate, and says how far a member reaches by one.

Whatever is journalled is judged by the policies, from facts. What a list shows is no disclosure
of its own: it is cut here to what the same mandate covers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from policies.catalogue import SENSITIVE_LEVEL, catalogue
from policies.scopes import View
from vault.errors import AccessDeniedError, NotFoundError
from vault.ids import MandateId, Space
from vault.mandates import Act, Mandate, Powers, effective, lives
from vault.ports import Tx
from vault.services.acting import Member

NOT_LIVE: Final = ("mandate-not-live",)
NOT_COVERED: Final = ("item-not-mandated",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a member reaches in the space that is open.

    Attributes:
        powers: Of the mandate; ``None`` in the own space, where nothing is out of reach.
    """

    powers: Powers | None

    def reads(self, code: str) -> bool:
        """Say whether records of the evidence ``code`` may be opened."""
        powers = self.powers
        return powers is None or (
            Act.READ in powers.acts
            and powers.evidence.get(code) is View.FULL
            and catalogue()[code].level < SENSITIVE_LEVEL
        )

    def covers(self, item: str, codes: Iterable[str]) -> bool:
        """Say whether a request for all of ``codes``, in the matter ``item``, may be looked at."""
        powers = self.powers
        return powers is None or (self.decides(item) and powers.evidence.keys() >= set(codes))

    def decides(self, item: str) -> bool:
        """Say whether consents for the service item ``item`` may be decided on."""
        powers = self.powers
        return powers is None or (Act.CONSENT in powers.acts and item in powers.items)


def chain_of(tx: Tx, space: Space, *, mandate_id: MandateId) -> tuple[Mandate, ...]:
    """Return a mandate and what it was passed on from, the holder's own first.

    Raises:
        NotFoundError: There is no such mandate in ``space``.
    """
    chain = tx.mandates.chain(space, mandate_id=mandate_id)
    if not chain:
        raise NotFoundError("no such mandate")
    return chain


def live_powers(chain: Sequence[Mandate], *, now_ms: int) -> Powers | None:
    """Return what the last link of ``chain`` allows at ``now_ms``; ``None`` if that is nothing."""
    return effective(chain) if lives(chain, now_ms=now_ms) else None


def reach(tx: Tx, member: Member, *, now_ms: int) -> Reach:
    """Return how far ``member`` reaches now.

    Raises:
        AccessDeniedError: The mandate has ended, or is somebody else's.
    """
    if not member.is_agent:
        return Reach(powers=None)
    mandate_id = member.signin.mandate_id
    if mandate_id is None:
        raise AccessDeniedError(NOT_LIVE)
    chain = chain_of(tx, member.space, mandate_id=mandate_id)
    powers = live_powers(chain, now_ms=now_ms)
    if powers is None or chain[-1].receiver != member.person:
        raise AccessDeniedError(NOT_LIVE)
    return Reach(powers=powers)
