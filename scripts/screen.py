"""What all verbs print with: a console, two languages side by side or one of them."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final
from unicodedata import category

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text as Line

from api.consent_page import Text
from scripts.outcomes import Exit, OperatorError, missing

MAX_FILE_BYTES: Final = 4 * 2**20
"""Receipts, openings, policies and registrations are all far smaller."""

PIPE_CHARACTERS: Final = 160
"""Addresses and paths stay in one piece where nobody has a window."""

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="数据文件夹 · data folder", show_default=False),
]

LangOption = Annotated[str, typer.Option("--lang", help="zh | en")]


def console(*, stderr: bool = False) -> Console:
    """Return a console on the stream as it is now; into a file or pipe, lines are wide."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream, highlight=False, width=None if stream.isatty() else PIPE_CHARACTERS
    )


def locale_of(lang: str) -> str:
    """Return the locale that ``lang`` names.

    Raises:
        OperatorError: There is no such language here.
    """
    found = {"zh": "zh-CN", "zh-CN": "zh-CN", "en": "en"}.get(lang)
    if found is None:
        raise OperatorError(
            "语言只有 zh 和 en，请改用其中之一。",
            "The languages are zh and en; choose one of them.",
            code=Exit.USAGE,
        )
    return found


def both(text: Text) -> str:
    """Return the sentence in both languages; once, where both are the same."""
    if text.zh == text.en:
        return text.zh
    return f"{text.zh} · {text.en}"


def facts(title: Text, rows: Iterable[tuple[Text, str]]) -> Table:
    """Return a table of plain facts, titled in both languages."""
    table = Table(title=both(title), title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(both(name), foreign(value))
    return table


def foreign(text: str) -> Line:
    """Return what somebody else wrote, as it is: no markup, nothing that steers a terminal."""
    return Line(
        "".join(sign if sign == "\n" or category(sign)[0] != "C" else "\ufffd" for sign in text)
    )


def read_file(path: Path) -> bytes:
    """Return the bytes of a small file.

    Raises:
        OperatorError: It cannot be read, or is far too large to be what it should be.
    """
    try:
        with path.open("rb") as file:
            found = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise missing(path.name) from error
    if len(found) > MAX_FILE_BYTES:
        raise OperatorError(
            f"文件 {path.name} 过大，不是所需的文件。请检查路径。",
            f"The file {path.name} is too large to be the one that is needed. Check the path.",
            code=Exit.DATA,
        )
    return found


def read_text(path: Path) -> str:
    """Return the text of a small file in UTF-8.

    Raises:
        OperatorError: It cannot be read, or is no such text.
    """
    try:
        return read_file(path).decode()
    except UnicodeDecodeError as error:
        raise OperatorError(
            f"文件 {path.name} 不是 UTF-8 文本。请检查路径。",
            f"The file {path.name} is no text in UTF-8. Check the path.",
            code=Exit.DATA,
        ) from error


@contextmanager
def entries_bar(screen: Console, what: Text) -> Iterator[Callable[[int, int], None]]:
    """Show a bar that is told how many of how many entries were read."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen) as bar:
        task = bar.add_task(both(what), total=None)

        def told(done: int, size: int) -> None:
            bar.update(task, completed=done, total=size)

        yield told
