"""Messages on their way out: sealed until a gateway takes them, then marked as done.

A message names a space, not a contact: the contact is looked up when it is delivered. Messages
for numbers that have no space lie here too, so that asking for a code looks alike; they are
dropped when their turn comes.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from vault.clients.protocol import Message
from vault.clock import MS
from vault.crypto.contexts import Purpose
from vault.ids import HolderId, Space
from vault.journal.plain import canonical_json
from vault.ports import Tx
from vault.services import Vault
from vault.services.entry_keys import held
from vault.services.open_space import profile_of

ONE_TIME_CODE: Final = "one-time-code"
STALE_SECONDS: Final = 300
"""A code that could not be delivered for so long opens nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """A code that is to be sent.

    Attributes:
        contact: Mobile in E.164 or mail address.
        sent_at_ms: When it was asked for.
    """

    message_id: bytes
    contact: str = field(repr=False)
    code: str = field(repr=False)
    sent_at_ms: int


def sealed_code(
    vault: Vault, space: Space | None, *, code: str, message_id: bytes, sent_at_ms: int
) -> bytes:
    """Return the sealed message for a one-time code; of the same length for nobody."""
    holder = bytes(16) if space is None else space.holder_id
    plain = canonical_json(
        {
            "code": code,
            "holder": holder.hex(),
            "known": int(space is not None),
            "log": 0 if space is None else space.log_id,
            "sent_at_ms": sent_at_ms,
        }
    )
    return vault.secrets.seal_message(plain, message_id=message_id)


def waiting_codes(vault: Vault, *, limit: int) -> tuple[OneTimeCode, ...]:
    """Return codes that wait to be delivered, the oldest first; drop what nobody can receive."""
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        messages = tx.protocol.messages(limit=limit)
        found = {one.message_id: _addressed(vault, tx, one, now=now) for one in messages}
    for message_id, code in found.items():
        if code is None:
            delivered(vault, message_id)
    return tuple(code for code in found.values() if code is not None)


def delivered(vault: Vault, message_id: bytes) -> None:
    """Mark a message as done; it is not returned again."""
    with vault.work() as tx:
        tx.protocol.message_done(message_id, now=vault.clock.now_ms() // MS)


def _addressed(vault: Vault, tx: Tx, message: Message, *, now: int) -> OneTimeCode | None:
    plain = json.loads(vault.secrets.open_message(message.sealed, message_id=message.message_id))
    if not plain["known"] or message.created_at + STALE_SECONDS <= now:
        return None
    space = Space(plain["log"], HolderId(bytes.fromhex(plain["holder"])))
    holder = tx.holders.get(space)
    if holder is None:
        return None
    data_key = held(tx.holders.keys(space), Purpose.HOLDER_DATA_KEY)
    contact = profile_of(vault, holder, data_key=data_key).contact
    if not contact:
        return None
    return OneTimeCode(
        message_id=message.message_id,
        contact=contact,
        code=plain["code"],
        sent_at_ms=plain["sent_at_ms"],
    )
