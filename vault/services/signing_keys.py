"""Keeps the keys that sign JWTs: draws the first, rotates them in time, withdraws the lost.

Each change is one entry of the journal over the whole set. Pairs are drawn before anything is
queued; of two processes that do so at once, one is told that the other was first.
"""

import json
from collections.abc import Iterable
from functools import reduce
from typing import Final

from vault.clients.keys import read_jwk
from vault.clients.signing_keys import (
    HINTS,
    Drawn,
    SigningAlgorithm,
    SigningKeys,
    SigningPurpose,
    Slot,
)
from vault.clock import MS
from vault.crypto.pairs import DRAWN
from vault.errors import ConflictError
from vault.journal.entries import Kind, StateChange
from vault.journal.operations import Guarded, Urgency
from vault.journal.receipts import Receipt
from vault.ports import Tx
from vault.services import Vault
from vault.services.operating import operate

THE_SET: Final = "1"
"""There is one set; this is its id in entries."""


def keep_signing_keys(vault: Vault) -> Receipt | None:
    """Draw what is missing or will soon retire, destroy what is over; ``None`` if nothing was due.

    Called at start and every minute. Harmless to run in several processes at once.

    Raises:
        JournalUnavailableError: Nothing changed.
        KeyUnavailableError, IntegrityError: The keys cannot be read.
    """
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        kept, wanted = tx.signing.all(), _wanted(tx)
    due = kept.due(wanted, now=now)
    drawn = [draw(vault, slot) for slot in due]
    after = reduce(lambda keys, one: keys.introduce(one, now=now), drawn, kept)
    if kept.destroyable(now=now):
        after = after.destroy(now=now)
    if after == kept:
        return None
    try:
        return _changed(vault, kept, after, kind=Kind.KEY_ROTATE if due else Kind.KEY_DESTROY)
    except ConflictError:  # Another process has just done it.
        return None


def rotate_signing_keys(vault: Vault, slots: Iterable[Slot]) -> Receipt:
    """Publish a successor for each slot; it takes over after a day.

    Raises:
        ConflictError: A successor is published already, or somebody else was first.
        JournalUnavailableError: Nothing changed.
    """
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        kept = tx.signing.all()
    after = kept
    for slot in slots:
        after = after.introduce(draw(vault, slot), now=now, early=True)
    return _changed(vault, kept, after, kind=Kind.KEY_ROTATE)


def withdraw_signing_key(vault: Vault, kid: str) -> Receipt:
    """Remove a key at once, because others know it; the next one signs from now on.

    Raises:
        NotFoundError: No such key is published.
        ConflictError: Somebody else was first.
        JournalUnavailableError: Not known to be removed: ask again.
    """
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        kept = tx.signing.all()
    known = kept.proving(kid, now=now)
    alone = known is not None and kept.coming(known.slot, now=now) is None
    drawn = draw(vault, known.slot) if known is not None and alone else None
    after = kept.withdraw(kid, now=now, drawn=drawn).destroy(now=now)
    return _changed(vault, kept, after, kind=Kind.KEY_DESTROY)


def draw(vault: Vault, slot: Slot) -> Drawn:
    """Return a new pair for ``slot``, its private part wrapped."""
    pair = DRAWN[slot.algorithm]()
    kid = read_jwk(dict(pair.members)).thumbprint
    return Drawn(
        kid=kid,
        slot=slot,
        public_jwk=json.dumps(dict(pair.members), separators=(",", ":"), sort_keys=True),
        wrapped=vault.keyring.wrap_private(pair.private, kid=kid),
    )


def _wanted(tx: Tx) -> tuple[Slot, ...]:
    """Return the slot for hints, and every slot that the registered clients may need."""
    named = {client.metadata.id_token_alg for client in tx.clients.all()}
    algorithms = {SigningAlgorithm.ES256} | {SigningAlgorithm.named(name) for name in named}
    signing = [Slot(purpose, one) for one in sorted(algorithms) for purpose in SigningPurpose]
    return (*signing, HINTS)


def _changed(vault: Vault, before: SigningKeys, after: SigningKeys, *, kind: Kind) -> Receipt:
    def effect(tx: Tx, _at_ms: int) -> None:
        tx.signing.replace(after, expected=before.version)

    return operate(
        vault,
        kind=kind,
        change=StateChange(
            object=Guarded.SIGNING_KEYS.value,
            id=THE_SET,
            came_from=before.digest.hex() if before.version else None,
            became=after.digest.hex(),
            version=before.version + 1,
        ),
        effect=effect,
        urgency=Urgency.TAKES_AWAY if kind is Kind.KEY_DESTROY else Urgency.NORMAL,
    )
