"""Opens what a deployment is: root key, vault id, keys, and the name of its log.

All of it is made in one transaction at the first start, so that a crash leaves a whole
deployment or none. Afterwards the root key must open the vault that is there, and nothing is
made anew: an empty database where a journal was kept before is a loss, not a beginning.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from api.settings import RootProvider, Settings
from storage.database import Database
from storage.first_head import open_log
from storage.log_rows import LogRows
from storage.unit_of_work import SqlTx, plain_transactions, read_transactions
from vault.clock import Clock, legal_day
from vault.crypto.keyring import CHECKPOINT, Keyring
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.providers import FileProvider, PassphraseProvider
from vault.crypto.roots import KeyProvider
from vault.crypto.secrets import SEALING
from vault.crypto.signing import SignerKey
from vault.crypto.suites import suite_numbered
from vault.crypto.tokens import PEPPER
from vault.errors import InvalidInputError, KeyUnavailableError, LogFrozenError
from vault.ids import ID_BYTES, RandomBytes
from vault.numbers import SPACE_KINDS, key_name

LOG_ID: Final = 0
"""The embedded default has one log."""

SERVICE_KEYS: Final = (PEPPER, SEALING, CHECKPOINT, *(key_name(kind) for kind in SPACE_KINDS))
"""Names of the keys that a new deployment draws, beside those of every keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment, opened.

    Attributes:
        rows: The wrapped vault keys and service keys, of every version.
        signer: Signs the checkpoints of the log, under the name that the log was opened with.
    """

    keyring: Keyring = field(repr=False)
    rows: tuple[WrappedKey, ...] = field(repr=False)
    signer: SignerKey


def key_provider(settings: Settings) -> KeyProvider:
    """Return the provider of the root key that the settings name.

    Raises:
        KeyUnavailableError: The passphrase cannot be read.
    """
    keys = settings.keys
    if keys.provider is RootProvider.FILE and keys.root_key_file is not None:
        return FileProvider(keys.root_key_file, random=os.urandom)
    try:
        passphrase = (keys.passphrase_file or Path()).read_bytes().rstrip(b"\r\n")
        return PassphraseProvider(passphrase, random=os.urandom)
    except (OSError, InvalidInputError) as error:
        raise KeyUnavailableError(
            "the passphrase cannot be read: check what MYSPACE_KEYS__PASSPHRASE_FILE names"
        ) from error


def open_deployment(
    database: Database, *, settings: Settings, state_path: Path, clock: Clock, random: RandomBytes
) -> Deployment:
    """Open the deployment in ``database``; make it first where there is none.

    Args:
        database: Open, with the newest schema.
        settings: Root key, issuer and suite.
        state_path: Where the journal keeps its own state.
        clock: Dates the log.
        random: The source of every key.

    Raises:
        KeyUnavailableError: The root key is not there, or is that of another vault.
        IntegrityError: A stored key was altered.
        LogFrozenError: The database is empty, though a journal was kept here before.
    """
    provider = key_provider(settings)
    with read_transactions(database)() as connection:
        system = SqlTx(connection).system
        vault_id, rows, head = system.vault_id(), system.all(), LogRows(connection).head(LOG_ID)
    if vault_id is None:
        return _found(
            database,
            provider=provider,
            settings=settings,
            state_path=state_path,
            clock=clock,
            random=random,
        )
    if head is None:
        raise LogFrozenError("the database has no journal: restore the newest backup")
    keyring = Keyring.open(
        provider, vault_id=vault_id, rows=rows, random=random, monotonic=time.monotonic
    )
    return Deployment(
        keyring=keyring, rows=rows, signer=_signer(keyring, rows, origin=head.origin)
    )


def _found(
    database: Database,
    *,
    provider: KeyProvider,
    settings: Settings,
    state_path: Path,
    clock: Clock,
    random: RandomBytes,
) -> Deployment:
    """Draw everything, then write it at once."""
    if state_path.exists():
        raise LogFrozenError(
            f"the database is empty, though a journal was kept here before: restore it, or remove "
            f"{state_path} if you mean to begin anew"
        )
    vault_id = random(ID_BYTES)
    keyring, first = Keyring.create(
        provider,
        vault_id=vault_id,
        suite=suite_numbered(settings.suite),
        random=random,
        monotonic=time.monotonic,
    )
    rows = (*first, *(keyring.new_service_key(name) for name in SERVICE_KEYS))
    now_ms = clock.now_ms()
    year = legal_day(now_ms).year
    origin = f"{urlsplit(settings.issuer).netloc}/log/{year}"
    signer = _signer(keyring, rows, origin=origin)
    with plain_transactions(database)() as connection:
        system = SqlTx(connection).system
        system.set_vault_id(vault_id)
        for row in rows:
            system.add(row)
        open_log(connection, log_id=LOG_ID, year=year, origin=origin, signer=signer, now_ms=now_ms)
    return Deployment(keyring=keyring, rows=rows, signer=signer)


def _signer(keyring: Keyring, rows: tuple[WrappedKey, ...], *, origin: str) -> SignerKey:
    live = [row for row in rows if row.name == CHECKPOINT and row.state is WrapState.LIVE]
    if not live:
        raise KeyUnavailableError("the key that signs checkpoints is not there")
    return keyring.checkpoint_signer(live[0], origin=origin)
