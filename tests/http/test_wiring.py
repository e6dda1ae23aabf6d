"""A deployment is made whole at its first start, and opened as what it is afterwards."""

import json
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from api.deployment import SERVICE_KEYS, key_provider
from api.egress_settings import EgressSettings
from api.settings import KeySettings, RootProvider, Settings
from api.wiring import wire
from scripts.local.process import became
from storage.failures import ConfigurationError
from storage.slots import state_file
from tests.support.http_world import DAY, SetClock, settings_below
from vault.clients.signing_keys import SigningAlgorithm, SigningPurpose, Slot
from vault.clock import legal_day
from vault.crypto.providers import create_key_file
from vault.errors import KeyUnavailableError, LogFrozenError, StorageError
from vault.identifiers import IdentifierKind, parse
from vault.identifiers.synthetic import synthetic_resident_id
from vault.services.log_keys import verifier_keys
from vault.services.sign_in import start_sign_in
from vault.services.signing_keys import rotate_signing_keys


def count(settings: Settings, table: str) -> int:
    with closing(sqlite3.connect(settings.database)) as connection:
        [(found,)] = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own name
    number: int = found
    return number


def moved(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


def test_the_first_start_makes_everything_and_later_ones_nothing(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)

    with wire(settings) as first:
        made = (
            first.vault.keyring.vault_id,
            first.vault.logs[0].origin,
            first.vault.logs[0].checkpoint(),
        )
    keys = count(settings, "system_key")
    with wire(settings) as second:
        found = (
            second.vault.keyring.vault_id,
            second.vault.logs[0].origin,
            second.vault.logs[0].checkpoint(),
        )

    assert found == made
    assert count(settings, "system_key") == keys == len(SERVICE_KEYS) + 4
    assert count(settings, "journal_entry") == 2  # The policies in force, the keys that sign.


def test_a_deployment_from_before_the_second_line_draws_its_key_once(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    with closing(sqlite3.connect(settings.database)) as connection:
        connection.execute("DELETE FROM system_key WHERE name = 'checkpoint.ml-dsa-44'")
        connection.commit()

    with wire(settings) as first:
        drawn = verifier_keys(first.vault, first.vault.logs[0])
    with wire(settings) as second:
        found = verifier_keys(second.vault, second.vault.logs[0])

    assert found == drawn
    assert len(drawn) == 2


def test_it_serves_while_it_is_wired_and_no_longer(tmp_path: Path) -> None:
    with wire(settings_below(tmp_path)) as wired:
        assert wired.serving()

    assert not wired.serving()


def test_what_has_expired_is_removed_by_and_by(tmp_path: Path) -> None:
    settings, clock = settings_below(tmp_path), SetClock()
    number = parse(
        IdentifierKind.RESIDENT_ID, synthetic_resident_id(1), today=legal_day(clock.now_ms())
    )

    with wire(settings, clock=clock, sweep_seconds=0.02) as wired:
        start_sign_in(wired.vault, number, source="192.0.2.1")
        before = count(settings, "signin_attempt")
        clock.ahead = 7 * DAY
        became(lambda: count(settings, "signin_attempt") == 0, seconds=10)

    assert (before, count(settings, "signin_attempt")) == (1, 0)


class Stumbling(SetClock):
    """A clock that fails the housekeeping a few times, as only a bug would."""

    left = 3

    def now_ms(self) -> int:
        if threading.current_thread().name == "housekeeping" and self.left:
            self.left -= 1
            raise ZeroDivisionError("a bug")
        return super().now_ms()


def test_housekeeping_goes_on_after_a_bug(tmp_path: Path) -> None:
    clock = Stumbling()

    with wire(settings_below(tmp_path), clock=clock, sweep_seconds=0.02) as wired:
        number = parse(
            IdentifierKind.RESIDENT_ID, synthetic_resident_id(1), today=legal_day(clock.now_ms())
        )
        start_sign_in(wired.vault, number, source="192.0.2.1")
        clock.ahead = 7 * DAY
        became(lambda: count(settings_below(tmp_path), "signin_attempt") == 0, seconds=10)

    assert clock.left == 0
    assert count(settings_below(tmp_path), "signin_attempt") == 0


def test_nothing_is_half_written_where_the_first_start_fails(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    drawn = 0

    def failing(length: int) -> bytes:
        nonlocal drawn
        drawn += 1
        if drawn > 12:
            raise OSError("no more chance")
        return os.urandom(length)

    with pytest.raises(OSError, match="no more chance"), wire(settings, random=failing):
        pass

    assert count(settings, "system_key") == count(settings, "vault_meta") == 0
    with wire(settings) as wired:
        assert wired.serving()


def test_the_log_keeps_the_name_that_it_was_opened_with(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings) as wired:
        origin = wired.vault.logs[0].origin

    with wire(moved(settings, issuer="https://another.example")) as wired:
        assert wired.vault.logs[0].origin == origin
        assert wired.issuer == "https://another.example"


def test_another_root_key_opens_nothing(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    other = tmp_path / "other.key"
    create_key_file(other, random=os.urandom)
    keys = KeySettings(provider=RootProvider.FILE, root_key_file=other)

    with pytest.raises(KeyUnavailableError), wire(moved(settings, keys=keys)):
        pass


def test_a_root_key_that_is_gone_is_told(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    (tmp_path / "key/root.key").unlink()

    with pytest.raises(KeyUnavailableError), wire(settings):
        pass


def test_a_passphrase_opens_what_it_closed_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    keys = KeySettings(provider=RootProvider.PASSPHRASE, passphrase_file=phrase)
    settings = moved(settings_below(tmp_path), keys=keys)
    with wire(settings) as wired:
        vault_id = wired.vault.keyring.vault_id

    with wire(settings) as wired:
        assert wired.vault.keyring.vault_id == vault_id
    phrase.write_text("another one\n")
    with pytest.raises(KeyUnavailableError), wire(settings):
        pass


@pytest.mark.parametrize("content", [None, b"\n"])
def test_a_passphrase_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    phrase = tmp_path / "phrase"
    if content is not None:
        phrase.write_bytes(content)
    keys = KeySettings(provider=RootProvider.PASSPHRASE, passphrase_file=phrase)

    with pytest.raises(KeyUnavailableError, match="MYSPACE_KEYS__PASSPHRASE_FILE"):
        key_provider(moved(settings_below(tmp_path), keys=keys))


def test_a_second_process_does_not_get_the_folder(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)

    with wire(settings), pytest.raises(StorageError, match="another process"), wire(settings):
        pass


def test_an_empty_database_beside_an_old_state_is_a_loss_and_no_beginning(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    for path in settings.data.glob("vault.db*"):
        path.unlink()

    with pytest.raises(LogFrozenError, match="kept here before: restore it"), wire(settings):
        pass
    state_file(settings.state, log_id=0).unlink()
    with pytest.raises(LogFrozenError, match="was published: restore it"), wire(settings):
        pass

    assert count(settings, "system_key") == 0


def older_database(settings: Settings) -> None:
    """Put the database back to where it was some entries ago, as if nobody had kept a state."""
    with wire(settings):
        pass
    shutil.copy(settings.database, settings.database.with_suffix(".older"))
    with wire(settings) as wired:
        slot = Slot(SigningPurpose.ID_TOKEN, SigningAlgorithm.ES256)
        rotate_signing_keys(wired.vault, [slot])
    settings.database.with_suffix(".older").replace(settings.database)
    state_file(settings.state, log_id=0).unlink()


def test_a_database_that_is_older_than_the_published_checkpoint_is_frozen(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    older_database(settings)

    for reason in ("older than what was seen: restored database", "the log is frozen"):
        with pytest.raises(LogFrozenError, match=reason), wire(settings):
            pass


def test_a_published_checkpoint_of_another_log_stops_the_start(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    (settings.publishes_to / "checkpoint").write_text("something else\n")

    with pytest.raises(StorageError, match="not one of this log"), wire(settings):
        pass


def test_a_database_that_was_put_back_freezes_the_log(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    state = state_file(settings.state, log_id=0)
    kept = json.loads(state.read_text())
    state.write_text(json.dumps(kept | {"size": kept["size"] + 1}))

    with pytest.raises(LogFrozenError, match="restored database"), wire(settings):
        pass
    with pytest.raises(LogFrozenError, match="frozen"), wire(settings):
        pass


def test_a_database_without_its_journal_is_not_served(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)
    with wire(settings):
        pass
    with closing(sqlite3.connect(settings.database)) as connection, connection:
        connection.execute("DELETE FROM log_head")

    with pytest.raises(LogFrozenError, match="no journal"), wire(settings):
        pass


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = moved(settings_below(tmp_path), state=tmp_path / "file/state")

    with pytest.raises(StorageError, match="state folder"), wire(settings):
        pass


def test_what_was_made_is_closed_to_others(tmp_path: Path) -> None:
    settings = settings_below(tmp_path)

    with wire(settings):
        modes = {
            path.name: path.stat().st_mode & 0o777
            for path in (settings.data, settings.state, settings.database)
        }

    assert modes == {"data": 0o700, "state": 0o700, "vault.db": 0o600}


def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    egress = EgressSettings(ca_file=tmp_path / "nothing.pem")
    settings = settings_below(tmp_path).model_copy(update={"egress": egress})

    with pytest.raises(ConfigurationError, match="MYSPACE_EGRESS__CA_FILE"), wire(settings):
        pass
