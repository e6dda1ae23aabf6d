"""What verbs share around the journal: entries of decisions, errors of refusals, proofs."""

from collections.abc import Callable
from dataclasses import dataclass

from policies.access import NOT_LIVE, REPLAYED, Deny, Permit
from policies.reasons import concealed
from vault.consents import Consent
from vault.crypto.keyring import Keyring
from vault.errors import (
    AccessDeniedError,
    NotFoundError,
    ReplayedError,
    TokenEndedError,
    VaultError,
)
from vault.ids import EntryId, GrantId, NoticeId
from vault.journal.entries import (
    Basis,
    By,
    Demanded,
    Entry,
    Evidence,
    Kind,
    On,
    RequestTrace,
    Result,
    Shown,
    StateChange,
    Used,
    Verdict,
)
from vault.journal.operations import (
    Committed,
    Decision,
    Disclosure,
    Outcome,
    Refused,
    Repeated,
)
from vault.journal.receipts import Receipt
from vault.journal.statements import Opening, Statement, make_opening
from vault.notices import Notice, NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proves an act to whom it concerns: receipt, opening and statement belong together."""

    receipt: Receipt
    opening: Opening
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry but for the decision that counts and the batch's time.

    Attributes:
        kind: If it is permitted; a refusal is a refusal.
        evidence: If it is permitted; a refusal names what was asked for, ``asked``.
        change: Which guarded row changes, if it is permitted.
        used: What a department says of a pull, if it is permitted.
        demanded: What a holder demands, or is answered, if it is permitted.
    """

    entry_id: EntryId
    kind: Kind
    basis: Basis
    by: By
    trace: RequestTrace
    on: On | None = None
    evidence: tuple[Evidence, ...] = ()
    asked: tuple[Evidence, ...] | None = None
    change: StateChange | None = None
    shown: Shown | None = None
    used: Used | None = None
    demanded: Demanded | None = None

    def entry(self, decision: Decision, at_ms: int) -> Entry:
        """Return the entry of ``decision``."""
        permitted = isinstance(decision, Permit)
        asked = self.evidence if self.asked is None else self.asked
        return Entry(
            entry_id=self.entry_id,
            at_ms=at_ms,
            kind=self.kind if permitted else Kind.REFUSAL,
            basis=self.basis,
            by=self.by,
            on=self.on,
            evidence=self.evidence if permitted else asked,
            decision=Verdict(
                result=Result.PERMIT if permitted else Result.DENY,
                reasons=decision.reasons,
                bundle=decision.bundle_hash,
                inputs=decision.inputs_hash,
            ),
            change=self.change if permitted else None,
            request=self.trace,
            shown=self.shown,
            used=self.used if permitted else None,
            demanded=self.demanded if permitted else None,
        )


def under(consent: Consent) -> On:
    """Return under which consent, and for which matter, something happened."""
    return On(
        grant=consent.grant_id,
        grant_version=consent.version,
        item=consent.item,
        case_no=consent.case_no,
        purpose=consent.purpose,
    )


def basis_of(consent: Consent) -> Basis:
    """Return why a look under ``consent`` is lawful."""
    return Basis.CONSENT if consent.parent_id is None else Basis.MANDATE


def counted_on(consent: Consent) -> tuple[GrantId, ...]:
    """Return the grants that a release under ``consent`` is counted on: it, and the whole."""
    if consent.parent_id is None:
        return (consent.grant_id,)
    return consent.grant_id, consent.parent_id


def refusal(deny: Deny) -> VaultError:
    """Return what to raise for ``deny``: a reason that would betray existence is a 404."""
    if deny.reasons == (REPLAYED,):
        return ReplayedError("this proof was shown before")
    if deny.reasons == (NOT_LIVE,):
        return TokenEndedError("invalid_token")
    if concealed(deny.reasons):
        return NotFoundError("no such resource")
    return AccessDeniedError(deny.reasons)


def committed(outcome: Outcome) -> Committed:
    """Return what was committed.

    Raises:
        AccessDeniedError, NotFoundError, ReplayedError, TokenEndedError: It was refused; the
            refusal is in the log.
    """
    if isinstance(outcome, Refused):
        raise refusal(outcome.deny)
    if isinstance(outcome, Repeated):
        raise TypeError("only a change with a request id is repeated")
    return outcome


def proof_of(operation: Disclosure, outcome: Committed, *, keyring: Keyring) -> Proof:
    """Return the proof of a disclosure that was committed."""
    kept = outcome.kept
    keys = operation.keys
    entry = operation.entry(outcome.permit, outcome.at_ms)
    return Proof(
        receipt=outcome.receipt,
        opening=make_opening(
            kept.payload,
            keys=keys,
            entry_id=outcome.entry_id,
            holder_seq=kept.holder_seq,
            actor_seq=kept.actor_seq,
            vault_id=keyring.vault_id,
            suite=keys.journal_key.suite,
        ),
        statement=Statement.of(entry),
    )


def telling(
    consent: Consent, *, entry_id: EntryId, notice_id: NoticeId
) -> Callable[[Decision, int], tuple[Notice, ...]]:
    """Return what tells the holder that somebody looked, or tried to."""

    def notices(decision: Decision, at_ms: int) -> tuple[Notice, ...]:
        permitted = isinstance(decision, Permit)
        return (
            Notice(
                space=consent.space,
                notice_id=notice_id,
                kind=NoticeKind.ACCESS if permitted else NoticeKind.REFUSAL,
                entry_id=entry_id,
                at_ms=at_ms,
            ),
        )

    return notices
