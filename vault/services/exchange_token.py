"""An agent firm's own system gets a part of a consent, under a mandate of the firm (RFC 8693).

The part is a grant of its own below the consent: narrower in evidence, fields, uses and time,
dead when consent, mandate or the token that was exchanged ends, and never the source of another.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from policies.catalogue import catalogue
from policies.requests import AccessRequest, Action
from vault.clients.protocol import AccessToken
from vault.clock import MS, legal_day
from vault.consents import Consent, ConsentStatus, unused
from vault.consents.details import Details, EvidenceGrant
from vault.errors import ConflictError, InvalidInputError, NotFoundError
from vault.identifiers import IdentifierKind, parse
from vault.ids import GrantId, Space
from vault.journal.entries import Basis, Kind, StateChange
from vault.journal.operations import Decided, Guarded
from vault.mandates import Act, Mandate
from vault.notices import NoticeKind
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import Caller, new_entry_id
from vault.services.asking import Asking, requirement_facts
from vault.services.chains import chain_of, live_powers
from vault.services.changing import ready, submit_change
from vault.services.entering import Draft, committed, under
from vault.services.give_consent import named
from vault.services.open_space import find_space

FIRST: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExchangeToken:
    """What is exchanged, and for what.

    Attributes:
        caller: The firm's system; its token is the one that was shown, of another's client.
        mandate: That the firm acts by.
        details: Covered by the consent, the token and the mandate.
        token: The row of the new token; it names the new grant.
        note: The department's own words why, sealed for the new grant.
    """

    caller: Caller
    mandate: Mandate
    details: Details
    token: AccessToken = field(repr=False)
    note: bytes = field(repr=False)


def firm_of(vault: Vault, tx: Tx, caller: Caller) -> Space | None:
    """Return the space of the organisation that runs the caller's system, if it has one."""
    today = legal_day(vault.clock.now_ms())
    try:
        number = parse(IdentifierKind.USCC, caller.live.department.code, today=today)
    except InvalidInputError:  # Departments of the demonstration have made-up codes.
        return None
    return find_space(vault, tx, number)


def mandate_for(vault: Vault, tx: Tx, caller: Caller, consent: Consent) -> Mandate | None:
    """Return the mandate by which the caller's firm may use ``consent``: the widest that lives."""
    firm = firm_of(vault, tx, caller)
    if firm is None:
        return None
    now_ms = vault.clock.now_ms()
    fitting = []
    for one in tx.mandates.of_receiver(firm):
        if one.space != consent.space:
            continue
        powers = live_powers(chain_of(tx, one.space, mandate_id=one.mandate_id), now_ms=now_ms)
        if powers and Act.EXCHANGE in powers.acts and consent.item in powers.items:
            common = powers.evidence.keys() & consent.details.evidence.keys()
            fitting.append((len(common), powers.ends_at, one.mandate_id, one))
    return max(fitting)[-1] if fitting else None


def mandated(tx: Tx, mandate: Mandate, details: Details, *, now_ms: int) -> Details | None:
    """Return the part of ``details`` that a mandate covers now; ``None`` if that is nothing."""
    chain = chain_of(tx, mandate.space, mandate_id=mandate.mandate_id)
    powers = live_powers(chain, now_ms=now_ms)
    if powers is None:
        return None
    common = powers.evidence.keys() & details.evidence.keys()
    if not common:
        return None
    most = replace(
        details,
        evidence={
            code: EvidenceGrant(
                code=code, view=powers.evidence[code], fields=details.evidence[code].fields
            )
            for code in common
        },
        starts_at=powers.starts_at,
        ends_at=powers.ends_at,
    )
    return details.overlap(most)


def still_granted(tx: Tx, consent: Consent, *, now_ms: int) -> Details | None:
    """Return what a grant covers now: a part of a consent never more than consent and mandate."""
    if consent.parent_id is None or consent.mandate_id is None:
        return consent.details
    parent = tx.consents.get(consent.space, grant_id=consent.parent_id)
    mandate = tx.mandates.get(consent.space, mandate_id=consent.mandate_id)
    most = None if parent is None else consent.details.overlap(parent.details)
    if most is None or mandate is None:
        return None
    return mandated(tx, mandate, most, now_ms=now_ms)


