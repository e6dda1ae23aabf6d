"""Shows one head to one witness, and verifies what comes back (C2SP tlog-witness, the client)."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from api.egress import Call, Egress, EgressError
from vault.crypto.signing import VerifierKey
from vault.errors import IntegrityError, VaultError
from vault.journal.checkpoints import Checkpoint
from vault.journal.notes import SignatureLine, parse_note, verify_note
from vault.journal.public import PublicLog
from vault.journal.witnessing import SIZE_TYPE, Answer, Submission

TRIES: Final = 3
OK: Final = 200
_MAX_DIGITS: Final = 15
"""Sizes are below 2^48."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A head as it is shown to witnesses.

    Attributes:
        note: With the lines of its log.
    """

    head: Checkpoint
    note: str
    log: PublicLog


class Told(NamedTuple):
    """What a witness answered.

    Attributes:
        line: Its signature, verified; ``None`` where it did not sign.
        trouble: Why not, for the operator.
        seen: It has seen so many entries, more than it was shown; else 0.
    """

    line: SignatureLine | None
    trouble: str = ""
    seen: int = 0


def show_head(shown: Shown, *, address: str, key: VerifierKey, old: int, egress: Egress) -> Told:
    """Ask a witness to sign a head; every failure is an answer too.

    Args:
        shown: What is to be signed.
        address: Submission prefix of the witness.
        key: What its line is verified by.
        old: Size of what it is thought to have signed last.
        egress: Makes the call.
    """
    try:
        return _asked(shown, address=address, key=key, old=old, egress=egress)
    except EgressError as error:
        return Told(None, str(error))
    except IntegrityError:
        return Told(None, "it signs something else than it was shown")
    except VaultError as error:
        return Told(None, f"it was not asked: {error}")


def _asked(shown: Shown, *, address: str, key: VerifierKey, old: int, egress: Egress) -> Told:
    size = shown.head.size
    for _ in range(TRIES):
        proof = shown.log.consistency(old, size) if old else ()
        asked = Submission(old=old, proof=proof, note=shown.note)
        reply = egress.post(
            Call(
                url=f"{address.rstrip('/')}/add-checkpoint",
                body=asked.to_text().encode(),
                media_type="text/plain; charset=utf-8",
            )
        )
        if reply.status == OK:
            return Told(_signed(reply.body, text=shown.head.to_text(), key=key))
        seen = _size(reply.body) if reply.media_type == SIZE_TYPE else None
        if reply.status != Answer.OTHER_SIZE or seen is None or seen == old:
            return Told(None, f"it answers {reply.status}")
        if seen > size:
            return Told(None, seen=seen)
        old = seen
    return Told(None, "it names another size each time")


def _signed(body: bytes, *, text: str, key: VerifierKey) -> SignatureLine:
    """Return the line of ``key`` in an answer, verified over ``text``.

    Raises:
        IntegrityError: There is none, or it is over something else.
    """
    try:
        lines = body.decode().splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise IntegrityError("this is no signature line") from error
    for line in lines:
        note = f"{text}\n{line}"
        [found] = parse_note(note).lines
        if (found.name, found.key_id) == (key.name, key.key_id):
            verify_note(note, keys=[key])
            return found
    raise IntegrityError("no known witness signed")


def _size(body: bytes) -> int | None:
    digits = body.removesuffix(b"\n")
    return int(digits) if digits.isdigit() and len(digits) <= _MAX_DIGITS else None
