"""Puts one process together from its settings, and takes it apart in the opposite order.

Each layer is handed its values only: nothing below ``api`` has heard of settings.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

import structlog

from api.courier import Courier, calling
from api.databases import opened_database
from api.deployment import Deployment, open_deployment
from api.deps import Wired
from api.egress import Egress
from api.housekeeping import housekeeping
from api.limits import ClientLimits
from api.oauth.interaction import Desk
from api.oauth.logout_token import logout_call
from api.oauth.mtls import MutualTls
from api.oauth.ping import ping_call
from api.oauth.provider import Provider
from api.oauth.resource import Resource
from api.oauth.statement import Registry
from api.oauth.wellknown import server_metadata
from api.oauth.window import Window
from api.object_stores import objects_of
from api.passkeys import levels_of, relying_party
from api.publishing import Publisher, publishing, shown_heads
from api.refusals import RefusalLog, writing
from api.settings import Settings
from api.watching import Watches, watching
from storage.blobs import StoredBlobs
from storage.database import Database
from storage.failures import ConfigurationError, OutOfReachError
from storage.group_commit import GroupCommit
from storage.journal_append import LogIdentity
from storage.journals import Journals
from storage.public_log import PublicLog
from storage.published import published_file
from storage.shared_transactions import SharedTransactions, shared_transactions
from storage.slots import state_file, state_files, taken_slot
from storage.unit_of_work import reader, worker
from storage.writing import Writing
from vault.clock import Clock, SystemClock
from vault.crypto.memory import harden_process
from vault.crypto.secrets import Secrets
from vault.ids import RandomBytes
from vault.journal.publishing import SecondLines
from vault.numbers import NumberIndex
from vault.services import Vault
from vault.services.activate_policy import activate_policy
from vault.services.deciding import PING
from vault.services.sign_out import LOGOUT
from vault.services.signing_keys import keep_signing_keys

__all__ = ["Wired", "wire"]

DEMO_PEOPLE: Final = 20
"""The story may be played often: the people of the demonstration do not exist, nobody is woken."""

SWEEP_SECONDS: Final = 45
"""Keys are read anew as often: less than a minute passes until all processes know of one."""

_log = structlog.get_logger("myspace.wiring")


@contextmanager
def wire(
    settings: Settings,
    *,
    clock: Clock | None = None,
    random: RandomBytes = os.urandom,
    sweep_seconds: float = SWEEP_SECONDS,
    people_factor: int | None = None,
) -> Iterator[Wired]:
    """Wire the vault while the block runs.

    Args:
        settings: The whole configuration.
        clock: The time; the machine's own unless a test brings another.
        random: The source of every key, id and code.
        sweep_seconds: How often what has expired is removed.
        people_factor: See ``Vault``; without it that of the demonstration, or none.

    Raises:
        InvalidInputError: The list of authorities, or the policy of witnesses, cannot be used.
        KeyUnavailableError: The root key is not there, or is that of another vault.
        LogFrozenError: The log does not continue the one that was last seen.
        StorageError: Database, folder or state cannot be used; the message says why.
    """
    for refused in harden_process():
        _log.warning("the process could not be hardened", reason=refused)
    told = clock or SystemClock()
    _make_state_folder(settings)
    with ExitStack() as stack:
        database = stack.enter_context(opened_database(settings))
        slot = stack.enter_context(taken_slot(settings.state))
        deployment = open_deployment(database, settings=settings, clock=told, random=random)
        journal = Journals(
            [
                _writer(database, deployment, log_id, settings=settings, slot=slot, clock=told)
                for log_id in range(len(deployment.signers))
            ]
        )
        journal.start()
        stack.callback(journal.stop)
        logs = tuple(PublicLog(database, log_id=n) for n in range(len(deployment.signers)))
        seconds = SecondLines(deployment.seconds, clock=told)
        watch = stack.enter_context(  # Before anything is written: it may be an old database.
            watching(
                settings.witnesses,
                egress=_egress(settings),
                keys=[signer.verifier for signer in deployment.signers],
                logs=logs,
                seconds=seconds,
                read=reader(database),
                work=worker(database),
                clock=told,
                stop=journal.halt,
            )
        )
        shared = stack.enter_context(shared_transactions(worker(database)))
        vault = _vault(
            database,
            deployment,
            journal=journal,
            shared=shared,
            logs=logs,
            watch=watch,
            settings=settings,
            clock=told,
            random=random,
        )
        if people_factor is not None:
            vault = replace(vault, people_factor=people_factor)
        activate_policy(vault, again=not database.kind.shared)
        party = relying_party(settings)
        provider = Provider.of(
            vault,
            levels=levels_of(party),
            origin=settings.issuer,
            limits=ClientLimits.set_by(settings.limits),
            registry=_registry(settings),
            demo=settings.demo,
            mtls=mtls_of(settings),
        )
        server_metadata(settings.issuer, mtls=provider.mtls)  # Refused now, not by a reader.
        keep_signing_keys(vault)
        provider.signer.refresh()
        stack.enter_context(housekeeping(vault, provider.signer, every=sweep_seconds))
        courier = Courier(
            vault,
            _egress(settings),
            {
                LOGOUT: lambda told: logout_call(provider, told),
                PING: lambda told: ping_call(provider, told),
            },
        )
        stack.enter_context(calling(courier))
        shown = shown_heads(logs, seconds=seconds, watch=watch)
        publisher = Publisher(logs, folder=settings.publishes_to, shown=shown, stop=journal.halt)
        stack.enter_context(publishing(publisher))
        refusals = RefusalLog()
        stack.enter_context(writing(refusals, vault))
        yield Wired(
            vault=vault,
            refusals=refusals,
            issuer=settings.issuer,
            demo=settings.demo,
            passkeys=party,
            resolve=Resource(provider),
            desk=Desk(provider),
            window=Window(provider),
            shown=shown,
        )


def _registry(settings: Settings) -> Registry | None:
    if settings.registry is None:
        return None
    return Registry.of(issuer=settings.registry.issuer, jwks=settings.registry.keys)


def mtls_of(settings: Settings) -> MutualTls | None:
    """Return what is turned on of client certificates, if anything is.

    Raises:
        InvalidInputError: The list of authorities cannot be used.
    """
    asked = settings.mtls
    if asked is None:
        return None
    return MutualTls.of(alias=asked.alias, authorities_file=asked.authorities_file)


def _writer(
    database: Database,
    deployment: Deployment,
    log_id: int,
    *,
    settings: Settings,
    slot: int,
    clock: Clock,
) -> GroupCommit:
    own = state_file(settings.state, log_id=log_id, slot=slot)
    every = state_files(settings.state, log_id=log_id)
    return GroupCommit(
        writing=Writing.to(database),
        identity=LogIdentity(
            log_id=log_id,
            vault_id=deployment.keyring.vault_id,
            suite=deployment.keyring.suite,
            signer=deployment.signers[log_id],
            random=os.urandom,
        ),
        state_path=own,
        others=[path for path in every if path != own],
        published=published_file(settings.publishes_to, log_id=log_id),
        clock=clock,
        on_fatal=_end,
    )


def _egress(settings: Settings) -> Egress:
    egress = settings.egress
    try:
        return Egress.of(networks=egress.networks, ports=egress.ports, ca_file=egress.ca_file)
    except OSError as error:
        raise ConfigurationError(
            "the certificate authorities cannot be read: check MYSPACE_EGRESS__CA_FILE"
        ) from error


def _make_state_folder(settings: Settings) -> None:
    try:
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OutOfReachError(f"the state folder {settings.state} cannot be used") from error


def _vault(
    database: Database,
    deployment: Deployment,
    *,
    journal: Journals,
    shared: SharedTransactions,
    logs: tuple[PublicLog, ...],
    watch: Watches | None,
    settings: Settings,
    clock: Clock,
    random: RandomBytes,
) -> Vault:
    keyring, rows = deployment.keyring, deployment.rows
    return Vault(
        read=reader(database),
        work=worker(database),
        shared=shared,
        journal=journal,
        logs=logs,
        watch=watch,
        blobs=StoredBlobs(objects_of(settings, random=random), database=database, random=random),
        keyring=keyring,
        secrets=Secrets.load(keyring, rows=rows, random=random),
        numbers=NumberIndex.load(keyring, rows=rows),
        clock=clock,
        random=random,
        max_file_bytes=settings.limits.max_file_bytes,
        people_factor=DEMO_PEOPLE if settings.demo else 1,
        wrong_codes_an_hour=settings.limits.wrong_codes_an_hour,
        use_receipt_days=settings.use_receipt_days,
        demand_days=settings.demand_days,
    )


def _end(error: Exception) -> None:
    """End this process at once: what a lost commit left on the disk shows at the next start."""
    _log.critical("this process ends: the outcome of a commit is unknown", exc_info=error)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(os.EX_TEMPFAIL)
