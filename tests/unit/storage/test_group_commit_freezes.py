"""A log that is not the one last seen is frozen, and nothing is served from it (journal.md 6)."""

import shutil
from pathlib import Path

import pytest
from structlog.typing import EventDict

from scripts.local.process import became
from storage.journal_state import LogState
from tests.support.writer import ORIGIN, World, a_pull, entry_id, open_world
from vault.errors import LogFrozenError, StorageError
from vault.journal.merkle import EMPTY_ROOT
from vault.journal.operations import Committed


def write(folder: Path, *numbers: int) -> None:
    """Open the vault in ``folder``, journal pulls, and close it."""
    with open_world(folder) as world, world.serving() as writer:
        for number in numbers:
            writer.submit(a_pull(number))


def state_of(world: World) -> LogState:
    """Return the state that the head of now would leave."""
    head = world.head()
    return LogState(origin=head.origin, size=head.size, root=head.root.hex())


def test_a_writer_that_stops_leaves_the_state_of_its_last_commit(world: World) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))
        writer.submit(a_pull(2))

    assert LogState.load(world.state_path) == state_of(world)
    assert world.head().size == 2


def test_the_state_is_kept_while_the_writer_serves(world: World) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))
        became(lambda: LogState.load(world.state_path) == state_of(world), seconds=5)

        assert LogState.load(world.state_path) == state_of(world)


def test_a_state_that_cannot_be_written_is_told_and_stops_nobody(
    world: World, logged: list[EventDict]
) -> None:
    world.state_path.parent.rmdir()

    with world.serving() as writer:
        outcomes = [writer.submit(a_pull(number)) for number in (1, 2, 3)]

    assert all(isinstance(one, Committed) for one in outcomes)
    told = [one for one in logged if one["log_level"] == "error"]
    assert {one["event"] for one in told} == {"the journal's state file cannot be written"}
    assert len(told) <= len(outcomes)  # Once a second, and at the end.


def test_a_log_goes_on_where_it_was_left(tmp_path: Path) -> None:
    write(tmp_path, 1, 2)
    write(tmp_path, 3)

    with open_world(tmp_path) as world:
        assert [entry.holder_seq for entry in world.entries()] == [0, 1, 2]
        assert world.faults() == ()


def test_a_database_that_is_older_than_what_was_seen_is_frozen(tmp_path: Path) -> None:
    write(tmp_path, 1)
    shutil.copytree(tmp_path / "data", tmp_path / "backup")
    write(tmp_path, 2, 3)
    newest = LogState.load(tmp_path / "state" / "log.json")
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(tmp_path / "backup", tmp_path / "data")

    with open_world(tmp_path) as world:
        with pytest.raises(LogFrozenError, match="older than what was seen"):
            world.writer().start()
        with pytest.raises(LogFrozenError, match="the log is frozen"):
            world.writer().start()

        frozen = LogState.load(world.state_path)
        assert (world.head().frozen, world.head().size) == (1, 1)
    assert newest is not None
    assert frozen == LogState(origin=ORIGIN, size=3, root=newest.root, frozen=True)


def test_the_newer_database_brought_back_goes_on(tmp_path: Path, logged: list[EventDict]) -> None:
    write(tmp_path, 1)
    shutil.copytree(tmp_path / "data", tmp_path / "older")
    write(tmp_path, 2)
    shutil.move(tmp_path / "data", tmp_path / "newer")
    shutil.copytree(tmp_path / "older", tmp_path / "data")
    with open_world(tmp_path) as world, pytest.raises(LogFrozenError):
        world.writer().start()
    shutil.rmtree(tmp_path / "data")

    shutil.move(tmp_path / "newer", tmp_path / "data")
    write(tmp_path, 3)

    with open_world(tmp_path) as world:
        assert [entry.entry_id for entry in world.entries()] == [entry_id(n) for n in (1, 2, 3)]
        told = [one["event"] for one in logged if "frozen" in one["event"]]
        assert told == [
            "the log is frozen",
            "a frozen log goes on: the database that continues it is back",
        ]
        assert LogState.load(world.state_path) == state_of(world)


