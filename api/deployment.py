"""Opens what a deployment is: root key, vault id, keys, and the name of its log.

All of it is made in one transaction at the first start, so that a crash leaves a whole
deployment or none. Afterwards the root key must open the vault that is there, and nothing is
made anew: an empty database where a journal was kept before is a loss, not a beginning.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from api.settings import RootProvider, Settings
from storage.database import Database
from storage.failures import ConfigurationError
from storage.first_head import open_log
from storage.log_rows import LogRows
from storage.published import published_file
from storage.row_macs import NAME as ROW_MACS
from storage.row_macs import RowMacs
from storage.slots import state_files
from storage.unit_of_work import SqlTx, plain_transactions, read_transactions
from vault.clock import Clock, legal_day
from vault.crypto.keyring import CHECKPOINT, CHECKPOINT_ML_DSA, Keyring
from vault.crypto.keys import WrappedKey, WrapState
from vault.crypto.providers import FileProvider, PassphraseProvider
from vault.crypto.roots import KeyProvider
from vault.crypto.secrets import SEALING
from vault.crypto.signing import SignerKey
from vault.crypto.suites import suite_numbered
from vault.crypto.tokens import PEPPER
from vault.errors import ConflictError, InvalidInputError, KeyUnavailableError, LogFrozenError
from vault.ids import ID_BYTES, RandomBytes
from vault.numbers import SPACE_KINDS, key_name

SERVICE_KEYS: Final = (
    PEPPER,
    SEALING,
    CHECKPOINT,
    ROW_MACS,
    CHECKPOINT_ML_DSA,
    *(key_name(kind) for kind in SPACE_KINDS),
)
"""Names of the keys that a new deployment draws, beside those of every keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment, opened.

    Attributes:
        rows: The wrapped vault keys and service keys, of every version.
        signers: One a log, in the order of the logs: each signs the checkpoints of its log under
            the name that the log was opened with.
        seconds: Of the same logs, the keys of the second line (ML-DSA-44).
    """

    keyring: Keyring = field(repr=False)
    rows: tuple[WrappedKey, ...] = field(repr=False)
    signers: tuple[SignerKey, ...]
    seconds: tuple[SignerKey, ...]


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
    database: Database, *, settings: Settings, clock: Clock, random: RandomBytes
) -> Deployment:
    """Open the deployment in ``database``; make it first where there is none.

    Of several processes that start on an empty database one makes it, and the others open that.

    Args:
        database: Open, with the newest schema.
        settings: Root key, issuer, suite, number of logs, and where the journal keeps its state.
        clock: Dates the log.
        random: The source of every key.

    Raises:
        KeyUnavailableError: The root key is not there, or is that of another vault.
        IntegrityError: A stored key was altered.
        LogFrozenError: The database is empty, though a journal was kept here before.
        ConfigurationError: The settings ask for another number of logs than there are.
    """
    provider = key_provider(settings)
    opened = _opened(database, provider, settings=settings, random=random)
    if opened is not None:
        return opened
    try:
        return _found(database, provider, settings=settings, clock=clock, random=random)
    except (ConflictError, LogFrozenError):  # Made meanwhile, and perhaps served already.
        opened = _opened(database, provider, settings=settings, random=random)
        if opened is None:
            raise
        return opened


def _opened(
    database: Database, provider: KeyProvider, *, settings: Settings, random: RandomBytes
) -> Deployment | None:
    with read_transactions(database)() as connection:
        system = SqlTx(connection).system
        vault_id, rows, heads = system.vault_id(), system.all(), LogRows(connection).heads()
    if vault_id is None:
        return None
    if [head.log_id for head in heads] != list(range(len(heads))) or not heads:
        raise LogFrozenError("the database has no journal: restore the newest backup")
    if settings.logs not in {None, len(heads)}:
        raise ConfigurationError(
            f"the number of logs here is {len(heads)} for good; correct or remove MYSPACE_LOGS"
        )
    keyring = Keyring.open(
        provider, vault_id=vault_id, rows=rows, random=random, monotonic=time.monotonic
    )
    database.guard.unlock(row_macs(keyring, rows))
    rows = _with_second(database, keyring, rows)
    return _deployment(keyring, rows, origins=[head.origin for head in heads])


def _with_second(
    database: Database, keyring: Keyring, rows: tuple[WrappedKey, ...]
) -> tuple[WrappedKey, ...]:
    """Draw the key of the second line where the deployment is older than that line is."""
    if any(row.name == CHECKPOINT_ML_DSA for row in rows):
        return rows
    with suppress(ConflictError), plain_transactions(database)() as connection:
        SqlTx(connection).system.add(keyring.new_service_key(CHECKPOINT_ML_DSA))
    with read_transactions(database)() as connection:  # Another process may have been first.
        return SqlTx(connection).system.all()


def _deployment(
    keyring: Keyring, rows: tuple[WrappedKey, ...], *, origins: Sequence[str]
) -> Deployment:
    signers, seconds = (
        tuple(_signer(keyring, rows, name=name, origin=origin) for origin in origins)
        for name in (CHECKPOINT, CHECKPOINT_ML_DSA)
    )
    return Deployment(keyring=keyring, rows=rows, signers=signers, seconds=seconds)


def _found(
    database: Database,
    provider: KeyProvider,
    *,
    settings: Settings,
    clock: Clock,
    random: RandomBytes,
) -> Deployment:
    """Draw everything, then write it at once."""
    _refuse_loss(settings)
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
    origins = _origins(settings, year=year)
    deployment = _deployment(keyring, rows, origins=origins)
    with plain_transactions(database)() as connection:
        system = SqlTx(connection).system
        system.set_vault_id(vault_id)
        for row in rows:
            system.add(row)
        for log_id, signer in enumerate(deployment.signers):
            open_log(
                connection,
                log_id=log_id,
                year=year,
                origin=origins[log_id],
                signer=signer,
                now_ms=now_ms,
            )
    database.guard.unlock(row_macs(keyring, rows))
    return deployment


def row_macs(keyring: Keyring, rows: Sequence[WrappedKey]) -> RowMacs:
    """Return the key of the guarded rows.

    Raises:
        KeyUnavailableError: It is not there: the rows are from before there was one.
    """
    for row in rows:
        if row.name == ROW_MACS and row.state is WrapState.LIVE:
            return RowMacs(keyring.service_key(row), vault_id=keyring.vault_id)
    raise KeyUnavailableError(
        "the key of the guarded rows is not there: stop every server and run: myspace journal seal"
    )


def _refuse_loss(settings: Settings) -> None:
    for log_id in range(settings.logs or 1):
        for path in state_files(settings.state, log_id=log_id):
            raise LogFrozenError(
                f"the database is empty, though a journal was kept here before: restore it, or "
                f"remove {path} if you mean to begin anew"
            )
        shown = published_file(settings.publishes_to, log_id=log_id)
        if shown.exists():
            raise LogFrozenError(
                f"the database is empty, though {shown} was published: restore it, or remove "
                "that file if you mean to begin anew"
            )


def _origins(settings: Settings, *, year: int) -> tuple[str, ...]:
    """Return the names of the logs (journal.md 13)."""
    first = f"{urlsplit(settings.issuer).netloc}/log/{year}"
    others = (f"{first}/{number}" for number in range(1, settings.logs or 1))
    return (first, *others)


def _signer(
    keyring: Keyring, rows: tuple[WrappedKey, ...], *, name: str, origin: str
) -> SignerKey:
    live = [row for row in rows if row.name == name and row.state is WrapState.LIVE]
    if not live:
        raise KeyUnavailableError("the key that signs checkpoints is not there")
    return keyring.checkpoint_signer(live[0], origin=origin)
