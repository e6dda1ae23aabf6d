"""The two phases of every authenticated endpoint (oauth.md 10.3).

First everything is verified without a write lock. Then one unit of work spends what was shown
and acts; it commits whatever the answer is, so that a spent ``jti``, a used code and the tokens
killed by a replay survive a refusal. Nothing waits for the journal before it has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

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
from vault.clients.protocol import AuthorizationCode, RefreshToken
from vault.clock import MS
from vault.errors import InvalidInputError
from vault.journal.entries import RequestTrace
from vault.ports import Tx
from vault.services.acting import network_prefix
from vault.services.refuse_token import Misuse

REVOCATION: Final = "/oauth/revoke"

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


def two_phases(
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
        check: Validates without writing; its server reads.
        act: Writes what is to be written; its server is in the unit of work that commits. What
            waits for the journal is returned, and done once nothing is open any more.

    Raises:
        RateLimitedError: This client, or whoever it is at this address, asks too often.
    """
    now = provider.now()
    fault, checked = None, None
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
            return refusal(error)
        _check_often(provider, frozen, proven=proven, now=now)
        shown = Shown(proven=proven, now=now)
        try:
            shown = replace(shown, proof=_proof(provider, frozen, now=now))
            shown = replace(shown, certificate=_certificate(provider, frozen))
            checked = (check(server_of(provider, tx, shown=shown)),)
        except OAuth2Error as error:
            fault = as_fault(error)
    with provider.vault.work() as tx:
        replayed = _spend(tx, shown=shown)
        if replayed is not None:
            return refusal(replayed)
        seen().by(proven.client.client_id, proven=True)
        provider.limits.protocol.take(proven.client.client_id, now_ms=now * MS)
        if checked is None:
            return refusal(fault or FaultError(Say.REQUEST))
        server = server_of(provider, tx, shown=shown)
        try:
            done: Answer | Later = act(server, checked[0])
        except OAuth2Error as error:
            done = refusal(as_fault(error))
    if server.misused is not None:
        _journal_misuse(provider, frozen, shown=shown, misused=server.misused)
    return done if isinstance(done, Answer) else _done(done)


def _done(later: Later) -> Answer:
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


def _proof(provider: Provider, frozen: Frozen, *, now: int) -> Proof | None:
    if not frozen.proofs:
        return None
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


def _spend(tx: Tx, *, shown: Shown) -> FaultError | None:
    assertion, proof = shown.proven.claim, shown.proof.claim if shown.proof else None
    claims = [claim for claim in (assertion, proof) if claim is not None]
    fresh = tx.protocol.claim(claims)
    spent = [claim for claim, is_fresh in zip(claims, fresh, strict=True) if not is_fresh]
    if assertion in spent:
        return FaultError(Say.CLIENT, reason="the assertion was shown before")
    if spent:
        return FaultError(Say.PROOF, reason="the proof was shown before")
    return None
