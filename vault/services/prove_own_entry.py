"""A department fetches again the proof of an entry that it made: receipt, opening, statement.

The receipt carries the checkpoint of now. Which entries there are, and whose, is told to
nobody: an entry of somebody else is not there.
"""

from vault.crypto.suites import suite_numbered
from vault.errors import NotFoundError
from vault.ids import DepartmentId, EntryId
from vault.journal.leaves import Leaf
from vault.journal.sealing import EntryKeys, open_entry
from vault.journal.statements import Statement, make_opening
from vault.ports import KeptEntry, Tx
from vault.services import Vault
from vault.services.entering import Proof
from vault.services.entry_keys import entry_keys, system_entry_keys


def prove_own_entry(vault: Vault, department_id: DepartmentId, entry_id: EntryId) -> Proof:
    """Return the proof of an entry whose actor is this department.

    Raises:
        NotFoundError: There is no such entry, or somebody else made it.
        KeyUnavailableError: The key that opens it is gone.
        IntegrityError: The entry does not open.
    """
    with vault.read() as tx:
        kept = _own(vault, tx, department_id, entry_id)
        keys = _keys(vault, tx, department_id, kept)
    suite = suite_numbered(Leaf.from_bytes(kept.leaf).suite)
    vault_id = vault.keyring.vault_id
    entry = open_entry(
        kept.payload,
        keys=keys,
        entry_id=entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    opening = make_opening(
        kept.payload,
        keys=keys,
        entry_id=entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault_id,
        suite=suite,
    )
    return Proof(receipt=vault.receipt(kept), opening=opening, statement=Statement.of(entry))


def _own(vault: Vault, tx: Tx, department_id: DepartmentId, entry_id: EntryId) -> KeptEntry:
    for log_id in range(len(vault.logs)):
        kept = tx.entries.get(log_id, entry_id=entry_id)
        if kept is not None and kept.actor_id == department_id:
            return kept
    raise NotFoundError("no such entry")


def _keys(vault: Vault, tx: Tx, department_id: DepartmentId, kept: KeptEntry) -> EntryKeys:
    if kept.space is None:
        return system_entry_keys(
            tx, keyring=vault.keyring, actor_id=department_id, version=kept.key_version
        )
    return entry_keys(
        tx,
        keyring=vault.keyring,
        space=kept.space,
        actor_id=department_id,
        version=kept.key_version,
    )
