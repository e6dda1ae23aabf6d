"""Puts the policies of this release in force, as an entry, where others or none are."""

from policies.bundle import shipped
from vault.journal.entries import Kind, StateChange
from vault.journal.operations import Guarded
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.asking import POLICY_POINTER
from vault.services.operating import operate


def activate_policy(vault: Vault) -> Receipt | None:
    """Activate the shipped bundle; return the receipt, or ``None`` if it is in force already.

    Raises:
        JournalUnavailableError: Nothing changed.
    """
    bundle = shipped()
    with vault.read() as tx:
        active = tx.policies.active()
    if active is not None and active.bundle_hash == bundle.hash:
        return None

    def effect(tx: Tx, _at_ms: int) -> None:
        tx.policies.activate(bundle.hash, text=bundle.text)

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
