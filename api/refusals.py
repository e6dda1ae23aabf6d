"""Keeps why requests were refused, beside them: no request waits for it, and none fails by it.

What is refused goes into memory, bounded; a thread writes it in batches. If the database does
not take a batch, it is lost: the log has the same line.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from starlette.types import Scope

from api.middleware import Seen
from vault.clients.refusals import RefusedRequest
from vault.clock import MS
from vault.ids import ClientId
from vault.services import Vault

MOST_WAITING: Final = 1000
AT_ONCE: Final = 200
SECONDS: Final = 1.0
EXPECTED: Final = frozenset({"authorization_pending", "slow_down", "use_dpop_nonce"})
"""Answers that tell a client how to go on; nobody has to look for a fault."""

_log: Final = structlog.get_logger("myspace.refusals")


class RefusalLog:
    """Refusals of this process that wait to be written."""

    def __init__(self) -> None:
        """Have none."""
        self._waiting: deque[RefusedRequest] = deque()

    def take(self, scope: Scope, seen: Seen, status: int, *, now: int) -> None:
        """Keep a refusal whose client is known; more than there is room for are dropped."""
        if not seen.client_id or seen.error in EXPECTED or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.append(
            RefusedRequest(
                correlation=seen.correlation,
                client_id=ClientId(seen.client_id),
                proven=seen.proven,
                at=now,
                method=scope["method"],
                path=getattr(scope.get("route"), "path", ""),
                status=status,
                error=seen.error,
                reason=seen.reason,
            )
        )

    def flush(self, vault: Vault) -> int:
        """Write up to a batch of what waits; return how many."""
        batch: list[RefusedRequest] = []
        while self._waiting and len(batch) < AT_ONCE:
            batch.append(self._waiting.popleft())
        if batch:
            with vault.work() as tx:
                tx.refusals.keep(batch)
        return len(batch)


@contextmanager
def writing(log: RefusalLog, vault: Vault, *, every: float = SECONDS) -> Iterator[None]:
    """Write what waits every ``every`` seconds while the block runs, and once more after it."""
    over = threading.Event()

    def write() -> None:
        ends = False
        while not ends:
            ends = over.wait(every)
            try:
                while log.flush(vault) == AT_ONCE:
                    pass
            except Exception:  # noqa: BLE001 - the log has these lines too
                _log.warning("refusals were not written", exc_info=True)

    thread = threading.Thread(target=write, name="refusals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def told(scope: Scope, seen: Seen, status: int) -> None:
    """Hand a refusal to the log of the application that it was refused by."""
    wired = getattr(scope["app"].state, "wired", None) if "app" in scope else None
    if wired is not None:
        wired.refusals.take(scope, seen, status, now=wired.vault.clock.now_ms() // MS)
