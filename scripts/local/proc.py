"""What Linux tells about processes below ``/proc`` (proc_pid_stat(5))."""

import os
import signal
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STATE: Final = 3
_PARENT: Final = 4
_OWN_TIMES: Final = (14, 15)
_ENDED_TIMES: Final = (16, 17)
"""Numbers of fields, counted from 1 as in the manual: of ours, and of children waited for."""


def children(parent: int) -> tuple[int, ...]:
    """Return the ids of the processes that ``parent`` has started and that have not ended."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return tuple(pid for pid in sorted(numbers) if _parent(pid) == parent)


def cpu_seconds(parent: int) -> float:
    """Return the CPU time, user and system, of a process and its children, ended ones too.

    Children first: one that ends in between is then counted twice rather than forgotten.
    """
    living = sum(_ticks(pid) for pid in children(parent))
    return (living + _ticks(parent)) / _TICKS


def signal_child(pid: int, number: signal.Signals, *, parent: int) -> None:
    """Send a signal to a child of ``parent``, and to no other process.

    Raises:
        ProcessLookupError: It is not one.
    """
    if _parent(pid) != parent:
        raise ProcessLookupError("not a process of this server")
    os.kill(pid, number)


def is_paused(pid: int) -> bool:
    """Tell whether a process stands still; it does so a moment after it was sent the signal."""
    return _fields(pid).get(_STATE) == "T"


def _parent(pid: int) -> int | None:
    found = _fields(pid)
    return int(found[_PARENT]) if found else None


def _ticks(pid: int) -> int:
    found = _fields(pid)
    return sum(int(found[at]) for at in (*_OWN_TIMES, *_ENDED_TIMES)) if found else 0


def _fields(pid: int) -> dict[int, str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):  # It has ended meanwhile.
        return {}
    # The second field is its name, which may hold blanks and brackets.
    return dict(enumerate(text.rpartition(")")[2].split(), start=3))
