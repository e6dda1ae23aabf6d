"""What was granted, as scopes and as the object that is answered (RFC 9396 s. 7).

The object is the truth: scopes follow from it and never add to it. Rights only get narrower.
"""

from dataclasses import replace
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from api.oauth.secrets import Secrets
from policies.catalogue import catalogue, type_of_scope
from policies.errors import PolicyError
from policies.scopes import (
    IDENTITY_SCOPES,
    OFFLINE_ACCESS,
    EvidenceScope,
    View,
    covered,
    format_scopes,
    parse_scopes,
)
from vault.consents import Consent
from vault.consents.details import Details, EvidenceGrant
from vault.ports import Tx
from vault.services.asking import BASIS_CONSENT
from vault.services.entering import basis_of

TYPE: Final = "evidence_access"


def check_scope(text: str, *, details: Details) -> None:
    """Refuse scopes that no object covers: the object is the truth.

    Raises:
        FaultError: ``invalid_scope``.
    """
    _covered(text, details=details, others=IDENTITY_SCOPES | {OFFLINE_ACCESS})


def offline(text: str) -> bool:
    """Say whether a refresh token is among what the scopes ask for, or stand for."""
    return OFFLINE_ACCESS in text.split(" ")


def identity(text: str) -> frozenset[str]:
    """Return the scopes that ask who signed in."""
    return IDENTITY_SCOPES & frozenset(text.split(" "))


def narrowed(text: str, *, granted: str, details: Details) -> Details:
    """Return the part of ``details`` that the scopes of a token request name.

    Args:
        text: The parameter ``scope``; without a scope of evidence it narrows nothing.
        granted: The scopes that the holder granted.
        details: What they stand for.

    Raises:
        FaultError: ``invalid_scope``: one is not covered.
    """
    beside = IDENTITY_SCOPES | {OFFLINE_ACCESS}
    named = _covered(text, details=details, others=beside & frozenset(granted.split(" ")))
    if not named:
        return details
    views = {type_of_scope(scope).code: scope.view for scope in named}
    evidence = {
        code: EvidenceGrant(
            code=code,
            view=view,
            fields=details.evidence[code].fields if view is not View.VERIFY else frozenset(),
        )
        for code, view in views.items()
    }
    return replace(details, evidence=evidence)


def _covered(text: str, *, details: Details, others: frozenset[str]) -> frozenset[EvidenceScope]:
    try:
        evidence, beside = parse_scopes(text)
        kinds = [type_of_scope(scope).code for scope in evidence]
    except PolicyError as error:
        raise FaultError(Say.SCOPE, reason=str(error)) from error
    granted = [catalogue()[code].scope(one.view) for code, one in details.evidence.items()]
    if not beside <= others:
        raise FaultError(Say.SCOPE, reason="a scope is not offered, or was not granted")
    if not covered(evidence, by=granted) or len(set(kinds)) != len(kinds):
        raise FaultError(Say.SCOPE, reason="a scope is not covered by an object")
    return evidence


def scope_of(
    details: Details, *, offline: bool = False, identity: frozenset[str] = frozenset()
) -> str:
    """Return the scopes that follow from what was granted.

    Args:
        details: What was granted.
        offline: Adds ``offline_access``.
        identity: What says something of who signed in.
    """
    evidence = (catalogue()[code].scope(one.view) for code, one in details.evidence.items())
    return format_scopes(evidence, others=identity | ({OFFLINE_ACCESS} if offline else set()))


def to_wire(
    details: Details,
    *,
    purpose: str,
    note: str,
    item: str,
    case_no: str,
    kind: str,
    origin: str,
    basis: str = BASIS_CONSENT,
) -> list[dict[str, Any]]:
    """Return granted details as they are answered (RFC 9396 s. 7)."""
    found: dict[str, Any] = {
        "type": TYPE,
        "locations": [origin],
        "basis": basis,
        "subject": {"kind": kind},
        "purpose": {"code": purpose, "note": note},
        "item": item,
        "case": case_no,
        "evidence": [
            {"code": one.code, "view": one.view.label}
            | ({"fields": sorted(one.fields)} if one.fields else {})
            for _, one in sorted(details.evidence.items())
        ],
        "valid": {"from": details.starts_at, "to": details.ends_at},
        "retention_days": details.retention_days,
    }
    if details.legal_article is not None:
        found["legal"] = {"article": details.legal_article}
    if details.uses is not None:
        found["uses"] = details.uses
    return [found]


def granted_object(
    consent: Consent, *, details: Details, tx: Tx, secrets: Secrets, origin: str
) -> list[dict[str, Any]]:
    """Return what a token may use of ``consent``, as the object that was asked for."""
    holder = tx.holders.get(consent.space)
    if holder is None:
        raise FaultError(Say.GRANT, reason="the holder is gone")
    return to_wire(
        details,
        purpose=consent.purpose,
        note=secrets.open(consent.note, request_id=consent.grant_id).decode(),
        item=consent.item,
        case_no=consent.case_no,
        kind=holder.kind,
        origin=origin,
        basis=basis_of(consent),
    )
