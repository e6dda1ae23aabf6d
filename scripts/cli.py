"""``myspace``: the operator's command line.

Expected errors become one sentence in each language and an exit code; anything else is a bug
and shows its traceback.
"""

from typing import Any, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from scripts.bench import verb as bench
from scripts.outcomes import Told, settings_told, system_told, told_of
from scripts.serving import log_as_json
from scripts.verbs import (
    client,
    complaint,
    decisions,
    developer,
    journal,
    keys,
    policy,
    receipt,
    witness,
)
from scripts.verbs.cluster import cluster
from scripts.verbs.demo import demo
from scripts.verbs.doctor import doctor
from scripts.verbs.migrate import migrate
from scripts.verbs.serve import serve
from scripts.verbs.uses import uses
from vault.errors import VaultError

PANEL: Final = "命令 · commands"


class SpokenErrors(TyperGroup):
    """Says what went wrong, and what to do, instead of showing where in the program."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - types of the library are private
        """Run the verb; turn what is expected into a sentence and a code."""
        log_as_json()  # To standard error: what a verb prints may be read by a program.
        try:
            return super().invoke(ctx)
        except VaultError as error:
            raise _said(told_of(error)) from error
        except ValidationError as error:
            raise _said(settings_told(error)) from error
        except OSError as error:
            told = system_told(error)
            if told is None:
                raise
            raise _said(told) from error


def _said(told: Told) -> typer.Exit:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(told.text.zh, style="bold red", markup=False)
    console.print(told.text.en, style="red", markup=False)
    return typer.Exit(told.code)


app: Final = typer.Typer(
    cls=SpokenErrors,
    name="myspace",
    help="我的空间 · MySpace Vault",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _verb in (serve, demo, migrate, doctor, uses):
    app.command(rich_help_panel=PANEL)(_verb)
app.command(rich_help_panel=PANEL, hidden=True)(
    cluster
)  # ./scripts/cluster installs what it needs.
for _name, _group in (
    ("client", client.app),
    ("complaint", complaint.app),
    ("decisions", decisions.app),
    ("developer", developer.app),
    ("keys", keys.app),
    ("journal", journal.app),
    ("policy", policy.app),
    ("receipt", receipt.app),
    ("witness", witness.app),
    ("bench", bench.app),
):
    app.add_typer(_group, name=_name, rich_help_panel=PANEL)


def main() -> None:
    """Run the command line."""
    app()
