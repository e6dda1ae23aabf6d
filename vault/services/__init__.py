"""The verbs of the vault: one a file, each one submit to the journal."""

from dataclasses import dataclass, field

from vault.clock import Clock
from vault.crypto.keyring import Keyring
from vault.crypto.secrets import Secrets
from vault.ids import RandomBytes
from vault.journal.operations import Journal
from vault.journal.public import PublicLog
from vault.numbers import NumberIndex
from vault.ports import Blobs, Read, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """What every verb works with, put together once for a process.

    Attributes:
        read: Starts read-only units of work.
        work: Starts units of work for protocol rows.
        journal: The one door for whatever changes a space or leaves it.
        log: What anybody may read of the journal.
        numbers: Finds holders by their numbers.
        shards: Logs of this deployment; fixed at creation.
        max_file_bytes: Of one deposited file.
    """

    read: Read
    work: Work
    journal: Journal
    log: PublicLog
    blobs: Blobs
    keyring: Keyring = field(repr=False)
    secrets: Secrets = field(repr=False)
    numbers: NumberIndex = field(repr=False)
    clock: Clock
    random: RandomBytes = field(repr=False)
    shards: int = 1
    max_file_bytes: int = 100 * 2**20
