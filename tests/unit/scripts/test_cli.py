"""The command line as an operator types it: what it says and returns when something is wrong."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from policies.bundle import shipped
from scripts.cli import app
from scripts.demo_clients import draw_clients, registration
from scripts.demo_data import fill
from scripts.operator_socket import listening
from scripts.outcomes import Exit
from scripts.places import Places, embedded_settings, existing_settings, places
from scripts.reading import reading
from scripts.registering import operator_verbs
from storage.migrate import head
from storage.row_macs import GUARDED
from vault.journal.entries import Kind
from vault.services import Vault
from vault.services.operating import operate

MARKET = "11110105PDY001012C"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def where(tmp_path: Path) -> Places:
    """A deployment whose server has stopped."""
    found = places(tmp_path / "data")
    with opened(found):
        pass
    return found


@contextmanager
def opened(where: Places) -> Iterator[Vault]:
    from api.wiring import wire  # noqa: PLC0415 - beside what it opens

    with wire(embedded_settings(where, port=8765, demo=True)) as wired:
        yield wired.vault


def myspace(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result: Result, code: Exit) -> str:
    """Return what was said; both languages, and no traceback."""
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in result.stderr)
    assert "Traceback" not in result.output
    return result.stderr


READERS = (("journal", "verify"), ("doctor",))
OPENERS = (("client", "suspend", "demo-none"), ("serve", "--demo", "--port", "0"))


def test_help_is_in_both_languages() -> None:
    for words in ((), ("client",), ("journal",), ("receipt",), ("bench",)):
        text = myspace(*words, "--help").output

        assert "·" in text
        assert "\u547d\u4ee4" in text or words


# -- data that cannot be opened ------------------------------------------------------------


@pytest.mark.parametrize("words", [("journal", "verify"), *OPENERS])
def test_a_root_key_that_is_gone_is_named(where: Places, words: tuple[str, ...]) -> None:
    where.key_file.unlink()

    said = told(myspace(*words, "--data", where.data), Exit.CONFIGURATION)

    assert str(where.key_file) in said.replace("\n", "")


@pytest.mark.parametrize("words", [("journal", "verify"), *OPENERS])
def test_the_root_key_of_another_vault_opens_nothing(
    where: Places, words: tuple[str, ...]
) -> None:
    where.key_file.write_bytes(bytes(32))

    said = told(myspace(*words, "--data", where.data), Exit.CONFIGURATION)

    assert "doctor" in said


@pytest.mark.parametrize("words", [("journal", "verify"), OPENERS[0]])
def test_a_passphrase_file_that_is_not_there_is_named(
    where: Places, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSPACE_KEYS__PROVIDER", "passphrase")
    monkeypatch.setenv("MYSPACE_KEYS__PASSPHRASE_FILE", str(where.data / "none"))

    said = told(myspace(*words, "--data", where.data), Exit.CONFIGURATION)

    assert "MYSPACE_KEYS__PASSPHRASE_FILE" in said


@pytest.mark.parametrize("words", [("journal", "verify"), ("migrate",), *OPENERS])
def test_a_database_that_is_none_is_told_and_left_alone(
    where: Places, words: tuple[str, ...]
) -> None:
    for name in ("vault.db-wal", "vault.db-shm"):
        (where.data / name).unlink(missing_ok=True)
    where.database.write_bytes(b"this was a database once" * 400)
    before = where.database.read_bytes()

    said = told(myspace(*words, "--data", where.data), Exit.DATA)

    assert "journal verify" in said
    assert where.database.read_bytes() == before


@pytest.mark.parametrize("words", [("journal", "verify"), ("migrate",), *OPENERS])
def test_data_of_a_newer_program_are_told_and_left_alone(
    where: Places, words: tuple[str, ...]
) -> None:
    with sqlite3.connect(where.database) as database:
        database.execute("UPDATE alembic_version SET version_num = 'r9999'")
        database.execute("UPDATE schema_floor SET oldest = 'r9999'")  # It serves no older one.
    database.close()

    told(myspace(*words, "--data", where.data), Exit.CONFIGURATION)

    with sqlite3.connect(where.database) as database:
        [(found,)] = database.execute("SELECT version_num FROM alembic_version")
    database.close()
    assert found == "r9999"


@pytest.mark.parametrize("words", READERS)
def test_a_folder_without_data_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = myspace(*words, "--data", tmp_path / "none")

    assert result.exit_code == Exit.CONFIGURATION
    assert "--data" in result.output
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    said = told(
        myspace("serve", "--demo", "--port", "0", "--data", tmp_path / "file" / "data"),
        Exit.CONFIGURATION,
    )

    assert str(tmp_path / "file") in said.replace("\n", "")


def test_a_server_without_https_is_told_to_be_a_demonstration(tmp_path: Path) -> None:
    said = told(myspace("serve", "--port", "0", "--data", tmp_path / "data"), Exit.CONFIGURATION)

    assert "--demo" in said
    assert "MYSPACE_ISSUER" in said


def test_a_variable_that_is_no_setting_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSPACE_ISUER", "https://vault.example.org")

    said = told(myspace("serve", "--data", tmp_path / "data"), Exit.CONFIGURATION)

    assert "MYSPACE_ISUER" in said


def test_a_key_beside_its_data_is_found_by_doctor(where: Places) -> None:
    shutil.copy(where.key_file, where.data / "root.key")

    result = myspace("doctor", "--data", where.data)

    assert result.exit_code == Exit.CONFIGURATION
    assert "MYSPACE_KEYS__ROOT_KEY_FILE" in result.output.replace("\n", "")


# -- migrate -------------------------------------------------------------------------------


def test_migrating_says_that_there_is_nothing_to_do(where: Places) -> None:
    result = myspace("migrate", "--data", where.data)

    assert result.exit_code == 0
    assert result.output.count(head()) == 2


def test_migrating_brings_an_older_database_to_this_schema(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "vault.db").touch(mode=0o600)

    result = myspace("migrate", "--data", data)

    assert result.exit_code == 0
    assert result.output.count(head()) == 1
    assert myspace("migrate", "--data", data).output.count(head()) == 2


def test_nothing_is_migrated_while_a_server_runs(where: Places) -> None:
    with listening(where.socket, {}):
        told(myspace("migrate", "--data", where.data), Exit.UNAVAILABLE)


# -- departments' systems ------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    client = next(one for one in draw_clients(tmp_path / "keys") if one.department == MARKET)
    path = tmp_path / "registration.json"
    path.write_text(json.dumps(registration(client) | {"client_id": "market-1"}))
    return path


def test_a_system_is_registered_and_stopped_without_a_server(where: Places, file: Path) -> None:
    registered = myspace("client", "register", file, "--data", where.data)
    suspended = myspace("client", "suspend", "market-1", "--data", where.data)
    resumed = myspace("client", "resume", "market-1", "--data", where.data)

    assert [one.exit_code for one in (registered, suspended, resumed)] == [0, 0, 0]
    assert MARKET in registered.output
    assert myspace("journal", "verify", "--data", where.data).exit_code == 0


def test_a_running_server_does_what_the_operator_asks(where: Places, file: Path) -> None:
    with opened(where) as vault, listening(where.socket, operator_verbs(vault, demo=True)):
        first = myspace("client", "register", file, "--data", where.data)
        again = myspace("client", "register", file, "--data", where.data)

    assert first.exit_code == 0
    told(again, Exit.DATA)


def test_a_registration_with_a_typo_is_told_before_anything_is_opened(
    tmp_path: Path, file: Path
) -> None:
    file.write_text(file.read_text().replace("issue_codes", "issue_code"))

    said = told(
        myspace("client", "register", file, "--data", tmp_path / "none"),
        Exit.DATA,
    )

    assert "issue_code" in said


# -- receipts ------------------------------------------------------------------------------


@pytest.fixture
def receipt(where: Places, tmp_path: Path) -> Path:
    with opened(where) as vault:
        fill(vault, folder=where.demo)
        with vault.read() as tx:
            department = tx.departments.find(MARKET)
        assert department is not None
        done = operator_verbs(vault, demo=True)["client.suspend"](
            {"client_id": next(c.client_id for c in draw_clients(where.demo))}
        )
        entry = entry_at(where, int(done["index"]))
        with vault.read() as tx:
            kept = tx.entries.get(0, entry_id=entry)  # type: ignore[arg-type]
        assert kept is not None
        path = tmp_path / "one.tlog-proof"
        path.write_text(vault.logs[0].receipt(kept).to_text())
    return path


def entry_at(where: Places, index: int) -> bytes:
    with sqlite3.connect(where.database) as database:
        [(found,)] = database.execute("SELECT entry_id FROM journal_entry WHERE idx = ?", (index,))
    database.close()
    return bytes(found)


def test_a_receipt_is_verified_against_the_data_or_a_policy(
    where: Places, receipt: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    with reading(where.data) as found:
        [log] = found.trust().logs
        policy.write_text(f"log {log.encode()}\nquorum none\n")

    by_data = myspace("receipt", "verify", receipt, "--data", where.data)
    by_policy = myspace("receipt", "verify", receipt, "--policy", policy)

    assert (by_data.exit_code, by_policy.exit_code) == (0, 0), by_policy.output
    assert existing_settings(where).issuer.removeprefix("http://") in by_policy.output


def test_a_receipt_that_was_touched_is_refused(where: Places, receipt: Path) -> None:
    text = receipt.read_text()
    at = text.index("index ") + len("index ")
    receipt.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])

    told(myspace("receipt", "verify", receipt, "--data", where.data), Exit.DATA)


def test_whom_to_believe_is_said_once(where: Places, receipt: Path) -> None:
    told(myspace("receipt", "verify", receipt), Exit.USAGE)
    told(
        myspace("receipt", "verify", receipt, "--data", where.data, "--policy", receipt),
        Exit.USAGE,
    )


# -- several processes ---------------------------------------------------------------------


def test_several_workers_on_an_embedded_database_are_refused(tmp_path: Path) -> None:
    said = told(
        myspace("serve", "--port", "0", "--workers", "2", "--data", tmp_path / "data"),
        Exit.CONFIGURATION,
    )

    assert "--workers" in said
    assert "MYSPACE_POSTGRESQL__ADDRESS" in said
    assert not (tmp_path / "data" / "vault.db").exists()
    assert not places(tmp_path / "data").key_file.exists()


def test_a_new_root_key_is_ours_alone_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "root.key"

    made = myspace("keys", "new", file)
    key = file.read_bytes()
    again = told(myspace("keys", "new", file), Exit.DATA)

    assert made.exit_code == 0
    assert "MYSPACE_KEYS__ROOT_KEY_FILE" in made.output
    assert (len(key), file.stat().st_mode & 0o777) == (32, 0o600)
    assert file.read_bytes() == key
    assert str(file) in again.replace("\n", "")


def test_a_root_key_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    said = told(myspace("keys", "new", tmp_path / "file" / "root.key"), Exit.CONFIGURATION)

    assert str(tmp_path / "file") in said.replace("\n", "")


def test_policies_that_are_in_force_already_stay(where: Places) -> None:
    result = myspace("policy", "activate", "--data", where.data)

    assert result.exit_code == 0
    assert shipped().hash.hex() in result.output.replace("\n", "")
    assert "in force already" in result.output


def test_a_running_server_puts_the_policies_of_this_release_in_force_again(where: Places) -> None:
    with opened(where) as vault, listening(where.socket, operator_verbs(vault, demo=True)):
        others = "permit (principal, action, resource);"
        operate(
            vault,
            kind=Kind.POLICY_ACTIVATE,
            change=None,
            effect=lambda tx, _: tx.policies.activate(b"\x61" * 32, text=others),
        )
        done = myspace("policy", "activate", "--data", where.data)
        again = myspace("policy", "activate", "--data", where.data)

    assert (done.exit_code, again.exit_code) == (0, 0)
    assert shipped().hash.hex() in done.output.replace("\n", "")
    assert "in force already" not in done.output
    assert "in force already" in again.output


def test_rows_that_are_sealed_are_not_sealed_again(where: Places) -> None:
    with opened(where):
        pass

    again = myspace("journal", "seal", "--data", where.data)

    assert again.exit_code == Exit.DATA
    assert "were sealed before" in again.output.replace("\n", " ")


def test_rows_of_an_older_release_are_sealed_by_one_verb(where: Places) -> None:
    with opened(where):
        pass
    with closing(sqlite3.connect(where.database)) as database, database:
        for table in GUARDED:
            database.execute(f"UPDATE {table} SET mac = NULL")  # noqa: S608 - names of our own
        database.execute("DELETE FROM guarded_state")
        database.execute("DELETE FROM system_key WHERE name = 'row-macs'")

    before = myspace("journal", "verify", "--data", where.data)
    sealed = myspace("journal", "seal", "--data", where.data)
    after = myspace("journal", "verify", "--data", where.data)

    assert (before.exit_code, sealed.exit_code, after.exit_code) == (Exit.DATA, 0, 0)
    assert "rows-unsealed" in before.output
    assert "rows are sealed" in sealed.output.replace("\n", " ")
