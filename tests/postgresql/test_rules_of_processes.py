"""The rules of journal.md 2.6 that show only with real acts, over several logs and processes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest

from scripts.demo_data import fill
from scripts.local.process import became
from storage.journal_rows import KEYS
from storage.tables import METADATA
from tests.support.founding import MARKET, open_vault
from tests.support.second_process import Line, Said
from tests.support.shared_town import SharedTown, meanwhile, shared_town
from tests.support.town import Granted, Town
from vault.errors import TokenEndedError
from vault.ports import LiveToken
from vault.services.suspend_client import resume_client, suspend_client
from vault.services.sweep import sweep

LOGS = 3
EACH = 6
ROUNDS = 4

GUARDED = {table.value for table in KEYS} | {"oauth_use"}
JUDGING = GUARDED | {
    *(
        "guarded_state",
        "journal_counter",
        "journal_entry",
        "log_head",
        "log_tile",
        "request_id",
        "oauth_replay",
    ),
    *(
        "use_receipt",
        "notice",
        "holder_key",
        "record_key",
        "record_version",
        "record_file",
        "holder_number",
    ),
    *("department_key", "policy_bundle", "system_key", "vault_meta", "oauth_access_token"),
}
"""What a pull may read or write; everything else is bookkeeping.

The rows of access tokens are written by plain transactions, and read without a lock (0034).
"""

REFUSING = """
CREATE FUNCTION guarded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('idle_in_transaction_session_timeout') <> '2s' THEN
        RAISE EXCEPTION 'a plain unit of work writes %', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
"""Only the journal's own transactions are begun with this time-out."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedTown]:
    with shared_town(tmp_path_factory.mktemp("town"), logs=LOGS) as found:
        yield found


def _granted_in_every_log(town: Town) -> list[Granted]:
    """Return a consent in each log; where a space lies is drawn when it is opened."""
    found = dict[int, Granted]()
    for person in range(100):
        town.deposit(person, name="张示例")
        granted = town.consent(person, town.open_case(person).case_no)
        found.setdefault(granted.request.signin.space.log_id, granted)
        if len(found) == LOGS:
            return [found[log_id] for log_id in sorted(found)]
    raise AssertionError(f"only the logs {sorted(found)} have spaces")


@pytest.mark.slow
def test_after_a_system_is_suspended_no_pull_of_it_passes_in_any_log(shared: SharedTown) -> None:
    """Heads are locked in ascending order, and the change of what all logs read locks all."""
    with shared.processes(EACH, EACH) as processes, shared.serving() as town:
        grants = _granted_in_every_log(town)
        lines = [line for process in processes for line in process.lines]
        found = [_suspended_while_pulling(town, grants, lines) for _ in range(ROUNDS)]
        wrong = shared.wrong()

    for acknowledged_at, said in found:
        late = [one for one in said if one.invoked_at > acknowledged_at]
        assert {one.error for one in said} == {"", "AccessDeniedError"}
        assert {one.error for one in late} == {"AccessDeniedError"}
        assert len(late) >= len(lines)
    assert any(not one.error for _, said in found for one in said)
    assert wrong == []


def test_what_all_logs_read_is_changed_under_all_heads_in_ascending_order(
    shared: SharedTown,
) -> None:
    with shared.serving() as town, shared.server.connect() as other:
        grants = _granted_in_every_log(town)
        with ThreadPoolExecutor(1) as threads:
            with other.transaction():
                other.execute("SELECT size FROM log_head WHERE log_id = 1 FOR UPDATE")
                suspended = threads.submit(suspend_client, town.vault, town.client_id(MARKET))
                waits = became(lambda: bool(_waiting_for_a_head(shared)), seconds=5)
                free = town.pull(grants[2].live).fields["name"]
                acknowledged = suspended.done()
            suspended.result(10)
        resume_client(town.vault, town.client_id(MARKET))

    assert (waits, free, acknowledged) == (True, "张示例", False)


def _waiting_for_a_head(shared: SharedTown) -> list[tuple[object, ...]]:
    return shared.server.admin(
        "SELECT pid FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query LIKE '%log_head WHERE log_id >%'"
    )


def _suspended_while_pulling(
    town: Town, grants: list[Granted], lines: list[Line]
) -> tuple[int, list[Said]]:
    """Pull in all logs, suspend, pull once more; return when it was acknowledged, and all."""
    said, acknowledged = list[Said](), threading.Event()
    tokens = [town.live(granted.live.token.token_hash) for granted in grants]

    def pull(line: Line, live: LiveToken | None, _over: threading.Event) -> None:
        last = False
        while not last:
            last = acknowledged.is_set()
            said.append(line.ask("pull", live))

    with meanwhile(*(partial(pull, line, tokens[n % LOGS]) for n, line in enumerate(lines))):
        assert became(lambda: len(said) >= len(lines), seconds=20)
        suspend_client(town.vault, town.client_id(MARKET))
        acknowledged_at = time.monotonic_ns()
        acknowledged.set()
    resume_client(town.vault, town.client_id(MARKET))
    return acknowledged_at, said


@pytest.mark.slow
def test_only_the_journal_writes_what_decisions_read(tmp_path: Path) -> None:
    with shared_town(tmp_path) as shared:
        with shared.server.connect() as connection:
            connection.execute(REFUSING)
            for table in GUARDED:
                connection.execute(
                    f"CREATE TRIGGER guarded AFTER INSERT OR UPDATE OR DELETE ON {table}"
                    " FOR EACH STATEMENT EXECUTE FUNCTION guarded()".encode()
                )
            with pytest.raises(psycopg.errors.RaiseException, match="writes oauth_grant"):
                connection.execute("DELETE FROM oauth_grant")
        with open_vault(shared.folder) as vault:
            town = Town(vault)
            fill(vault, folder=tmp_path / "clients")
            town.deposit(7, name="张示例")
            granted = town.consent(7, town.open_case(7).case_no, uses=2)
            town.pull(granted.live)
            town.shorten(granted)
            town.revoke(granted)
            suspend_client(vault, town.client_id(MARKET))
            resume_client(vault, town.client_id(MARKET))
            sweep(vault)

        assert shared.wrong() == []


def test_no_bookkeeping_is_needed_to_judge_a_pull(shared: SharedTown) -> None:
    bookkeeping = sorted(set(METADATA.tables) - JUDGING)
    with shared.serving() as town:
        town.deposit(500, name="张示例")
        granted = town.consent(500, town.open_case(500).case_no)
        with shared.server.connect() as connection, connection.transaction():
            for table in bookkeeping:
                connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            released = town.pull(granted.live).fields["name"]

    assert released == "张示例"
    assert {"signin", "oauth_par", "oauth_refresh_token", "outbox"} <= set(bookkeeping)


def test_a_pull_does_not_wait_for_a_revocation_of_its_token_that_is_under_way(
    shared: SharedTown,
) -> None:
    with shared.serving() as town:
        town.deposit(501, name="张示例")
        granted = town.consent(501, town.open_case(501).case_no)
        with shared.server.connect() as connection:
            with connection.transaction():
                connection.execute(
                    "UPDATE oauth_access_token SET revoked_at = 1 WHERE token_hash = %s",
                    (granted.live.token.token_hash,),
                )
                released = town.pull(granted.live).fields["name"]
            with pytest.raises(TokenEndedError):
                town.pull(granted.live)

    assert released == "张示例"
