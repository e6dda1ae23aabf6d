"""The whole tree of errors. It knows no HTTP: each front door maps a class to its own form.

``str(error)`` is safe to show to anybody; what must stay inside travels as the cause
(``raise … from``) and ends in the operator's log.

    VaultError
    ├── InvalidInputError            the caller can mend the request
    │   ├── TooLargeError
    │   ├── UnsupportedFileError
    │   └── IdentifierError          (vault.identifiers)
    ├── NotFoundError                not there, or not yours: the same answer
    ├── AccessDeniedError            the policies refused; carries the reasons
    ├── StepUpRequiredError          a stronger or fresher sign-in is needed
    ├── ConflictError                somebody else was first; read again
    │   ├── MovedOnError             (vault.services.pull)
    │   └── NumberTakenError         (vault.services.open_case)
    ├── RateLimitedError             too often; says when to come back
    ├── ReplayedError                a proof or assertion was shown twice
    ├── TokenEndedError              the token that asked was revoked or expired meanwhile
    ├── IntegrityError               stored bytes do not open; nothing is shown
    │   └── ProofError               (vault.journal)
    └── UnavailableError             nothing was changed; come back later
        ├── JournalUnavailableError
        │   ├── OutcomeUnknownError  the commit may or may not have happened
        │   └── LogFrozenError       the log is not the one last seen
        ├── NotWitnessedError        in the log, and too few witnesses have signed
        ├── KeyUnavailableError
        └── StorageError             disk full, database or folder out of reach
"""

from typing import Final

RETRY_AFTER_SECONDS: Final = 2


class VaultError(Exception):
    """Root of everything that this project raises on purpose."""


class InvalidInputError(VaultError):
    """The request cannot be understood or breaks a rule that the caller can keep.

    Attributes:
        field: Path of the offending field, or an empty string; never its value.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        """Keep ``message`` and the ``field`` it is about; neither may hold a value."""
        super().__init__(message)
        self.field = field


class TooLargeError(InvalidInputError):
    """More bytes than the limit that the message names."""


class UnsupportedFileError(InvalidInputError):
    """The content of a file is not of a type that may be kept."""


class NotFoundError(VaultError):
    """No such thing, or not yours: deliberately the same."""


class AccessDeniedError(VaultError):
    """The policies refused, and the caller may know why.

    Attributes:
        reasons: The ``@id`` of each ``forbid`` that fired, sorted.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        """Keep the ``reasons``; they are the message."""
        super().__init__(", ".join(reasons))
        self.reasons = reasons


class StepUpRequiredError(VaultError):
    """The sign-in is too weak or too old for this act.

    Attributes:
        acr: The level that would do, as ``urn:myspace:acr:…``.
        max_age_seconds: How fresh it must be.
    """

    def __init__(self, *, acr: str, max_age_seconds: int) -> None:
        """Say which sign-in would do."""
        super().__init__("a stronger or fresher sign-in is needed")
        self.acr = acr
        self.max_age_seconds = max_age_seconds


class ConflictError(VaultError):
    """What the caller built on has changed; read it again and decide anew."""


class RateLimitedError(VaultError):
    """Too many tries.

    Attributes:
        retry_after_seconds: When the next try may succeed.
    """

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        """Say what was too often and for how long to wait."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ReplayedError(VaultError):
    """A one-time value (proof, assertion, code) was shown before."""


class TokenEndedError(VaultError):
    """The token that asked was live at the front door and no longer when its turn came."""


class IntegrityError(VaultError):
    """Stored or received bytes do not open or do not prove what they claim."""


class UnavailableError(VaultError):
    """Nothing was released or changed; the same request may succeed later.

    Attributes:
        retry_after_seconds: A hint for ``Retry-After``.
    """

    def __init__(self, message: str, *, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> None:
        """Say what is missing, and when to come back."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class JournalUnavailableError(UnavailableError):
    """The entry is not known to be committed, so nothing was released."""


class OutcomeUnknownError(JournalUnavailableError):
    """The commit's answer was lost: ask again with the same request id."""


class LogFrozenError(JournalUnavailableError):
    """The journal in the database is not a continuation of the one last seen."""


class NotWitnessedError(UnavailableError):
    """The entry is in the log, but no quorum of witnesses signed it in time: nothing left."""


class KeyUnavailableError(UnavailableError):
    """A key cannot be had now: provider away, wrong passphrase, or destroyed."""


class StorageError(UnavailableError):
    """The database or the folder of sealed files does not take what is given."""
