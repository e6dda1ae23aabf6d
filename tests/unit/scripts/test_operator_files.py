"""Files of ours alone, the port, the codes file, and what is said when something is wrong."""

import errno
import socket
import stat
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from scripts.gateway import FileGateway
from scripts.outcomes import Exit, OperatorError, settings_told, system_told, told_of
from scripts.private_files import append_private, read_private, write_private
from scripts.screen import MAX_FILE_BYTES, locale_of, read_file, read_text
from scripts.serving import claim_port
from storage.failures import (
    DamagedError,
    InUseError,
    NewerDataError,
    NoRoomError,
    OutOfReachError,
)
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    InvalidInputError,
    KeyUnavailableError,
    LogFrozenError,
    NotFoundError,
    StorageError,
    TooLargeError,
    UnavailableError,
    VaultError,
)
from vault.services.outbox import ONE_TIME_CODE, WRONG_CODES, Outgoing


def test_a_private_file_is_new_whole_and_ours_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"

    write_private(path, b"secret")

    assert read_private(path) == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["key"]


def test_a_private_file_is_never_overwritten(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"first")

    with pytest.raises(FileExistsError):
        write_private(tmp_path / "key", b"second")

    assert read_private(tmp_path / "key") == b"first"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    for use in (lambda p: append_private(p, b"x"), read_private, lambda p: write_private(p, b"x")):
        with pytest.raises(OSError, match=r"link|exists"):
            use(tmp_path / "link")

    assert (tmp_path / "target").read_bytes() == b""


def test_the_codes_file_shows_a_masked_contact_and_the_code(tmp_path: Path) -> None:
    gateway = FileGateway(tmp_path / "demo" / "codes.txt")

    gateway.deliver(
        Outgoing(
            message_id=bytes(16),
            kind=ONE_TIME_CODE,
            contact="+8613900000000",
            code="012345",
            sent_at_ms=1_795_000_000_000,
        )
    )
    gateway.deliver(
        Outgoing(
            message_id=bytes(16),
            kind=ONE_TIME_CODE,
            contact="office@example.com",
            code="543210",
            sent_at_ms=1_795_000_060_000,
        )
    )

    lines = (tmp_path / "demo" / "codes.txt").read_text().splitlines()
    assert lines[0].split("\t") == ["2026-11-18T19:06:40+08:00", "139****0000", "012345"]
    assert lines[1].endswith("@example.com\t543210")
    assert "office" not in lines[1]
    assert stat.S_IMODE((tmp_path / "demo" / "codes.txt").stat().st_mode) == 0o600


def test_a_warning_of_wrong_codes_is_in_both_languages_and_beside_the_codes(
    tmp_path: Path,
) -> None:
    gateway = FileGateway(tmp_path / "demo" / "codes.txt")

    gateway.deliver(
        Outgoing(
            message_id=bytes(16),
            kind=WRONG_CODES,
            contact="+8613900000000",
            code="",
            sent_at_ms=1_795_000_000_000,
        )
    )

    [line] = (tmp_path / "demo" / "warnings.txt").read_text("utf-8").splitlines()
    at, contact, told = line.split("\t")
    assert (at, contact) == ("2026-11-18T19:06:40+08:00", "139****0000")
    assert "错误的验证码" in told
    assert "with wrong codes" in told
    assert not (tmp_path / "demo" / "codes.txt").exists()


def test_a_port_in_use_is_refused_with_a_way_out() -> None:
    with claim_port(0) as held, pytest.raises(OperatorError) as refusal:
        claim_port(held.getsockname()[1])

    assert refusal.value.told.code is Exit.UNAVAILABLE
    assert "--port" in refusal.value.told.text.zh
    assert "--port" in refusal.value.told.text.en


def test_a_free_port_is_held_from_then_on() -> None:
    with claim_port(0) as held, socket.socket() as caller:
        caller.connect(held.getsockname())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyUnavailableError("the passphrase is wrong"), Exit.CONFIGURATION),
        (LogFrozenError(""), Exit.DATA),
        (StorageError("the database is busy"), Exit.TEMPORARY),
        (NoRoomError("the disk is full: nothing was written"), Exit.TEMPORARY),
        (DamagedError("the database file is damaged"), Exit.DATA),
        (InUseError("another process has the data folder open"), Exit.UNAVAILABLE),
        (NewerDataError("schema r9999"), Exit.CONFIGURATION),
        (OutOfReachError("the data folder cannot be used"), Exit.CONFIGURATION),
        (UnavailableError("busy"), Exit.TEMPORARY),
        (IntegrityError("a row was altered"), Exit.DATA),
        (InvalidInputError("bad"), Exit.DATA),
        (TooLargeError("big"), Exit.DATA),
        (NotFoundError("gone"), Exit.DATA),
        (ConflictError("there already"), Exit.DATA),
        (AccessDeniedError(("no-basis",)), Exit.SOFTWARE),
        (VaultError(), Exit.SOFTWARE),
    ],
)
def test_every_error_has_a_sentence_in_both_languages_and_a_code(
    error: VaultError, code: Exit
) -> None:
    told = told_of(error)

    assert told.code is code
    assert str(error) in told.text.zh
    assert str(error) in told.text.en
    assert told.text.zh != told.text.en


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, Exit.TEMPORARY),
        (errno.EDQUOT, Exit.TEMPORARY),
        (errno.EACCES, Exit.CONFIGURATION),
        (errno.EROFS, Exit.CONFIGURATION),
        (errno.ENOTDIR, Exit.CONFIGURATION),
    ],
)
def test_what_the_system_refuses_is_told_with_a_way_out(number: int, code: Exit) -> None:
    told = system_told(OSError(number, "refused", "/srv/vault"))

    assert told is not None
    assert told.code is code
    assert told.text.zh != told.text.en


def test_what_only_a_bug_explains_is_not_talked_away() -> None:
    assert system_told(OSError(errno.EBADF, "bad descriptor")) is None
    assert system_told(FileNotFoundError(errno.ENOENT, "no such file")) is None


def test_settings_that_are_wrong_are_named_without_their_value() -> None:
    class Keys(BaseModel):
        root_key_file: int

    class Plain(BaseModel):
        keys: Keys

    with pytest.raises(ValidationError) as refusal:
        Plain.model_validate({"keys": {"root_key_file": "hunter2"}})

    told = settings_told(refusal.value)

    assert told.code is Exit.CONFIGURATION
    assert "MYSPACE_KEYS__ROOT_KEY_FILE" in told.text.en
    assert "hunter2" not in told.text.zh + told.text.en


def test_files_that_cannot_be_what_they_should_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(MAX_FILE_BYTES + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    with pytest.raises(OperatorError, match="too large"):
        read_file(tmp_path / "large")
    with pytest.raises(OperatorError, match="UTF-8"):
        read_text(tmp_path / "binary")
    with pytest.raises(OperatorError, match="cannot be read"):
        read_file(tmp_path / "none")


def test_a_language_is_one_of_two() -> None:
    assert (locale_of("zh"), locale_of("en")) == ("zh-CN", "en")
    with pytest.raises(OperatorError) as refusal:
        locale_of("fr")
    assert refusal.value.told.code is Exit.USAGE
