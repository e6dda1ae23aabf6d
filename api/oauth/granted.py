"""What was granted, as scopes and as the object that is answered (RFC 9396 s. 7).

The object is the truth: scopes follow from it and never add to it. Rights only get narrower.
"""

from dataclasses import replace
from typing import Any, Final

from api.oauth.errors import FaultError, Say
from policies.catalogue import catalogue, type_of_scope
from policies.errors import PolicyError
from policies.scopes import View, covered, format_scopes, parse_scopes
from vault.consents.details import Details, EvidenceGrant

TYPE: Final = "evidence_access"


def check_scope(text: str, *, details: Details) -> None:
    """Refuse scopes that no object covers: the object is the truth.

    Raises:
        FaultError: ``invalid_scope``.
    """
    try:
        evidence, others = parse_scopes(text)
        for scope in evidence:
            type_of_scope(scope)
    except PolicyError as error:
        raise FaultError(Say.SCOPE, reason=str(error)) from error
    granted = [
        catalogue()[one.code].scope(one.view)
        for one in details.evidence.values()
        if one.code in catalogue()
    ]
    if others or not covered(evidence, by=granted):
        raise FaultError(Say.SCOPE, reason="a scope is not covered by an object")


def scope_of(details: Details) -> str:
    """Return the scopes that follow from what was granted."""
    return format_scopes(
        catalogue()[code].scope(one.view) for code, one in details.evidence.items()
    )


def to_wire(
    details: Details, *, purpose: str, note: str, item: str, case_no: str, kind: str, origin: str
) -> list[dict[str, Any]]:
    """Return granted details as they are answered (RFC 9396 s. 7)."""
    found: dict[str, Any] = {
        "type": TYPE,
        "locations": [origin],
        "basis": "consent",
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


def overlap(details: Details, *, current: Details) -> Details | None:
    """Return what is in both: a token's details and the grant's; ``None`` if nothing is."""
    evidence = {}
    for code in details.evidence.keys() & current.evidence.keys():
        one, other = details.evidence[code], current.evidence[code]
        view = min(one.view, other.view)
        fields = one.fields & other.fields if view is not View.VERIFY else frozenset[str]()
        evidence[code] = EvidenceGrant(code=code, view=view, fields=fields)
    starts_at = max(details.starts_at, current.starts_at)
    ends_at = min(details.ends_at, current.ends_at)
    if not evidence or starts_at >= ends_at:
        return None
    limits = [uses for uses in (details.uses, current.uses) if uses is not None]
    return replace(
        current,
        evidence=evidence,
        starts_at=starts_at,
        ends_at=ends_at,
        uses=min(limits, default=None),
        retention_days=min(details.retention_days, current.retention_days),
    )
