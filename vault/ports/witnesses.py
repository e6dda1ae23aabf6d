"""What witnesses have signed; nothing is decided by it that a signature does not prove."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

QUORUM: Final = ""
"""Stands for all witnesses together, where a name of one of them stands else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessState:
    """What a witness signed last.

    Attributes:
        witness: Its name in the policy, or ``QUORUM``.
        size: Of the checkpoint that it signed last, 0 for none.
        note: That checkpoint with its line, or those of the quorum; empty for none.
        at_ms: When it last answered, or when the quorum signed.
        trouble: Why it does not sign now: a word; empty where it does.
    """

    witness: str
    size: int
    note: str
    at_ms: int
    trouble: str = ""


class WitnessStates(Protocol):
    """One row for each witness of a log, and one for the quorum."""

    def of_log(self, log_id: int) -> Sequence[WitnessState]:
        """Return what is known of each, in the order of their names."""

    def keep(self, log_id: int, state: WitnessState) -> None:
        """Write what is known of one; a smaller size than is there changes nothing."""
