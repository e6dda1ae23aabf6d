"""``policy``: which policies decide."""

from pathlib import Path
from typing import Final

import typer

from api.consent_page import Text
from api.wiring import wire
from policies.bundle import shipped
from scripts.operator_socket import Plain, ask
from scripts.places import existing_settings, places
from scripts.registering import ACTIVATE, operator_verbs
from scripts.screen import DataOption, console, facts

app: Final = typer.Typer(help="规则 · policies", no_args_is_help=True)


@app.callback()
def group() -> None:
    """规则 · policies."""


@app.command()
def activate(data: DataOption = None) -> None:
    """让本版本的规则生效 · put the policies of this release in force."""
    done = _done(data)
    index = done.get("index")
    rows = [
        (Text("规则集", "bundle"), shipped().hash.hex()),
        (
            Text("日志位置", "index in the journal"),
            "早已生效 · in force already" if index is None else str(index),
        ),
    ]
    console().print(facts(Text("已生效", "In force"), rows))


def _done(data: Path | None) -> Plain:
    where = places(data)
    done = ask(where.socket, ACTIVATE, {})
    if done is None:
        with wire(existing_settings(where)) as wired:
            done = operator_verbs(wired.vault, demo=wired.demo)[ACTIVATE]({})
    return done
