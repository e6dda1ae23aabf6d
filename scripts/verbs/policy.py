"""``policy``: which policies decide."""

from typing import Final

import typer

from api.consent_page import Text
from policies.bundle import shipped
from scripts.having_done import have_done
from scripts.registering import ACTIVATE
from scripts.screen import DataOption, console, facts

app: Final = typer.Typer(help="规则 · policies", no_args_is_help=True)


@app.callback()
def group() -> None:
    """规则 · policies."""


@app.command()
def activate(data: DataOption = None) -> None:
    """让本版本的规则生效 · put the policies of this release in force."""
    index = have_done(ACTIVATE, {}, data=data).get("index")
    rows = [
        (Text("规则集", "bundle"), shipped().hash.hex()),
        (
            Text("日志位置", "index in the journal"),
            "早已生效 · in force already" if index is None else str(index),
        ),
    ]
    console().print(facts(Text("已生效", "In force"), rows))
