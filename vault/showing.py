"""The one filter between an opened record and anybody else: granted fields, granted view.

``verify`` shows no field, ``summary`` shows them masked, ``full`` as they are. What is about
another person than the holder is masked in every view (PIPL 23).
"""

from collections.abc import Mapping
from typing import Final

from policies.catalogue import EvidenceType
from policies.fields import Field
from policies.scopes import View
from vault.masking import MASKS
from vault.records import FieldValue

_STARS: Final = "***"


def shown(
    kind: EvidenceType, fields: Mapping[str, FieldValue], *, view: View, granted: frozenset[str]
) -> dict[str, FieldValue]:
    """Return what a requester sees, in the order of the catalogue.

    Args:
        kind: Catalogue entry of the record; a field that it has not is shown to nobody.
        fields: The opened payload.
        view: That was granted and asked for.
        granted: Names of the fields that were granted and asked for.
    """
    if view is View.VERIFY:
        return {}
    return {
        name: _seen(field, fields[name], view=view)
        for name, field in kind.fields.items()
        if name in granted and name in fields
    }


def _seen(field: Field, value: FieldValue, *, view: View) -> FieldValue:
    if view is View.FULL and not field.other_person:
        return value
    if field.mask == "public":
        return value
    mask = MASKS[field.mask]
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, tuple):
        return tuple(mask(one) for one in value)
    return _STARS  # A number or a yes says too much with even one digit left.
