"""A holder lets somebody act in the space; whoever may, passes a part of that on.

The receiver need not accept: a mandate is a right, and is given back by whoever does not want it
(Civil Code 165, 173). A number that has no space takes the same steps and looks the same; the
mandate is then of use to nobody, and neither giver nor page learns that.
"""

from dataclasses import dataclass, replace
from typing import Final

from policies.requests import AccessRequest, Action
from vault.clock import MS
from vault.errors import InvalidInputError
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, HolderId, MandateId, space_of
from vault.journal.entries import Kind
from vault.journal.operations import Decided, Urgency
from vault.journal.receipts import Receipt
from vault.mandates import Mandate, MandateStatus, Powers, passed_on
from vault.masking import mask_identifier
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member, new_entry_id
from vault.services.asking import Asking
from vault.services.chains import chain_of
from vault.services.limits import Limit, count
from vault.services.mandating import submit_mandate
from vault.services.open_space import find_space

FIRST: Final = 1
GIVEN: Final = Limit.of(
    "mandate", "too many mandates were given today; come back tomorrow", hour=10, day=20
)
"""Few, so that nobody tries out numbers, and no telephone rings all day."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GiveMandate:
    """Who shall act for whom.

    Attributes:
        member: The holder; or, acting in the holder's space, who passes a mandate on.
        number: Of the receiver, checked by its own type's rules.
    """

    member: Member
    number: Identifier
    powers: Powers


def give_mandate(vault: Vault, asked: GiveMandate) -> tuple[Mandate, Receipt]:
    """Give a mandate, or pass on a part of one; return it with the receipt.

    Raises:
        AccessDeniedError: The sign-in is too weak, or nothing may be passed on; journalled.
        InvalidInputError: More would be passed on than there is, or to oneself.
        RateLimitedError: Too many were given.
        JournalUnavailableError: Nothing was given.
    """
    member = asked.member
    now_ms = vault.clock.now_ms()
    if asked.powers.ends_at * MS <= now_ms:
        raise InvalidInputError("the mandate would have ended already", field="ends_at")
    with vault.work() as tx:
        limits = [(GIVEN, bytes(member.person.holder_id))]
        tally = count(vault, tx, limits, now=now_ms // MS)
    if tally.limited is not None:  # Raised outside, so that the tries stay counted.
        raise tally.limited
    nobody = HolderId(vault.random(ID_BYTES))
    mandate_id, entry_id = MandateId(vault.random(ID_BYTES)), new_entry_id(vault.random)
    with vault.read() as tx:
        found = find_space(vault, tx, asked.number)
    mandate = Mandate(
        space=member.space,
        mandate_id=mandate_id,
        giver=member.person,
        receiver=found or space_of(nobody, shards=len(vault.logs)),
        parent_id=member.signin.mandate_id,
        status=MandateStatus.ACTIVE,
        version=FIRST,
        powers=asked.powers,
        label=vault.secrets.seal(
            mask_identifier(asked.number).encode(), request_id=bytes(mandate_id)
        ),
        created_at_ms=now_ms,
        ended_at_ms=None,
        state_entry=entry_id,
    )

    def effect(tx: Tx, at_ms: int) -> None:
        if mandate.parent_id is not None:
            chain = chain_of(tx, mandate.space, mandate_id=mandate.parent_id)
            passed_on(chain, mandate.powers)
        tx.mandates.add(replace(mandate, created_at_ms=at_ms))

    def decide(tx: Tx, at_ms: int) -> Decided:
        asking = Asking(tx, now_ms=at_ms)
        holder, facts = asking.holder(member.space)
        person, parent = asking.acting(member, holder)
        return asking.decided(
            AccessRequest(action=Action.MANDATE_GIVE, member=person, holder=facts, mandate=parent)
        )

    receipt = submit_mandate(
        vault,
        member,
        mandate,
        came_from=None,
        kind=Kind.MANDATE_GIVE,
        decide=decide,
        effect=effect,
        urgency=Urgency.NORMAL,
    )
    return mandate, receipt
