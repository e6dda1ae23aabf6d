"""What a deployment knows of the witnesses of its log, and what it may ask of them.

A checkpoint is *witnessed* when a quorum of the witnesses that the operator's policy names has
signed it (C2SP tlog-policy). Most releases do not wait for that; those at level ``witnessed`` do.
"""

from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from typing import Protocol


class Watch(Protocol):
    """Gets checkpoints witnessed. Safe to share between threads."""

    @property
    def groups(self) -> AbstractSet[str]:
        """Return the groups of the catalogue whose full view is released only if witnessed."""
        ...

    def ask(self, log_id: int, size: int) -> Future[str]:
        """Ask for a checkpoint of at least ``size`` entries with the lines of a quorum.

        Its result is that checkpoint, once it is there; whoever waits has a deadline of their own.
        """
        ...

    def newest(self, log_id: int) -> str | None:
        """Return the newest witnessed checkpoint that is known here."""
        ...

    def shown(self, log_id: int, head: str) -> str:
        """Return what to publish: the newest witnessed checkpoint, or ``head``, if that is old."""
        ...

    def troubles(self) -> tuple[str, ...]:
        """Return a line for each witness that does not sign, for the operator."""
        ...
