"""The mandates that a member gave and received, and opening another's space by one of them.

Opening is nothing that leaves a space, so it is no entry; whatever is done there is one.
"""

from dataclasses import dataclass, field

from vault.clients.protocol import SignIn
from vault.crypto.contexts import Purpose
from vault.errors import AccessDeniedError, KeyUnavailableError, NotFoundError
from vault.holders import HolderKind
from vault.ids import MandateId, Space
from vault.mandates import Mandate, Powers
from vault.masking import mask_name
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Member
from vault.services.chains import NOT_LIVE, chain_of, live_powers, reach
from vault.services.end_mandate import concerns
from vault.services.entry_keys import held
from vault.services.open_space import profile_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A mandate as its giver sees it.

    Attributes:
        receiver: Number, masked, as the giver typed it: no name is told for a number.
        alive: Somebody may act by it now.
        own: Given by the member, not passed on by an agent.
    """

    mandate: Mandate
    receiver: str = field(repr=False)
    alive: bool
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mandate as its receiver sees it.

    Attributes:
        holder: Name of whose space it opens; empty where none is known.
        powers: What the whole chain allows now; ``None`` where that is nothing.
    """

    mandate: Mandate
    holder: str = field(repr=False)
    powers: Powers | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMandates:
    """Both sides, the newest first."""

    given: tuple[Given, ...]
    received: tuple[Received, ...]


def own_mandates(vault: Vault, member: Member) -> OwnMandates:
    """Return the mandates that concern the member in the space that is open."""
    now_ms = vault.clock.now_ms()
    with vault.read() as tx:
        given = [one for one in tx.mandates.of_holder(member.space) if _is_given(one, member)]
        received = tx.mandates.of_receiver(member.person)
        if member.is_agent:
            received = tuple(one for one in received if one.mandate_id == member.signin.mandate_id)
        else:
            given += [one for one in _passed_on(tx, received) if one.giver == member.person]
        return OwnMandates(
            given=tuple(_given(vault, tx, one, member=member, now_ms=now_ms) for one in given),
            received=tuple(_received(vault, tx, one, now_ms=now_ms) for one in received),
        )


def own_mandate(vault: Vault, member: Member, mandate_id: MandateId) -> Given:
    """Return one mandate that the member may narrow or end.

    Raises:
        NotFoundError: There is none, or it is somebody else's.
    """
    with vault.read() as tx:
        found = tx.mandates.find(mandate_id)
        if found is None or not concerns(found, member):
            raise NotFoundError("no such mandate")
        return _given(vault, tx, found, member=member, now_ms=vault.clock.now_ms())


def open_by_mandate(vault: Vault, signin: SignIn, mandate_id: MandateId) -> SignIn:
    """Open the space that a mandate opens; return the sign-in as it is from now on.

    Raises:
        NotFoundError: Whoever is signed in has not received such a mandate.
        AccessDeniedError: It has ended, or has not begun.
    """
    with vault.read() as tx:
        found = tx.mandates.find(mandate_id)
        if found is None or found.receiver != signin.auth.person:
            raise NotFoundError("no such mandate")
        chain = chain_of(tx, found.space, mandate_id=mandate_id)
    if live_powers(chain, now_ms=vault.clock.now_ms()) is None:
        raise AccessDeniedError(NOT_LIVE)
    return _switch(vault, signin.switched(found.space, mandate_id=mandate_id))


def acting_for(vault: Vault, member: Member) -> str:
    """Return the name of whose space is open; empty in the own one.

    Raises:
        AccessDeniedError: The mandate has ended; the own space is open again.
    """
    if not member.is_agent:
        return ""
    try:
        with vault.read() as tx:
            reach(tx, member, now_ms=vault.clock.now_ms())
            return name_of(vault, tx, member.space)
    except AccessDeniedError:
        open_own(vault, member.signin)
        raise


def open_own(vault: Vault, signin: SignIn) -> SignIn:
    """Open the own space again; return the sign-in as it is from now on."""
    return _switch(vault, signin.switched(signin.auth.person, mandate_id=None))


def name_of(vault: Vault, tx: Tx, space: Space, *, masked: bool = False) -> str:
    """Return the name of a holder, a person's masked if wanted; empty where none is known."""
    holder = tx.holders.get(space)
    if holder is None:
        return ""
    try:
        data_key = held(tx.holders.keys(space), Purpose.HOLDER_DATA_KEY)
        name = profile_of(vault, holder, data_key=data_key).name
    except KeyUnavailableError:  # Erased.
        return ""
    return mask_name(name) if masked and holder.kind is HolderKind.PERSON else name


def _switch(vault: Vault, signin: SignIn) -> SignIn:
    with vault.work() as tx:
        tx.protocol.switch_signin(signin)
    return signin


def _is_given(mandate: Mandate, member: Member) -> bool:
    return not member.is_agent or mandate.giver == member.person


def _passed_on(tx: Tx, received: tuple[Mandate, ...]) -> list[Mandate]:
    """Return the links below those that were received; they lie in other spaces."""
    spaces = dict.fromkeys(one.space for one in received)
    ids = {one.mandate_id for one in received}
    return [
        one for space in spaces for one in tx.mandates.of_holder(space) if one.parent_id in ids
    ]


def _given(vault: Vault, tx: Tx, mandate: Mandate, *, member: Member, now_ms: int) -> Given:
    label = vault.secrets.open(mandate.label, request_id=bytes(mandate.mandate_id))
    return Given(
        mandate=mandate,
        receiver=label.decode(),
        alive=_powers(tx, mandate, now_ms=now_ms) is not None,
        own=mandate.giver == member.person,
    )


def _received(vault: Vault, tx: Tx, mandate: Mandate, *, now_ms: int) -> Received:
    return Received(
        mandate=mandate,
        holder=name_of(vault, tx, mandate.space),
        powers=_powers(tx, mandate, now_ms=now_ms),
    )


def _powers(tx: Tx, mandate: Mandate, *, now_ms: int) -> Powers | None:
    chain = chain_of(tx, mandate.space, mandate_id=mandate.mandate_id)
    return live_powers(chain, now_ms=now_ms)
