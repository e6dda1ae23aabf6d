"""Every statement of a pull finds a holder's rows by ``(log_id, holder_id)`` (architecture 2.9).

A pull is played over PostgreSQL while everything that is said to the server is written down;
then the server is asked how it would run each of it. A statement that reached holders' rows by
anything else could not be answered by the one node of a cluster that has them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import pytest

from storage.postgresql import Server
from storage.tables import METADATA
from tests.support.ports import open_ports_on
from tests.support.postgres import migrated
from tests.support.world import world_over

SPACE: Final = ("log_id", "holder_id")
EXEMPT: Final = frozenset({"token_hash"})
"""The one keyed read that leads to a holder instead of coming from one (architecture 9.9)."""

LOGS_OWN: Final = frozenset(
    {
        *("guarded_state", "journal_counter", "journal_entry", "log_head", "log_tile"),
        *("request_id", "witness_state"),
    }
)
"""Led by ``log_id`` alone: a log's own rows (journal.md 15)."""

REFERENCE: Final = frozenset(
    {
        *("oauth_client", "department", "department_key", "policy_pointer", "policy_bundle"),
        *("oauth_registration", "system_key", "vault_meta", "schema_floor"),
        *("signing_key", "signing_key_set"),
    }
)
"""Small, and the same on every node."""

CONDITIONS: Final = ("Index Cond", "Recheck Cond", "Filter")
"""Where a plan says what leads to rows; on small tables one index is as good as another."""

SHORT_LIVED: Final = frozenset(
    {
        *("oauth_initial_token", "oauth_interaction", "oauth_par", "oauth_refusal"),
        *("oauth_replay", "openid_session", "outbox", "outgoing_call", "passkey_challenge"),
        *("signin_client", "signin_try"),
    }
)
"""Protocol rows that belong to no holder yet, or to none at all."""

KEYED_BY_SECRET: Final = frozenset(
    {
        *("blob_intent", "oauth_access_token", "oauth_code", "oauth_refresh_token"),
        *("oauth_async_request", "oauth_shown_code"),
        *("passkey_use", "signin", "signin_attempt"),
    }
)
"""Found by the hash of what a caller shows, or by a random name; they carry the space."""


class Said(NamedTuple):
    """One statement, and the values it had."""

    text: str
    values: Any


class Listening(psycopg.Cursor[Any]):
    """Writes down what is executed."""

    heard: list[Said]

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as the driver's
        """See the driver."""
        type(self).heard.append(Said(str(query), params))
        return super().execute(query, params, **options)


@contextmanager
def overheard() -> Iterator[tuple[Server, list[Said]]]:
    """Give a database whose connections write down what they are told."""
    heard = list[Said]()
    cursor = type("Cursor", (Listening,), {"heard": heard})

    class Overheard(Server):
        def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
            connection = super().connect()
            connection.cursor_factory = cursor
            return connection

    with migrated() as server:
        yield Overheard(address=server.address, password=server.password), heard


@pytest.fixture
def pulled(tmp_path: Path) -> Iterator[tuple[Server, list[Said]]]:
    """Play a pull with all that belongs to it; return what was said for it alone."""
    with overheard() as (server, heard), open_ports_on(server, tmp_path) as ports:
        world = world_over(ports)
        world.deposit()
        consent = world.consent()
        world.pull(consent)  # What is only said once by a process is said now.
        heard.clear()
        with ports.read() as tx:
            tx.protocol.live_token(bytes(32), now=0)
        world.pull(consent)
        yield server, list(heard)


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every table that a plan reads, with the condition that leads to its rows."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        conditions = [str(plan.get(name, "")) for name in CONDITIONS]
        yield plan["Relation Name"], " ".join(conditions)
    for below in plan.get("Plans", ()):
        yield from scans(below)


def plan_of(connection: psycopg.Connection[Any], said: Said) -> dict[str, Any]:
    """Ask how a statement would be run where tables are too large to read whole."""
    answer = connection.execute(f"EXPLAIN (FORMAT JSON) {said.text}".encode(), said.values)
    row = answer.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def needed(table: str) -> tuple[str, ...]:
    """Return the columns that must lead to a table's rows."""
    if table in REFERENCE:
        return ()
    return ("log_id",) if table in LOGS_OWN else SPACE


def test_a_pull_reaches_rows_of_holders_by_log_and_holder_alone(
    pulled: tuple[Server, list[Said]],
) -> None:
    server, heard = pulled
    told = [one for one in heard if one.text.split()[0] in {"SELECT", "WITH", "INSERT", "UPDATE"}]
    wrong, seen = [], set[str]()
    with server.connect() as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_bitmapscan = off")
        for said in told:
            for table, condition in scans(plan_of(connection, said)):
                seen.add(table)
                missing = [name for name in needed(table) if name not in condition]
                if missing and not any(name in condition for name in EXEMPT):
                    wrong.append((table, condition, said.text[:120]))

    assert wrong == []
    assert {"record", "oauth_grant", "oauth_use", "holder", "record_key", "log_head"} <= seen
    assert len(told) > 15


def test_every_table_is_placed() -> None:
    placed = {
        name
        for name, table in METADATA.tables.items()
        if [column.name for column in table.primary_key][:2] == list(SPACE)
    }
    keyed_by_secret = {
        name
        for name, table in METADATA.tables.items()
        if set(SPACE) <= set(table.columns.keys()) and name not in placed | LOGS_OWN
    }

    others = set(METADATA.tables) - placed - keyed_by_secret - LOGS_OWN - REFERENCE
    assert others == SHORT_LIVED
    assert keyed_by_secret == KEYED_BY_SECRET
