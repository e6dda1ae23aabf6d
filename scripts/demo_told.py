"""The narration: a table that grows by a row with every step that came out as told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from api.consent_page import Text

_TITLE: Final = Text(
    "我的空间：一份证照的旅程", "MySpace Vault: the journey of a piece of evidence"
)
_HEADS: Final = (
    Text("步骤", "step"),
    Text("谁", "who"),
    Text("做了什么", "does what"),
    Text("看到什么", "and sees"),
)
GOOD: Final = "✓"
BAD: Final = "✗"


class Narration:
    """Takes steps in order; what was not reached is not in it."""

    def __init__(self, live: Live, *, table: Table, locale: str) -> None:
        """Write into ``table``, which ``live`` shows."""
        self._live, self._table, self.locale = live, table, locale
        self._step = 0

    def say(self, who: Text, what: Text, seen: Text) -> None:
        """Tell a step that came out as it should."""
        self._row(GOOD, who, what, seen, style="")

    def fail(self, what: Text) -> None:
        """Tell that the step that should come next did not come out."""
        self._row(BAD, Text("", ""), Text("没有完成", "was not completed"), what, style="bold red")

    def _row(self, mark: str, who: Text, what: Text, seen: Text, *, style: str) -> None:
        self._step += 1
        told = (part.of(self.locale) for part in (who, what, seen))
        self._table.add_row(f"{mark} {self._step}", *told, style=style)
        self._live.refresh()


@contextmanager
def narrating(console: Console, *, locale: str) -> Iterator[Narration]:
    """Show a narration while the block runs; it stays on the screen."""
    table = Table(title=_TITLE.of(locale), title_justify="left", show_lines=True)
    for head in _HEADS:
        table.add_column(head.of(locale), overflow="fold")
    with Live(table, console=console, auto_refresh=False) as live:
        yield Narration(live, table=table, locale=locale)
    if not console.is_terminal:
        console.line()  # Into a file or pipe, the table ends without one.
