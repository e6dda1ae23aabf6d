"""A holder opens an own record or file; that is an entry too, since no key leaves without one."""

from dataclasses import replace
from io import BytesIO

import pytest

from tests.support.spoiling import spoilt
from tests.support.world import World
from tests.support.world_values import FIELDS, POLICE
from vault.crypto.contexts import Purpose
from vault.errors import (
    AccessDeniedError,
    IntegrityError,
    JournalUnavailableError,
    NotFoundError,
)
from vault.holders import HolderState
from vault.ids import RecordId
from vault.journal.entries import Basis, By, Evidence, Kind
from vault.journal.receipts import verify_receipt
from vault.journal.statements import verify_opening
from vault.records import RecordStatus
from vault.services.read_own import read_own_file, read_own_record
from vault.services.sealing import Incoming

PDF = b"%PDF-1.7\n"
CONTENT = PDF + b"a page" * 20_000


@pytest.fixture
def record_id(world: World) -> RecordId:
    """Return a record with two files."""
    files = [
        Incoming(name="front.pdf", content=BytesIO(CONTENT)),
        Incoming(name="back.pdf", content=BytesIO(PDF)),
    ]
    return world.deposit(files=files).record_id


def test_a_holder_reads_the_whole_of_an_own_record(world: World, record_id: RecordId) -> None:
    found = read_own_record(world.vault, world.member(), record_id)

    assert found.payload.fields == FIELDS["ID01"]
    assert [note.name for note in found.payload.files] == ["front.pdf", "back.pdf"]
    assert (found.kind.code, found.head) == ("ID01", world.heads()[0])
    assert found.issuer is not None
    assert found.issuer.department_id == world.departments[POLICE]


def test_reading_is_an_entry_and_no_notice(world: World, record_id: RecordId) -> None:
    told = world.told

    found = read_own_record(world.vault, world.member(), record_id)

    entry, [evidence] = world.last, world.last.evidence
    assert (entry.kind, entry.basis, entry.by) == (Kind.OWN_READ, Basis.OWN, By(member="self"))
    assert evidence == Evidence(
        code="ID01", record=evidence.record, version=1, manifest=evidence.manifest
    )
    assert evidence.manifest is not None
    assert world.told == told
    verify_receipt(found.proof.receipt.to_text(), world.ports.policy)
    assert entry == verify_opening(
        found.proof.opening, leaf=found.proof.receipt.leaf, statement=found.proof.statement
    )


def test_a_holder_reads_what_others_are_shown_no_more(world: World, record_id: RecordId) -> None:
    world.change_status(record_id, RecordStatus.REVOKED)

    found = read_own_record(world.vault, world.member(), record_id)

    assert (found.head.status, found.payload.fields) == (RecordStatus.REVOKED, FIELDS["ID01"])


@pytest.mark.parametrize(("number", "content"), [(1, CONTENT), (2, PDF)])
def test_a_holder_reads_a_file_in_pieces(
    world: World, record_id: RecordId, number: int, content: bytes
) -> None:
    found = read_own_file(world.vault, world.member(), record_id, number=number)

    assert b"".join(found.pieces) == content
    assert (found.note.number, found.note.size_bytes) == (number, len(content))
    assert world.last.kind is Kind.OWN_READ


def test_files_are_carried_on_with_the_payload(world: World, record_id: RecordId) -> None:
    world.change_status(record_id, RecordStatus.SUSPENDED)

    found = read_own_file(world.vault, world.member(), record_id, number=2)

    assert b"".join(found.pieces) == PDF


@pytest.mark.parametrize("number", [0, 3])
def test_a_file_that_is_not_there_is_not_found(
    world: World, record_id: RecordId, number: int
) -> None:
    with pytest.raises(NotFoundError):
        read_own_file(world.vault, world.member(), record_id, number=number)


def test_nobody_reads_another_s_record(world: World, record_id: RecordId) -> None:
    world.deposit(number=world.person(2))
    entries = len(world.entries)

    with pytest.raises(NotFoundError):
        read_own_record(world.vault, world.member(world.person(2)), record_id)
    with pytest.raises(NotFoundError):
        read_own_file(world.vault, world.member(world.person(2)), record_id, number=1)

    assert len(world.entries) == entries


def test_sensitive_evidence_needs_a_stronger_sign_in(world: World) -> None:
    record_id = world.deposit("SR05").record_id

    with pytest.raises(AccessDeniedError, match="step-up-needed"):
        read_own_record(world.vault, world.member(), record_id)

    assert world.last.kind is Kind.REFUSAL
    member = world.member(acr="urn:myspace:acr:aal2")
    assert read_own_record(world.vault, member, record_id).kind.code == "SR05"


def test_an_erased_space_opens_nothing(world: World, record_id: RecordId) -> None:
    member = world.member()
    with world.spoiling() as rows:
        [(space, holder)] = rows.holders.items()
        rows.holders[space] = replace(holder, state=HolderState.ERASED, version=2)

    with pytest.raises(NotFoundError):
        read_own_record(world.vault, member, record_id)

    assert world.last.kind is Kind.REFUSAL


def test_a_change_just_before_the_lock_does_not_keep_a_holder_from_reading(
    world: World, record_id: RecordId
) -> None:
    world.journal.just_before_the_lock(
        lambda: world.change_status(record_id, RecordStatus.SUSPENDED)
    )

    found = read_own_record(world.vault, world.member(), record_id)

    assert found.payload.fields == FIELDS["ID01"]


def test_what_cannot_be_journalled_is_not_opened(world: World, record_id: RecordId) -> None:
    world.fail_next()

    with pytest.raises(JournalUnavailableError):
        read_own_record(world.vault, world.member(), record_id)


def test_an_altered_payload_is_not_shown_and_the_read_stays_journalled(
    world: World, record_id: RecordId
) -> None:
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        rows.versions[ref] = replace(record, sealed=spoilt(record.sealed))

    with pytest.raises(IntegrityError):
        read_own_record(world.vault, world.member(), record_id)

    assert world.last.kind is Kind.OWN_READ


def test_files_that_were_swapped_or_cut_do_not_open(world: World, record_id: RecordId) -> None:
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        one, other = record.files
        swapped = (replace(one, object_key=other.object_key, manifest=other.manifest), other)
        rows.versions[ref] = replace(record, files=swapped)
    with pytest.raises(IntegrityError):
        read_own_file(world.vault, world.member(), record_id, number=1)

    with world.spoiling() as rows:
        cut = replace(one, manifest=replace(one.manifest, length=one.manifest.length - 1))
        rows.versions[ref] = replace(record, files=(cut, other))
    with pytest.raises(IntegrityError):
        b"".join(read_own_file(world.vault, world.member(), record_id, number=1).pieces)


def test_a_file_without_its_note_is_not_found(world: World, record_id: RecordId) -> None:
    with world.spoiling() as rows:
        [(ref, record)] = rows.versions.items()
        rows.versions[ref] = replace(record, files=())

    with pytest.raises(NotFoundError):
        read_own_file(world.vault, world.member(), record_id, number=1)


def test_a_holder_whose_data_key_is_gone_reads_nothing(world: World, record_id: RecordId) -> None:
    with world.spoiling() as rows:
        for name in [one for one in rows.holder_keys if one.purpose is Purpose.HOLDER_DATA_KEY]:
            del rows.holder_keys[name]

    with pytest.raises(IntegrityError):
        read_own_record(world.vault, world.member(), record_id)