def exchange_token(vault: Vault, asked: ExchangeToken) -> Consent:
    """Give the part; return its grant. Grant and token are written together.

    Raises:
        AccessDeniedError, NotFoundError, TokenEndedError: Refused; the refusal is journalled.
        ConflictError: The consent was changed meanwhile.
        JournalUnavailableError: Nothing was given.
    """
    caller, parent = asked.caller, asked.caller.live.consent
    if parent is None or asked.token.grant_id is None:
        raise NotFoundError("no such consent")
    entry_id, grant_id = new_entry_id(vault.random), asked.token.grant_id
    now_ms = vault.clock.now_ms()
    child = Consent(
        space=parent.space,
        grant_id=GrantId(grant_id),
        client_id=caller.live.client.client_id,
        department_id=caller.department_id,
        status=ConsentStatus.ACTIVE,
        version=FIRST,
        details=asked.details,
        note=asked.note,
        purpose=parent.purpose,
        item=parent.item,
        case_no=parent.case_no,
        shown_hash=parent.shown_hash,
        shown_locale=parent.shown_locale,
        created_at_ms=now_ms,
        expires_at_ms=asked.token.expires_at * MS,
        ended_at_ms=None,
        state_entry=entry_id,
        parent_id=parent.grant_id,
        mandate_id=asked.mandate.mandate_id,
    )

    def decide(tx: Tx, at_ms: int) -> Decided:
        live = tx.consents.get(parent.space, grant_id=parent.grant_id)
        if live is None:
            raise NotFoundError("no such consent")
        asking = Asking(tx, now_ms=at_ms, live=caller.live)
        return _decided(vault, asking, asked, live)

    def effect(tx: Tx, at_ms: int) -> None:
        live = tx.consents.get(parent.space, grant_id=parent.grant_id)
        if live is None or live.version != parent.version or at_ms >= child.expires_at_ms:
            raise ConflictError("the consent has changed; ask again")
        tx.consents.add(child, uses=unused(child))
        tx.protocol.add_token(asked.token)

    draft = Draft(
        entry_id=entry_id,
        kind=Kind.MANDATE_EXCHANGE,
        basis=Basis.MANDATE,
        by=caller.by(child),
        trace=caller.trace(),
        on=under(child),
        evidence=named(child.details),
        change=StateChange(
            object=Guarded.GRANT.value,
            id=grant_id.hex(),
            became=child.status.value,
            version=FIRST,
        ),
    )
    outcome = submit_change(
        vault,
        caller,
        draft,
        space=parent.space,
        before=ready(vault, caller, space=parent.space, decide=decide),
        decide=decide,
        effect=effect,
        tells=NoticeKind.MANDATE,
    )
    committed(outcome)
    return child


def _decided(vault: Vault, asking: Asking, asked: ExchangeToken, parent: Consent) -> Decided:
    """Ask for each evidence type of the part."""
    caller, mandate = asked.caller, asked.mandate
    shown = caller.live.token.details
    token = None if shown is None else Details.from_json(shown)
    _, holder = asking.holder(parent.space)
    client = asking.client(caller.live.client.client_id)
    of_client = firm_of(vault, asking.tx, caller) == mandate.receiver
    return asking.decided(
        *(
            AccessRequest(
                action=Action.MANDATE_EXCHANGE,
                client=client,
                holder=holder,
                consent=asking.consent(parent, code=code, token=token),
                mandate=asking.mandate(
                    parent.space, mandate.mandate_id, code=code, of_client=of_client
                ),
                case=asking.case(parent.space, parent.case_no),
                requirement=requirement_facts(parent.item, code),
                code=code,
                view=one.view,
                fields=one.fields,
                level=catalogue()[code].level,
            )
            for code, one in sorted(asked.details.evidence.items())
        )
    )
