"""``decisions replay``: which entries it takes, and what it says of good and of bad ones."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.wiring import wire
from scripts.cli import app
from scripts.demo_data import fill
from scripts.outcomes import Exit
from scripts.places import Places, embedded_settings, places
from scripts.replaying import HOUR_MS, Difference, Period, Replayed
from vault.journal.findings import Fault
from vault.journal.leaves import HOURS_OF_A_DAY, Leaf


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A deployment with the demonstration's papers, whose server has stopped."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home / name))
        found = places(home / "data")
        with wire(embedded_settings(found, port=8765, demo=True)) as wired:
            fill(wired.vault, folder=found.demo)
        yield found


def replayed(where: Places, *words: str) -> Result:
    return CliRunner().invoke(app, ["decisions", "replay", *words, "--data", str(where.data)])


def found(where: Places, *words: str) -> dict[str, Any]:
    result = replayed(where, "--json", *words)
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def altered(where: Places, **changes: tuple[int, bytes | None]) -> None:
    """Write a value over a column of the entry with an index."""
    with closing(sqlite3.connect(where.database)) as database:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in database.execute(triggers).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for column, (index, value) in changes.items():
            statement = f"UPDATE journal_entry SET {column} = ? WHERE idx = ?"  # noqa: S608 - from here
            assert database.execute(statement, (value, index)).rowcount == 1
        database.commit()


def test_all_decisions_come_out_again_and_each_kind_is_counted(where: Places) -> None:
    told = found(where)
    result = replayed(where)

    assert told["decisions"] == sum(told["by_kind"].values()) > told["by_kind"]["deposit"] > 0
    assert (told["differences"], told["found"], told["content_deleted"]) == (0, [], 0)
    assert told["entries"] >= told["decisions"]
    assert "every decision comes out again" in result.stdout
    assert "deposit" in result.stdout


def test_days_that_are_over_or_to_come_hold_nothing(where: Places) -> None:
    assert found(where, "--to", "2020-01-01")["entries"] == 0
    assert found(where, "--from", "2099-01-01", "--to", "2099-12-31")["entries"] == 0
    assert found(where, "--from", "2020-01-01", "--to", "2099-01-01") == found(where)


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "2026-02-01", "--to", "2026-01-31"),
        ("--from", "1969-12-31"),
        ("--to", "9999-12-31"),
    ],
)
def test_days_that_make_no_period_are_told(where: Places, words: tuple[str, ...]) -> None:
    result = replayed(where, *words)

    assert result.exit_code == Exit.USAGE
    assert "--from" in result.stderr


def test_what_is_no_day_is_told(where: Places) -> None:
    assert replayed(where, "--from", "yesterday").exit_code != 0


def test_what_does_not_open_or_was_deleted_is_told(where: Places, tmp_path: Path) -> None:
    with closing(sqlite3.connect(where.database)) as database:
        last, before = database.execute(
            "SELECT idx FROM journal_entry WHERE inputs IS NOT NULL ORDER BY idx DESC LIMIT 2"
        ).fetchall()
        backup = tmp_path / "backup"
        with closing(sqlite3.connect(backup)) as copy:
            database.backup(copy)
    altered(where, payload=(last[0], b"x"), inputs=(before[0], None))
    altered(where, payload=(0, None))

    result = replayed(where)
    plain = json.loads(replayed(where, "--json").stdout)

    with (
        closing(sqlite3.connect(backup)) as copy,
        closing(sqlite3.connect(where.database)) as database,
    ):
        copy.backup(database)
    assert result.exit_code == Exit.DATA
    assert "journal verify" in result.stdout
    assert plain["content_deleted"] == 1
    assert [(one["index"], one["kind"], one["fault"]) for one in plain["found"]] == [
        (before[0], "deposit", "inputs-missing"),
        (last[0], "", "does-not-open"),
    ]


def test_a_leaf_of_an_hour_or_of_a_day_may_hold_what_lies_within_it() -> None:
    period = Period(starts_ms=1000 * HOUR_MS, ends_ms=1001 * HOUR_MS)
    hours = [
        hour
        for hour in range(900, 1100)
        if period.may_hold(
            Leaf(
                suite=1,
                hour=hour,
                holder_tag=b"h" * 16,
                actor_tag=b"a" * 16,
                payload_hash=b"p" * 32,
            )
        )
    ]

    assert hours == [*range(1001 - HOURS_OF_A_DAY, 1001)]
    assert [at in period for at in (period.starts_ms - 1, period.starts_ms)] == [False, True]
    assert [at in period for at in (period.ends_ms - 1, period.ends_ms)] == [True, False]


def test_differences_beyond_a_thousand_are_counted_only() -> None:
    found = Replayed()

    for index in range(1001):
        found.differs(
            Difference(origin="x", index=index, kind="", fault=Fault.DECISION_DIFFERS, what="")
        )

    assert (found.count, len(found.differences)) == (1001, 1000)
