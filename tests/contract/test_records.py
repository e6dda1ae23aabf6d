"""Records: heads, versions with payload and files, and what carries a payload on."""

from dataclasses import replace
from datetime import date

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    DAY,
    ENTRY_ID,
    NOW_MS,
    OTHER_DEPARTMENT_ID,
    OTHER_RECORD_ID,
    OTHER_SPACE,
    RECORD_ID,
    SPACE,
    a_file,
    a_head,
    a_holder,
    a_record,
    record_key,
)
from vault.errors import ConflictError
from vault.ids import Space
from vault.ports import Tx
from vault.records import RecordHead, RecordStatus, SealedRecord, TrustGrade, VersionRef


@pytest.fixture(autouse=True)
def _holders(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.holders.add(a_holder(OTHER_SPACE), numbers=[], keys=[])


def write(tx: Tx, record: SealedRecord, *, expected: int | None = None) -> None:
    follows = record.head.version - 1 if expected is None else expected
    tx.records.add_version(record, key=record_key(record), expected=follows, entry_id=ENTRY_ID)


def second(**changes: object) -> RecordHead:
    """Return the head of a second version that carries the first payload on."""
    return replace(a_head(), version=2, **changes)  # type: ignore[arg-type]  # any column


def object_key(ports: Ports, space: Space = SPACE) -> str:
    key, _ = ports.blobs.write(space, chunks=iter([b"bytes"]), now_ms=NOW_MS)
    return key


def test_a_record_is_kept_whole(ports: Ports) -> None:
    head = a_head(
        status=RecordStatus.SUSPENDED,
        trust_grade=TrustGrade.C,
        valid_from=date(2020, 2, 29),
        valid_to=date(2030, 12, 31),
        served_until=date(2027, 1, 1),
    )
    record = a_record(head)

    with ports.work() as tx:
        write(tx, record)

    with ports.read() as tx:
        assert tx.records.head(SPACE, record_id=RECORD_ID) == head
        assert tx.records.version(head.ref) == record
        assert tx.records.find(RECORD_ID) == SPACE


def test_what_is_not_there_is_none(ports: Ports) -> None:
    with ports.work() as tx:
        write(tx, a_record())

    with ports.read() as tx:
        found = [
            tx.records.head(SPACE, record_id=OTHER_RECORD_ID),
            tx.records.head(OTHER_SPACE, record_id=RECORD_ID),
            tx.records.version(VersionRef(SPACE, RECORD_ID, 2)),
            tx.records.version(VersionRef(OTHER_SPACE, RECORD_ID, 1)),
            tx.records.find(OTHER_RECORD_ID),
        ]
        assert tx.records.heads(OTHER_SPACE) == ()

    assert found == [None] * 5


def test_heads_are_listed_by_space_and_by_code(ports: Ports) -> None:
    first, other_code = a_head(), a_head(OTHER_RECORD_ID, code="LC04")
    foreign = a_head(b"\x33" * 16, space=OTHER_SPACE)  # type: ignore[arg-type]  # an id
    with ports.work() as tx:
        for head in (other_code, first, foreign):
            write(tx, a_record(head))

    with ports.read() as tx:
        assert tx.records.heads(SPACE) == (first, other_code)
        assert tx.records.heads_of_code(SPACE, code="LC04") == (other_code,)
        assert tx.records.heads_of_code(SPACE, code="LC01") == ()


def test_a_revision_leaves_the_version_before_it(ports: Ports) -> None:
    old = a_record()
    head = a_head(version=2, payload_version=2, updated_at_ms=NOW_MS + 1)
    new = a_record(head, text="revised")
    with ports.work() as tx:
        write(tx, old)

    with ports.work() as tx:
        write(tx, new)

    with ports.read() as tx:
        assert tx.records.heads(SPACE) == (head,)
        assert tx.records.version(old.head.ref) == old
        assert tx.records.version(head.ref) == new


def test_a_change_of_status_carries_payload_and_files_on(ports: Ports) -> None:
    old = a_record(files=(a_file(object_key(ports)),))
    head = second(status=RecordStatus.REVOKED)
    third = replace(head, version=3, status=RecordStatus.VALID)
    with ports.work() as tx:
        write(tx, old)

    with ports.work() as tx:
        tx.records.carry_on(head, expected=1, entry_id=ENTRY_ID)
        tx.records.carry_on(third, expected=2, entry_id=ENTRY_ID)

    with ports.read() as tx:
        assert tx.records.head(SPACE, record_id=RECORD_ID) == third
        assert tx.records.version(head.ref) == replace(old, head=head)
        assert tx.records.version(third.ref) == replace(old, head=third)
        assert tx.records.version(old.head.ref) == old


@pytest.mark.parametrize("expected", [0, 2])
def test_a_version_follows_the_newest_one(ports: Ports, expected: int) -> None:
    with ports.work() as tx:
        write(tx, a_record())
    late = a_record(a_head(version=2, payload_version=2), text="late")

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, late, expected=expected)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.records.carry_on(second(), expected=expected, entry_id=ENTRY_ID)

    with ports.read() as tx:
        assert tx.records.head(SPACE, record_id=RECORD_ID) == a_head()
        assert tx.records.version(late.head.ref) is None


