"""What a ciphertext is bound to: one place, one purpose, one suite (crypto.md 4).

``"cv1"``, then each field as u16 length and bytes; integers as u64; big-endian; text UTF-8.
The first field is the purpose, so contexts of two purposes never agree; the second is the
suite. Contexts hold ids, versions and codes only, never a name or number of a person: key
services write them in clear into their own logs.

The functions below are the only makers; their parameters are the field lists, in order.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vault.crypto.suites import Suite
from vault.errors import IntegrityError
from vault.ids import ID_BYTES

_VERSION: Final = b"cv1"
_U64: Final = 1 << 64
_MAX_TEXT_BYTES: Final = 255


class Purpose(StrEnum):
    """Why something is sealed. The strings are format bytes and never follow a rename."""

    RECORD_BLOB = "record-blob"
    RECORD_FILE = "record-file"
    RECORD_KEY = "record-key"
    HOLDER_DATA_KEY = "holder-data-key"
    HOLDER_JOURNAL_KEY = "holder-journal-key"
    HOLDER_TAG_KEY = "holder-tag-key"
    DEPARTMENT_TAG_KEY = "department-tag-key"
    VAULT_KEY = "vault-key"
    SERVICE_KEY = "service-key"
    AUDIT_PAYLOAD = "audit-payload"
    DECISION_INPUTS = "decision-inputs"
    HOLDER_PROFILE = "holder-profile"
    OUTBOX = "outbox"
    PROTOCOL = "protocol"
    SIGNING_KEY = "signing-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A context, encoded. Raw bytes in its place do not type-check.

    Attributes:
        bytes: What the key is derived with; never empty.
    """

    purpose: Purpose
    suite: Suite
    bytes: bytes

    def __post_init__(self) -> None:
        """Refuse an unknown purpose, and bytes that say something else than the fields."""
        opening = _OPENINGS.get((self.purpose, self.suite))
        if opening is None or not self.bytes.startswith(opening):
            raise IntegrityError("unknown purpose or suite")


def record_blob(
    *,
    suite: Suite,
    vault_id: bytes,
    holder_id: bytes,
    record_id: bytes,
    version: int,
    code: str,
) -> Context:
    """Bind the payload of one record version; ``code`` is its evidence code."""
    return _context(Purpose.RECORD_BLOB, suite, vault_id, holder_id, record_id, version, code)


def record_file(
    *,
    suite: Suite,
    vault_id: bytes,
    holder_id: bytes,
    record_id: bytes,
    version: int,
    code: str,
    number: int,
) -> Context:
    """Bind file ``number`` of one record version."""
    return _context(
        Purpose.RECORD_FILE, suite, vault_id, holder_id, record_id, version, code, number
    )


def record_key(
    *,
    suite: Suite,
    vault_id: bytes,
    holder_id: bytes,
    data_key_version: int,
    record_id: bytes,
    version: int,
) -> Context:
    """Bind the wrapped key of one record version to the holder data key that wraps it."""
    return _context(
        Purpose.RECORD_KEY, suite, vault_id, holder_id, data_key_version, record_id, version
    )


def holder_data_key(
    *, suite: Suite, vault_id: bytes, holder_id: bytes, version: int, vault_key_version: int
) -> Context:
    """Bind a wrapped holder data key."""
    return _context(
        Purpose.HOLDER_DATA_KEY, suite, vault_id, holder_id, version, vault_key_version
    )


def holder_journal_key(
    *, suite: Suite, vault_id: bytes, holder_id: bytes, version: int, vault_key_version: int
) -> Context:
    """Bind a wrapped holder journal key."""
    return _context(
        Purpose.HOLDER_JOURNAL_KEY, suite, vault_id, holder_id, version, vault_key_version
    )


def holder_tag_key(
    *, suite: Suite, vault_id: bytes, holder_id: bytes, journal_key_version: int
) -> Context:
    """Bind a wrapped holder tag key to the journal key that wraps it."""
    return _context(Purpose.HOLDER_TAG_KEY, suite, vault_id, holder_id, journal_key_version)


