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
from vault.ids import ID_BYTES, HolderId, Space
from vault.journal.plain import canonical_json
from vault.ports import Tx
from vault.services import Vault
from vault.services.entry_keys import held
from vault.services.open_space import profile_of

ONE_TIME_CODE: Final = "one-time-code"
WRONG_CODES: Final = "wrong-codes"
PASSKEY_ADDED: Final = "passkey-added"
PASSKEY_REMOVED: Final = "passkey-removed"

WARNING_ZH: Final = (
    "有人多次用错误的验证码试图登录您的空间，没有成功。如果不是您本人，您什么都不用做，"
    "也请不要把验证码告诉任何人。"
)
WARNING_EN: Final = (
    "Somebody has tried several times to sign in to your space with wrong codes, in vain. If it "
    "was not you, you need not do anything; never tell anybody a code."
)
ADDED_ZH: Final = (
    "您的空间登记了一个新的通行密钥，以后可以用它登录。如果不是您本人登记的，请马上登录，"
    "在“通行密钥”里删除它，并联系服务人员。"
)
ADDED_EN: Final = (
    "A new passkey was added to your space and can sign in to it. If it was not you, sign in at "
    "once, remove it under passkeys, and call the service desk."
)
REMOVED_ZH: Final = (
    "您的空间删除了一个通行密钥，它不能再登录。如果不是您本人删除的，请马上联系服务人员。"
)
REMOVED_EN: Final = (
    "A passkey was removed from your space and signs in no more. If it was not you, call the "
    "service desk at once."
)
TOLD: Final = {
    WRONG_CODES: (WARNING_ZH, WARNING_EN),
    PASSKEY_ADDED: (ADDED_ZH, ADDED_EN),
    PASSKEY_REMOVED: (REMOVED_ZH, REMOVED_EN),
}
"""What messages without a code say; the gateway chooses the language, or sends both."""

STALE_SECONDS: Final = 300
"""A code that could not be delivered for so long opens nothing any more."""
LONGEST_SECONDS: Final = 24 * 3600
"""For so long is anything else tried to be delivered."""
ROUNDS: Final = 20
"""How often more is read, where everything that was read is for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that is to be sent.

    Attributes:
        kind: ``ONE_TIME_CODE``, or one of ``TOLD``.
        contact: Mobile in E.164 or mail address.
        code: Empty where the message brings none.
        sent_at_ms: When it was caused.
    """

    message_id: bytes
    kind: str
    contact: str = field(repr=False)
    code: str = field(repr=False)
    sent_at_ms: int


def enqueue(
    vault: Vault, tx: Tx, space: Space | None, *, kind: str, code: str, at_ms: int
) -> None:
    """Let a message wait, sealed; one for nobody is of the same length."""
    holder = bytes(16) if space is None else space.holder_id
    plain = canonical_json(
        {
            "code": code,
            "holder": holder.hex(),
            "known": int(space is not None),
            "log": 0 if space is None else space.log_id,
            "sent_at_ms": at_ms,
        }
    )
    message_id = vault.random(ID_BYTES)
    tx.protocol.enqueue(
        Message(
            message_id=message_id,
            kind=kind,
            sealed=vault.secrets.seal_message(plain, message_id=message_id),
            created_at=at_ms // MS,
        )
    )


def waiting(vault: Vault, *, limit: int) -> tuple[Outgoing, ...]:
    """Return messages that wait to be delivered, the oldest first; drop what nobody can receive.

    Messages for nobody hold nobody up: those that are dropped do not count towards ``limit``.
    """
    now = vault.clock.now_ms() // MS
    for _ in range(ROUNDS):
        with vault.read() as tx:
            messages = tx.protocol.messages(limit=limit)
            found = {one.message_id: _addressed(vault, tx, one, now=now) for one in messages}
        dropped = [message_id for message_id, one in found.items() if one is None]
        if dropped:
            delivered(vault, *dropped)
        if len(dropped) < limit:
            return tuple(one for one in found.values() if one is not None)
    return ()


def delivered(vault: Vault, *message_ids: bytes) -> None:
    """Mark messages as done; they are not returned again."""
    now = vault.clock.now_ms() // MS
    with vault.work() as tx:
        for message_id in message_ids:
            tx.protocol.message_done(message_id, now=now)


def _addressed(vault: Vault, tx: Tx, message: Message, *, now: int) -> Outgoing | None:
    plain = json.loads(vault.secrets.open_message(message.sealed, message_id=message.message_id))
    longest = STALE_SECONDS if message.kind == ONE_TIME_CODE else LONGEST_SECONDS
    if not plain["known"] or message.created_at + longest <= now:
        return None
    space = Space(plain["log"], HolderId(bytes.fromhex(plain["holder"])))
    holder = tx.holders.get(space)
    if holder is None:
        return None
    data_key = held(tx.holders.keys(space), Purpose.HOLDER_DATA_KEY)
    contact = profile_of(vault, holder, data_key=data_key).contact
    if not contact:
        return None
    return Outgoing(
        message_id=message.message_id,
        kind=message.kind,
        contact=contact,
        code=plain["code"],
        sent_at_ms=plain["sent_at_ms"],
    )
