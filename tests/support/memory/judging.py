"""What an operation comes to under the lock, before it has an entry (journal.md 2)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from policies.access import EXHAUSTED, NOT_LIVE, REPLAYED, Permit, overrule
from tests.support.memory.database import MemoryTx
from tests.support.memory.rows import HolderKeyName, Remembered, Rows, Versioned
from vault.clock import MS
from vault.crypto.contexts import Purpose
from vault.errors import ConflictError, IntegrityError
from vault.ids import (
    CaseNumber,
    ClientId,
    DepartmentId,
    GrantId,
    HolderId,
    MandateId,
    RecordId,
    Space,
)
from vault.journal.operations import (
    Change,
    Decided,
    Disclosure,
    Guarded,
    RecordWrap,
    Repeated,
    Request,
    Seen,
    Spend,
)
from vault.passkeys import PasskeyId
from vault.records import VersionRef


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What will stand in the entry, and the wrapped keys that go with a permit."""

    decided: Decided
    wraps: tuple[RecordWrap, ...] = ()


def judge(
    rows: Rows, operation: Change | Disclosure, *, now_ms: int
) -> Judged | Repeated | Exception:
    """Judge one operation, and write all that it writes but its entry.

    Returns:
        An exception where the operation raised it: its claims stay, nothing else does.
    """
    claims = {(claim.kind, claim.key_hash): claim for claim in operation.claims}
    replayed = any(key in rows.claims for key in claims)
    rows.claims.update(claims)
    if replayed:
        return Judged(decided=_overruled(operation.decided, REPLAYED))
    if operation.token_hash and not _token_lives(rows, operation.token_hash, now_ms=now_ms):
        return Judged(decided=_overruled(operation.decided, NOT_LIVE))
    try:
        with _savepoint(rows):
            if isinstance(operation, Change):
                return _change(rows, operation, now_ms=now_ms)
            decided = _disclosure(rows, operation, now_ms=now_ms)
            wraps = _wraps(rows, operation, decided)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's
        return error
    return _released(rows, operation, decided, wraps, now_ms=now_ms)


def _token_lives(rows: Rows, token_hash: bytes, *, now_ms: int) -> bool:
    token = rows.tokens.get(token_hash)
    return token is not None and token.revoked_at is None and now_ms // MS < token.expires_at


def _change(rows: Rows, change: Change, *, now_ms: int) -> Judged | Repeated:
    if change.request is not None:
        repeated = _repeated(rows, change.request)
        if repeated is not None:
            return repeated
    tx = MemoryTx(rows)
    decided = change.decide(tx, now_ms)
    if isinstance(decided.decision, Permit):
        change.effect(tx, now_ms)
        if change.request is not None:
            key = (change.request.actor_id, change.request.request_id)
            rows.requests[key] = Remembered(change.request, change.entry_id)
    return Judged(decided=decided)


def _repeated(rows: Rows, request: Request) -> Repeated | None:
    first = rows.requests.get((request.actor_id, request.request_id))
    if first is None:
        return None
    if first.request.body_hash != request.body_hash:
        raise ConflictError("this Idempotency-Key was used for another request")
    return Repeated(answer=first.request.answer)


def _disclosure(rows: Rows, operation: Disclosure, *, now_ms: int) -> Decided:
    early = operation.decided
    in_time = early.holds_until_ms is None or now_ms < early.holds_until_ms
    if in_time and all(_version(rows, seen) == seen.version for seen in early.seen):
        return early
    return operation.decide(MemoryTx(rows), now_ms)


def _wraps(rows: Rows, operation: Disclosure, decided: Decided) -> tuple[RecordWrap, ...]:
    if not isinstance(decided.decision, Permit):
        return ()
    return tuple(_wrap(rows, ref) for ref in operation.releases)


def _wrap(rows: Rows, ref: VersionRef) -> RecordWrap:
    record_key = rows.record_keys.get(ref)
    if record_key is not None:
        parent = HolderKeyName(ref.space, Purpose.HOLDER_DATA_KEY, record_key.parent_version)
        data_key = rows.holder_keys.get(parent)
        if data_key is not None:
            return RecordWrap(ref=ref, record_key=record_key, data_key=data_key)
    raise IntegrityError("a record has no key any more")


def _released(
    rows: Rows,
    operation: Disclosure,
    decided: Decided,
    wraps: tuple[RecordWrap, ...],
    *,
    now_ms: int,
) -> Judged:
    """Count the uses, where they are left, and tell the holder."""
    if isinstance(decided.decision, Permit) and not _spent(rows, operation.spends):
        decided, wraps = _overruled(decided, EXHAUSTED), ()
    tx = MemoryTx(rows)
    tx.notices.add(operation.notices(decided.decision, now_ms))
    if operation.owes is not None and isinstance(decided.decision, Permit):
        tx.use_receipts.open([operation.owes(now_ms)])
    return Judged(decided=decided, wraps=wraps)


def _spent(rows: Rows, spends: Sequence[Spend]) -> bool:
    """Count every use, or none of them where one is not left."""
    counted = {}
    for spend, count in Counter(spends).items():
        key = (spend.grant_id, spend.code)
        use = rows.uses.get(key)
        if use is None or use.space != spend.space:
            return False
        if use.limit is not None and use.used + count > use.limit:
            return False
        counted[key] = replace(use, used=use.used + count)
    rows.uses.update(counted)
    return True


def _overruled(early: Decided, reason: str) -> Decided:
    deny = overrule(early.decision, reason)
    return Decided(decision=deny, seen=early.seen, inputs=early.inputs)


def _version(rows: Rows, seen: Seen) -> int | None:  # noqa: C901 - a case for each table
    """Return the version that a guarded row has now."""
    tx = MemoryTx(rows)
    found: Versioned | None
    match seen.table, seen.key:
        case Guarded.HOLDER, (int(log), bytes(holder)):
            found = tx.holders.get(Space(log, HolderId(holder)))
        case Guarded.GRANT, (int(log), bytes(holder), bytes(key)):
            space = Space(log, HolderId(holder))
            found = tx.consents.get(space, grant_id=GrantId(key))
        case Guarded.RECORD, (int(log), bytes(holder), bytes(key)):
            space = Space(log, HolderId(holder))
            found = tx.records.head(space, record_id=RecordId(key))
        case Guarded.CASE, (int(log), bytes(holder), str(key)):
            space = Space(log, HolderId(holder))
            found = tx.cases.get(space, case_no=CaseNumber(key))
        case Guarded.PASSKEY, (int(log), bytes(holder), bytes(key)):
            space = Space(log, HolderId(holder))
            found = tx.passkeys.get(space, passkey_id=PasskeyId(key))
        case Guarded.MANDATE, (int(log), bytes(holder), bytes(key)):
            space = Space(log, HolderId(holder))
            found = tx.mandates.get(space, mandate_id=MandateId(key))
        case Guarded.CLIENT, (str(key),):
            found = tx.clients.get(ClientId(key))
        case Guarded.DEPARTMENT, (bytes(key),):
            found = tx.departments.get(DepartmentId(key))
        case Guarded.DEVELOPER, (int(log), bytes(holder), bytes(key)):
            theirs = tx.developers.of_person(Space(log, HolderId(holder)))
            found = next((one for one in theirs if one.appointment_id == key), None)
        case Guarded.POLICY, (1,):
            found = tx.policies.active()
        case _:
            raise TypeError("a row is named by its whole key")
    return None if found is None else found.version


@contextmanager
def _savepoint(rows: Rows) -> Iterator[None]:
    before = rows.snapshot()
    try:
        yield
    except BaseException:
        rows.put_back(before)
        raise
