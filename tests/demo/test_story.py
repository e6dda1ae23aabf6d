"""The product as a newcomer meets it: serve, demo, verify, and a journal that was touched."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.served import MYSPACE, answers, greeted

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """A server that runs, and where."""

    process: subprocess.Popen[str]
    origin: str
    data: Path
    log: Path
    environment: Mapping[str, str]

    def myspace(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(*arguments, environment=self.environment)


def run(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [MYSPACE, *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "share"),
    }
    data, log = home / "data", home / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            [MYSPACE, "serve", "--demo", "--port", "0", "--data", data],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        origin = greeted(process, log=log)
        answers(origin)
        yield Served(process, origin, data, log, environment)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, log.read_text()


def test_the_story_comes_out_as_told_twice_and_the_journal_holds(served: Served) -> None:
    first = served.myspace("demo", "--url", served.origin, "--data", str(served.data))
    second = served.myspace(
        "demo", "--url", served.origin, "--data", str(served.data), "--lang", "en"
    )
    verified = served.myspace("journal", "verify", "--data", str(served.data))

    assert first.returncode == 0, first.stdout + first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    assert "收回授权" in first.stdout
    assert "revokes the consent" in second.stdout
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_every_decision_of_the_story_comes_out_again(served: Served) -> None:
    told = served.myspace("decisions", "replay", "--json", "--data", str(served.data))
    later = served.myspace(
        *("decisions", "replay", "--json", "--from", "2100-01-01", "--data", str(served.data))
    )

    assert told.returncode == later.returncode == 0, told.stdout + told.stderr
    found, none = json.loads(told.stdout), json.loads(later.stdout)
    assert found["differences"] == 0
    assert {"case.open", "consent.give", "consent.revoke", "deposit", "pull", "refusal"} <= {
        kind for kind, times in found["by_kind"].items() if times
    }
    assert found["decisions"] > found["by_kind"]["pull"] > 0
    assert (none["entries"], none["decisions"]) == (0, 0)


def test_operators_see_which_departments_have_said_what_they_used(served: Served) -> None:
    told = served.myspace("uses", "--data", str(served.data))

    assert told.returncode == 0, told.stdout + told.stderr
    assert "use-receipts" in told.stdout
    assert "模拟" in told.stdout


def test_a_policy_that_was_changed_afterwards_is_found_by_deciding_again(
    served: Served, tmp_path: Path
) -> None:
    copy = copied(served, tmp_path)
    with sqlite3.connect(copy / "vault.db") as database:
        without_triggers(database)
        database.execute("UPDATE policy_bundle SET text = replace(text, 'forbid', 'permit')")
    database.close()

    found = on_copy(served, copy, "decisions", "replay")

    assert found.returncode == 65, found.stdout + found.stderr
    assert "decision-differs" in found.stdout
    assert "bundle" in found.stdout


def test_what_is_secret_lies_apart_and_is_ours_alone(served: Served) -> None:
    keys = list(Path(served.environment["XDG_CONFIG_HOME"]).rglob("root.key"))
    private = [*keys, *(served.data / "demo").iterdir(), served.data / "operator.sock"]

    assert len(keys) == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert not list(served.data.rglob("*.key"))


def test_the_log_holds_no_personal_data(served: Served) -> None:
    text = served.log.read_text()

    for secret in ("110105190001020031", "91110105PDY900018N", "张示例", "+8613900000000"):
        assert secret not in text


def test_doctor_is_content_beside_a_running_server(served: Served) -> None:
    found = served.myspace("doctor", "--data", str(served.data))

    assert found.returncode == 0, found.stdout + found.stderr
    assert "running" in found.stdout


def test_a_second_server_on_the_same_data_or_port_is_refused(served: Served) -> None:
    port = served.origin.rpartition(":")[2]

    same_data = served.myspace("serve", "--demo", "--port", "0", "--data", str(served.data))
    same_port = served.myspace("serve", "--demo", "--port", port, "--data", str(served.data))

    assert (same_data.returncode, same_port.returncode) == (69, 69)
    assert "Traceback" not in same_data.stderr + same_port.stderr


def test_one_byte_changed_in_a_copy_is_found(served: Served, tmp_path: Path) -> None:
    copy = copied(served, tmp_path)
    with sqlite3.connect(copy / "vault.db") as database:
        without_triggers(database)
        [(payload,)] = database.execute("SELECT payload FROM journal_entry WHERE idx = 3")
        flipped = bytes([payload[0] ^ 1]) + payload[1:]
        database.execute("UPDATE journal_entry SET payload = ? WHERE idx = 3", (flipped,))
    database.close()

    found = verified_copy(served, copy)

    assert found.returncode == 65, found.stdout + found.stderr
    assert "payload-hash" in found.stdout


def test_a_consent_set_back_to_active_is_found(served: Served, tmp_path: Path) -> None:
    copy = copied(served, tmp_path)
    with sqlite3.connect(copy / "vault.db") as database:
        without_triggers(database)
        changed = database.execute("UPDATE oauth_grant SET status = 'active', ended_at_ms = NULL")
    database.close()

    found = verified_copy(served, copy)

    assert changed.rowcount > 0
    assert found.returncode == 65, found.stdout + found.stderr
    assert "state-differs" in found.stdout


def without_triggers(database: sqlite3.Connection) -> None:
    """Take away what holds honest programs back; whoever can write the file can do that too."""
    database.execute("PRAGMA ignore_check_constraints = 1")
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        database.execute(f"DROP TRIGGER {name}")


def copied(served: Served, to: Path) -> Path:
    """Copy the database while the server runs, as SQLite itself does it."""
    copy = to / "data"
    copy.mkdir(mode=0o700)
    with (
        sqlite3.connect(served.data / "vault.db") as live,
        sqlite3.connect(copy / "vault.db") as target,
    ):
        live.backup(target)
    live.close()
    target.close()
    return copy


def verified_copy(served: Served, copy: Path) -> subprocess.CompletedProcess[str]:
    return on_copy(served, copy, "journal", "verify")


def on_copy(served: Served, copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    [key] = Path(served.environment["XDG_CONFIG_HOME"]).rglob("root.key")
    environment = {**served.environment, "MYSPACE_KEYS__ROOT_KEY_FILE": str(key)}
    return run(*words, "--data", str(copy), environment=environment)
