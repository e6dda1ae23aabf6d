"""``myspace witness``: a key that is drawn once, shown to anybody, and kept to itself."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.cli import app
from scripts.outcomes import Exit
from scripts.witness.folder import KEY, LOGS, Witness, witness_key
from tests.support.ports import FixedClock
from vault.crypto.signing import SignatureType, SignerKey, VerifierKey
from vault.errors import StorageError

LOG = SignerKey(b"\x01" * 32, name="vault.example/log/2026").verifier
NAME = "witness.example/office"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["witness", *map(str, arguments)])
    return result.exit_code, result.output


def made(folder: Path) -> Path:
    status, _ = run("init", folder, "--name", NAME, "--log", LOG.encode())
    assert status == 0
    return folder


def test_the_key_of_a_witness_is_drawn_and_shown(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")

    status, text = run("key", folder)

    key = VerifierKey.parse(text.strip())
    assert (status, key.name, key.type) == (0, NAME, SignatureType.COSIGNATURE)
    assert key == witness_key(folder).verifier
    assert (folder / KEY).stat().st_mode & 0o777 == 0o600
    assert (folder / LOGS).read_text("utf-8") == f"{LOG.encode()}\n"


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    before = (folder / KEY).read_bytes()

    status, text = run("init", folder, "--name", NAME, "--log", LOG.encode())

    assert status == Exit.DATA
    assert "already" in text
    assert (folder / KEY).read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", "two words", "--log", LOG.encode()),
        ("--name", NAME, "--log", "no key"),
        (
            "--name",
            NAME,
            "--log",
            SignerKey(bytes(32), name="w", algorithm=SignatureType(4)).verifier.encode(),
        ),
    ],
)
def test_what_is_no_name_and_no_key_of_a_log_is_refused(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    status, _ = run("init", tmp_path / "w", *arguments)

    assert status == Exit.DATA
    assert not (tmp_path / "w" / KEY).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    status, text = run("init", tmp_path / "file" / "w", "--name", NAME, "--log", LOG.encode())

    assert status == Exit.CONFIGURATION
    assert "cannot be used" in text


def test_without_a_witness_nothing_is_shown_or_served(tmp_path: Path) -> None:
    shown = run("key", tmp_path)
    served = run("serve", tmp_path, "--port", "0")
    nowhere = run("serve", tmp_path / "nowhere", "--port", "0")

    assert [status for status, _ in (shown, served, nowhere)] == [
        Exit.TEMPORARY,
        Exit.TEMPORARY,
        Exit.CONFIGURATION,
    ]
    assert "myspace witness init" in shown[1]


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_text("")

    alone = run("serve", made(tmp_path / "w"), "--certificate", chain)
    missing = run("serve", tmp_path / "w", "--certificate", chain, "--private-key", "nowhere")

    assert [status for status, _ in (alone, missing)] == [Exit.USAGE, Exit.USAGE]


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    (folder / KEY).chmod(0o640)

    assert run("key", folder)[0] == Exit.TEMPORARY


@pytest.mark.parametrize(("name", "text"), [(LOGS, "no key\n"), ("seen.db", "no database at all")])
def test_files_that_cannot_be_read_are_told(tmp_path: Path, name: str, text: str) -> None:
    folder = made(tmp_path / "w")
    (folder / name).write_text(text)

    with pytest.raises(StorageError), Witness.opened(folder, clock=FixedClock()):
        pass


def test_comments_and_several_keys_of_a_log_are_read(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")
    second = SignerKey(b"\x02" * 32, name=LOG.name).verifier
    (folder / LOGS).write_text(f"# old and new\n{LOG.encode()}\n\n{second.encode()}\n")

    with Witness.opened(folder, clock=FixedClock()) as witness:
        assert witness.logs == {LOG.name: (LOG, second)}
