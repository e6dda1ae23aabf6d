"""Grants that a client wants to change: ``merge`` and ``replace`` (Grant Management, a draft).

What comes of them is a new consent in law: the holder is shown all of it and decides on all of
it, and it takes the place of the one before under the same id. So a merge is a request for what
was granted and what is asked for, together; its times, uses and retention are those asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from api.oauth.errors import FaultError, Say
from api.oauth.rar import Wanted
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.consents.details import Details, EvidenceGrant
from vault.ids import ID_BYTES, ClientId, GrantId
from vault.ports import Tx

CREATE: Final = "create"
MERGE: Final = "merge"
REPLACE: Final = "replace"
ACTIONS: Final = (CREATE, MERGE, REPLACE)


def check_action(params: Mapping[str, str]) -> None:
    """An action that there is, with a ``grant_id`` exactly where one is to be changed."""
    action = params.get("grant_management_action", CREATE)
    if action not in ACTIONS or (action == CREATE) == ("grant_id" in params):
        raise FaultError(Say.ACTION)


def renewed(
    params: Mapping[str, str], *, wanted: Wanted, client_id: ClientId, tx: Tx, now: int
) -> Consent | None:
    """Return the consent that this request would take the place of; ``None`` for a new one.

    Raises:
        FaultError: It is not there, another client's, over, or about something else.
    """
    if "grant_id" not in params:
        return None
    found = tx.consents.find(grant_id_of(params["grant_id"], say=Say.GRANT_ID))
    if found is None or found.client_id != client_id:
        raise FaultError(Say.GRANT_ID, reason="no such grant of this client")
    if found.parent_id is not None:
        raise FaultError(Say.GRANT_ID, reason="the grant is a part of another")
    if found.status is ConsentStatus.REVOKED or found.expires_at_ms <= now * MS:
        raise FaultError(Say.GRANT_ID, reason="the grant has ended")
    matter = (found.space, found.purpose, found.item, found.case_no)
    if matter != (wanted.space, wanted.purpose, wanted.item, wanted.case_no):
        raise FaultError(Say.OTHER_MATTER)
    return found


def together(params: Mapping[str, str], *, wanted: Wanted, renews: Consent | None) -> Wanted:
    """Return what is asked for, with what was granted before where that is to be kept."""
    if renews is None or params["grant_management_action"] != MERGE:
        return wanted
    return replace(wanted, details=_merged(renews.details, wanted.details))


def grant_id_of(text: str, *, say: Say) -> GrantId:
    """Return the id that ``text`` writes as it was answered: lower-case hexadecimal.

    Raises:
        FaultError: It is none; answered with ``say``.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError as error:
        raise FaultError(say) from error
    if len(found) != ID_BYTES or found.hex() != text:
        raise FaultError(say)
    return GrantId(found)


def _merged(before: Details, asked: Details) -> Details:
    evidence = dict(before.evidence)
    for code, one in asked.evidence.items():
        evidence[code] = _wider(evidence[code], one) if code in evidence else one
    return replace(asked, evidence=evidence)


def _wider(one: EvidenceGrant, other: EvidenceGrant) -> EvidenceGrant:
    return replace(one, view=max(one.view, other.view), fields=one.fields | other.fields)
