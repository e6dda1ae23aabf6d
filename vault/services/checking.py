"""What an issuing department hands in, held against the catalogue before anything is sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from policies.catalogue import EvidenceType, evidence_type
from policies.errors import CatalogueError
from policies.fields import Kind
from vault.errors import InvalidInputError
from vault.journal.plain import Plain
from vault.records import FieldValue, RecordStatus
from vault.services.sealing import PIECE_BYTES, Incoming


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence:
    """What a department says.

    Attributes:
        fields: JSON values by catalogue name; not yet checked.
        valid_from, valid_to: First and last legal day, inclusive; ``None`` is open.
        served_until: Last legal day on which a credit record may be shown to others.
        files: In the order of their numbers, from 1.
    """

    code: str
    fields: Mapping[str, object]
    status: RecordStatus = RecordStatus.VALID
    valid_from: date | None = None
    valid_to: date | None = None
    served_until: date | None = None
    files: Sequence[Incoming] = field(default=())


def checked(evidence: Evidence) -> tuple[EvidenceType, dict[str, FieldValue]]:
    """Hold what is said against the catalogue.

    Raises:
        InvalidInputError: It breaks a rule; the error names the field, not its value.
    """
    try:
        kind = evidence_type(evidence.code)
        fields = kind.validate(evidence.fields, issuing=True)
    except CatalogueError as error:
        raise InvalidInputError(str(error), field=error.field or "code") from error
    if not kind.offered:
        raise InvalidInputError("this evidence type is not offered yet", field="code")
    first, last = evidence.valid_from, evidence.valid_to
    if first is not None and last is not None and last < first:
        raise InvalidInputError("validity ends before it begins", field="valid_to")
    numbers = {f"file:{number}" for number in range(1, len(evidence.files) + 1)}
    for name, value in fields.items():
        if kind.fields[name].kind is Kind.IMAGE and value not in numbers:
            raise InvalidInputError(f"{name} names a file that is not there", field=name)
    return kind, fields


def asked_for(evidence: Evidence, *, fields: Mapping[str, FieldValue]) -> dict[str, Plain]:
    """Return what was asked, so that the same request id for something else is noticed."""
    return {
        "code": evidence.code,
        "fields": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in fields.items()
        },
        "files": [[file.name, _digest(file)] for file in evidence.files],
        "served_until": _day(evidence.served_until),
        "status": evidence.status.value,
        "valid_from": _day(evidence.valid_from),
        "valid_to": _day(evidence.valid_to),
    }


def _digest(file: Incoming) -> str:
    """Return the SHA-256 of a file's content: another file under one name is something else."""
    digest = sha256()
    file.content.seek(0)
    while piece := file.content.read(PIECE_BYTES):
        digest.update(piece)
    file.content.seek(0)
    return digest.hexdigest()


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
