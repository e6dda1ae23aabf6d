"""The issuing department says that a record was suspended, revoked, or is valid again.

The payload is carried on: nothing is opened and nothing is sealed (ADR 0016).
"""

from dataclasses import dataclass, replace
from datetime import date

from policies.catalogue import catalogue
from policies.requests import AccessRequest, Action
from vault.errors import ConflictError, NotFoundError
from vault.ids import EntryId, RecordId, Space
from vault.journal.entries import Kind
from vault.journal.operations import Decided
from vault.ports import Tx
from vault.records import RecordHead, RecordStatus, VersionRef
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.asking import Asking
from vault.services.versions import Deposited, Written, write_version


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StatusChange:
    """What became of a record.

    Attributes:
        expected: The version that this follows.
        served_until: Last legal day on which a credit record may be shown to others; ``None``
            leaves it as it is. Today's day before ends it at once, as a repair does.
    """

    caller: Caller
    record_id: RecordId
    expected: int
    status: RecordStatus
    served_until: date | None = None


def change_status(vault: Vault, asked: StatusChange) -> Deposited:
    """Write a version that differs from the one before it in its status.

    Raises:
        NotFoundError: There is no such record.
        AccessDeniedError, ReplayedError: Refused; the refusal is journalled.
        ConflictError: ``expected`` is not the newest version.
        JournalUnavailableError: Nothing was changed.
    """
    with vault.read() as tx:
        found = tx.records.find(asked.record_id)
        if found is None:
            raise NotFoundError("no such record")
        before = _head(tx, found, asked)
        decided = _decided(Asking(tx, now_ms=vault.clock.now_ms()), asked.caller, before)
    space, ref = found, VersionRef(found, asked.record_id, asked.expected + 1)

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), asked.caller, _head(tx, space, asked))

    def effect(tx: Tx, at_ms: int, entry_id: EntryId) -> None:
        newest = _head(tx, space, asked)
        if newest.version != asked.expected:
            raise ConflictError("this was changed by somebody else; read it again")
        head = replace(
            newest,
            version=ref.version,
            status=asked.status,
            served_until=asked.served_until or newest.served_until,
            updated_at_ms=at_ms,
        )
        tx.records.carry_on(head, expected=asked.expected, entry_id=entry_id)

    return write_version(
        vault,
        asked.caller,
        Written(
            kind=Kind.STATUS,
            ref=ref,
            code=before.code,
            status=asked.status,
            came_from=before.status,
        ),
        decided=decided,
        decide=decide,
        effect=effect,
        body={
            "expected": asked.expected,
            "record": asked.record_id.hex(),
            "served_until": None if asked.served_until is None else str(asked.served_until),
            "status": asked.status.value,
        },
    )


def _head(tx: Tx, space: Space, asked: StatusChange) -> RecordHead:
    head = tx.records.head(space, record_id=asked.record_id)
    if head is None:
        raise NotFoundError("no such record")
    return head


def _decided(asking: Asking, caller: Caller, head: RecordHead) -> Decided:
    _, holder = asking.holder(head.space)
    request = AccessRequest(
        action=Action.STATUS,
        client=asking.client(caller.live.client.client_id),
        holder=holder,
        record=asking.record(head),
        code=head.code,
        level=catalogue()[head.code].level,
    )
    return asking.decided(request)
