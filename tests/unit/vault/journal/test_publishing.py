"""The second line of a signed head, made outside the lock."""

import pytest

from tests.support.ports import FixedClock
from vault.crypto.signing import SignatureType, SignerKey
from vault.errors import IntegrityError
from vault.journal.checkpoints import Checkpoint, sign_checkpoint
from vault.journal.notes import VerifiedNote, parse_note, verify_note
from vault.journal.publishing import SecondLines

ORIGIN = "vault.example/log/2026"
FIRST = SignerKey(b"\x01" * 32, name=ORIGIN)
SECOND = SignerKey(b"\x02" * 32, name=ORIGIN, algorithm=SignatureType.ML_DSA_44)


def head(size: int) -> str:
    root = bytes([size]) * 32
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root), signer=FIRST)


def test_a_head_that_is_shown_has_both_lines_of_its_log() -> None:
    seconds = SecondLines([SECOND], clock=FixedClock())

    shown = seconds.added(head(5))

    assert shown.startswith(head(5))
    assert verify_note(shown, keys=[FIRST.verifier, SECOND.verifier]) == VerifiedNote(
        parse_note(head(5)).text, (FIRST.verifier, SECOND.verifier)
    )


def test_a_head_is_signed_once_however_often_it_is_shown() -> None:
    seconds = SecondLines([SECOND], clock=FixedClock())

    first, again, moved, back = (seconds.added(head(size)) for size in (5, 5, 6, 5))

    assert first == again
    assert moved.startswith(head(6))
    assert back.startswith(head(5))


def test_what_is_no_checkpoint_of_ours_gets_no_second_line() -> None:
    seconds = SecondLines([SECOND], clock=FixedClock())

    with pytest.raises(IntegrityError):
        seconds.added("no note")
    with pytest.raises(KeyError):
        seconds.added(head(5).replace(ORIGIN, "other.example"))
