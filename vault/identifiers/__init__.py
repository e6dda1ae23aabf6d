"""Numbers of people, organisations, licences and items: strict, typed, never guessed."""

from vault.identifiers.forms import normalise_ui
from vault.identifiers.reasons import (
    ORGANISATION_KINDS,
    PERSON_KINDS,
    SENTENCES,
    IdentifierError,
    IdentifierKind,
    Reason,
)
from vault.identifiers.strict import Identifier, parse, to_resident_id

__all__ = [
    "ORGANISATION_KINDS",
    "PERSON_KINDS",
    "SENTENCES",
    "Identifier",
    "IdentifierError",
    "IdentifierKind",
    "Reason",
    "normalise_ui",
    "parse",
    "to_resident_id",
]
