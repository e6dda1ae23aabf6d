"""What a log asks of a witness, and how a witness judges it (C2SP tlog-witness).

::

    old <size of the checkpoint that the witness signed last>
    <base64 of each hash of the consistency proof>
    <blank line>
    <checkpoint>

The judgement is a pure function of what was asked and what was seen. Whoever keeps what was seen
must judge and store in one transaction, and answer only after its commit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from vault.crypto.signing import VerifierKey
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.checkpoints import Checkpoint, parse_checkpoint
from vault.journal.merkle import Path, verify_consistency
from vault.journal.notes import parse_note, verify_note
from vault.journal.plain import base64_text, parse_base64

SIZE_TYPE: Final = "text/x.tlog.size"
MAX_PROOF: Final = 63
MAX_REQUEST_BYTES: Final = 64 * 1024

_FORM: Final = re.compile(
    rf"old (?P<old>0|[1-9][0-9]{{0,14}})\n"
    rf"(?P<proof>(?:[A-Za-z0-9+/]{{43}}=\n){{0,{MAX_PROOF}}})\n(?P<note>.+)",
    re.DOTALL,
)


class Answer(IntEnum):
    """Why a witness does not sign; the number is the status of its answer."""

    MALFORMED = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    NOT_CONSISTENT = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A checkpoint that shall be witnessed.

    Attributes:
        old: Size of the checkpoint that the witness is thought to have signed last.
        proof: That the tree of ``old`` leaves is the beginning of that of ``note``.
    """

    old: int
    proof: Path
    note: str

    def to_text(self) -> str:
        """Return the body of the request."""
        proof = "".join(f"{base64_text(one)}\n" for one in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> "Submission":
        """Return what ``to_text`` wrote; nothing is verified.

        Raises:
            IntegrityError: It is something else.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise IntegrityError("this is no request to a witness")
        proof = tuple(parse_base64(line) for line in found["proof"].splitlines())
        return cls(old=int(found["old"]), proof=proof, note=found["note"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A witness does not sign.

    Attributes:
        size: What it signed last, if that is not what the log thought; else 0.
    """

    answer: Answer
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signable:
    """A checkpoint that continues what was seen: to be stored, and then to be signed.

    Attributes:
        text: The part that is signed.
    """

    checkpoint: Checkpoint
    text: str


def judge(  # noqa: PLR0911 - the answers of the specification, in its order
    text: str,
    *,
    logs: Mapping[str, Sequence[VerifierKey]],
    seen: Mapping[str, Checkpoint],
) -> Signable | Refusal:
    """Judge a request.

    Args:
        text: The body as it came.
        logs: Keys of the logs that are witnessed, by the name of the log.
        seen: What was signed last, by the name of the log; nothing of the others.
    """
    try:
        submission = Submission.parse(text)
        checkpoint, signed = parse_checkpoint(submission.note), parse_note(submission.note).text
    except (IntegrityError, InvalidInputError):
        return Refusal(answer=Answer.MALFORMED)
    keys = logs.get(checkpoint.origin)
    if keys is None:
        return Refusal(answer=Answer.UNKNOWN_LOG)
    try:
        verify_note(submission.note, keys=keys)
    except IntegrityError:
        return Refusal(answer=Answer.NOT_SIGNED)
    if submission.old > checkpoint.size:
        return Refusal(answer=Answer.MALFORMED)
    last = seen.get(checkpoint.origin)
    size = 0 if last is None else last.size
    if submission.old != size:
        return Refusal(answer=Answer.OTHER_SIZE, size=size)
    if not _continues(submission, checkpoint, last=last):
        return Refusal(answer=Answer.NOT_CONSISTENT)
    return Signable(checkpoint=checkpoint, text=signed)


def _continues(submission: Submission, checkpoint: Checkpoint, *, last: Checkpoint | None) -> bool:
    if last is None or not last.size:
        return not submission.proof  # Nothing is the beginning of everything.
    try:
        verify_consistency(
            old=last.size,
            old_root=last.root,
            new=checkpoint.size,
            new_root=checkpoint.root,
            path=submission.proof,
        )
    except IntegrityError:
        return False
    return True
