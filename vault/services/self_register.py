"""A department's system registers itself (RFC 7591): it waits until a person approves it.

One operation enters the client, spends the initial token and keeps what the statement was, so
that of two that come with the same token or statement one is let in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from vault.clients import Client, ClientStatus
from vault.clients.profiles import check_registration
from vault.clients.registrations import InitialToken, Registration
from vault.clock import MS
from vault.departments import Department, DepartmentStatus
from vault.errors import InvalidInputError, NotFoundError, ReplayedError
from vault.ids import DepartmentId
from vault.journal.entries import By, Kind, StateChange
from vault.journal.operations import Guarded
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate

INITIAL_TOKEN: Final = "vin_"  # noqa: S105 - a prefix, not a secret
REGISTRATION_TOKEN: Final = "vrg_"  # noqa: S105 - a prefix, not a secret
INITIAL_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfRegister:
    """A client as it would be entered.

    Attributes:
        client: Pending, at its first version.
        token_hash: Of the initial token, as it is stored.
    """

    client: Client
    registration: Registration
    token_hash: bytes = field(repr=False)


def hand_out_token(vault: Vault, department_id: DepartmentId) -> str:
    """Return a new initial token, good for one client of a department within 24 hours.

    Raises:
        NotFoundError: There is no such department, or it is suspended.
    """
    token = vault.secrets.mint(INITIAL_TOKEN)
    with vault.work() as tx:
        _active(tx.departments.get(department_id))
        tx.registrations.add_token(
            InitialToken(
                token_hash=vault.secrets.hash(token),
                department_id=department_id,
                expires_at=vault.clock.now_ms() // MS + INITIAL_SECONDS,
            )
        )
    return token


def live_initial_token(tx: Tx, hashes: Sequence[bytes], *, now: int) -> InitialToken | None:
    """Return the token with one of these hashes, if it may still register a client."""
    for token_hash in hashes:
        found = tx.registrations.token(token_hash)
        if found is not None and found.spent_at is None and now < found.expires_at:
            return found
    return None


def self_register(vault: Vault, asked: SelfRegister, *, demo: bool) -> Receipt:
    """Enter a pending client, and spend the token it came with.

    Raises:
        InvalidInputError: The profile does not allow it; ``field`` says which part.
        NotFoundError: Its department is not there, or is suspended.
        ReplayedError: The initial token was spent meanwhile.
        ConflictError: The statement has registered a client already.
        JournalUnavailableError: Not known to be entered.
    """
    client = asked.client
    if client.version != 1 or client.status is not ClientStatus.PENDING:
        raise InvalidInputError("a client that registers itself begins as pending")
    check_registration(client, demo=demo)

    def effect(tx: Tx, at_ms: int) -> None:
        _active(tx.departments.get(client.department_id))
        if not tx.registrations.spend_token(asked.token_hash, now=at_ms // MS):
            raise ReplayedError("the initial token was spent")
        tx.clients.add(client)
        tx.registrations.add(asked.registration)

    return operate(
        vault,
        kind=Kind.CLIENT_REGISTER,
        change=StateChange(
            object=Guarded.CLIENT.value,
            id=client.client_id,
            became=client.status.value,
            version=client.version,
        ),
        effect=effect,
        by=By(department=client.department_id, client=client.client_id),
    )


def _active(department: Department | None) -> None:
    if department is None or department.status is not DepartmentStatus.ACTIVE:
        raise NotFoundError("no such department")
