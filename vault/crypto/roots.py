"""What holds a root key, and how a vault key names the one that wraps it (crypto.md 8).

A provider wraps vault keys and nothing else. ``Root`` says with which root key, in words that
stand in the row and in the context alike, so a cheaper parameter or another root in the row
makes the wrap unopenable.
"""

from typing import Literal, NamedTuple, Protocol, Self

from vault.crypto.contexts import Context
from vault.errors import IntegrityError

Capability = Literal["wrap", "hmac", "sign", "destroy_evidence"]


class Root(NamedTuple):
    """Which root key wraps a vault key.

    Attributes:
        kind: Of the provider.
        key_id: 16 hexadecimal digits; tells two root keys apart, and nothing about either.
        parameters: How the root key is derived, or an empty string.
    """

    kind: str
    key_id: str
    parameters: str

    @property
    def name(self) -> str:
        """The three in one text, as the row of a vault key has it."""
        return ":".join(self)

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the root that ``name`` was made from.

        Raises:
            IntegrityError: It is no such text.
        """
        parts = name.split(":")
        if len(parts) != len(cls._fields):
            raise IntegrityError("a vault key does not name its root key")
        return cls(*parts)


class Health(NamedTuple):
    """Whether a provider would answer now, in one sentence for the operator."""

    ok: bool
    detail: str


class KeyProvider(Protocol):
    """Holds root keys; one contract suite runs over every provider."""

    @property
    def kind(self) -> str:
        """Short name, part of the context."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it can do beside wrapping."""
        ...

    def root(self) -> Root:
        """Say which root key wraps from now on.

        Raises:
            KeyUnavailableError: There is none.
        """
        ...

    def wrap(self, key: bytes, *, root: Root, context: Context) -> bytes:
        """Return ``key`` wrapped under the root key that ``root`` names.

        Raises:
            KeyUnavailableError: The provider has no such root key.
        """
        ...

    def unwrap(self, wrap: bytes, *, root: Root, context: Context) -> bytes:
        """Return what ``wrap`` took.

        Raises:
            KeyUnavailableError: The provider has no such root key.
            IntegrityError: The wrap does not open under it.
        """
        ...

    def health(self) -> Health:
        """Say whether it would answer now; never raises."""
        ...
