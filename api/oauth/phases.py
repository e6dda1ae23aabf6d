"""The two phases of every authenticated endpoint (oauth.md 10.3).

First everything is verified without a write lock, on the event loop. Then one unit of work, which
shares its commit with those of others, spends what was shown and acts; it commits whatever the
answer is, so that a spent ``jti``, a used code and the tokens killed by a replay survive a
refusal. Nothing waits for the journal before it has ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

from api.awaiting import awaited
from api.limits import refuse, taken
from api.middleware import correlation_id, seen
from api.oauth.answer import Answer, refusal
from api.oauth.client_auth import Proven, authenticate
from api.oauth.dpop import BadProofError, Proof
from api.oauth.errors import FaultError, Say, as_fault, refused
from api.oauth.frozen import Frozen
from api.oauth.kernel import OAuth2Error
from api.oauth.mtls import shown_certificate
from api.oauth.provider import Provider
from api.oauth.server import Server
from vault.clients.async_requests import Redeemed
from vault.clients.certificates import Certificate
from vault.clients.profiles import Asked, Step, check
from vault.clients.protocol import AuthorizationCode, Claim, RefreshToken
from vault.clock import MS
from vault.errors import InvalidInputError, StorageError
from vault.journal.entries import RequestTrace
from vault.ports import Tx
from vault.services.acting import network_prefix
from vault.services.refuse_token import Misuse

REVOCATION: Final = "/oauth/revoke"
DEADLINE_SECONDS: Final = 10.0
"""How long a unit of work may wait for others, and again for its commit."""

_BUSY: Final = partial(StorageError, "the database is busy")
_UNKNOWN: Final = partial(StorageError, "the database did not answer in time")

T = TypeVar("T")
Later = Callable[[], Answer]
"""Goes through the journal, after the unit of work that spent what was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request has shown, and when."""

    proven: Proven
    now: int
    proof: Proof | None = None
    certificate: Certificate | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What is spent by it."""
        proof = self.proof.claim if self.proof else None
        return tuple(claim for claim in (self.proven.claim, proof) if claim is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Generic[T]):
    """A request of a proven client.

    Attributes:
        checked: What its check returned, alone; nothing where it was refused.
        fault: Why it was; ``None`` where it was not.
    """

    shown: Shown
    checked: tuple[T] | None
    fault: FaultError | None


class Done(NamedTuple):
    """What came of a unit of work.

    Attributes:
        proven: The client itself asked: its assertion and its proof were never shown before.
        misused: What was shown by somebody it is not good for; the log must know.
    """

    answer: "Answer | Later"
    proven: bool = True
    misused: AuthorizationCode | RefreshToken | Redeemed | None = None


async def two_phases(
    provider: Provider,
    frozen: Frozen,
    *,
    check: Callable[[Server], T],
    act: Callable[[Server, T], "Answer | Later"],
) -> Answer:
    """Verify, spend, act.

    Args:
        provider: The collaborators.
        frozen: The request.
        check: Validates without writing, on the event loop; its server reads.
        act: Writes what is to be written; its server is in the unit of work that commits, for
            which others wait, and which may be undone and done again (ADR 0044). What waits for
            the journal is returned, and done once nothing is open any more.

    Raises:
        RateLimitedError: This client, or whoever it is at this address, asks too often.
    """
    now = provider.now()
    verified = _verified(provider, frozen, check=check, now=now)
    if isinstance(verified, FaultError):
        return refusal(verified)
    shown = verified.shown
    done = await awaited(
        provider.vault.shared.enqueue(
            shown.claims, lambda tx, fresh: _spent(provider, tx, verified, act=act, fresh=fresh)
        ),
        deadline=DEADLINE_SECONDS,
        busy=_BUSY,
        unknown=_UNKNOWN,
    )
    if done.proven:
        client_id = shown.proven.client.client_id
        seen().by(client_id, proven=True)
        provider.limits.protocol.take(client_id, now_ms=now * MS)
    if done.misused is not None:
        await run_in_threadpool(
            _journal_misuse, provider, frozen, shown=shown, misused=done.misused
        )
    if isinstance(done.answer, Answer):
        return done.answer
    return await run_in_threadpool(_through_the_journal, done.answer)


