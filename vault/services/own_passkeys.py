"""A holder's passkeys: the list, one more, one less. Each change is an entry, and is told of.

The first one takes a code that was typed a moment ago; every other one, and every removal, a
passkey that is there (``passkey.cedar``).
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from policies.requests import AccessRequest, Action
from vault.clients.levels import AAL1, AAL2, rank
from vault.clock import MS
from vault.errors import ConflictError, InvalidInputError, NotFoundError, StepUpRequiredError
from vault.ids import ID_BYTES, Space
from vault.journal.entries import Kind, StateChange
from vault.journal.operations import Decided, Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.notices import NoticeKind
from vault.passkeys import (
    MOST,
    Ceremony,
    Passkey,
    PasskeyId,
    PasskeyStatus,
    PasskeyUse,
)
from vault.passkeys.ceremony import RelyingParty, read_answer, verify_registration
from vault.passkeys.options import registration_options
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import FRESH_SECONDS, Member, new_entry_id
from vault.services.asking import Asking
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.outbox import PASSKEY_ADDED, PASSKEY_REMOVED, enqueue
from vault.services.passkey_challenges import ask, spend

FIRST: Final = 1
MAX_NAME_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPasskey:
    """A passkey as its holder sees it."""

    passkey: Passkey
    use: PasskeyUse | None
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AddPasskey:
    """What a browser made.

    Attributes:
        answer: ``PublicKeyCredential.toJSON()``.
        name: The holder's own word for it.
        attested: It was asked to prove its make.
    """

    member: Member
    answer: str
    name: str
    attested: bool = False


def own_passkeys(vault: Vault, member: Member) -> tuple[OwnPasskey, ...]:
    """Return the member's active passkeys, the oldest first.

    Raises:
        NotFoundError: The member acts for somebody else, whose passkeys are not theirs to see.
    """
    _refuse_agents(member)
    with vault.read() as tx:
        return tuple(
            OwnPasskey(
                passkey=one,
                use=tx.protocol.passkey_use(one.credential_hash),
                name=vault.secrets.open(one.name, request_id=one.passkey_id).decode(),
            )
            for one in _active(tx, member.space)
        )


def strongest(tx: Tx, space: Space) -> str:
    """Return the highest level that a holder can sign in with."""
    return max((AAL1, *(one.acr for one in _active(tx, space))), key=rank)


def start_adding(
    vault: Vault, party: RelyingParty, member: Member, *, source: str, attested: bool = False
) -> str:
    """Return what the member's browser is asked to make, as JSON.

    Raises:
        NotFoundError: The member acts for somebody else.
        StepUpRequiredError: A fresh sign-in is needed, or a passkey that is there.
        ConflictError: There are as many as there may be.
        RateLimitedError: It was asked too often.
    """
    _refuse_agents(member)
    with vault.read() as tx:
        known = _active(tx, member.space)
    check_sign_in(vault, member, acr=AAL2 if known else AAL1)
    if len(known) >= MOST:
        raise ConflictError("there are as many passkeys as there may be")
    challenge = ask(
        vault,
        _ceremony(attested=attested),
        bound_hash=member.signin.signin_hash,
        source=source,
    )
    return registration_options(
        party, challenge=challenge, space=member.space, known=known, attested=attested
    )


def add_passkey(vault: Vault, party: RelyingParty, asked: AddPasskey) -> Receipt:
    """Register what the browser made; return the receipt.

    Raises:
        InvalidInputError: The answer does not hold (``answer``), or the name (``name``).
        ConflictError: It is there already, or there are as many as there may be.
        AccessDeniedError: The sign-in is too old or too weak; journalled.
        JournalUnavailableError: Nothing was registered.
    """
    member, name = asked.member, named(asked.name)
    answer = read_answer(asked.answer)
    spend(
        vault,
        answer,
        ceremony=_ceremony(attested=asked.attested),
        bound_hash=member.signin.signin_hash,
    )
    made = verify_registration(party, answer, attested=asked.attested)
    passkey_id, entry_id = PasskeyId(vault.random(ID_BYTES)), new_entry_id(vault.random)
    passkey = Passkey(
        space=member.space,
        passkey_id=passkey_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        status=PasskeyStatus.ACTIVE,
        version=FIRST,
        device_bound=made.device_bound,
        attested=made.attested,
        attestation=made.attestation,
        aaguid=made.aaguid,
        name=vault.secrets.seal(name.encode(), request_id=passkey_id),
        created_at_ms=vault.clock.now_ms(),
        ended_at_ms=None,
        state_entry=entry_id,
    )

    def decide(tx: Tx, at_ms: int) -> Decided:
        first = not _active(tx, member.space)
        action = Action.PASSKEY_FIRST if first else Action.PASSKEY_ADD
        return _decided(Asking(tx, now_ms=at_ms), member, action=action)

    def effect(tx: Tx, at_ms: int) -> None:
        if len(_active(tx, member.space)) >= MOST:
            raise ConflictError("there are as many passkeys as there may be")
        tx.passkeys.add(replace(passkey, created_at_ms=at_ms))
        tx.protocol.add_passkey_use(
            PasskeyUse(
                credential_hash=passkey.credential_hash,
                space=member.space,
                sign_count=made.sign_count,
                backed_up=made.backed_up,
            )
        )
        enqueue(vault, tx, member.space, kind=PASSKEY_ADDED, code="", at_ms=at_ms)

    return _change(vault, member, passkey, came_from=None, decide=decide, effect=effect)


def remove_passkey(vault: Vault, member: Member, passkey_id: PasskeyId) -> Receipt:
    """Remove a passkey; return the receipt. Every other sign-in of the holder ends with it.

    Whoever has the device may be signed in somewhere; that does not outlive the passkey.

    Raises:
        NotFoundError: The holder has no such passkey.
        AccessDeniedError: The sign-in is too old or too weak; journalled.
        JournalUnavailableError: Not known to be removed.
    """
    with vault.read() as tx:
        before = tx.passkeys.get(member.space, passkey_id=passkey_id)
    if before is None or before.status is not PasskeyStatus.ACTIVE:
        raise NotFoundError("no such passkey")
    after = replace(
        before,
        status=PasskeyStatus.REMOVED,
        version=before.version + 1,
        state_entry=new_entry_id(vault.random),
    )

    def decide(tx: Tx, at_ms: int) -> Decided:
        return _decided(Asking(tx, now_ms=at_ms), member, action=Action.PASSKEY_REMOVE)

    def effect(tx: Tx, at_ms: int) -> None:
        tx.passkeys.replace(replace(after, ended_at_ms=at_ms), expected=before.version)
        tx.protocol.drop_passkey_use(before.credential_hash)
        tx.protocol.end_other_signins(member.space, but=member.signin.signin_hash, now=at_ms // MS)
        enqueue(vault, tx, member.space, kind=PASSKEY_REMOVED, code="", at_ms=at_ms)

    came_from = before.status
    return _change(vault, member, after, came_from=came_from, decide=decide, effect=effect)


def check_sign_in(vault: Vault, member: Member, *, acr: str) -> None:
    """Require a sign-in of the level ``acr``, five minutes old at most.

    Raises:
        StepUpRequiredError: It is weaker, or older.
    """
    age = vault.clock.now_ms() // MS - member.signin.auth.auth_time
    if rank(member.signin.auth.acr) < rank(acr) or age > FRESH_SECONDS:
        raise StepUpRequiredError(acr=acr, max_age_seconds=FRESH_SECONDS)


def named(text: str) -> str:
    """Return a name as it is kept.

    Raises:
        InvalidInputError: It is empty, too long, or holds what cannot be seen.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidInputError("a name is 1 to 40 characters that can be seen", field="name")
    return name


