"""Intents to keep a sealed file: what the collector and a late deposit agree by (crypto.md 7).

``pending`` until a deposit names the object (``committed``, for good) or the collector takes it
(``deleting``). Each step is one statement on one row that says which state it comes from, so that
exactly one of the two wins: who comes second waits for the first, and then finds another state.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, literal, select, update

from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.records import BlobIntentRow, RecordFileRow
from vault.ids import Space

INTENT_SECONDS: Final = 24 * 3600
"""How long a deposit may take to name what was written for it."""

_INTENT: Final = table_of(BlobIntentRow)
_FILE: Final = table_of(RecordFileRow)
_STATE: Final = _INTENT.c.state
_PENDING: Final = literal("pending")
_DELETING: Final = literal("deleting")
_ADD: Final = Prepared(insert(_INTENT))
_BEGUN: Final = Prepared(select(_INTENT.c.object_key).where(_STATE == _DELETING).limit(literal(1)))
_EXPIRED: Final = Prepared(
    select(_INTENT.c.object_key)
    .where(_STATE == _PENDING, _INTENT.c.expires_at <= bindparam("now"))
    .order_by(_INTENT.c.expires_at)
    .limit(literal(1))
)
_NAMED: Final = Prepared(select(_FILE.c.number).where(keyed(_FILE, "object_key")))
_TAKE: Final = Prepared(
    update(_INTENT)
    .where(keyed(_INTENT, "object_key"), _STATE.in_((_PENDING, _DELETING)))
    .values(state=_DELETING)
)
_KEEP: Final = Prepared(
    update(_INTENT).where(keyed(_INTENT, "object_key")).values(state=literal("committed"))
)
_REMOVE: Final = Prepared(delete(_INTENT).where(keyed(_INTENT, "object_key"), _STATE == _DELETING))


class BlobIntents:
    """The intents, over one open transaction."""

    def __init__(self, connection: Connection) -> None:
        """Stand on the transaction of ``connection``."""
        self._driver = Driver(connection)

    def add(self, object_key: str, *, space: Space, expires_at: int) -> None:
        """Write the intent to keep an object; ``expires_at`` is in UTC seconds."""
        _ADD.change(
            self._driver,
            object_key=object_key,
            **space._asdict(),
            state="pending",
            expires_at=expires_at,
        )

    def take(self, *, now: int) -> str | None:
        """Take an object that may go: one that was taken before, or one whose intent expired.

        No deposit can name it once this is committed. What a record names is never taken,
        whatever its intent says.
        """
        while True:
            row = _BEGUN.one(self._driver) or _EXPIRED.one(self._driver, now=now)
            if row is None:
                return None
            object_key: str = row[0]
            if not _TAKE.change(self._driver, object_key=object_key):
                continue  # A deposit has just named it, or another collector is done with it.
            if _NAMED.one(self._driver, object_key=object_key) is None:
                return object_key
            _KEEP.change(self._driver, object_key=object_key)

    def remove(self, object_key: str) -> None:
        """Forget an object that is gone."""
        _REMOVE.change(self._driver, object_key=object_key)
