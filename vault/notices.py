"""What a holder is told. The text is made from the journal entry when it is read."""

from dataclasses import dataclass
from enum import StrEnum

from vault.ids import EntryId, NoticeId, Space


class NoticeKind(StrEnum):
    """Why the holder is told."""

    ACCESS = "access"
    REFUSAL = "refusal"
    RECORD = "record"
    CONSENT = "consent"
    CASE = "case"
    MANDATE = "mandate"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Points at the entry that tells what happened; holds no content of its own."""

    space: Space
    notice_id: NoticeId
    kind: NoticeKind
    entry_id: EntryId
    at_ms: int
    read_at_ms: int | None = None
