"""Wrapped keys of record versions as a batch reads them, each with the wrap of its parent."""

from storage.dialects import Row
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.suites import suite_numbered
from vault.journal.operations import RecordWrap
from vault.records import VersionRef


def record_wrap(ref: VersionRef, row: Row) -> RecordWrap:
    """Return the wraps that a row has: of the record key, and of its parent."""
    record_parent, record_suite, record_wrap, record_state, *data_key = row
    version, parent, suite, wrap, state = data_key
    return RecordWrap(
        ref=ref,
        record_key=WrappedKey(
            purpose=Purpose.RECORD_KEY,
            owner_id=ref.record_id,
            name="",
            version=ref.version,
            parent_version=record_parent,
            suite=suite_numbered(record_suite),
            wrap=record_wrap,
            state=WrapState(record_state),
        ),
        data_key=WrappedKey(
            purpose=Purpose.HOLDER_DATA_KEY,
            owner_id=ref.space.holder_id,
            name="",
            version=version,
            parent_version=parent,
            suite=suite_numbered(suite),
            wrap=wrap,
            state=WrapState(state),
        ),
    )
