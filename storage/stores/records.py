"""Records: heads that guards judge, every version with its payload, files and wrapped key."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, insert, literal, select, update

from storage.row_macs import GUARDED
from storage.statements import Driver, Prepared, Row
from storage.stores.keyed import at_version, but_key, keyed, replace_row, wrapped_values
from storage.tables.columns import table_of
from storage.tables.records import (
    BlobIntentRow,
    RecordFileRow,
    RecordKeyRow,
    RecordRow,
    RecordVersionRow,
)
from vault.crypto.envelope import Manifest
from vault.crypto.keys import WrappedKey
from vault.errors import ConflictError
from vault.ids import DepartmentId, EntryId, HolderId, RecordId, Space
from vault.records import (
    RecordHead,
    RecordStatus,
    SealedFile,
    SealedRecord,
    TrustGrade,
    VersionRef,
)

_RECORD: Final = table_of(RecordRow)
_GUARDED: Final = GUARDED[_RECORD.name]
_VERSION: Final = table_of(RecordVersionRow)
_FILE: Final = table_of(RecordFileRow)
_KEY: Final = table_of(RecordKeyRow)
_INTENT: Final = table_of(BlobIntentRow)

_SPACE: Final = ("log_id", "holder_id")
_RECORD_KEY: Final = (*_SPACE, "record_id")
_VERSION_KEY: Final = (*_RECORD_KEY, "version")
_HEAD: Final = (
    *_VERSION_KEY,
    "payload_version",
    "code",
    "department_id",
    "status",
    "trust_grade",
    "valid_from",
    "valid_to",
    "served_until",
    "updated_at_ms",
)
_SEALED: Final = ("suite", "length", "sha256", "commitment", "sealed")
_FILE_COLUMNS: Final = ("number", "object_key", "length", "sha256", "commitment")


def _carried(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that rows belong to the payload that a version has or carries on."""
    return and_(
        *(table.c[name] == _VERSION.c[name] for name in _RECORD_KEY),
        table.c.version == _VERSION.c.payload_version,
    )


_HEADS_SELECT: Final = select(_RECORD)
_HEADS: Final = Prepared(
    _HEADS_SELECT.where(keyed(_RECORD, *_SPACE)).order_by(_RECORD.c.record_id)
)
_HEADS_OF_CODE: Final = Prepared(
    _HEADS_SELECT.where(keyed(_RECORD, *_SPACE, "code")).order_by(_RECORD.c.record_id)
)
_ONE_HEAD: Final = Prepared(_HEADS_SELECT.where(keyed(_RECORD, *_RECORD_KEY)))
_FIND: Final = Prepared(
    select(_RECORD.c.log_id, _RECORD.c.holder_id).where(keyed(_RECORD, "record_id"))
)
_PAYLOAD: Final = _VERSION.alias("payload")
_ONE_VERSION: Final = Prepared(
    select(
        *(_VERSION.c[name] for name in _HEAD),
        *(_PAYLOAD.c[name] for name in _SEALED),
    )
    .join_from(
        _VERSION,
        _PAYLOAD,
        _carried(_PAYLOAD),
    )
    .where(keyed(_VERSION, *_VERSION_KEY))
)
_FILES: Final = Prepared(
    select(*(_FILE.c[name] for name in _FILE_COLUMNS))
    .join_from(_VERSION, _FILE, _carried(_FILE))
    .where(keyed(_VERSION, *_VERSION_KEY))
    .order_by(_FILE.c.number)
)

_ADD: Final = Prepared(insert(_RECORD))
_ADVANCE: Final = Prepared(
    update(_RECORD).where(at_version(_RECORD, *_RECORD_KEY)).values(**but_key(_RECORD))
)
_ADD_VERSION: Final = Prepared(insert(_VERSION))
_ADD_KEY: Final = Prepared(insert(_KEY))
_ADD_FILE: Final = Prepared(insert(_FILE))
_COMMIT_FILE: Final = Prepared(
    update(_INTENT)
    .where(keyed(_INTENT, "object_key", *_SPACE), _INTENT.c.state == literal("pending"))
    .values(state=bindparam("state"))
)

_NOT_SEALED: Final = dict.fromkeys(_SEALED)


