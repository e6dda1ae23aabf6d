"""Connections that only read, kept open and handed from one unit of work to the next.

Taking a connection from a pool, beginning and ending through SQLAlchemy costs more than all
that a pull reads (ADR 0026). A lane is a driver connection that the database holds to reading:
a unit of work is BEGIN, the reads, COMMIT. Statements are SQLAlchemy's own all the same.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine

from storage.failures import DatabaseFailure, failure
from storage.statements import Driver
from vault.errors import StorageError

WAIT_SECONDS: Final = 5.0


class Lanes:
    """Open lanes, the one used last first; at most as many as the engine's pool holds."""

    def __init__(
        self,
        engine: Engine,
        *,
        limit: int,
        begin: str = "BEGIN",
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Draw connections from ``engine``, each when it is first needed.

        Args:
            engine: Its connections can only read, or ``begin`` sees to that.
            limit: Lanes at most; the engine's pool holds as many.
            begin: How a unit of work begins.
            wait_seconds: How long one may wait for a lane.
        """
        self._engine = engine
        self._begin = begin
        self._free: deque[Any] = deque()
        self._room = threading.Semaphore(limit)
        self._wait_seconds = wait_seconds

    @contextmanager
    def reading(self) -> Iterator[Driver]:
        """Hold a lane while the block runs; everything read in it is of one moment.

        Raises:
            StorageError: All lanes are in use, or the database does not answer.
        """
        if not self._room.acquire(timeout=self._wait_seconds):
            raise StorageError("all database connections are in use")
        try:
            lane, raw = self._begun()
            try:
                driver = Driver.over(raw, dialect=self._engine.dialect)
                try:
                    yield driver
                finally:
                    driver.end()
                    raw.commit()  # A driver forgets its prepared statements on ROLLBACK.
            except DatabaseFailure as error:
                lane.invalidate()
                raise failure(error) from error
            except BaseException:
                self._free.append(lane)
                raise
            self._free.append(lane)
        finally:
            self._room.release()

    def close(self) -> None:
        """Close the lanes that are free; nobody reads any more."""
        while self._free:
            self._free.pop().close()

    def _begun(self) -> tuple[Any, Any]:
        """Begin on a lane; one that was kept may have died meanwhile, and another takes over."""
        while True:
            kept = self._kept()
            try:
                lane = kept or self._engine.raw_connection()
                raw: Any = lane.dbapi_connection
                raw.execute(self._begin)
            except DatabaseFailure as error:
                if kept is None:
                    raise failure(error) from error
                kept.invalidate()
            else:
                return lane, raw

    def _kept(self) -> Any:  # noqa: ANN401 - SQLAlchemy's connection outside a transaction
        try:
            return self._free.pop()
        except IndexError:
            return None
