"""Keeps key material out of core dumps and other processes' reach, as far as it goes.

What cannot be had: Python's immutable ``bytes`` are never overwritten, neither are the copies
inside the interpreter and OpenSSL. Encrypting memory is the host's part (crypto.md 12).
"""

import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4
"""prctl(2): 0 refuses core dumps, and ptrace by processes of the same user."""


def harden_process() -> tuple[str, ...]:
    """Forbid core dumps of this process and of its children.

    Returns:
        What the system did not grant, one sentence each, for the operator's log.
    """
    refused = []
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        refused.append("core dumps could not be limited to nothing")
    try:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            refused.append("the process could not be made undumpable")
    except (AttributeError, OSError):
        refused.append("this system has no prctl")
    return tuple(refused)
