"""What doctor sees, and what it tells to do."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from api.mtls_settings import MtlsSettings
from api.settings import KeySettings, RootProvider, S3Settings, Settings
from api.wiring import wire
from scripts import checks
from scripts.checks import Looked, State
from scripts.local.seaweedfs import SeaweedFS
from scripts.operator_socket import listening
from scripts.outcomes import Exit, OperatorError, told_of
from scripts.places import Places, embedded_settings, existing_settings, places
from storage.s3_failures import ObjectsRefusedError
from tests.support.certificates import Authority

NOW_MS = 1_795_000_000_000


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def where(tmp_path: Path) -> Places:
    found = places(tmp_path / "data")
    found.data.mkdir(mode=0o700)
    return found


def states(found: Iterator[Looked]) -> list[State]:
    seen = list(found)
    assert all(one.state is State.GOOD or one.step.en for one in seen)
    return [one.state for one in seen]


def test_a_variable_that_names_no_setting_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(checks.environment()) == [State.GOOD]

    monkeypatch.setenv("MYSPACE_ISSUERS", "x")

    assert states(checks.environment()) == [State.BAD]


def test_a_fresh_key_lies_apart_from_the_data_and_is_good(where: Places) -> None:
    settings = embedded_settings(where, port=1, demo=True)

    assert not where.key_file.is_relative_to(where.data)
    assert states(checks.root_key(settings)) == [State.GOOD]


def test_a_key_that_others_can_read_is_bad(where: Places) -> None:
    settings = embedded_settings(where, port=1, demo=True)
    where.key_file.chmod(0o644)

    assert states(checks.root_key(settings)) == [State.BAD]


def test_a_key_beside_its_data_is_bad_and_doctor_says_why(where: Places) -> None:
    settings = embedded_settings(where, port=1, demo=True)
    beside = where.data / "root.key"
    shutil.copy2(where.key_file, beside)

    [copied] = checks.root_key(settings)
    [moved] = checks.root_key(settings.model_copy(update={"keys": keys(beside)}))

    assert (copied.state, moved.state) == (State.BAD, State.BAD)
    assert "beside the data" in moved.seen.en


def keys(path: Path) -> KeySettings:
    return KeySettings(provider=RootProvider.FILE, root_key_file=path)


def test_a_passphrase_leaves_no_key_file_to_look_at(where: Places) -> None:
    settings = Settings(
        data=where.data,
        state=where.state,
        issuer="http://127.0.0.1:1",
        demo=True,
        keys=KeySettings(provider=RootProvider.PASSPHRASE, passphrase_file=Path("/dev/null")),
    )

    assert states(checks.root_key(settings)) == [State.GOOD]


def test_a_folder_is_there_ours_and_closed(where: Places) -> None:
    assert states(checks.data_folder(where)) == [State.GOOD]

    where.data.chmod(0o755)
    assert states(checks.data_folder(where)) == [State.CARE]

    where.data.rmdir()
    assert states(checks.data_folder(where)) == [State.BAD]
    assert states(checks.data_folder(where, holds_data=False)) == [State.CARE]
    assert states(checks.free_space(where)) == []


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(
    ("free", "state"), [(2**31, State.GOOD), (2**29, State.CARE), (2**20, State.BAD)]
)
def test_a_disk_that_fills_up_is_told_in_time(
    where: Places, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(free))

    assert states(checks.free_space(where)) == [state]


@pytest.mark.parametrize(
    ("now_ms", "last_ms", "state"),
    [
        (NOW_MS, 0, State.GOOD),
        (NOW_MS, NOW_MS, State.GOOD),
        (NOW_MS, NOW_MS + 1, State.BAD),
        (0, 0, State.BAD),
    ],
)
def test_a_clock_behind_the_journal_is_bad(now_ms: int, last_ms: int, state: State) -> None:
    assert states(checks.clock(now_ms, last_ms=last_ms)) == [state]


def test_a_running_server_is_seen(where: Places) -> None:
    [idle] = checks.server(where)
    with listening(where.socket, {}):
        [busy] = checks.server(where)

    assert (idle.seen.en, busy.seen.en) == ("not running", "running")


def test_no_key_is_made_for_data_that_have_lost_theirs(where: Places) -> None:
    where.database.touch()

    with pytest.raises(OperatorError) as first:
        embedded_settings(where, port=1, demo=True)
    with pytest.raises(OperatorError) as second:
        existing_settings(where)

    assert first.value.told == second.value.told
    assert first.value.told.code is Exit.CONFIGURATION
    assert not where.key_file.exists()


def test_reading_needs_data(where: Places) -> None:
    with pytest.raises(OperatorError) as refusal:
        existing_settings(where)

    assert refusal.value.told.code is Exit.CONFIGURATION
    assert "--data" in refusal.value.told.text.en


def test_variables_win_over_what_is_derived(
    where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSPACE_ISSUER", "https://space.example.org")
    monkeypatch.setenv("MYSPACE_KEYS__ROOT_KEY_FILE", "/run/key")

    settings = embedded_settings(where, port=1, demo=True)

    assert settings.issuer == "https://space.example.org"
    assert settings.keys.root_key_file == Path("/run/key")
    assert not where.key_file.exists()


def test_a_variable_names_the_data_folder_where_no_option_does(
    where: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSPACE_DATA", str(where.data))

    assert places(None) == where
    assert places(where.data / "other").data == where.data / "other"
    assert embedded_settings(places(None), port=1, demo=True).data == where.data


def with_bucket(settings: Settings, address: str, keys: Path) -> Settings:
    s3 = S3Settings(address=address, credentials_file=keys)
    return settings.model_copy(update={"s3": s3})


def test_files_in_a_folder_need_no_object_store(where: Places) -> None:
    assert states(checks.object_store(embedded_settings(where, port=1, demo=True))) == []


def test_a_bucket_is_tried_and_what_is_wrong_with_it_is_said(
    where: Places, seaweed: SeaweedFS, tmp_path: Path
) -> None:
    embedded = embedded_settings(where, port=1, demo=True)
    keys, bucket = seaweed.vault.write(tmp_path / "keys"), seaweed.make_bucket()
    good = with_bucket(embedded, f"http://{seaweed.endpoint}/{bucket}", keys)
    bad = with_bucket(embedded, f"http://{seaweed.endpoint}/{bucket}", tmp_path / "none")

    [found], [refused] = checks.object_store(good), checks.object_store(bad)

    assert (found.state, bucket in found.seen.zh) == (State.GOOD, True)
    assert (refused.state, "cannot be read" in refused.step.en) == (State.BAD, True)
    with pytest.raises(ObjectsRefusedError) as error, wire(bad):
        pass
    assert told_of(error.value).code is Exit.CONFIGURATION


def test_the_list_of_who_vouches_is_good_until_it_is_about_to_end(
    where: Places, tmp_path: Path
) -> None:
    plain = embedded_settings(where, port=1, demo=True)
    listed, now = tmp_path / "authorities.pem", datetime.fromtimestamp(NOW_MS / 1000, tz=UTC)
    listed.write_text(Authority.new("issuing", now=now).pem)
    asked = MtlsSettings(alias="https://mtls.example.org", authorities_file=listed)
    settings = plain.model_copy(update={"mtls": asked})
    long_before = NOW_MS - checks.RENEW_DAYS * checks.DAY_MS

    seen = [states(checks.authorities(settings, now_ms=ms)) for ms in (long_before, NOW_MS)]
    listed.write_text("")

    assert seen == [[State.GOOD], [State.CARE]]
    assert states(checks.authorities(settings, now_ms=NOW_MS)) == [State.BAD]
    assert states(checks.authorities(plain, now_ms=NOW_MS)) == []
