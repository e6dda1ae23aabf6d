"""Who looked, when, and on which lawful basis: a holder's own entries, newest first.

Entries are opened with the holder's keys. What the law keeps from the holder for a time is
left out until then, but its number is not hidden: the sequence has no holes (journal.md 9).
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from vault.clients import Client
from vault.crypto.suites import suite_numbered
from vault.demands import Demand
from vault.departments import Department
from vault.errors import NotFoundError
from vault.ids import DepartmentId, EntryId, MandateId, parse_id
from vault.journal.entries import Entry, Kind
from vault.journal.leaves import Leaf
from vault.journal.sealing import EntryKeys, open_entry
from vault.journal.statements import Statement, make_opening
from vault.ports import KeptEntry, Tx
from vault.services import Vault
from vault.services.acting import Member
from vault.services.chains import reach
from vault.services.entering import Proof
from vault.services.entry_keys import entry_keys
from vault.services.own_mandates import name_of
from vault.use_receipts import UseReceipt

PAGE: Final = 20
MAX_PAGE: Final = 100
ARCHIVE_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every part of an archive: the same proof is the same file."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Access:
    """One entry of a holder's space, opened.

    Attributes:
        index: Position in the log.
        number: The holder's own number of it, from 0, without holes.
        department: Who acted or asked; ``None`` for the holder's own acts.
        agent: Name of who acted by a mandate, a person's masked; empty where nobody did.
        use: What the department has said, or owes, about a pull.
        late: It should have said so by now.
        demands: What the holder demanded about it, oldest first.
        overdue: One of them should be answered by now.
    """

    entry: Entry
    index: int
    number: int
    department: Department | None
    client: Client | None
    agent: str = field(default="", repr=False)
    use: UseReceipt | None = None
    late: bool = False
    demands: tuple[Demand, ...] = ()
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ledger:
    """A page of entries.

    Attributes:
        older: Where the next page begins; ``None`` where there is none.
    """

    accesses: tuple[Access, ...]
    older: int | None


def list_accesses(
    vault: Vault, member: Member, *, before: int | None = None, limit: int = PAGE
) -> Ledger:
    """Return a page of the holder's entries with numbers below ``before``, newest first.

    An agent is shown what was done by the same mandate, nothing else of the space.

    Raises:
        IntegrityError: An entry does not open; the operator must look at the log.
    """
    wanted = max(1, min(limit, MAX_PAGE))
    now_ms = vault.clock.now_ms()
    with vault.read() as tx:
        reach(tx, member, now_ms=now_ms)
        found = tx.entries.of_holder(member.space, before=before, limit=wanted + 1)
        kept = found[:wanted]
        opened = _opened(vault, tx, member, kept)
    return Ledger(
        accesses=tuple(one for one in opened if _may_be_shown(one.entry, member, now_ms=now_ms)),
        older=kept[-1].holder_seq if len(found) > wanted else None,
    )


def read_access(vault: Vault, member: Member, entry_id: EntryId) -> Access:
    """Return one entry of the holder's own space.

    Raises:
        NotFoundError: The space has no such entry, or it may not be shown yet.
    """
    with vault.read() as tx:
        reach(tx, member, now_ms=vault.clock.now_ms())
        [access] = _opened(vault, tx, member, [_own(tx, member, entry_id)])
    if not _may_be_shown(access.entry, member, now_ms=vault.clock.now_ms()):
        raise NotFoundError("no such entry")
    return access


def prove_access(vault: Vault, member: Member, entry_id: EntryId) -> Proof:
    """Return receipt, opening and statement of an entry of the holder's own space.

    Raises:
        NotFoundError: The space has no such entry, or it may not be shown yet.
    """
    access = read_access(vault, member, entry_id)
    with vault.read() as tx:
        kept = _own(tx, member, entry_id)
        keys = _keys(vault, tx, member, kept)
    opening = make_opening(
        kept.payload,
        keys=keys,
        entry_id=entry_id,
        holder_seq=kept.holder_seq,
        actor_seq=kept.actor_seq,
        vault_id=vault.keyring.vault_id,
        suite=keys.journal_key.suite,
    )
    return Proof(
        receipt=vault.receipt(kept),
        opening=opening,
        statement=Statement.of(access.entry),
    )


def archive(proof: Proof) -> bytes:
    """Return a proof as a ZIP archive of its three parts."""
    parts = {
        "receipt.tlog-proof": proof.receipt.to_text().encode(),
        "opening.json": proof.opening.to_json(),
        "statement.json": proof.statement.to_json(),
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(zipfile.ZipInfo(name, date_time=ARCHIVE_DAY), data)
    return file.getvalue()


def _own(tx: Tx, member: Member, entry_id: EntryId) -> KeptEntry:
    kept = tx.entries.get(member.space.log_id, entry_id=entry_id)
    if kept is None or kept.space != member.space:
        raise NotFoundError("no such entry")
    return kept


def _opened(vault: Vault, tx: Tx, member: Member, kept: Sequence[KeptEntry]) -> list[Access]:
    departments: dict[DepartmentId, Department | None] = {}
    now_ms = vault.clock.now_ms()
    opened = []
    for one in kept:
        keys = _keys(vault, tx, member, one)
        entry = open_entry(
            one.payload,
            keys=keys,
            entry_id=one.entry_id,
            holder_seq=one.holder_seq,
            actor_seq=one.actor_seq,
            vault_id=vault.keyring.vault_id,
            suite=suite_numbered(Leaf.from_bytes(one.leaf).suite),
        )
        who = entry.by.department
        if who is not None and who not in departments:
            departments[who] = tx.departments.get(who)
        use, demands = _use(tx, member, entry), _demands(tx, member, entry)
        opened.append(
            Access(
                entry=entry,
                index=one.index,
                number=one.holder_seq or 0,
                department=None if who is None else departments[who],
                client=None if entry.by.client is None else tx.clients.get(entry.by.client),
                agent=_agent(vault, tx, member, entry),
                use=use,
                late=use is not None and use.overdue(now_ms=now_ms),
                demands=demands,
                overdue=any(demand.overdue(now_ms=now_ms) for demand in demands),
            )
        )
    return opened


def _keys(vault: Vault, tx: Tx, member: Member, kept: KeptEntry) -> EntryKeys:
    return entry_keys(
        tx,
        keyring=vault.keyring,
        space=member.space,
        actor_id=DepartmentId(kept.actor_id),
        version=kept.key_version,
    )


def _use(tx: Tx, member: Member, entry: Entry) -> UseReceipt | None:
    if entry.kind is not Kind.PULL:
        return None
    return tx.use_receipts.get(member.space, entry_id=entry.entry_id)


def _demands(tx: Tx, member: Member, entry: Entry) -> tuple[Demand, ...]:
    if entry.by.department is None or member.is_agent:
        return ()
    return tx.demands.about(member.space, entry_id=entry.entry_id)


def _agent(vault: Vault, tx: Tx, member: Member, entry: Entry) -> str:
    if not entry.by.acting:
        return ""
    mandate_id = MandateId(parse_id(entry.by.acting[0]))
    mandate = tx.mandates.get(member.space, mandate_id=mandate_id)
    return "" if mandate is None else name_of(vault, tx, mandate.receiver, masked=True)


def _may_be_shown(entry: Entry, member: Member, *, now_ms: int) -> bool:
    mandate_id = member.signin.mandate_id
    if mandate_id is not None and mandate_id.hex() not in entry.by.acting:
        return False
    return entry.sealed is None or entry.sealed.until_ms <= now_ms
