"""Several logs: each holder in one for good, and what all of them judge by changed in order."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.wiring import wire
from scripts.bench.journal import write_mirror
from scripts.verify.cli import main
from scripts.verifying import verify_all
from storage.failures import ConfigurationError
from tests.support.founding import (
    MARKET,
    POLICE,
    SERVER,
    found_town,
    open_vault,
    put_on,
    settings_of,
)
from tests.support.on_disk import opened
from tests.support.postgres import server_for_tests
from tests.support.town import Town
from vault.crypto.signing import VerifierKey
from vault.errors import AccessDeniedError
from vault.journal.checkpoints import verify_checkpoint
from vault.journal.receipts import verify_receipt
from vault.journal.trust import Policy
from vault.services.acting import Member
from vault.services.export_journal_key import export_department_key, export_own_key
from vault.services.key_file import department_file, holder_file
from vault.services.log_keys import verifier_keys
from vault.services.suspend_client import suspend_client

LOGS = 3
PEOPLE = range(1, 13)


@pytest.fixture(params=["sqlite", "postgresql"])
def spread(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a deployment with several logs, which nobody has opened yet."""
    if request.param == "sqlite":
        (tmp_path / SERVER).write_text(json.dumps({"logs": LOGS}))
        yield tmp_path
        return
    with server_for_tests(settings={"fsync": True}) as server:
        put_on(tmp_path, address=server.address(), password_file=server.password_file, logs=LOGS)
        yield tmp_path


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    found_town(folder)
    with open_vault(folder) as vault:
        yield Town(vault)


def path_of(origin: str) -> str:
    return origin.partition("/")[2]


def verified(folder: Path) -> int:
    """Verify every log; return how many entries they have."""
    with opened(folder) as found:
        report = verify_all(found, progress=lambda _done, _size: None)
    assert report.findings == ()
    return report.entries


def test_holders_are_spread_over_the_logs_and_every_log_verifies(spread: Path) -> None:
    with town(spread) as here:
        used = set[int]()
        for person in range(1, 100):
            if len(used) == LOGS:
                break
            deposited = here.deposit(person, name="张示例")
            used.add(here.space(person).log_id)
            log = here.vault.logs[here.space(person).log_id]
            keys = "".join(f"log {key}\n" for key in verifier_keys(here.vault, log))
            proven = verify_receipt(
                deposited.receipt.to_text(), Policy.parse(f"{keys}quorum none\n")
            )
            assert proven.checkpoint.origin == log.origin
        sizes = [log.size() for log in here.vault.logs]
        origins = [log.origin for log in here.vault.logs]

    assert used == set(range(LOGS))
    assert verified(spread) == sum(sizes)
    year = origins[0].rpartition("/")[2]
    assert origins[1:] == [f"{origins[0]}/{number}" for number in range(1, LOGS)]
    assert origins[0].endswith(f"/log/{year}")


def test_holders_and_departments_find_all_of_their_own_in_every_log(
    spread: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mirrors")
    with town(spread) as here:
        people = dict[int, int]()
        for person in range(1, 100):
            if len(people) == LOGS:
                break
            here.deposit(person, name="张示例")
            people[here.space(person).log_id] = person
        for log_id, person in people.items():
            signin = here.signin(here.space(person))
            strong = replace(signin, auth=replace(signin.auth, acr="urn:myspace:acr:aal2"))
            export = export_own_key(here.vault, Member(signin=strong))
            (folder / f"holder-{log_id}").write_bytes(b"".join(holder_file(export)))
        theirs = export_department_key(here.vault, here.caller(POLICE))
        (folder / "department").write_bytes(department_file(theirs))
        for log_id, log in enumerate(here.vault.logs):
            write_mirror(log, folder / f"mirror-{log_id}")

    assert all(one.count for one in theirs.reaches)
    assert people.keys() == set(range(LOGS))
    for log_id in people:
        mirror = str(folder / f"mirror-{log_id}")
        for key in (f"holder-{log_id}", "department"):
            assert main(["mine", "--tag-key", str(folder / key), mirror]) == 0
        other = str(folder / f"holder-{(log_id + 1) % LOGS}")
        assert main(["mine", "--tag-key", other, mirror]) == 2


def test_the_number_of_logs_is_fixed_for_good(spread: Path) -> None:
    settings = settings_of(spread)
    with wire(settings):
        pass

    with (
        pytest.raises(ConfigurationError, match="is 3 for good"),
        wire(settings.model_copy(update={"logs": 2})),
    ):
        pass
    with wire(settings.model_copy(update={"logs": None})) as wired:
        assert len(wired.vault.logs) == LOGS


def test_a_client_that_is_suspended_pulls_in_no_log(spread: Path) -> None:
    with town(spread) as here:
        for person in PEOPLE:
            here.deposit(person, name="张示例")
        granted = [here.consent(person, here.open_case(person).case_no).live for person in PEOPLE]
        before = [here.pull(one) for one in granted]

        suspend_client(here.vault, here.client_id(MARKET))

        for one in granted:
            with pytest.raises(AccessDeniedError):
                here.pull(one)

    assert len(before) == len(PEOPLE)
    verified(spread)


def test_every_log_is_public_under_its_year_and_number(spread: Path) -> None:
    settings = settings_of(spread)
    with wire(settings) as wired:
        logs = wired.vault.logs
        app = create_app(settings, wiring=lambda _settings: nullcontext(wired))
        with TestClient(app, base_url=settings.issuer) as http:
            for log in logs:
                path = path_of(log.origin)
                keys = [*verifier_keys(wired.vault, log)]
                assert http.get(f"/{path}/keys").text.split() == keys
                note = http.get(f"/{path}/checkpoint").text
                verifier = VerifierKey.parse(keys[0])
                checkpoint = verify_checkpoint(note, verifier=verifier, origin=log.origin)
                assert checkpoint.size == log.size()
            assert http.get("/log/checkpoint").text.startswith(logs[0].checkpoint())
            assert http.get("/log/1999/checkpoint").status_code == 422
            assert http.get(f"/{path_of(logs[0].origin)}/9/keys").status_code == 404