def department_tag_key(
    *, suite: Suite, vault_id: bytes, department_id: bytes, version: int, vault_key_version: int
) -> Context:
    """Bind the wrapped tag key of a department, of all holders' own acts, or of the system."""
    return _context(
        Purpose.DEPARTMENT_TAG_KEY, suite, vault_id, department_id, version, vault_key_version
    )


def vault_key(
    *,
    suite: Suite,
    vault_id: bytes,
    version: int,
    provider_kind: str,
    provider_key_id: str,
    provider_parameters: str,
) -> Context:
    """Bind a wrapped vault key to its provider, root key and derivation parameters."""
    return _context(
        Purpose.VAULT_KEY,
        suite,
        vault_id,
        version,
        provider_kind,
        provider_key_id,
        provider_parameters,
    )


def service_key(
    *, suite: Suite, vault_id: bytes, name: str, version: int, vault_key_version: int
) -> Context:
    """Bind a wrapped service key; ``name`` says which (``pepper``, ``bi.<type>``, …)."""
    return _context(Purpose.SERVICE_KEY, suite, vault_id, name, version, vault_key_version)


def audit_payload(
    *, suite: Suite, vault_id: bytes, holder_ref: bytes, actor_number: int, entry_id: bytes
) -> Context:
    """Bind the payload of a journal entry (journal.md 3)."""
    return _context(Purpose.AUDIT_PAYLOAD, suite, vault_id, holder_ref, actor_number, entry_id)


def decision_inputs(
    *, suite: Suite, vault_id: bytes, holder_ref: bytes, actor_number: int, entry_id: bytes
) -> Context:
    """Bind the decision inputs that are kept beside an entry, for replay."""
    return _context(Purpose.DECISION_INPUTS, suite, vault_id, holder_ref, actor_number, entry_id)


def holder_profile(*, suite: Suite, vault_id: bytes, holder_id: bytes, version: int) -> Context:
    """Bind one version of a holder's profile: name, number, contact."""
    return _context(Purpose.HOLDER_PROFILE, suite, vault_id, holder_id, version)


def outbox(*, suite: Suite, vault_id: bytes, message_id: bytes) -> Context:
    """Bind a message that waits for its gateway."""
    return _context(Purpose.OUTBOX, suite, vault_id, message_id)


def protocol(*, suite: Suite, vault_id: bytes, request_id: bytes) -> Context:
    """Bind the sealed part of a short-lived protocol row; ``request_id`` has 16 bytes."""
    return _context(Purpose.PROTOCOL, suite, vault_id, request_id)


def signing_key(*, suite: Suite, vault_id: bytes, kid: str, vault_key_version: int) -> Context:
    """Bind a wrapped private key that signs JWTs to its thumbprint."""
    return _context(Purpose.SIGNING_KEY, suite, vault_id, kid, vault_key_version)


def fields(*values: bytes | int | str) -> bytes:
    """Return ``"cv1"`` and ``values`` encoded: ids of 16 bytes, integers, short text.

    Raises:
        IntegrityError: An id has another length, a number or text is out of range.
    """
    return _VERSION + b"".join([_field(value) for value in values])


def _context(purpose: Purpose, suite: Suite, *values: bytes | int | str) -> Context:
    opening = _OPENINGS.get((purpose, suite), b"")
    encoded = opening + b"".join([_field(value) for value in values])
    return Context(purpose=purpose, suite=suite, bytes=encoded)


def _field(value: bytes | int | str) -> bytes:
    if isinstance(value, bytes):
        if len(value) != ID_BYTES:
            raise IntegrityError("an id in a context has 16 bytes")
        return b"\x00\x10" + value
    if isinstance(value, int):
        if not 0 <= value < _U64:
            raise IntegrityError("a number in a context is out of range")
        return b"\x00\x08" + value.to_bytes(8, "big")
    text = value.encode()
    if len(text) > _MAX_TEXT_BYTES:
        raise IntegrityError("a text in a context is too long")
    return len(text).to_bytes(2, "big") + text


_OPENINGS: Final = {
    (purpose, suite): fields(purpose.value, suite.value) for purpose in Purpose for suite in Suite
}
