"""Receipts: the proof that an entry is in the log, as a text (C2SP tlog-proof, version 1).

::

    c2sp.org/tlog-proof@v1
    extra <base64 of the leaf>
    index <position>
    <base64 of each hash of the inclusion path>
    <blank line>
    <checkpoint>

It verifies offline, with nothing but a trust policy. Fetched again later, the same receipt
carries a later checkpoint and what witnesses signed beside it.
"""

import re
from dataclasses import dataclass
from typing import Final

from vault.errors import IntegrityError
from vault.ids import EntryId
from vault.journal.checkpoints import Checkpoint, parse_checkpoint
from vault.journal.leaves import Leaf
from vault.journal.merkle import Path, leaf_hash, verify_inclusion
from vault.journal.notes import verify_note
from vault.journal.plain import base64_text, parse_base64
from vault.journal.trust import Policy

HEADER: Final = "c2sp.org/tlog-proof@v1"
MEDIA_TYPE: Final = "text/plain; charset=utf-8"

_MAX_PATH: Final = 48
_FORM: Final = re.compile(
    rf"{re.escape(HEADER)}\nextra (?P<leaf>[A-Za-z0-9+/=]{{1,200}})\n"
    rf"index (?P<index>0|[1-9][0-9]{{0,14}})\n"
    rf"(?P<path>(?:[A-Za-z0-9+/]{{43}}=\n){{0,{_MAX_PATH}}})\n(?P<checkpoint>.+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as it is handed out.

    Attributes:
        entry_id: Whose receipt it is; names the file, is not in the text.
        leaf: The 70 bytes of the public leaf.
        path: Inclusion path of ``leaf`` at ``index`` in the tree of ``checkpoint``.
        checkpoint: The signed text, as made by ``checkpoints.sign_checkpoint``.
    """

    entry_id: EntryId
    leaf: bytes
    index: int
    path: Path
    checkpoint: str

    def to_text(self) -> str:
        """Return the text of the receipt."""
        path = "".join(f"{base64_text(one)}\n" for one in self.path)
        extra = base64_text(self.leaf)
        return f"{HEADER}\nextra {extra}\nindex {self.index}\n{path}\n{self.checkpoint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a verified receipt proves: this leaf stands there in that log.

    Attributes:
        witnesses: Names, in the policy, of the witnesses that signed too.
    """

    leaf: Leaf
    index: int
    checkpoint: Checkpoint
    witnesses: frozenset[str]


def parse_receipt(text: str, *, entry_id: EntryId) -> Receipt:
    """Return the receipt that ``text`` is; nothing is verified.

    Raises:
        IntegrityError: It is not a receipt of this version.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise IntegrityError("this is not a receipt")
    return Receipt(
        entry_id=entry_id,
        leaf=parse_base64(found["leaf"]),
        index=int(found["index"]),
        path=tuple(parse_base64(line) for line in found["path"].splitlines()),
        checkpoint=found["checkpoint"],
    )


def verify_receipt(text: str, policy: Policy, /) -> Proven:
    """Check a receipt from its text to the keys of the policy; needs nothing else.

    Raises:
        IntegrityError: It is malformed, no known log signed it, too few witnesses did, a known
            key signed something else, or the path leads elsewhere.
    """
    receipt = parse_receipt(text, entry_id=EntryId(b""))
    checkpoint = parse_checkpoint(receipt.checkpoint)
    keys = [key for key in policy.logs if key.name == checkpoint.origin]
    note = verify_note(receipt.checkpoint, keys=(*keys, *policy.witnesses.values()))
    if not any(key in keys for key in note.signed_by):
        raise IntegrityError("no log of the policy signed this checkpoint")
    witnesses = frozenset(name for name, key in policy.witnesses.items() if key in note.signed_by)
    if not policy.satisfied(witnesses):
        raise IntegrityError("too few witnesses signed this checkpoint")
    verify_inclusion(
        leaf_hash(receipt.leaf),
        index=receipt.index,
        size=checkpoint.size,
        path=receipt.path,
        root=checkpoint.root,
    )
    return Proven(
        leaf=Leaf.from_bytes(receipt.leaf),
        index=receipt.index,
        checkpoint=checkpoint,
        witnesses=witnesses,
    )
