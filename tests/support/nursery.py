"""The parent of processes that are there to be killed: it imports once what they all need."""

import os
import sys
from collections.abc import Callable


def fork_each(live: Callable[[str], None]) -> None:
    """Let a child of its own ``live`` for each line that comes, one after the other.

    Prints the id of the child, to kill it, and then how it ended: minus the signal.
    """
    for line in sys.stdin:
        child = os.fork()
        if not child:
            live(line)
            os._exit(0)  # It does not go on with its parent's lines.
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
