"""What ``doctor`` finds on a database server; the rules are those of ``storage.server_rules``."""

from collections.abc import Iterator
from typing import Final

from api.consent_page import Text
from scripts.checks import NOTHING, Looked, State
from storage.server_rules import DEAD_HEADS, OLDEST, ServerState

_PER_MAJOR: Final = 10_000
_OFF: Final = Text(
    "在 postgresql.conf 中设为 on 并重新启动：否则已确认的写入可能丢失",
    "Set it to on in postgresql.conf and restart: else what was acknowledged may be lost",
)


def database_server(
    found: ServerState, *, standby_required: bool, wanted: int
) -> Iterator[Looked]:
    """Look at the server behind the settings.

    Args:
        found: What it says of itself.
        standby_required: Whether the settings refuse one without a synchronous standby.
        wanted: Connections that one process of ours may open.
    """
    yield _version(found)
    yield from _storing(found)
    yield _standby(found, required=standby_required)
    yield _role(found)
    yield _connections(found, wanted=wanted)
    yield _old_snapshots(found)


def _version(found: ServerState) -> Looked:
    major, oldest = found.version // _PER_MAJOR, OLDEST // _PER_MAJOR
    return _looked(
        Text("数据库服务器", "database server"),
        State.BAD if found.version < OLDEST else State.GOOD,
        Text(f"PostgreSQL {major}", f"PostgreSQL {major}"),
        Text(f"升级到 PostgreSQL {oldest} 或更新", f"Upgrade to PostgreSQL {oldest} or newer"),
    )


def _storing(found: ServerState) -> Iterator[Looked]:
    """Whatever could lose or tear what was committed."""
    for name, on in (("fsync", found.fsync), ("full_page_writes", found.full_page_writes)):
        state = State.GOOD if on else State.BAD
        shown = f"{name} = {'on' if on else 'off'}"
        yield _looked(Text("写入落盘", "durability"), state, Text(shown, shown), _OFF)
    if found.encoding != "UTF8":
        yield _looked(
            Text("编码", "encoding"),
            State.BAD,
            Text(found.encoding, found.encoding),
            Text("新建一个 UTF8 编码的数据库", "Make a database of encoding UTF8"),
        )
    if found.replica:
        yield _looked(
            Text("主库", "primary"),
            State.BAD,
            Text("这是备库，不接受写入", "this is a standby and takes no writes"),
            Text(
                "把 MYSPACE_POSTGRESQL__ADDRESS 指向主库，或同时列出两台",
                "Let MYSPACE_POSTGRESQL__ADDRESS name the primary, or both",
            ),
        )


def _standby(found: ServerState, *, required: bool) -> Looked:
    absent = State.BAD if required else State.CARE
    return _looked(
        Text("同步备库", "synchronous standby"),
        State.GOOD if found.standbys else absent,
        Text(found.standbys or "没有", found.standbys or "none"),
        Text(
            "设置 synchronous_standby_names：没有它，主机损坏会丢失最后的条目，日志随之冻结",
            "Set synchronous_standby_names: without one a broken machine takes the last entries "
            "along, and the log freezes",
        ),
    )


def _role(found: ServerState) -> Looked:
    shown = Text("超级用户", "a superuser") if found.superuser else Text("普通", "ordinary")
    return _looked(
        Text("数据库账号", "database role"),
        State.CARE if found.superuser else State.GOOD,
        shown,
        Text(
            "改用只拥有这个数据库的账号：超级用户可以绕过日志的触发器",
            "Use a role that owns this database alone: a superuser may pass the log's triggers by",
        ),
    )


def _connections(found: ServerState, *, wanted: int) -> Looked:
    return _looked(
        Text("连接数", "connections"),
        State.GOOD if found.connections > wanted else State.CARE,
        Text(
            f"上限 {found.connections}，每个进程最多用 {wanted}",
            f"{found.connections} at most; a process uses up to {wanted}",
        ),
        Text(
            "调高 max_connections，或调低 MYSPACE_LIMITS__REQUEST_THREADS 或进程数",
            "Raise max_connections, or lower MYSPACE_LIMITS__REQUEST_THREADS or the processes",
        ),
    )


def _old_snapshots(found: ServerState) -> Looked:
    dead = found.dead_heads
    return _looked(
        Text("日志头的旧版本", "old versions of the log's head"),
        State.CARE if dead >= DEAD_HEADS else State.GOOD,
        Text(f"{dead} 个", f"{dead}"),
        Text(
            "结束长时间打开的事务；备份用 pg_basebackup，不用 pg_dump",
            "End transactions that stay open; back up with pg_basebackup, not with pg_dump",
        ),
    )


def _looked(what: Text, state: State, seen: Text, step: Text) -> Looked:
    return Looked(what=what, state=state, seen=seen, step=NOTHING if state is State.GOOD else step)
