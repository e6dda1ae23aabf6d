"""A load generator: keep-alive connections that each send the next prepared request.

Requests are bytes made beforehand, so that what is measured is the server. Runs in a process
of its own; only answers with the expected status count, anything else is a failure.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import uvloop

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One round.

    Attributes:
        seconds: Wall time from the first request to the last answer.
        latencies_ms: Of every answer, sorted.
        failures: Answers with another status, and connections that broke.
    """

    seconds: float
    latencies_ms: tuple[float, ...]
    failures: int

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, part: float) -> float:
        """Return the latency in ms that ``part`` (0 to 1) of the answers stayed below."""
        return self.latencies_ms[
            min(int(part * len(self.latencies_ms)), len(self.latencies_ms) - 1)
        ]


def drive(
    requests: Sequence[bytes], *, host: str, port: int, connections: int, status: int = 200
) -> Measured:
    """Send ``requests`` over ``connections`` and wait for every answer."""
    return uvloop.run(
        _drive(requests, host=host, port=port, connections=connections, status=status)
    )


async def _drive(
    requests: Sequence[bytes], *, host: str, port: int, connections: int, status: int
) -> Measured:
    loop = asyncio.get_running_loop()
    shared = _Shared(iter(requests), expected=b"HTTP/1.1 %d" % status)
    opened = [
        await loop.create_connection(lambda: _Connection(shared), host, port)
        for _ in range(connections)
    ]
    begun = time.perf_counter()
    for _, connection in opened:
        connection.next()
    await asyncio.gather(*(connection.done for _, connection in opened))
    seconds = time.perf_counter() - begun
    for transport, _ in opened:
        transport.close()
    return Measured(
        seconds=seconds,
        latencies_ms=tuple(sorted(shared.latencies_ms)),
        failures=shared.failures,
    )


class _Shared:
    def __init__(self, requests: Iterator[bytes], *, expected: bytes) -> None:
        self.requests = requests
        self.expected = expected
        self.latencies_ms: list[float] = []
        self.failures = 0


class _Connection(asyncio.Protocol):
    """Sends one request at a time."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._buffer = bytearray()
        self._wanted = 0
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no such parent.

    def next(self) -> None:
        request = next(self._shared.requests, None)
        if request is None or self._transport is None:
            self._finish()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._wanted:
            end = self._buffer.find(_END_OF_HEAD)
            if end < 0:
                return
            self._wanted = end + len(_END_OF_HEAD) + _content_length(self._buffer[:end])
        if len(self._buffer) >= self._wanted:
            self._answered()

    def _answered(self) -> None:
        shared = self._shared
        if self._buffer.startswith(shared.expected):
            shared.latencies_ms.append(1000 * (time.perf_counter() - self._sent_at))
        else:
            shared.failures += 1
        del self._buffer[: self._wanted]
        self._wanted = 0
        self.next()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self._shared.failures += 1
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _content_length(head: bytes | bytearray) -> int:
    lowered = bytes(head).lower()
    at = lowered.find(_LENGTH)
    if at < 0:
        return 0
    end = lowered.find(b"\r\n", at)
    return int(lowered[at + len(_LENGTH) : end if end >= 0 else None])
