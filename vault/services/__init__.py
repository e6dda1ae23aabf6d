"""The verbs of the vault: one a file, each one submit to the journal."""

from dataclasses import dataclass, field, replace

from vault.clock import Clock
from vault.crypto.keyring import Keyring
from vault.crypto.secrets import Secrets
from vault.ids import RandomBytes
from vault.journal.checkpoints import parse_checkpoint
from vault.journal.operations import Journal
from vault.journal.public import PublicLog
from vault.journal.receipts import Receipt
from vault.journal.watching import Watch
from vault.numbers import NumberIndex
from vault.ports import Blobs, KeptEntry, Read, SharedWork, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """What every verb works with, put together once for a process.

    Attributes:
        read: Starts read-only units of work.
        work: Starts units of work for protocol rows.
        shared: Does such units of work for callers that await a commit together.
        journal: The one door for whatever changes a space or leaves it.
        logs: What anybody may read of the journal, log by log; their number is fixed for good.
        numbers: Finds holders by their numbers.
        max_file_bytes: Of one deposited file.
        people_factor: How many times as often a holder may be sent a code or asked for consent;
            more than once only where nobody is disturbed, as in the demonstration.
        use_receipt_days: Within which a department says what it used a pull for.
        demand_days: Within which a department answers what a holder demands.
        watch: Gets checkpoints witnessed; ``None`` where the operator names no witnesses.
        wrong_codes_an_hour: In all, of browsers that have not signed in to the account before.
    """

    read: Read
    work: Work
    shared: SharedWork
    journal: Journal
    logs: tuple[PublicLog, ...]
    blobs: Blobs
    keyring: Keyring = field(repr=False)
    secrets: Secrets = field(repr=False)
    numbers: NumberIndex = field(repr=False)
    clock: Clock
    random: RandomBytes = field(repr=False)
    max_file_bytes: int = 100 * 2**20
    people_factor: int = 1
    wrong_codes_an_hour: int = 10_000
    use_receipt_days: int = 30
    demand_days: int = 15
    watch: Watch | None = None

    def receipt(self, kept: KeptEntry) -> Receipt:
        """Return a receipt of an entry: at the newest witnessed checkpoint, or the head of now."""
        log = self.logs[kept.log_id]
        note = None if self.watch is None else self.watch.newest(kept.log_id)
        if note is None or parse_checkpoint(note).size <= kept.index:
            return log.receipt(kept)
        path = log.inclusion(kept.index, parse_checkpoint(note).size)
        return replace(log.receipt(kept), path=path, checkpoint=note)
