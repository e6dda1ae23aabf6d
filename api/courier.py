"""Makes the calls that wait for clients, beside the requests, in every process.

A ``Render`` makes a request of what a call was written with, or ``None`` where nobody is to be
called any more. 2xx is done; 408, 429 and 5xx, and no answer at all, are tried again with
growing pauses for a day; every other status is the client's own word, and final.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import structlog

from api.egress import Call, Egress, EgressError
from vault.clients.told import OutgoingCall
from vault.errors import IntegrityError, UnavailableError, VaultError
from vault.services import Vault
from vault.services.calling import call_done, take_calls, told_of

POLL_SECONDS: Final = 1.0
BATCH: Final = 20
MADE: Final = range(200, 300)
AGAIN: Final = frozenset({408, 429, *range(500, 600)})
NOBODY: Final = "nobody"

Render = Callable[[Mapping[str, Any]], Call | None]
"""Makes a request of what a call was written with. Not in a unit of work."""

_log = structlog.get_logger("myspace.courier")


class Courier:
    """Takes calls that are due and makes them, each kind as its ``Render`` says."""

    def __init__(self, vault: Vault, egress: Egress, renders: Mapping[str, Render]) -> None:
        """Make calls of the kinds that are named; others wait for a process that knows them."""
        self._vault = vault
        self._egress = egress
        self._renders = renders

    def round(self) -> int:
        """Make the calls that are due; return how many were taken."""
        taken = take_calls(self._vault, limit=BATCH)
        for call in taken:
            self._make(call)
        return len(taken)

    def _make(self, call: OutgoingCall) -> None:
        outcome = self._outcome(call)
        _log.info("called", kind=call.kind, outcome=outcome or "again", tried=call.attempts + 1)
        if outcome:
            call_done(self._vault, call, outcome=outcome)

    def _outcome(self, call: OutgoingCall) -> str:
        """Return a word for what became of a call; an empty one means: again."""
        render = self._renders.get(call.kind)
        if render is None:
            return ""
        try:
            wanted = render(told_of(self._vault, call))
            return NOBODY if wanted is None else _word(self._egress.post(wanted).status)
        except EgressError as error:
            _log.info("not called", kind=call.kind, reason=str(error))
            return "refused" if error.final else ""
        except UnavailableError as error:
            _log.warning("not called", kind=call.kind, reason=str(error))
            return ""
        except IntegrityError:
            return "altered"


def _word(status: int) -> str:
    if status in AGAIN:
        return ""
    return "made" if status in MADE else f"status-{status}"


@contextmanager
def calling(courier: Courier, *, every: float = POLL_SECONDS) -> Iterator[None]:
    """Let ``courier`` make its rounds while the block runs."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            try:
                while courier.round() and not over.is_set():
                    pass
            except VaultError as error:
                _log.warning("the calls cannot be read", reason=str(error))
            except Exception:  # noqa: BLE001 - the next round tries again, whatever this one met
                _log.exception("a round of calls was not done")

    thread = threading.Thread(target=run, name="calls", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
