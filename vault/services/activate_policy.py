"""Puts the policies of this release in force, as an entry, where others or none are."""

from collections.abc import Callable

from policies.bundle import Bundle, shipped
from vault.errors import ConflictError
from vault.journal.entries import Kind, StateChange
from vault.journal.operations import Guarded
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.ports.guarded import ActivePolicy
from vault.services import Vault
from vault.services.asking import POLICY_POINTER
from vault.services.operating import operate


def activate_policy(vault: Vault, *, again: bool = True) -> Receipt | None:
    """Activate the shipped bundle; return the receipt, or ``None`` if there is nothing to do.

    Args:
        vault: The vault.
        again: Also where it was in force once and was superseded. A process that starts beside
            others must not do that: while a new release is rolled out, one of the old release
            that starts again would bring the old policies back.

    Raises:
        JournalUnavailableError: Nothing changed.
    """
    bundle = shipped()
    with vault.read() as tx:
        active = tx.policies.active()
        known = tx.policies.text(bundle.hash) is not None
    in_force = active is not None and active.bundle_hash == bundle.hash
    if in_force or (known and not again):
        return None

    def effect(tx: Tx, _at_ms: int) -> None:
        if tx.policies.active() != active:
            raise ConflictError("another process has just changed the policies")
        tx.policies.activate(bundle.hash, text=bundle.text)

    try:
        return _activated(vault, bundle, active=active, effect=effect)
    except ConflictError:
        with vault.read() as tx:
            now = tx.policies.active()
        if now is None or now.bundle_hash != bundle.hash:
            raise
        return None


def _activated(
    vault: Vault,
    bundle: Bundle,
    *,
    active: ActivePolicy | None,
    effect: Callable[[Tx, int], None],
) -> Receipt:
    return operate(
        vault,
        kind=Kind.POLICY_ACTIVATE,
        change=StateChange(
            object=Guarded.POLICY.value,
            id=str(POLICY_POINTER[0]),
            came_from=None if active is None else active.bundle_hash.hex(),
            became=bundle.hash.hex(),
            version=1 if active is None else active.version + 1,
        ),
        effect=effect,
        bundle=bundle,
    )
