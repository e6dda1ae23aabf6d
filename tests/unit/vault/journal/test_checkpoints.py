import json
from pathlib import Path

import pytest

from vault.crypto.signing import SignerKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.checkpoints import (
    Checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from vault.journal.merkle import EMPTY_ROOT
from vault.journal.notes import sign_note

VECTORS = json.loads(Path("tests/vectors/crypto_vectors.json").read_text())["journal"]
ORIGIN = "vault.example/log/2026"
SIGNER = SignerKey(bytes.fromhex(VECTORS["inputs"]["log_ed25519_seed"]), name=ORIGIN)
HEAD = Checkpoint(origin=ORIGIN, size=5, root=bytes.fromhex(VECTORS["roots"]["5"]))


def test_a_checkpoint_has_the_text_and_signature_of_the_vectors() -> None:
    note = sign_checkpoint(HEAD, signer=SIGNER)

    assert note == "".join(VECTORS["checkpoint_text"].splitlines(keepends=True)[:5])
    assert parse_checkpoint(VECTORS["checkpoint_text"]) == HEAD
    assert verify_checkpoint(note, verifier=SIGNER.verifier, origin=ORIGIN) == HEAD


def test_an_empty_log_has_a_checkpoint() -> None:
    empty = Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT)

    note = sign_checkpoint(empty, signer=SIGNER)

    assert verify_checkpoint(note, verifier=SIGNER.verifier, origin=ORIGIN) == empty


def test_the_checkpoint_of_another_log_or_key_is_refused() -> None:
    note = sign_checkpoint(HEAD, signer=SIGNER)
    thief = SignerKey(b"\x09" * 32, name=ORIGIN)

    with pytest.raises(IntegrityError):
        verify_checkpoint(note, verifier=SIGNER.verifier, origin="vault.example/log/2027")
    with pytest.raises(IntegrityError):
        verify_checkpoint(
            sign_checkpoint(HEAD, signer=thief), verifier=SIGNER.verifier, origin=ORIGIN
        )


def test_a_log_signs_under_its_own_name() -> None:
    with pytest.raises(InvalidInputError):
        sign_checkpoint(HEAD, signer=SignerKey(b"\x09" * 32, name="other.example"))


@pytest.mark.parametrize(
    ("size", "root"),
    [(-1, EMPTY_ROOT), (1 << 48, EMPTY_ROOT), (1, b"short"), (0, bytes(32))],
)
def test_a_head_that_no_log_has_is_refused(size: int, root: bytes) -> None:
    with pytest.raises(InvalidInputError):
        Checkpoint(origin=ORIGIN, size=size, root=root)


TEXT = HEAD.to_text()


@pytest.mark.parametrize(
    "text",
    [
        "\n5\n",
        TEXT + "extension\n",
        TEXT.replace("\n5\n", "\n05\n"),
        TEXT.replace("\n5\n", "\n+5\n"),
        TEXT.replace("\n5\n", "\n\u0665\n"),
        TEXT.replace("\n5\n", "\n0\n"),
        TEXT.replace("\n5\n", "\n999999999999999\n"),
        TEXT.replace("=", ""),
        TEXT.replace("Waw=", "Wax="),
        TEXT.replace("vault.example", "vault example"),
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError):
        parse_checkpoint(sign_note(text, signer=SIGNER))
