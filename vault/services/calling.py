"""Calls to registered addresses of clients: written with their cause, made later, tried again.

    call_client(vault, tx, kind="ciba-ping", told={"client_id": …, "auth_req_id": …})

writes a call in the unit of work of its cause: both happen, or neither. ``told`` is any JSON
object; it lies sealed. Whoever knows the ``kind`` makes a request of it when its turn comes
(``api.courier``), so that nothing in it is stale: addresses are those of the client as it is
registered then, and JWTs are signed for that very try.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from vault.clients.told import OutgoingCall
from vault.clock import MS
from vault.ids import ID_BYTES
from vault.journal.plain import canonical_json
from vault.ports import Tx
from vault.services import Vault

LONGEST_SECONDS: Final = 24 * 3600
"""For so long is a call tried."""
FIRST_PAUSE_SECONDS: Final = 5
LONGEST_PAUSE_SECONDS: Final = 3600
GAVE_UP: Final = "gave-up"


def call_client(vault: Vault, tx: Tx, *, kind: str, told: Mapping[str, Any]) -> bytes:
    """Let a call wait; return its id."""
    now, call_id = vault.clock.now_ms() // MS, vault.random(ID_BYTES)
    sealed = vault.secrets.seal_message(canonical_json(dict(told)), message_id=call_id)
    tx.protocol.add_call(
        OutgoingCall(call_id=call_id, kind=kind, sealed=sealed, created_at=now, next_at=now)
    )
    return call_id


def take_calls(vault: Vault, *, limit: int) -> tuple[OutgoingCall, ...]:
    """Return calls that are due and that nobody else makes; a try of each is counted.

    Whoever takes one and is killed leaves it to the next try.
    """
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        due = tx.protocol.due_calls(now=now, limit=limit)
    if not due:
        return ()
    with vault.work() as tx:
        late = [one for one in due if one.created_at + LONGEST_SECONDS <= now]
        for one in late:
            tx.protocol.call_done(one.call_id, outcome=GAVE_UP, now=now)
        return tuple(
            one
            for one in due
            if one not in late
            and tx.protocol.take_call(one, next_at=now + pause_after(one.attempts))
        )


def told_of(vault: Vault, call: OutgoingCall) -> Mapping[str, Any]:
    """Return what a call was written with.

    Raises:
        IntegrityError: It was altered.
    """
    opened = vault.secrets.open_message(call.sealed, message_id=call.call_id)
    told: dict[str, Any] = json.loads(opened)
    return told


def call_done(vault: Vault, call: OutgoingCall, *, outcome: str) -> None:
    """Say that a call is not tried again."""
    with vault.work() as tx:
        tx.protocol.call_done(call.call_id, outcome=outcome, now=vault.clock.now_ms() // MS)


def pause_after(attempts: int) -> int:
    """Return for how many seconds a call rests after it was tried ``attempts`` times before."""
    doubled: int = FIRST_PAUSE_SECONDS << min(attempts, 12)
    return min(doubled, LONGEST_PAUSE_SECONDS)
