"""Connections that only read, kept open and handed from one unit of work to the next.

Taking a connection from a pool, beginning and ending through SQLAlchemy costs more than all
that a pull reads (ADR 0026). A lane is a driver connection that the database holds to reading:
a unit of work is BEGIN, the reads, COMMIT. Statements are SQLAlchemy's own all the same.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine

from storage.failures import DatabaseFailure, failure
from storage.statements import Ahead, Driver
from vault.errors import StorageError

WAIT_SECONDS: Final = 5.0


class Far(NamedTuple):
    """What spares round trips to a database at a distance.

    Attributes:
        begin: How a unit of work begins; sent together with its first statement.
        ended: Says of a driver's connection, without asking, whether the server has closed it.
    """

    begin: str
    ended: Callable[[Any], bool]


class Lanes:
    """Open lanes, the one used last first; at most as many as the engine's pool holds."""

    def __init__(
        self,
        engine: Engine,
        *,
        limit: int,
        far: Far | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Draw connections from ``engine``, each when it is first needed.

        Args:
            engine: Its connections can only read, or ``far.begin`` sees to that.
            limit: Lanes at most; the engine's pool holds as many.
            far: How to spare round trips to a server; ``None`` where the database is near.
            wait_seconds: How long one may wait for a lane.
        """
        self._engine = engine
        self._far = far
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
            lane = self._taken()
            try:
                raw = lane.dbapi_connection
                driver = self._begun(raw)
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

    def _begun(self, raw: Any) -> Driver:  # noqa: ANN401 - the driver's connection
        """Begin now where that costs nothing; at a distance it goes with the first statement."""
        if self._far is None:
            raw.execute("BEGIN")
            return Driver.over(raw, dialect=self._engine.dialect)
        ahead = Ahead(raw, begin=self._far.begin)
        return Driver.over(raw, dialect=self._engine.dialect, ahead=ahead)

    def _taken(self) -> Any:  # noqa: ANN401 - SQLAlchemy's connection outside a transaction
        """Take a lane; one that was kept may have died meanwhile, and another takes over."""
        while True:
            try:
                lane = self._free.pop()
            except IndexError:
                break
            if self._far is None or not self._far.ended(lane.dbapi_connection):
                return lane
            lane.invalidate()
        try:
            return self._engine.raw_connection()
        except DatabaseFailure as error:
            raise failure(error) from error
