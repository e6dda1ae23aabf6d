"""Why a client was refused: for its developers and the operator, for a week, and never an answer.

What is kept are codes and sentences of our own: no value that was sent, no number of a holder.
"""

from dataclasses import dataclass
from typing import Final

from vault.ids import ClientId

KEPT_SECONDS: Final = 7 * 24 * 3600
MOST_OF_A_CLIENT: Final = 200
"""Kept for each client, apart for what it proved to have sent and what was sent in its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """One request that was refused.

    Attributes:
        correlation: The answer's ``X-Correlation-Id``.
        proven: The client proved who it is; else somebody named it, or showed a token of it.
        at: UTC seconds.
        path: As routed, with names in place of values.
        error: The code that stands in the answer.
        reason: What exactly was wrong, which does not.
    """

    correlation: str
    client_id: ClientId
    proven: bool
    at: int
    method: str
    path: str
    status: int
    error: str
    reason: str
