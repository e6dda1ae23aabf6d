"""What doctor finds on a database server."""

import pytest

from scripts.checks import State
from scripts.server_check import database_server
from storage.server_rules import DEAD_HEADS, OLDEST, ServerState

GOOD = ServerState(
    version=180001,
    encoding="UTF8",
    fsync=True,
    full_page_writes=True,
    standbys="ANY 1 (one)",
    replica=False,
    superuser=False,
    connections=200,
    dead_heads=0,
)
WANTED = 90


def found(state: ServerState, *, required: bool = False) -> dict[str, State]:
    """Return what is not good, by what it is; whatever is has something to do about it."""
    looked = list(database_server(state, standby_required=required, wanted=WANTED))
    assert all((one.state is State.GOOD) == (not one.step.en) for one in looked)
    assert all(bool(one.step.zh) == bool(one.step.en) for one in looked)
    return {one.what.en: one.state for one in looked if one.state is not State.GOOD}


def test_a_server_as_it_should_be_is_good() -> None:
    assert found(GOOD) == {}


@pytest.mark.parametrize(
    ("state", "what", "how"),
    [
        (GOOD._replace(version=OLDEST - 1), "database server", State.BAD),
        (GOOD._replace(fsync=False), "durability", State.BAD),
        (GOOD._replace(full_page_writes=False), "durability", State.BAD),
        (GOOD._replace(encoding="SQL_ASCII"), "encoding", State.BAD),
        (GOOD._replace(replica=True), "primary", State.BAD),
        (GOOD._replace(standbys=""), "synchronous standby", State.CARE),
        (GOOD._replace(superuser=True), "database role", State.CARE),
        (GOOD._replace(connections=WANTED), "connections", State.CARE),
        (GOOD._replace(dead_heads=DEAD_HEADS), "old versions of the log's head", State.CARE),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(
    state: ServerState, what: str, how: State
) -> None:
    assert found(state) == {what: how}


def test_a_standby_that_the_settings_ask_for_must_be_named() -> None:
    assert found(GOOD._replace(standbys=""), required=True) == {"synchronous standby": State.BAD}


@pytest.mark.parametrize("field", ["version", "encoding", "fsync", "full_page_writes", "replica"])
def test_whatever_stops_the_start_is_bad_here_too(field: str) -> None:
    spoiled = {
        "version": GOOD._replace(version=OLDEST - 1),
        "encoding": GOOD._replace(encoding="LATIN1"),
        "fsync": GOOD._replace(fsync=False),
        "full_page_writes": GOOD._replace(full_page_writes=False),
        "replica": GOOD._replace(replica=True),
    }[field]

    assert spoiled.fault(standby_required=False)
    assert State.BAD in found(spoiled).values()
