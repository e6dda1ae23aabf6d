"""A database server that cannot be used: one sentence in both languages, and a code."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scripts.cli import app
from scripts.local.postgresql import Postgresql
from scripts.local.postgresql_files import ROLE, SUPERUSER
from scripts.local.process import HOST, free_port
from scripts.outcomes import Exit, told_of
from scripts.private_files import read_private, write_private
from storage.failures import OlderDataError
from tests.support.postgres import fresh_database, server_for_tests
from vault.crypto.providers import create_key_file

SERVE = ("serve", "--demo", "--port", "0")
VERBS = {
    "serve": SERVE,
    "doctor": ("doctor",),
    "migrate": ("migrate",),
    "activate": ("policy", "activate"),
    "suspend": ("client", "suspend", "demo-none"),
    "verify": ("journal", "verify"),
}

ALL = ("serve", "doctor", "migrate")
ROLES = (ROLE, SUPERUSER)


@pytest.fixture(scope="module")
def durable() -> Iterator[Postgresql]:
    with server_for_tests(settings={"fsync": True}) as server:
        yield server


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    key = tmp_path / "key" / "root.key"
    key.parent.mkdir(mode=0o700)
    create_key_file(key, random=os.urandom)
    (tmp_path / "data").mkdir(mode=0o700)
    monkeypatch.setenv("MYSPACE_KEYS__ROOT_KEY_FILE", str(key))
    monkeypatch.setenv("MYSPACE_DATA", str(tmp_path / "data"))


def name_server(
    monkeypatch: pytest.MonkeyPatch, address: str, password_file: Path | None, **more: str
) -> None:
    monkeypatch.setenv("MYSPACE_POSTGRESQL__ADDRESS", address)
    if password_file is not None:
        monkeypatch.setenv("MYSPACE_POSTGRESQL__PASSWORD_FILE", str(password_file))
    for name, value in more.items():
        monkeypatch.setenv(f"MYSPACE_POSTGRESQL__{name}", value)


def myspace(verb: str) -> Result:
    return CliRunner().invoke(app, VERBS[verb])


def check(server: Postgresql | None, verbs: tuple[str, ...], code: Exit, words: str) -> None:
    """Let each verb meet what is wrong; it says so once in each language, and no secret."""
    for verb in verbs:
        result = myspace(verb)
        told = " ".join(result.output.split())
        assert result.exit_code == (Exit.CONFIGURATION if verb == "doctor" else code), told
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in told
        assert any("\u4e00" <= sign <= "\u9fff" for sign in told)
        assert words in re.sub(r"[ │]", "", told)
        secrets = [] if server is None else [server.folder / f"{r}.password" for r in ROLES]
        assert not any(read_private(secret).decode() in told for secret in secrets)


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    name_server(monkeypatch, f"postgresql://{ROLE}@{HOST}:{free_port()}/vault", None)

    check(None, ALL, Exit.TEMPORARY, "doesnotanswer")


def test_a_wrong_password(
    durable: Postgresql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong"
    write_private(wrong, b"not the password")
    name_server(monkeypatch, durable.address(), wrong)

    check(durable, ALL, Exit.CONFIGURATION, "refusesthepassword")
    assert "not the password" not in myspace("serve").output


def test_a_database_that_is_not_there(
    durable: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_server(monkeypatch, durable.address("nothing"), durable.password_file)

    check(durable, ALL, Exit.CONFIGURATION, "nodatabaseofthisname")


def test_a_role_without_rights(durable: Postgresql, monkeypatch: pytest.MonkeyPatch) -> None:
    durable.admin("CREATE DATABASE foreign_one OWNER postgres")
    name_server(monkeypatch, durable.address("foreign_one"), durable.password_file)

    check(durable, ("serve", "migrate"), Exit.CONFIGURATION, "lacksaright")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_on_which_a_commit_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with server_for_tests(settings={"fsync": True, name: False}) as server:
        name_server(monkeypatch, server.address(), server.password_file)

        check(server, ALL, Exit.CONFIGURATION, f"{name}=off")


def test_a_standby_is_asked_for_and_none_is_named(
    durable: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_database(durable) as database:
        name_server(monkeypatch, database.address, database.password_file, STANDBY="true")

        check(durable, ("serve",), Exit.CONFIGURATION, "nosynchronousstandby")
        check(durable, ("doctor",), Exit.CONFIGURATION, "synchronous_standby_names")


def test_a_password_inside_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    name_server(monkeypatch, f"postgresql://{ROLE}:s3cret@{HOST}:5432/vault", None)

    check(None, ALL, Exit.CONFIGURATION, "doesnotbelonginto")
    assert all("s3cret" not in myspace(verb).output for verb in ALL)


def test_what_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    name_server(monkeypatch, "localhost", None)

    check(None, ALL, Exit.CONFIGURATION, "noaddress")


@pytest.mark.parametrize("kind", ["absent", "open to others"])
def test_a_password_file_that_cannot_be_used(
    kind: str, durable: Postgresql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "password"
    if kind != "absent":
        path.write_text("something")
        path.chmod(0o644)
    name_server(monkeypatch, durable.address(), path)

    check(durable, ALL, Exit.CONFIGURATION, "thepasswordfile")


@pytest.mark.parametrize("tables", [False, True])
def test_nothing_but_a_server_makes_a_deployment(
    tables: bool,  # noqa: FBT001 - two kinds of empty
    durable: Postgresql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fresh_database(durable) as empty:
        name_server(monkeypatch, empty.address, empty.password_file)
        if tables:
            myspace("migrate")

        check(durable, ("activate", "suspend", "verify"), Exit.CONFIGURATION, "nodeployment")
        looked = myspace("doctor")

        with empty.connect() as connection:
            found = connection.execute("SELECT to_regclass('vault_meta') IS NOT NULL").fetchall()
            kept = connection.execute("SELECT 1 FROM vault_meta").fetchall() if tables else []
    assert (found, kept) == ([(tables,)], [])
    assert (looked.exit_code, "makes the tables" in " ".join(looked.output.split())) == (0, True)


def test_doctor_says_what_is_wrong_with_a_setting_beside_all_else(
    durable: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_server(monkeypatch, durable.address(), durable.password_file, ADRESS="nowhere")

    check(durable, ("doctor",), Exit.CONFIGURATION, "thereisnosuchsetting")
    assert "MYSPACE_POSTGRESQL__ADRESS" in myspace("doctor").output.replace("\n", "")


def test_a_schema_of_a_newer_program(durable: Postgresql, monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_database(durable) as database:
        with database.connect() as connection:
            connection.execute("CREATE TABLE alembic_version (version_num text PRIMARY KEY)")
            connection.execute("INSERT INTO alembic_version VALUES ('9999')")
        name_server(monkeypatch, database.address, durable.password_file)

        check(durable, ALL, Exit.CONFIGURATION, "newerversion")


def test_an_older_schema_is_told_apart_and_names_the_verb() -> None:
    # The first schema is still the newest: there is no older one to be met in earnest.
    told = told_of(OlderDataError("the database is of an older schema"))

    assert told.code == Exit.CONFIGURATION
    assert all("myspace migrate" in text for text in told.text)
