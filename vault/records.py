"""One piece of evidence in a space. Every change is a new version; nothing is overwritten.

The head is in clear columns, because guards judge it under the journal lock; what the
evidence says is a ``RecordPayload``, sealed as one object under the record's own key.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Self

from vault.crypto.envelope import Manifest
from vault.errors import IntegrityError
from vault.ids import DepartmentId, RecordId, Space

Scalar = str | int | bool
FieldValue = Scalar | tuple[str, ...]


class RecordStatus(StrEnum):
    """State of a licence, by the codes of GB/T 36903 (domain.md 2.3)."""

    VALID = "01"
    SUSPENDED = "02"
    WITHDRAWN = "03"
    CANCELLED = "04"
    LAPSED = "05"
    TRANSFERRED = "06"
    REVOKED = "07"
    UNKNOWN = "99"


class TrustGrade(StrEnum):
    """How far evidence can be relied on (国办函〔2016〕108号)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class VersionRef(NamedTuple):
    """Names one version of one record; what a record key belongs to."""

    space: Space
    record_id: RecordId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """One sealed file of a version. Its name and media type are inside the payload.

    Attributes:
        number: 1, 2, … within the version; part of the envelope's context.
        object_key: 32 hexadecimal digits, random.
    """

    number: int
    object_key: str
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """The newest version of a record, as guards and lists see it; no value is in it.

    Attributes:
        valid_from, valid_to: First and last legal day, inclusive; ``None`` is open.
        served_until: Last legal day on which a credit record may be shown to others.
        updated_at_ms: When the issuer last wrote it, UTC milliseconds.
        payload_version: The version under whose key and context the payload and files are
            sealed. A change of status alone carries an earlier payload on: nothing is opened.
    """

    space: Space
    record_id: RecordId
    version: int
    payload_version: int
    code: str
    department_id: DepartmentId
    status: RecordStatus
    trust_grade: TrustGrade
    valid_from: date | None
    valid_to: date | None
    served_until: date | None
    updated_at_ms: int

    @property
    def ref(self) -> VersionRef:
        """Name this version."""
        return VersionRef(self.space, self.record_id, self.version)

    @property
    def key_ref(self) -> VersionRef:
        """Name the version whose record key opens the payload and the files."""
        return VersionRef(self.space, self.record_id, self.payload_version)

    def in_date(self, day: date) -> bool:
        """Say whether ``day`` lies in the validity range."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    def served(self, day: date) -> bool:
        """Say whether others may be shown this record at all on ``day`` (domain.md 4)."""
        return self.served_until is None or day <= self.served_until


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """A version with its sealed payload; opening it takes the record key.

    Attributes:
        suite: Envelope suite, 1 or 2.
        sealed: The sealed ``RecordPayload``.
        files: Sealed files, by number.
    """

    head: RecordHead
    suite: int
    manifest: Manifest
    sealed: bytes = field(repr=False)
    files: tuple[SealedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileNote:
    """What the payload says about a file: the parts that would betray something outside."""

    number: int
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordPayload:
    """What the evidence says. Its field names are those of the catalogue."""

    fields: Mapping[str, FieldValue]
    files: tuple[FileNote, ...] = ()

    def to_bytes(self) -> bytes:
        """Return canonical JSON, ready to be sealed."""
        plain = {
            "fields": dict(self.fields),
            "files": [
                {"bytes": f.size_bytes, "name": f.name, "number": f.number, "type": f.media_type}
                for f in self.files
            ],
        }
        return json.dumps(
            plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True
        ).encode()

    @classmethod
    def from_bytes(cls, plain: bytes) -> Self:
        """Return the payload that ``to_bytes`` made.

        Raises:
            IntegrityError: The bytes are something else.
        """
        try:
            found = json.loads(plain)
            fields = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in found["fields"].items()
            }
            files = tuple(
                FileNote(
                    number=f["number"], name=f["name"], media_type=f["type"], size_bytes=f["bytes"]
                )
                for f in found["files"]
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError("a record's payload is malformed") from error
        return cls(fields=fields, files=files)


def answering(heads: Iterable[RecordHead], *, today: date) -> RecordHead | None:
    """Return the record that a pull would find: valid and in date first, then the newest."""
    served = [head for head in heads if head.served(today)]

    def rank(head: RecordHead) -> tuple[bool, int]:
        return head.status is RecordStatus.VALID and head.in_date(today), head.updated_at_ms

    return max(served, key=rank, default=None)
