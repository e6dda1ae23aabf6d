"""One running server: vault, demonstration, gateway and operator's socket, started and ended.

Everything starts in this order and ends in the opposite one, whatever happens in between.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from api.deps import Wired
from api.settings import Settings
from api.wiring import wire
from scripts.demo_data import fill
from scripts.demo_people import DEMO
from scripts.folder_lock import alone
from scripts.gateway import CODES_FILE, FileGateway, delivering
from scripts.managing import VERBS
from scripts.operator_socket import Plain, Verb, listening
from scripts.outcomes import Exit, OperatorError, system_told, unusable
from scripts.places import Places
from scripts.registering import ACTIVATE, REGISTER, RESUME, SUSPEND, operator_verbs
from scripts.signing import SIGNING_VERBS


@contextmanager
def running(
    settings: Settings, *, where: Places, people: Path = DEMO, people_factor: int | None = None
) -> Iterator[Wired]:
    """Wire the vault and what belongs beside it, while the block runs.

    Args:
        settings: The whole configuration.
        where: Its places on this machine.
        people: Who lives in a demonstration.
        people_factor: As for ``wire``.

    Raises:
        OperatorError: Another server has this data folder, or it cannot be written.
        VaultError: The vault does not open.
    """
    for folder in (where.data, settings.state):
        _own(folder)
    with ExitStack() as stack:
        names = (ACTIVATE, REGISTER, SUSPEND, RESUME, *VERBS, *SIGNING_VERBS)
        verbs: dict[str, Verb] = dict.fromkeys(names, _starting)
        if settings.postgresql is None:  # Beside a shared database the verbs open it themselves.
            stack.enter_context(listening(where.socket, verbs))
        wired = stack.enter_context(wire(settings, people_factor=people_factor))
        if settings.demo:
            with alone(where.demo / "fill.lock"):
                fill(wired.vault, folder=where.demo, people=people)
            gateway, turn = FileGateway(where.demo / CODES_FILE), where.demo / "courier.lock"
            stack.enter_context(delivering(wired.vault, gateway=gateway, turn=turn))
        verbs.update(operator_verbs(wired.vault, demo=wired.demo))
        yield wired


def _own(folder: Path) -> None:
    """Make ``folder`` if it is not there; it must be one that we can write."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        if system_told(error) is None:
            raise
        raise unusable(folder) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unusable(folder)


def _starting(_arguments: Plain) -> Plain:
    raise OperatorError(
        "服务正在启动。请稍候再试。",
        "The server is just starting. Try again in a moment.",
        code=Exit.TEMPORARY,
    )
