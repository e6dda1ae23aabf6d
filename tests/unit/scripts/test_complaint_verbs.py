"""``complaint`` and ``uses`` as an operator types them."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from api.consent_page import Text
from api.wiring import wire
from scripts.cli import app
from scripts.outcomes import Exit
from scripts.places import Places, embedded_settings, places
from scripts.screen import facts, foreign

UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A deployment in which nothing has happened yet."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home / name))
        found = places(home / "data")
        with wire(embedded_settings(found, port=8765, demo=True)):
            pass
        yield found


def myspace(where: Places, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(where.data)])


def test_where_nothing_happened_nothing_waits(where: Places) -> None:
    complaints, uses = myspace(where, "complaint", "list"), myspace(where, "uses")

    assert (complaints.exit_code, uses.exit_code) == (0, 0), complaints.output + uses.output
    assert "no complaint waits" in complaints.output
    assert "no department has pulled anything yet" in uses.output


def test_a_complaint_that_is_not_there_is_told(where: Places, tmp_path: Path) -> None:
    said = tmp_path / "answer.txt"
    said.write_text("words", "utf-8")

    shown = myspace(where, "complaint", "show", UNKNOWN)
    answered = myspace(where, "complaint", "answer", UNKNOWN, str(said))

    assert shown.exit_code == answered.exit_code == Exit.DATA, shown.output
    assert "Traceback" not in shown.output + answered.output


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[bold red]x[/]", "[bold red]x[/]"),
        ("a\x1b[2Jb\x07c\x9bd", "a\ufffd[2Jb\ufffdc\ufffdd"),
        ("x\u202ey", "x\ufffdy"),
        ("一\u3000二\n三", "一\u3000二\n三"),
    ],
    ids=["markup", "controls", "direction", "words"],
)
def test_what_others_wrote_is_shown_and_does_nothing(written: str, shown: str) -> None:
    screen = Console(file=StringIO(), width=80)

    screen.print(facts(Text("投诉", "complaint"), [(Text("原话", "words"), written)]))

    assert foreign(written).plain == shown
    assert isinstance(screen.file, StringIO)
    assert "\x1b" not in screen.file.getvalue()
    assert shown.splitlines()[0] in screen.file.getvalue()
