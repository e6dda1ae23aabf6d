"""What the portal needs of requests that began at a kiosk or counter: a Protocol, and values.

It stands beside ``ConsentDesk``: the same page, the same decision, and nowhere to be sent to.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from api.consent_page import Choice, ConsentPage, Text
from vault.clients.protocol import SignIn


class Outcome(StrEnum):
    """What became of a decision, or of a request that nobody could decide on.

    Attributes:
        UNMET: It demands a sign-in that the holder has no means for.
    """

    GIVEN = "given"
    DECLINED = "declined"
    REPORTED = "reported"
    MISMATCHED = "mismatched"
    UNMET = "unmet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the holder pressed.

    Attributes:
        choice: What is given; ``None`` for nothing.
        number: The one that was chosen, at a counter's request.
        reported: It was not the holder who is at that window.
    """

    choice: Choice | None = None
    number: str = ""
    reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A counter's request that waits for its holder.

    Attributes:
        place: Where the counter is, as registered.
        asked_at: UTC seconds.
    """

    request_id: bytes
    department: Text
    item: Text
    place: str
    asked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnScreen:
    """A code that the holder shows to a counter.

    Attributes:
        letters: As they are shown.
        expires_at: UTC seconds.
    """

    letters: str = field(repr=False)
    expires_at: int


class WindowDesk(Protocol):
    """Requests of kiosks and counters, decided by the holder. No other sign-in reaches them."""

    def enter(self, typed: str, *, signin: SignIn) -> bytes:
        """Return the request whose code was typed from a kiosk's screen.

        Raises:
            InvalidInputError: It is no code at all; not counted.
            NotFoundError: No kiosk shows it for this holder.
            RateLimitedError: Too many were typed.
        """
        ...

    def waiting(self, *, signin: SignIn) -> tuple[Waiting, ...]:
        """Return what counters wait for, the oldest first."""
        ...

    def open(self, request_id: bytes, *, signin: SignIn) -> ConsentPage:
        """Return the page, and bind the request to this sign-in.

        Raises:
            NotFoundError: Not there, decided, expired, of another sign-in or person.
            StepUpRequiredError: The sign-in is too old, or too weak.
            LedAwayError: It demands a stronger one than this holder has; it is over.
            RateLimitedError: This department, or this system of it, asks too often.
        """
        ...

    def decide(
        self,
        request_id: bytes,
        *,
        signin: SignIn,
        decision: Decision,
        locale: str,
        shown_hash: bytes,
    ) -> Outcome:
        """Grant or refuse through the journal; the wrong number refuses.

        Raises:
            InvalidInputError: The choice is wider than what was asked for.
            ConflictError: What was shown is no longer so; show the page again.
            AccessDeniedError: The policies refuse this consent.
            JournalUnavailableError: Nothing was decided.
        """
        ...

    def show(self, *, signin: SignIn) -> OnScreen:
        """Return a new code for a counter: five minutes, one use.

        Raises:
            RateLimitedError: Too many were shown.
        """
        ...
