"""Rounds: the same load on both servers in turn, from a process of its own."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Self

from scripts.bench.databases import Chosen
from scripts.bench.fixture import Fixture
from scripts.bench.load import Measured, drive
from scripts.bench.proofs import plain_requests, proven_requests
from scripts.bench.servers import Served
from scripts.outcomes import Exit, OperatorError
from scripts.serving import HOST

MICRO: Final = 1_000_000
BARE_TIMES: Final = 4
"""The smaller request is sent more often: the system counts CPU time in steps of 10 ms."""

Drive = Callable[[int], Measured]
"""Sends the load of one round to a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One server in one round.

    Attributes:
        cpu_us: CPU time of the server, all processes, for one request.
        database_us: CPU time of the database's own processes for one request.
        rate: Requests in a second.
    """

    cpu_us: float
    database_us: float
    rate: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, measured: Measured, *, cpu_seconds: float, database_seconds: float = 0) -> Self:
        """Return what was measured.

        Raises:
            OperatorError: A request was not answered as it should be.
        """
        if measured.failures or not measured.latencies_ms:
            raise OperatorError(
                f"{measured.failures} 个请求没有得到应有的回答，结果作废。请查看服务日志后重试。",
                f"{measured.failures} requests were not answered as they should be, so the "
                "figures are void. Read the server's log and try again.",
                code=Exit.SOFTWARE,
            )
        return cls(
            cpu_us=MICRO * cpu_seconds / len(measured.latencies_ms),
            database_us=MICRO * database_seconds / len(measured.latencies_ms),
            rate=measured.rate,
            p50_ms=measured.percentile(0.5),
            p99_ms=measured.percentile(0.99),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a pull round sends.

    Attributes:
        connections: Kept alive, one request at a time on each.
        requests: Pulls in a round.
    """

    fixture: Fixture
    connections: int
    requests: int

    def bare(self, target: str, port: int) -> Measured:
        """Drive the bare server."""
        requests = plain_requests(target, host=HOST, count=BARE_TIMES * self.requests)
        return drive(requests, host=HOST, port=port, connections=self.connections)

    def pull(self, port: int) -> Measured:
        """Drive the vault; proofs are made first, so that they do not count."""
        found = self.fixture
        requests = proven_requests(
            found.target,
            issuer=found.settings.issuer,
            token=found.token,
            key=found.key,
            count=self.requests,
            now=int(time.time()),
        )
        return drive(requests, host=HOST, port=port, connections=self.connections)


@contextmanager
def apart() -> Iterator[ProcessPoolExecutor]:
    """Give a process of its own to send from."""
    with ProcessPoolExecutor(
        max_workers=1, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        yield pool


def measured(
    pool: ProcessPoolExecutor, run: Drive, *, on: Served, database: Chosen | None = None
) -> Round:
    """Send one round to a server, and count what it cost there and in its database."""
    beside = Chosen() if database is None else database
    before, before_beside = on.cpu_seconds(), beside.cpu_seconds()
    found = pool.submit(run, on.port).result()
    return Round.of(
        found,
        cpu_seconds=on.cpu_seconds() - before,
        database_seconds=beside.cpu_seconds() - before_beside,
    )
