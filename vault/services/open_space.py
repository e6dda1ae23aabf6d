"""Finds the space of a number, or opens it: the first deposit or case makes the space.

Opening is an entry of its own, ``holder.opened``. Only somebody whom the policies permit to
act in the new space gets one opened, so a stranger cannot fill the vault with empty spaces.
"""

from dataclasses import dataclass, replace
from typing import Final

from policies.access import Permit
from policies.facts import HolderFacts
from vault.crypto import contexts
from vault.crypto.contexts import Purpose
from vault.crypto.envelope import open_sealed, seal
from vault.crypto.keys import HolderDataKey, WrappedKey
from vault.errors import ConflictError
from vault.holders import Holder, HolderProfile, HolderState
from vault.identifiers import Identifier
from vault.ids import ID_BYTES, HolderId, Space, space_of
from vault.journal.entries import Basis, Kind, StateChange
from vault.journal.operations import Decided, Guarded
from vault.numbers import holder_kind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.changing import Decide, Ready, ready, submit_change
from vault.services.entering import Draft, committed
from vault.services.entry_keys import held, new_entry_keys

FIRST: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Newcomer:
    """A space that is not there yet.

    Attributes:
        facts: What policies may know of it before it is opened.
    """

    space: Space
    facts: HolderFacts


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known:
    """What a department knows of a holder.

    Attributes:
        name, contact: Empty where it knows none.
    """

    name: str = ""
    contact: str = ""


def find_space(vault: Vault, tx: Tx, number: Identifier) -> Space | None:
    """Return the space that ``number`` is a key of, or ``None``."""
    for index in vault.numbers.of(number):
        found = tx.holders.find(index.kind, index.index)
        if found is not None:
            return found
    return None


def newcomer(vault: Vault, number: Identifier) -> Newcomer:
    """Draw the id of a space that may be opened for ``number``."""
    holder_id = HolderId(vault.random(ID_BYTES))
    return Newcomer(
        space=space_of(holder_id, shards=len(vault.logs)),
        facts=HolderFacts(
            holder_id=holder_id.hex(),
            kind=holder_kind(number).value,
            state=HolderState.ACTIVE.value,
        ),
    )


def open_space(
    vault: Vault,
    new: Newcomer,
    *,
    number: Identifier,
    known: Known,
    caller: Caller,
    decide: Decide,
) -> Space:
    """Open the space ``new``, or return the one that somebody else opened meanwhile.

    The caller's proof must be spent already (``versions.spend_proof``): a refusal of a proof
    that was shown before would stand in a space that is not there.

    Args:
        vault: The vault.
        new: Drawn beforehand.
        number: That it is found by.
        known: What stands in its profile from the start.
        caller: Who acts, with a spent proof.
        decide: Decides about the act that the space is opened for.

    Raises:
        ConflictError: The act is not permitted any more; nothing was opened.
        JournalUnavailableError: Nothing was opened.
    """
    if caller.claims:
        raise TypeError("a space is opened once the proof is spent")

    def permitted(tx: Tx, at_ms: int) -> Decided:
        decided = decide(tx, at_ms)
        if not isinstance(decided.decision, Permit):
            # A refusal in a space that is not there could be opened by nobody.
            raise ConflictError("the rights of this client have just changed; try again")
        return decided

    space = new.space
    wraps = vault.keyring.new_holder_keys(space.holder_id)
    profile = HolderProfile(
        name=known.name, number_kind=number.kind, number=number.value, contact=known.contact
    )
    holder = Holder(
        space=space,
        kind=holder_kind(number),
        state=HolderState.ACTIVE,
        version=FIRST,
        profile=_sealed(vault, profile, space=space, version=FIRST, data_key=wraps.data),
        created_at_ms=vault.clock.now_ms(),
    )
    with vault.read() as tx:
        before = Ready(
            decided=permitted(tx, vault.clock.now_ms()),
            keys=new_entry_keys(
                tx,
                keyring=vault.keyring,
                wraps=wraps,
                log_id=space.log_id,
                actor_id=caller.actor_id,
            ),
        )

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.holders.add(holder, numbers=vault.numbers.of(number), keys=wraps)

    try:
        outcome = submit_change(
            vault,
            caller,
            _draft(vault, caller, holder, kind=Kind.HOLDER_OPENED),
            space=space,
            before=before,
            decide=permitted,
            effect=effect,
        )
        committed(outcome)
    except ConflictError:
        with vault.read() as tx:
            found = find_space(vault, tx, number)
        if found is None:
            raise
        return found
    return space


def complete_profile(
    vault: Vault, space: Space, *, known: Known, caller: Caller, decide: Decide
) -> bool:
    """Add name and contact to a space that was opened without them; overwrite neither.

    A contact receives one-time codes: the first issuer to know one names it, and no later
    issuer can put another one in its place.

    Returns:
        Whether something was added; then the caller's proof is spent.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError: Refused; nothing was added.
        JournalUnavailableError: Nothing was added.
    """
    if known == Known():
        return False
    with vault.read() as tx:
        holder = tx.holders.get(space)
        if holder is None:
            return False
        data_key = held(tx.holders.keys(space), Purpose.HOLDER_DATA_KEY)
    profile = profile_of(vault, holder, data_key=data_key)
    fuller = replace(
        profile,
        name=profile.name or known.name,
        contact=profile.contact or known.contact,
    )
    if fuller == profile:
        return False
    version = holder.version + 1
    sealed = _sealed(vault, fuller, space=space, version=version, data_key=data_key)

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.holders.set_profile(space, profile=sealed, expected=holder.version)

    outcome = submit_change(
        vault,
        caller,
        _draft(vault, caller, replace(holder, version=version), kind=Kind.HOLDER_CHANGED),
        space=space,
        before=ready(vault, caller, space=space, decide=decide),
        decide=decide,
        effect=effect,
    )
    committed(outcome)
    return True


def profile_of(vault: Vault, holder: Holder, *, data_key: WrappedKey) -> HolderProfile:
    """Open what the vault knows of a holder in plain.

    Raises:
        IntegrityError: The row is another's, or was altered.
    """
    key = vault.keyring.data_key(data_key)
    context = _context(vault, key, space=holder.space, version=holder.version)
    return HolderProfile.from_bytes(open_sealed(key, context, holder.profile))


def _draft(vault: Vault, caller: Caller, holder: Holder, *, kind: Kind) -> Draft:
    """Return the entry of what a holder's row is from now on."""
    state = holder.state.value
    return Draft(
        entry_id=new_entry_id(vault.random),
        kind=kind,
        basis=Basis.SYSTEM,
        by=caller.by(),
        trace=caller.trace(),
        change=StateChange(
            object=Guarded.HOLDER.value,
            id=holder.space.holder_id.hex(),
            came_from=None if holder.version == FIRST else state,
            became=state,
            version=holder.version,
        ),
    )


def _sealed(
    vault: Vault, profile: HolderProfile, *, space: Space, version: int, data_key: WrappedKey
) -> bytes:
    key = vault.keyring.data_key(data_key)
    context = _context(vault, key, space=space, version=version)
    return seal(key, context, profile.to_bytes(), random=vault.random)


def _context(vault: Vault, key: HolderDataKey, *, space: Space, version: int) -> contexts.Context:
    return contexts.holder_profile(
        suite=key.suite,
        vault_id=vault.keyring.vault_id,
        holder_id=space.holder_id,
        version=version,
    )