def _refuse_agents(member: Member) -> None:
    if member.is_agent:
        raise NotFoundError("passkeys are seen in the own space alone")


def _change(
    vault: Vault,
    member: Member,
    passkey: Passkey,
    *,
    came_from: PasskeyStatus | None,
    decide: Callable[[Tx, int], Decided],
    effect: Callable[[Tx, int], None],
) -> Receipt:
    draft = Draft(
        entry_id=passkey.state_entry,
        kind=Kind.PASSKEY_ADD if came_from is None else Kind.PASSKEY_REMOVE,
        basis=member.basis,
        by=member.by(),
        trace=member.trace(),
        change=StateChange(
            object=Guarded.PASSKEY.value,
            id=passkey.passkey_id.hex(),
            came_from=None if came_from is None else came_from.value,
            became=passkey.status.value,
            version=passkey.version,
        ),
    )
    outcome = submit_change(
        vault,
        member,
        draft,
        space=member.space,
        before=ready(vault, member, space=member.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.PASSKEY,
        urgency=Urgency.NORMAL if came_from is None else Urgency.TAKES_AWAY,
    )
    return committed(outcome).receipt


def _decided(asking: Asking, member: Member, *, action: Action) -> Decided:
    holder, facts = asking.holder(member.space)
    return asking.decided(
        AccessRequest(
            action=action,
            member=member.facts(holder.kind, now_ms=asking.now_ms),
            holder=facts,
        )
    )


def _active(tx: Tx, space: Space) -> list[Passkey]:
    return [one for one in tx.passkeys.of_holder(space) if one.status is PasskeyStatus.ACTIVE]


def _ceremony(*, attested: bool) -> Ceremony:
    return Ceremony.REGISTER_ATTESTED if attested else Ceremony.REGISTER
