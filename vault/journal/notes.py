"""Signed notes (C2SP signed-note): a text, a blank line, and who signed it, one a line.

``— <name> <base64(key id[4] ‖ signature)>``. Lines of unknown keys say nothing and are skipped;
a line of a known key that does not verify spoils the whole note. Stricter than the format: a
key signs once, and a note has at most 16 lines.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from vault.crypto.signing import KEY_ID_BYTES, SignatureType, SignerKey, VerifierKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.plain import base64_text, parse_base64

MAX_SIGNATURES: Final = 16
MAX_NOTE_CHARACTERS: Final = 128 * 1024

_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE: Final = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
_CHECKPOINT: Final = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,14})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
)
_SUBTREE: Final = b"subtree/v1\n\x00"
_MAX_NAME_BYTES: Final = 255
_TIME_BYTES: Final = 8
_MAX_TIME: Final = (1 << 63) - 1


class SignatureLine(NamedTuple):
    """One line: who says to have signed, and with what."""

    name: str
    key_id: bytes
    signature: bytes

    def to_text(self) -> str:
        """Return the line with its newline."""
        return f"— {self.name} {base64_text(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read; nothing in it is verified.

    Attributes:
        text: What was signed, with its last newline.
    """

    text: str
    lines: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A text and those of the known keys that signed it, at least one."""

    text: str
    signed_by: tuple[VerifierKey, ...]


def sign_note(text: str, *, signer: SignerKey) -> str:
    """Return ``text`` as a note with one signature line.

    Args:
        text: Ends in a newline; no control characters but newlines.
        signer: A key of type 01.

    Raises:
        InvalidInputError: The text ends or is made otherwise, or the key is of another type.
        IntegrityError: The text holds half a surrogate pair.
    """
    if signer.verifier.type is not SignatureType.ED25519:
        raise InvalidInputError("notes are signed by keys of type 01")
    if not text.endswith("\n") or _CONTROL.search(text):
        raise InvalidInputError("a note ends in a newline and has no control characters")
    return f"{text}\n{_line(signer, signer.sign(_encoded(text))).to_text()}"


def cosignature(text: str, *, signer: SignerKey, time: int) -> SignatureLine:
    """Return a line beside the log's own for the checkpoint ``text`` (C2SP tlog-cosignature).

    Args:
        text: The signed part of the checkpoint, three lines.
        signer: A key of type 04, or of type 06.
        time: When it was signed, whole UTC seconds; not 0.
    """
    if signer.verifier.type is SignatureType.ED25519:
        raise InvalidInputError("checkpoints are cosigned by keys of type 04 or 06")
    signature = signer.sign(_cosigned(text, time, by=signer.verifier))
    return _line(signer, time.to_bytes(_TIME_BYTES, "big") + signature)


def add_signature(note: str, *, line: SignatureLine) -> str:
    """Return ``note`` with one more line, which the caller has verified.

    Raises:
        IntegrityError: The note is malformed, signed by this key already, or full.
    """
    longer = note + line.to_text()
    parse_note(longer)
    return longer


def parse_note(note: str, /) -> Note:
    """Return text and signature lines of ``note``.

    Raises:
        IntegrityError: It is malformed, too long, or signed twice by one key.
    """
    if len(note) > MAX_NOTE_CHARACTERS or _CONTROL.search(note):
        raise IntegrityError("this is not a signed note")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise IntegrityError("this is not a signed note")
    lines = tuple(_parse_line(line) for line in signatures[:-1].split("\n"))
    if len(lines) > MAX_SIGNATURES or len({line[:2] for line in lines}) != len(lines):
        raise IntegrityError("a note has at most 16 signatures, each by another key")
    return Note(f"{text}\n", lines)


def verify_note(note: str, *, keys: Iterable[VerifierKey]) -> VerifiedNote:
    """Return the text of ``note`` and which of the known ``keys`` signed it.

    Raises:
        IntegrityError: It is malformed, no known key signed it, or the line of a known key
            does not verify.
    """
    known = {(key.name, key.key_id): key for key in keys}
    parsed = parse_note(note)
    signed_by = []
    for line in parsed.lines:
        key = known.get((line.name, line.key_id))
        if key is not None:
            _verify_line(parsed.text, line, key)
            signed_by.append(key)
    if not signed_by:
        raise IntegrityError("no known key signed this note")
    return VerifiedNote(parsed.text, tuple(signed_by))


def _verify_line(text: str, line: SignatureLine, key: VerifierKey) -> None:
    if key.type is SignatureType.ED25519:
        key.verify(_encoded(text), signature=line.signature)
    else:
        time = int.from_bytes(line.signature[:_TIME_BYTES], "big")
        key.verify(_cosigned(text, time, by=key), signature=line.signature[_TIME_BYTES:])


def _cosigned(text: str, time: int, *, by: VerifierKey) -> bytes:
    if not 1 <= time <= _MAX_TIME:
        raise IntegrityError("the time of a cosignature is out of range")
    if by.type is SignatureType.ML_DSA_44:
        return _subtree(text, time, name=by.name)
    return _encoded(f"cosignature/v1\ntime {time}\n{text}")


def _subtree(text: str, time: int, *, name: str) -> bytes:
    """Return the ``cosigned_message`` of a whole tree, which is how type 06 signs."""
    found = _CHECKPOINT.fullmatch(text)
    names = [_encoded(one) for one in (name, "" if found is None else found["origin"])]
    if found is None or max(map(len, names)) > _MAX_NAME_BYTES:
        raise IntegrityError("a checkpoint of three lines is what type 06 signs")
    cosigner, origin = (bytes([len(one)]) + one for one in names)
    start, end = bytes(8), int(found["size"]).to_bytes(8, "big")
    stamp = time.to_bytes(_TIME_BYTES, "big")
    return _SUBTREE + cosigner + stamp + origin + start + end + parse_base64(found["root"])


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise IntegrityError("this is not a signed note") from error


def _line(signer: SignerKey, signature: bytes) -> SignatureLine:
    return SignatureLine(signer.verifier.name, signer.verifier.key_id, signature)


def _parse_line(line: str) -> SignatureLine:
    found = _LINE.fullmatch(line)
    if found is None:
        raise IntegrityError("a signature line is malformed")
    data = parse_base64(found["signature"])
    if len(data) <= KEY_ID_BYTES:
        raise IntegrityError("a signature line is malformed")
    return SignatureLine(found["name"], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])
