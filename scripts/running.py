"""One running server: vault, demonstration, gateway and operator's socket, started and ended.

Everything starts in this order and ends in the opposite one, whatever happens in between.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from api.wiring import wire

from api.deps import Wired
from api.settings import Settings
from scripts.demo_data import fill
from scripts.gateway import CODES_FILE, FileGateway, delivering
from scripts.operator_socket import Plain, listening
from scripts.places import Places
from scripts.registering import REGISTER, register


@contextmanager
def running(settings: Settings, *, where: Places) -> Iterator[Wired]:
    """Wire the vault and what belongs beside it, while the block runs.

    Raises:
        OperatorError: Another server has this data folder.
        VaultError: The vault does not open.
    """
    for folder in (where.data, where.state):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        verbs = {REGISTER: _later}
        stack.enter_context(listening(where.socket, verbs))
        wired = stack.enter_context(wire(settings))
        verbs[REGISTER] = partial(_register, wired)
        if settings.demo:
            fill(wired.vault, folder=where.demo)
            gateway = FileGateway(where.demo / CODES_FILE)
            stack.enter_context(delivering(wired.vault, gateway=gateway))
        yield wired


def _register(wired: Wired, arguments: Plain) -> Plain:
    return register(wired.vault, str(arguments["text"]), demo=wired.demo)
