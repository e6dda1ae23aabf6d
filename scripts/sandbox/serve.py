"""Runs the sandbox until it is stopped."""

from contextlib import nullcontext
from pathlib import Path
from typing import Final

from api.app import create_app
from api.consent_page import Text
from scripts.gateway import CODES_FILE
from scripts.places import embedded_settings
from scripts.running import running
from scripts.sandbox.app import PREFIX, sandboxed
from scripts.sandbox.personas import PEOPLE
from scripts.sandbox.place import claim_sandbox, sandbox_places
from scripts.screen import console, facts
from scripts.serving import claim_port, run

PEOPLE_FACTOR: Final = 10_000
"""Automated tests ask the same personas again and again; nobody tires of it."""


def play(*, port: int, data: Path | None, host: str, workers: int) -> None:
    """Serve a sandbox.

    Raises:
        OperatorError: It cannot be one, or the port is taken.
    """
    where = sandbox_places(data)
    claim_sandbox(where, host=host, workers=workers)
    with claim_port(port, host=host) as held:
        settings = embedded_settings(where, port=held.getsockname()[1], demo=True)
        with running(settings, where=where, people=PEOPLE, people_factor=PEOPLE_FACTOR) as wired:
            app = sandboxed(
                create_app(settings, wiring=lambda _settings: nullcontext(wired)),
                wired=wired,
                codes=where.demo / CODES_FILE,
            )
            rows = [
                (Text("沙盒", "sandbox"), f"{settings.issuer}{PREFIX}"),
                (Text("个人空间", "portal"), f"{settings.issuer}/space"),
                (Text("数据文件夹", "data folder"), str(where.data)),
                (Text("停止", "stop"), "Ctrl+C"),
            ]
            console().print(facts(Text("沙盒已启动", "The sandbox is running"), rows))
            run(app, on=held, leaving=wired.leaving)
