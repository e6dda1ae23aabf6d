"""The statements by which one batch judges its operations (journal.md 2.2, steps 3 to 5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, NamedTuple

from storage.dialects import Columns, Row
from storage.failures import DatabaseFailure
from storage.log_rows import EntryRow
from storage.record_wraps import record_wrap
from storage.state_statements import StateStatements
from storage.stores.use_receipts import OPENED_COLUMNS, opened_row
from vault.clients.protocol import Claim
from vault.errors import ConflictError, StorageError
from vault.ids import EntryId
from vault.journal.operations import Guarded, RecordWrap, Request, Seen, Spend
from vault.notices import Notice
from vault.records import VersionRef
from vault.use_receipts import UseReceipt

KEYS: Final[Mapping[Guarded, tuple[str, ...]]] = {
    Guarded.GRANT: ("log_id", "holder_id", "grant_id"),
    Guarded.RECORD: ("log_id", "holder_id", "record_id"),
    Guarded.HOLDER: ("log_id", "holder_id"),
    Guarded.CASE: ("log_id", "holder_id", "case_no"),
    Guarded.PASSKEY: ("log_id", "holder_id", "passkey_id"),
    Guarded.MANDATE: ("log_id", "holder_id", "mandate_id"),
    Guarded.CLIENT: ("client_id",),
    Guarded.DEPARTMENT: ("department_id",),
    Guarded.DEVELOPER: ("log_id", "holder_id", "appointment_id"),
    Guarded.POLICY: ("pointer_id",),
    Guarded.SIGNING_KEYS: ("set_id",),
}
"""Primary key of each guarded table; ``version`` stands beside it."""


_SAVE: Final = "SAVEPOINT operation"
_BACK: Final = "ROLLBACK TO SAVEPOINT operation"
_RELEASE: Final = "RELEASE SAVEPOINT operation"

_USE: Final = ("log_id", "holder_id", "grant_id", "code")
_SPEND: Final = (
    "WITH w(log_id, holder_id, grant_id, code, used, version, mac) AS ({listed})"
    " UPDATE oauth_use SET used = w.used, version = w.version, mac = w.mac FROM w"
    " WHERE oauth_use.log_id = w.log_id AND oauth_use.holder_id = w.holder_id"
    " AND oauth_use.grant_id = w.grant_id AND oauth_use.code = w.code"
)


class Select(NamedTuple):
    """Selects the rows of a list of keys, which stands where ``{listed}`` is."""

    table: str
    keys: Columns
    text: str


_USES: Final = Select(
    "oauth_use",
    _USE,
    "WITH w(log_id, holder_id, grant_id, code) AS ({listed})"
    " SELECT w.log_id, w.holder_id, w.grant_id, w.code, t.used, t.max_uses, t.version, t.mac"
    " FROM w CROSS JOIN oauth_use t"
    " WHERE t.log_id = w.log_id AND t.holder_id = w.holder_id"
    " AND t.grant_id = w.grant_id AND t.code = w.code",
)
_WRAPS: Final = Select(
    "record_key",
    ("log_id", "holder_id", "record_id", "version"),
    "WITH w(log_id, holder_id, record_id, version) AS ({listed})"
    " SELECT w.log_id, w.holder_id, w.record_id, w.version,"
    " k.parent_version, k.suite, k.wrap, k.state,"
    " h.version, h.parent_version, h.suite, h.wrap, h.state"
    " FROM w CROSS JOIN record_key k CROSS JOIN holder_key h"
    " WHERE k.log_id = w.log_id AND k.holder_id = w.holder_id"
    " AND k.record_id = w.record_id AND k.version = w.version"
    " AND h.log_id = w.log_id AND h.holder_id = w.holder_id"
    " AND h.purpose = 'holder-data-key' AND h.version = k.parent_version",
)

_LIVE_TOKENS: Final = (
    "WITH w(token_hash) AS ({listed})"
    " SELECT t.token_hash FROM w CROSS JOIN oauth_access_token t"
    " WHERE t.token_hash = w.token_hash AND t.revoked_at IS NULL AND t.expires_at > ?"
)

ClaimKey = tuple[str, bytes]
"""Kind and hash of a claim: its primary key."""


class TransactionLostError(StorageError):
    """The database rolled everything back by itself, as on a full disk."""


class JournalRows(StateStatements):
    """All that the writer says to the database, in one transaction."""

    __slots__ = ()

    def hurry(self) -> None:
        """Wait for no other lock as long as for the head: whoever holds it is waited for by all.

        A plain transaction may hold a row that an operation needs (journal.md 2.6 rule 7).
        """
        if self.dialect.hurry:
            self._run(self.dialect.hurry)

    def claim(self, claims: Sequence[Claim]) -> set[ClaimKey]:
        """Write replay rows; return the keys of those that were new."""
        if not claims:
            return set()
        # In one order, so that batches of two logs never wait for each other's claims.
        rows = sorted((*claim_key(claim), claim.expires_at) for claim in claims)
        statement = self._insert(
            "oauth_replay",
            ("kind", "key_hash", "expires_at"),
            rows,
            then=" ON CONFLICT DO NOTHING RETURNING kind, key_hash",
        )
        return {
            (kind, key_hash) for kind, key_hash in self._all(statement, self.dialect.given(rows))
        }

    def live_tokens(self, hashes: set[bytes], *, now: int) -> set[bytes]:
        """Return those of ``hashes`` whose tokens are neither revoked nor expired at ``now``."""
        if not hashes:
            return set()
        rows = [(one,) for one in sorted(hashes)]
        listed = self.dialect.listed("oauth_access_token", ("token_hash",), count=len(rows))
        found = self._all(_LIVE_TOKENS.format(listed=listed), (*self.dialect.given(rows), now))
        return {token_hash for (token_hash,) in found}

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block wrote, and only that, when it raises.

        Raises:
            TransactionLostError: There is nothing left to go back to.
        """
        self._run(_SAVE)
        try:
            yield
        except BaseException:
            self._go_back()
            raise
        self._run(_RELEASE)

    def append_whole(self, entries: Sequence[EntryRow]) -> None:
        """Insert the entries of a batch in a savepoint: all, or none and the error."""
        with self.savepoint():
            self._add("journal_entry", EntryRow._fields, entries)

    def _go_back(self) -> None:
        try:
            self._run(_BACK)
            self._run(_RELEASE)
        except DatabaseFailure as lost:
            raise TransactionLostError("the database gave the transaction up") from lost

    def recall(self, log_id: int, request: Request) -> bytes | None:
        """Return what was answered to a request before; ``None`` for a new one.

        Raises:
            ConflictError: The id was used for another request.
        """
        found = self._all(
            "SELECT body_hash, answer FROM request_id"
            " WHERE log_id = ? AND actor_id = ? AND request_id = ?",
            (log_id, request.actor_id, request.request_id),
        )
        if not found:
            return None
        [(body_hash, answer)] = found
        if body_hash != request.body_hash:
            raise ConflictError("this Idempotency-Key was used for another request")
        first: bytes = answer
        return first

    def remember(self, log_id: int, request: Request, *, entry_id: EntryId) -> None:
        """Write what is answered to a request."""
        columns = ("log_id", "actor_id", "request_id", "body_hash", "entry_id", "answer")
        asked = (log_id, request.actor_id, request.request_id)
        self._add("request_id", columns, [(*asked, request.body_hash, entry_id, request.answer)])

    def versions(self, seen: set[Seen]) -> dict[tuple[Guarded, Row], int]:
        """Return the version that each row has now; rows that are gone are left out."""
        if not seen:
            return {}
        tables = sorted({one.table for one in seen})
        asked = [sorted({one.key for one in seen if one.table is table}) for table in tables]
        listed, given = [], list[Any]()
        for table, keys in zip(tables, asked, strict=True):
            numbered = [(*key, number) for number, key in enumerate(keys)]
            columns = (*KEYS[table], "version")  # Numbers have the type of versions.
            listed.append(self.dialect.listed(table.value, columns, count=len(keys)))
            given += self.dialect.given(numbered)
        text = _versions(tuple(tables), tuple(listed))
        return {
            (tables[table], asked[table][number]): version
            for table, number, version in self._all(text, tuple(given))
        }

    def kept(
        self, refs: set[VersionRef], spends: set[Spend]
    ) -> tuple[dict[VersionRef, RecordWrap], dict[Spend, Row]]:
        """Return what releases need.

        Returns:
            The wrapped keys of record versions, each with the wrap of its parent; and the rows
            of uses, not yet checked. What is not there is left out.
        """
        by_ref = {(*ref.space, ref.record_id, ref.version): ref for ref in refs}
        by_use = {(*s.space, s.grant_id, s.code): s for s in spends}
        wraps, uses = self._listed(_WRAPS, by_ref), self._listed(_USES, by_use)
        return (
            {(ref := by_ref[tuple(row[:4])]): record_wrap(ref, row[4:]) for row in wraps},
            {by_use[tuple(row[:4])]: tuple(row) for row in uses},
        )

    def spend(self, counted: Sequence[Row]) -> None:
        """Write how often uses were made: keys, the new count and version, the new hash."""
        rows = sorted(counted)
        if rows:
            columns = (*_USE, "used", "version", "mac")
            listed = self.dialect.listed("oauth_use", columns, count=len(rows))
            self._run(_SPEND.format(listed=listed), self.dialect.given(rows))

    def notify(self, notices: Sequence[Notice]) -> None:
        """Queue what holders are told."""
        columns = ("log_id", "holder_id", "notice_id", "kind", "entry_id", "at_ms")
        rows = [(*n.space, n.notice_id, n.kind.value, n.entry_id, n.at_ms) for n in notices]
        if rows:
            self._add("notice", columns, rows)

    def owe(self, receipts: Sequence[UseReceipt]) -> None:
        """Open the use-receipts of a batch."""
        if receipts:
            self._add("use_receipt", OPENED_COLUMNS, [opened_row(one) for one in receipts])

    def _listed(self, select: Select, keys: Iterable[Row]) -> Sequence[Row]:
        """Select the rows of ``keys``."""
        rows = sorted(keys)
        if not rows:
            return ()
        listed = self.dialect.listed(select.table, select.keys, count=len(rows))
        return self._all(select.text.format(listed=listed), self.dialect.given(rows))


def claim_key(claim: Claim) -> ClaimKey:
    """Return the primary key of a claim."""
    return (claim.kind, claim.key_hash)


@lru_cache(maxsize=4096)
def _versions(tables: tuple[Guarded, ...], listed: tuple[str, ...]) -> str:
    """Return one statement over all tables; each list leads, so each row is one key look-up.

    It selects the number of the table, the number of the key, and the version.
    """
    lists, selects = [], []
    for number, (table, rows) in enumerate(zip(tables, listed, strict=True)):
        name, keys = f"w{number}", KEYS[table]
        lists.append(f"{name}({', '.join(keys)}, n) AS ({rows})")
        match = " AND ".join(f"t.{c} = {name}.{c}" for c in keys)
        selects.append(
            f"SELECT {number}, {name}.n, t.version FROM {name} CROSS JOIN {table.value} t"  # noqa: S608 - names of our own
            f" WHERE {match}"
        )
    return f"WITH {', '.join(lists)} {' UNION ALL '.join(selects)}"
