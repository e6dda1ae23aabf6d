"""Checkpoints: the head of a log as a signed text (C2SP tlog-checkpoint), three lines long.

Origin, size, base64 root; no extension lines. The signature is made over exactly the head that
a transaction is about to commit, and is published only after the commit.
"""

import re
from dataclasses import dataclass
from typing import Final

from vault.crypto.signing import SignerKey, VerifierKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from vault.journal.notes import parse_note, sign_note, verify_note
from vault.journal.plain import base64_text, parse_base64

_FORM: Final = re.compile(
    r"(?P<origin>[^\s+]+)\n(?P<size>0|[1-9][0-9]{0,14})\n(?P<root>[A-Za-z0-9+/]{43}=)\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: Name of the log, such as ``vault.example/log/2026``; no blanks, no ``+``.
        size: Number of entries, below 2^48.
        root: Root of the tree, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what no log can have come to."""
        if len(self.root) != HASH_BYTES or not 0 <= self.size < MAX_SIZE:
            raise InvalidInputError("a checkpoint has a size below 2^48 and a root of 32 bytes")
        if not self.size and self.root != EMPTY_ROOT:
            raise InvalidInputError("the empty log has the empty root")

    def to_text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, *, signer: SignerKey) -> str:
    """Return ``checkpoint`` as a note signed by its log.

    Raises:
        InvalidInputError: The key does not bear the name of the log.
    """
    if signer.verifier.name != checkpoint.origin:
        raise InvalidInputError("a log signs under its own name")
    return sign_note(checkpoint.to_text(), signer=signer)


def parse_checkpoint(note: str, /) -> Checkpoint:
    """Return the checkpoint that ``note`` claims; no signature is verified.

    Raises:
        IntegrityError: It is not a checkpoint of three lines.
    """
    return _checkpoint(parse_note(note).text)


def verify_checkpoint(note: str, *, verifier: VerifierKey, origin: str) -> Checkpoint:
    """Return the checkpoint in ``note``, signed by ``verifier`` and of the log ``origin``.

    Raises:
        IntegrityError: It is malformed, of another log, or not signed by that key.
    """
    checkpoint = _checkpoint(verify_note(note, keys=[verifier]).text)
    if checkpoint.origin != origin:
        raise IntegrityError("this is the checkpoint of another log")
    return checkpoint


def _checkpoint(text: str) -> Checkpoint:
    found = _FORM.fullmatch(text)
    if found is None:
        raise IntegrityError("this is not a checkpoint")
    try:
        return Checkpoint(
            origin=found["origin"], size=int(found["size"]), root=parse_base64(found["root"])
        )
    except InvalidInputError as error:
        raise IntegrityError("this is not a checkpoint") from error
