"""``myspace``: the operator's command line.

Expected errors become one sentence in each language and an exit code; anything else is a bug
and shows its traceback.
"""

from typing import Any, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from scripts.outcomes import Told, settings_told, told_of
from vault.errors import VaultError


class SpokenErrors(TyperGroup):
    """Says what went wrong, and what to do, instead of showing where in the program."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - types of the library are private
        """Run the verb; turn what is expected into a sentence and a code."""
        try:
            return super().invoke(ctx)
        except VaultError as error:
            _say(told_of(error))
            raise typer.Exit(told_of(error).code) from error
        except ValidationError as error:
            _say(settings_told(error))
            raise typer.Exit(settings_told(error).code) from error


def _say(told: Told) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(told.text.zh, style="bold red", markup=False)
    console.print(told.text.en, style="red", markup=False)


app: Final = typer.Typer(
    cls=SpokenErrors,
    name="myspace",
    help="我的空间 · MySpace Vault",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    app()
