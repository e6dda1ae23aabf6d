"""Entries and keys for tests of the journal; everything in them is made up."""

from hashlib import sha256
from itertools import count

from vault.crypto.keys import DepartmentTagKey, HolderJournalKey, HolderTagKey, SystemJournalKey
from vault.crypto.suites import Suite
from vault.ids import CaseNumber, ClientId, DepartmentId, EntryId, GrantId, RandomBytes
from vault.journal.entries import (
    Basis,
    By,
    Entry,
    Evidence,
    Kind,
    On,
    RequestTrace,
    Result,
    Verdict,
)
from vault.journal.sealing import EntryKeys

AT_MS = 1_794_000_000_000
VAULT_ID = b"\xa1" * 16
DEPARTMENT = DepartmentId(b"\xd1" * 16)


def chosen_bytes(seed: str) -> RandomBytes:
    """Return a source of bytes that is the same in each run, and never repeats."""
    numbers = count()

    def random(length: int) -> bytes:
        return sha256(f"{seed} {next(numbers)}".encode()).digest()[:length]

    return random


def entry_numbered(number: int, *, kind: Kind = Kind.PULL, at_ms: int = AT_MS) -> Entry:
    """Return a pull of the usual size."""
    return Entry(
        entry_id=EntryId(sha256(number.to_bytes(8, "big")).digest()[:16]),
        at_ms=at_ms,
        kind=kind,
        basis=Basis.CONSENT,
        by=By(department=DEPARTMENT, client=ClientId("registry-1")),
        on=On(
            grant=GrantId(b"\x61" * 16),
            grant_version=1,
            item="birth-registration",
            case_no=CaseNumber("20260001"),
            purpose="registration",
        ),
        evidence=(
            Evidence(
                code="ID01",
                record=b"\x72" * 16,
                version=1,
                manifest=b"\x6d" * 32,
                view="summary",
                fields=("name", "number"),
            ),
        ),
        decision=Verdict(result=Result.PERMIT, bundle=b"\x62" * 32, inputs=b"\x69" * 32),
        request=RequestTrace(
            request_id="request-1",
            dpop_jkt="thumbprint",
            assertion=b"\x61" * 32,
            proof=b"\x70" * 32,
            network="192.0.2.0/24",
            correlation="correlation-1",
        ),
    )


def entry_keys(*, suite: Suite = Suite.AES_256_GCM, holder: int | None = 1) -> EntryKeys:
    """Return the keys for an entry of one holder, or of nobody."""
    size = suite.key_bytes
    actor = DepartmentTagKey(b"\xac" * 32, suite=suite)
    if holder is None:
        return EntryKeys(
            journal_key=SystemJournalKey(b"\x05" * size, suite=suite),
            journal_key_version=1,
            holder_tag_key=None,
            actor_tag_key=actor,
            actor_lane=0,
        )
    return EntryKeys(
        journal_key=HolderJournalKey(bytes([holder]) * size, suite=suite),
        journal_key_version=1,
        holder_tag_key=HolderTagKey(bytes([holder + 100]) * 32, suite=suite),
        actor_tag_key=actor,
        actor_lane=0,
    )