def _verified(
    provider: Provider, frozen: Frozen, *, check: Callable[[Server], T], now: int
) -> Verified[T] | FaultError:
    """Find out who asks, and whether it may; what nobody has proven is a fault at once."""
    checked, fault = None, None
    with provider.vault.read() as tx:
        try:
            proven = authenticate(
                frozen,
                tx=tx,
                origin=provider.origin,
                keys=provider.keys,
                now=now,
                mtls=provider.mtls,
            )
        except FaultError as error:
            taken(provider.limits.strangers, frozen.network, now_ms=now * MS)
            return error
        _check_often(provider, frozen, proven=proven, now=now)
        shown = Shown(proven=proven, now=now)
        try:
            if frozen.proofs:
                shown = replace(shown, proof=_proof(provider, frozen, now=now))
            if frozen.certificate:
                shown = replace(shown, certificate=_certificate(provider, frozen))
            checked = (check(server_of(provider, tx, shown=shown)),)
        except OAuth2Error as error:
            fault = as_fault(error)
    return Verified(shown=shown, checked=checked, fault=fault)


def _spent(
    provider: Provider,
    tx: Tx,
    verified: Verified[T],
    *,
    act: Callable[[Server, T], "Answer | Later"],
    fresh: Sequence[bool],
) -> Done:
    """Act, unless something was shown before; whatever is answered, it is spent now."""
    replayed = _replayed(verified.shown, fresh)
    if replayed is not None:
        return Done(refusal(replayed), proven=False)
    if verified.checked is None:
        return Done(refusal(verified.fault or FaultError(Say.REQUEST)))
    server = server_of(provider, tx, shown=verified.shown)
    try:
        answer = act(server, verified.checked[0])
    except OAuth2Error as error:
        answer = refusal(as_fault(error))
    return Done(answer, misused=server.misused)


def _through_the_journal(later: Later) -> Answer:
    try:
        return later()
    except FaultError as error:
        return refusal(error)


def _journal_misuse(
    provider: Provider,
    frozen: Frozen,
    *,
    shown: Shown,
    misused: AuthorizationCode | RefreshToken | Redeemed,
) -> None:
    """Let the log know, now that what this request spent is committed."""
    provider.misuse(
        provider.vault,
        Misuse(
            client=shown.proven.client,
            space=misused.space,
            grant_id=misused.grant_id,
            trace=RequestTrace(
                dpop_jkt=shown.proof.jkt if shown.proof else None,
                certificate=shown.certificate.thumbprint if shown.certificate else None,
                network=network_prefix(frozen.network),
                correlation=correlation_id(),
            ),
        ),
    )


def check_step(server: Server, *, step: Step, request: Asked | None = None) -> None:
    """Refuse a client whose profile has no such ``step``, or not for this ``request``.

    Raises:
        FaultError: With the profile's own code.
    """
    nonceless = server.proof is not None and server.proof.nonceless
    asked = replace(request or Asked(), nonceless=nonceless)
    found = check(server.client, step=step, request=asked)
    if found is not None:
        raise refused(found)


def server_of(provider: Provider, tx: Tx, *, shown: Shown) -> Server:
    """Return a kernel server for this request and unit of work."""
    return Server(
        provider=provider,
        tx=tx,
        now=shown.now,
        client=shown.proven.client,
        proof=shown.proof,
        certificate=shown.certificate,
    )


def _check_often(provider: Provider, frozen: Frozen, *, proven: Proven, now: int) -> None:
    """Refuse a client that asks too often, before anything is written for it.

    It is counted later, once its assertion is spent: one that somebody else shows again uses
    nothing up. Tokens may always be revoked.
    """
    if frozen.path != REVOCATION:
        refuse(provider.limits.protocol.wait(proven.client.client_id, now_ms=now * MS))


def _proof(provider: Provider, frozen: Frozen, *, now: int) -> Proof:
    if len(frozen.proofs) > 1:
        raise FaultError(Say.PROOF, reason="more than one DPoP header")
    try:
        return provider.proofs.read(
            frozen.proofs[0], method=frozen.method, path=frozen.path, now=now
        )
    except BadProofError as error:
        say = Say.NONCE if error.nonce else Say.PROOF
        raise FaultError(say, reason=str(error)) from error


def _certificate(provider: Provider, frozen: Frozen) -> Certificate | None:
    try:
        return shown_certificate(provider.mtls, frozen.certificate)
    except InvalidInputError as error:
        raise FaultError(Say.CERTIFICATE, reason=str(error)) from error


def _replayed(shown: Shown, fresh: Sequence[bool]) -> FaultError | None:
    """Say what of ``shown`` was shown before: the assertion first, whoever sent it."""
    spent = [claim for claim, is_fresh in zip(shown.claims, fresh, strict=True) if not is_fresh]
    if shown.proven.claim in spent:
        return FaultError(Say.CLIENT, reason="the assertion was shown before")
    if spent:
        return FaultError(Say.PROOF, reason="the proof was shown before")
    return None