class SqlRecords:
    """Implements ``vault.ports.Records``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def heads(self, space: Space) -> tuple[RecordHead, ...]:
        """Return the head of every record in a space."""
        return tuple(map(self._read, _HEADS.all(self._driver, **space._asdict())))

    def heads_of_code(self, space: Space, *, code: str) -> tuple[RecordHead, ...]:
        """Return the heads of one evidence type in a space."""
        return tuple(
            map(self._read, _HEADS_OF_CODE.all(self._driver, **space._asdict(), code=code))
        )

    def head(self, space: Space, *, record_id: RecordId) -> RecordHead | None:
        """Return the head of one record."""
        row = _ONE_HEAD.one(self._driver, **space._asdict(), record_id=record_id)
        return None if row is None else self._read(row)

    def version(self, ref: VersionRef) -> SealedRecord | None:
        """Return one version, with the payload and files that it has or carries on."""
        key = {**ref.space._asdict(), "record_id": ref.record_id}
        files = _FILES.all(self._driver, **key, version=ref.version)
        row = _ONE_VERSION.one(self._driver, **key, version=ref.version)
        if row is None:
            return None
        head, sealed = _head(row[: len(_HEAD)]), row[len(_HEAD) :]
        suite, length, sha256, commitment, payload = sealed
        return SealedRecord(
            head=head,
            suite=suite,
            manifest=Manifest(length=length, sha256=sha256, commitment=commitment),
            sealed=payload,
            files=tuple(map(_file, files)),
        )

    def find(self, record_id: RecordId) -> Space | None:
        """Say in whose space a record is."""
        row = _FIND.one(self._driver, record_id=record_id)
        return None if row is None else Space(row[0], HolderId(row[1]))

    def add_version(
        self, record: SealedRecord, *, key: WrappedKey, expected: int, entry_id: EntryId
    ) -> None:
        """Write a version with its own payload, its files and its wrapped key."""
        if (key.owner_id, key.version) != (record.head.record_id, record.head.version):
            raise ConflictError("a record's key belongs to its version")
        ref = _ref_row(record.head)
        self._write(
            record.head,
            expected=expected,
            entry_id=entry_id,
            payload={
                "suite": record.suite,
                **_manifest_row(record.manifest),
                "sealed": record.sealed,
            },
        )
        _ADD_KEY.change(self._driver, **{**ref, **wrapped_values(key)})
        for file in record.files:
            _COMMIT_FILE.change_one(
                self._driver,
                **record.head.space._asdict(),
                object_key=file.object_key,
                state="committed",
            )
            _ADD_FILE.change(
                self._driver,
                **ref,
                number=file.number,
                object_key=file.object_key,
                **_manifest_row(file.manifest),
            )

    def carry_on(self, head: RecordHead, *, expected: int, entry_id: EntryId) -> None:
        """Write a version that keeps the payload of ``head.payload_version``."""
        self._write(head, expected=expected, entry_id=entry_id, payload=_NOT_SEALED)

    def _write(
        self,
        head: RecordHead,
        *,
        expected: int,
        entry_id: EntryId,
        payload: Mapping[str, object],
    ) -> None:
        row = {**_head_row(head), "entry_id": entry_id}
        sealed = self._driver.guard.sealed(_GUARDED, row)
        if expected or head.version != 1:
            replace_row(_ADVANCE, self._driver, row=sealed, expected=expected)
        else:
            _ADD.change(self._driver, **sealed)
        _ADD_VERSION.change(self._driver, **row, **payload)

    def _read(self, row: Row) -> RecordHead:
        return _head(self._driver.guard.checked(_GUARDED, row)[: len(_HEAD)])


def _head(row: Row) -> RecordHead:
    log_id, holder_id, record_id, version, payload_version, code, department_id, *rest = row
    status, trust_grade, valid_from, valid_to, served_until, updated_at_ms = rest
    return RecordHead(
        space=Space(log_id, HolderId(holder_id)),
        record_id=RecordId(record_id),
        version=version,
        payload_version=payload_version,
        code=code,
        department_id=DepartmentId(department_id),
        status=RecordStatus(status),
        trust_grade=TrustGrade(trust_grade),
        valid_from=_day(valid_from),
        valid_to=_day(valid_to),
        served_until=_day(served_until),
        updated_at_ms=updated_at_ms,
    )


def _head_row(head: RecordHead) -> dict[str, object]:
    return {
        **_ref_row(head),
        "payload_version": head.payload_version,
        "code": head.code,
        "department_id": head.department_id,
        "status": head.status.value,
        "trust_grade": head.trust_grade.value,
        "valid_from": _text(head.valid_from),
        "valid_to": _text(head.valid_to),
        "served_until": _text(head.served_until),
        "updated_at_ms": head.updated_at_ms,
    }


def _ref_row(head: RecordHead) -> dict[str, object]:
    return {
        **head.space._asdict(),
        "record_id": head.record_id,
        "version": head.version,
    }


def _file(row: Row) -> SealedFile:
    number, object_key, length, sha256, commitment = row
    return SealedFile(
        number=number,
        object_key=object_key,
        manifest=Manifest(length=length, sha256=sha256, commitment=commitment),
    )


def _manifest_row(manifest: Manifest) -> dict[str, object]:
    return {
        "length": manifest.length,
        "sha256": manifest.sha256,
        "commitment": manifest.commitment,
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
