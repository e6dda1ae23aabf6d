"""What a holder leaves of a department's request: never more than was asked for."""

from dataclasses import replace

from api.consent_page import Choice, Chosen
from policies.scopes import View
from vault.consents.details import Details, EvidenceGrant
from vault.errors import InvalidInputError


def chosen(asked: Details, choice: Choice) -> Details:
    """Return what the holder leaves of a request.

    Raises:
        InvalidInputError: Nothing is left, or it is wider than what was asked for.
    """
    evidence = {
        code: EvidenceGrant(code=code, view=one.view, fields=_kept_fields(one))
        for code, one in choice.evidence.items()
    }
    granted = replace(
        asked,
        evidence=evidence,
        ends_at=asked.ends_at if choice.ends_at is None else choice.ends_at,
        uses=asked.uses if choice.uses is None else choice.uses,
        retention_days=(
            asked.retention_days if choice.retention_days is None else choice.retention_days
        ),
    )
    if not asked.covers(granted):
        raise InvalidInputError("only what was asked for can be granted")
    return granted


def _kept_fields(one: Chosen) -> frozenset[str]:
    return one.fields if one.view is not View.VERIFY else frozenset()