def test_a_database_with_another_history_is_frozen(tmp_path: Path) -> None:
    write(tmp_path, 1)
    shutil.copytree(tmp_path / "data", tmp_path / "backup")
    write(tmp_path, 2)
    ours = (tmp_path / "state" / "log.json").read_bytes()
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(tmp_path / "backup", tmp_path / "data")
    (tmp_path / "state" / "log.json").unlink()
    write(tmp_path, 3, 4)

    (tmp_path / "state" / "log.json").write_bytes(ours)

    with (
        open_world(tmp_path) as world,
        pytest.raises(LogFrozenError, match="leads to other roots"),
    ):
        world.writer().start()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("size", 1),
        ("root", EMPTY_ROOT),
        ("frontier", bytes(64)),
        ("note", "another\n"),
        ("origin", "vault.example/log/2027"),
        ("frozen", 1),
    ],
)
def test_a_head_that_somebody_edited_freezes_at_the_next_batch(
    world: World, column: str, value: object
) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))
        writer.submit(a_pull(2))
        good = state_of(world)
        world.say(f"UPDATE log_head SET {column} = ?", value)  # noqa: S608 - from above

        with pytest.raises(LogFrozenError):
            writer.submit(a_pull(3))
        with pytest.raises(LogFrozenError):
            writer.enqueue(a_pull(4))

        assert not writer.waiting
    state = LogState.load(world.state_path)
    assert (world.head().frozen, len(world.entries())) == (1, 2)
    assert state == LogState(origin=good.origin, size=good.size, root=good.root, frozen=True)


def test_entries_beyond_the_head_freeze_the_log(world: World) -> None:
    with world.serving() as writer:
        writer.submit(a_pull(1))
        world.say(
            "INSERT INTO journal_entry SELECT log_id, year, idx + 1, ?, holder_id,"
            " holder_seq + 7, actor_id, actor_seq + 7, key_version, leaf, leaf_hash, payload,"
            " inputs FROM journal_entry",
            bytes(16),
        )

        with pytest.raises(LogFrozenError, match="beyond its head"):
            writer.submit(a_pull(2))

    assert world.head().frozen == 1


def test_a_database_without_a_log_is_not_served(world: World) -> None:
    world.say("DELETE FROM log_head")

    with pytest.raises(LogFrozenError, match="has no journal"):
        world.writer().start()


def test_a_state_of_another_log_is_not_ignored(world: World) -> None:
    LogState(origin="other.example/log/2026", size=0, root=EMPTY_ROOT.hex()).save(world.state_path)

    with pytest.raises(LogFrozenError, match="another log"):
        world.writer().start()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"origin":"o","size":"1","root":"' + 64 * "0" + '"}',
        '{"origin":"o","size":-1,"root":"' + 64 * "0" + '"}',
        '{"origin":"o","size":1,"root":"00"}',
        '{"origin":"o","size":1,"root":"' + 64 * "0" + '","more":1}',
        "[" * 100_000,
    ],
)
def test_a_state_file_that_cannot_be_read_stops_the_start(world: World, text: str) -> None:
    world.state_path.write_text(text)

    with pytest.raises(StorageError, match="cannot be read"):
        world.writer().start()

    assert world.head().frozen == 0


def test_a_state_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    state = LogState(origin=ORIGIN, size=0, root=EMPTY_ROOT.hex())
    state.save(path)

    with pytest.raises(StorageError, match="cannot be written"):
        state.save(tmp_path / "missing" / "log.json")

    assert (LogState.load(path), path.stat().st_mode & 0o777) == (state, 0o600)
    assert [one.name for one in tmp_path.iterdir()] == ["log.json"]