def test_a_record_begins_once(ports: Ports) -> None:
    with ports.work() as tx:
        write(tx, a_record())

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(text="twice"))

    with ports.read() as tx:
        assert tx.records.version(a_head().ref) == a_record()


def test_a_record_that_is_not_there_cannot_be_revised(ports: Ports) -> None:
    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(a_head(version=2, payload_version=2)))

    with ports.read() as tx:
        assert tx.records.find(RECORD_ID) is None


def test_a_record_stays_in_its_space(ports: Ports) -> None:
    moved = a_head(space=OTHER_SPACE, version=2, payload_version=2)
    with ports.work() as tx:
        write(tx, a_record())

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(a_head(space=OTHER_SPACE)))
    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(moved))

    with ports.read() as tx:
        assert (tx.records.find(RECORD_ID), tx.records.heads(OTHER_SPACE)) == (SPACE, ())


@pytest.mark.parametrize("changes", [{"owner_id": OTHER_RECORD_ID}, {"version": 2}])
def test_a_key_belongs_to_its_version(ports: Ports, changes: dict[str, object]) -> None:
    record = a_record()
    key = replace(record_key(record), **changes)  # type: ignore[arg-type]  # any column

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.records.add_version(record, key=key, expected=0, entry_id=ENTRY_ID)


def test_files_of_a_deposit_are_kept_by_number(ports: Ports) -> None:
    files = tuple(a_file(object_key(ports), number=number) for number in (1, 2))
    record = a_record(files=files)

    with ports.work() as tx:
        write(tx, record)

    with ports.read() as tx:
        assert tx.records.version(record.head.ref) == record


def test_a_file_without_an_intent_is_not_taken(ports: Ports) -> None:
    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(files=(a_file("0" * 32),)))

    with ports.read() as tx:
        assert tx.records.heads(SPACE) == ()


def test_a_file_written_for_another_space_is_not_taken(ports: Ports) -> None:
    foreign = a_file(object_key(ports, OTHER_SPACE))

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(files=(foreign,)))


def test_a_file_belongs_to_one_version(ports: Ports) -> None:
    file = a_file(object_key(ports))
    with ports.work() as tx:
        write(tx, a_record(files=(file,)))

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(a_head(version=2, payload_version=2), files=(file,)))

    with ports.read() as tx:
        assert tx.records.head(SPACE, record_id=RECORD_ID) == a_head()


def test_a_file_that_was_collected_comes_too_late(ports: Ports) -> None:
    file = a_file(object_key(ports))
    ports.blobs.collect(now_ms=NOW_MS + 2 * DAY * 1000)

    with pytest.raises(ConflictError), ports.work() as tx:
        write(tx, a_record(files=(file,)))


def test_another_department_may_be_named_by_a_later_version(ports: Ports) -> None:
    with ports.work() as tx:
        write(tx, a_record())
    head = a_head(version=2, payload_version=2, department_id=OTHER_DEPARTMENT_ID, code="LC01")

    with ports.work() as tx:
        write(tx, a_record(head))

    with ports.read() as tx:
        assert tx.records.heads_of_code(SPACE, code="ID01") == ()
        assert tx.records.heads_of_code(SPACE, code="LC01") == (head,)
