"""All logs of a deployment, each with a writer of its own; an operation names its log."""

from collections.abc import Sequence

from storage.group_commit import GroupCommit
from vault.journal.operations import Change, Disclosure, Outcome, Pending


class Journals:
    """Implements ``vault.journal.operations.Journal`` over the logs 0, 1, … (journal.md 13)."""

    def __init__(self, writers: Sequence[GroupCommit]) -> None:
        """Take the writers in the order of their logs."""
        self._writers = tuple(writers)

    def start(self) -> None:
        """Start every writer, or none.

        Raises:
            LogFrozenError: A log does not continue what was seen of it.
        """
        try:
            for writer in self._writers:
                writer.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Serve what waits, and stop."""
        for writer in self._writers:
            writer.stop()

    def halt(self, log_id: int, reason: str) -> None:
        """Take no more entries in a log until a restart."""
        self._writers[log_id].halt(reason)

    @property
    def waiting(self) -> bool:
        """Say whether every log takes entries."""
        return all(writer.waiting for writer in self._writers)

    def enqueue(self, operation: Change | Disclosure) -> Pending:
        """Queue ``operation`` at its log (see the port)."""
        return self._writers[operation.log_id].enqueue(operation)

    def submit(self, operation: Change | Disclosure) -> Outcome:
        """Hand ``operation`` to its log and wait (see the port)."""
        return self._writers[operation.log_id].submit(operation)
