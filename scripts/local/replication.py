"""A standby that follows a primary, and a primary that waits for it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import sql

from scripts.local.accounts import TRAVERSABLE, own
from scripts.local.postgresql import Postgresql
from scripts.local.postgresql_files import ROLE, SUPERUSER, run
from scripts.local.process import HOST, became, free_port
from scripts.outcomes import Exit, OperatorError
from scripts.private_files import read_private

FOLLOW_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A standby, as its primary sees it.

    Attributes:
        sync: ``async``, ``potential``, ``sync`` or ``quorum``.
        flush_lag: Bytes of the primary's log that are not on its disk.
        replay_lag: Bytes of the primary's log that a reader there does not see.
    """

    name: str
    sync: str
    flush_lag: int
    replay_lag: int


def standby_of(
    primary: Postgresql,
    folder: Path,
    *,
    name: str,
    slot: bool = True,
) -> Postgresql:
    """Return a copy of ``primary`` that will follow it when it is started.

    Args:
        primary: Which runs.
        folder: For the standby alone.
        name: By which the primary knows it; also of its slot.
        slot: Whether the primary keeps what the standby has not got, however long it is away.
    """
    folder.mkdir(parents=True)
    folder.chmod(TRAVERSABLE)
    data = folder / "data"
    data.mkdir()
    own(data)
    connection = f"host={HOST} port={primary.port} user={SUPERUSER} application_name={name}"
    command: list[str | Path] = [
        "pg_basebackup",
        "--pgdata",
        data,
        "--dbname",
        connection,
        "--write-recovery-conf",
    ]
    command += ["--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    command += ["--create-slot", "--slot", name] if slot else []
    password = read_private(primary.folder / f"{SUPERUSER}.password").decode()
    run(command, more={"PGPASSWORD": password})
    for role in (SUPERUSER, ROLE):
        shutil.copy2(primary.folder / f"{role}.password", folder)
    return Postgresql(folder, settings={**primary.settings, "port": free_port()})


def followers(primary: Postgresql) -> dict[str, Follower]:
    """Return the standbys that stream from ``primary``, by name."""
    rows = primary.admin(
        "SELECT application_name, sync_state,"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint,"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint"
        " FROM pg_stat_replication WHERE state = 'streaming'"
    )
    return {
        name: Follower(name=name, sync=sync, flush_lag=flush, replay_lag=replay)
        for name, sync, flush, replay in rows
    }


def make_synchronous(primary: Postgresql, *names: str) -> None:
    """Let each commit wait until one of these standbys has it on disk; none: for nobody.

    Raises:
        OperatorError: They do not follow the primary.
    """
    quoted = sql.SQL(", ").join(map(sql.Identifier, names)).as_string()
    primary.set(synchronous_standby_names=f"ANY 1 ({quoted})" if names else "")

    def counted() -> bool:
        found = followers(primary)
        return all(name in found and found[name].sync == "quorum" for name in names)

    _wait(counted)


def catch_up(primary: Postgresql, *names: str) -> None:
    """Wait until these standbys show all that ``primary`` has committed so far.

    Raises:
        OperatorError: They do not follow the primary.
    """
    ((so_far,),) = primary.admin("SELECT pg_current_wal_flush_lsn()::text")
    replayed = sql.SQL(
        "SELECT application_name FROM pg_stat_replication WHERE replay_lsn >= {}::pg_lsn"
    ).format(sql.Literal(so_far))
    _wait(lambda: {*names} <= {name for (name,) in primary.admin(replayed)})


def promote(standby: Postgresql) -> None:
    """Make a standby a primary: from now on it takes changes, and follows nobody."""
    standby.set(synchronous_standby_names="")  # A copy of its primary, who may wait for *it*.
    standby.admin("SELECT pg_promote(wait => true)")


def _wait(until: Callable[[], bool]) -> None:
    if not became(until, seconds=FOLLOW_SECONDS):
        raise OperatorError(
            "备库没有跟上。请查看它的日志。",
            "The standbys do not follow. Look into their logs.",
            code=Exit.UNAVAILABLE,
        )
