"""Holders are found by number through keyed hashes; the numbers themselves are nowhere in clear.

An organisation is indexed under its unified social credit code and under the organisation code
inside it, so that an old deposit finds it; a 15-digit number is looked up as the 18-digit one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from vault.crypto.blind_index import NAME, blind_index
from vault.crypto.keyring import Keyring
from vault.crypto.keys import ServiceKey, WrappedKey
from vault.errors import InvalidInputError, KeyUnavailableError
from vault.holders import HolderKind
from vault.identifiers import (
    ORGANISATION_KINDS,
    PERSON_KINDS,
    Identifier,
    IdentifierKind,
    parse,
    to_resident_id,
)
from vault.ports import IdentifierIndex

SPACE_KINDS: Final = (*PERSON_KINDS, *ORGANISATION_KINDS)
"""Kinds of numbers that a space is keyed by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberIndex:
    """Computes the keyed hashes of numbers; made by ``load``.

    Attributes:
        vault_id: 16 bytes.
        keys: Key and its version, for each kind.
    """

    vault_id: bytes
    keys: Mapping[IdentifierKind, tuple[ServiceKey, int]] = field(repr=False)

    @classmethod
    def load(cls, keyring: Keyring, *, rows: Iterable[WrappedKey]) -> Self:
        """Unwrap the newest index key of each kind among ``rows``.

        Raises:
            KeyUnavailableError: One is not there.
        """
        newest = sorted(rows, key=lambda row: row.version)
        named = {row.name: row for row in newest}
        missing = [kind for kind in SPACE_KINDS if key_name(kind) not in named]
        if missing:
            raise KeyUnavailableError("the keys of the number index are not there")
        found = {kind: named[key_name(kind)] for kind in SPACE_KINDS}
        return cls(
            vault_id=keyring.vault_id,
            keys={kind: (keyring.service_key(row), row.version) for kind, row in found.items()},
        )

    def of(self, number: Identifier) -> tuple[IdentifierIndex, ...]:
        """Return every hash under which the holder of ``number`` is indexed, its own first.

        Raises:
            InvalidInputError: No space is keyed by numbers of that kind.
        """
        if number.kind not in self.keys:
            raise InvalidInputError("a space has no number of this kind", field="type")
        found = [self._index(number.kind, number.value)]
        if number.kind is IdentifierKind.USCC:
            found.append(
                self._index(IdentifierKind.ORGANISATION_CODE, str(number.parts["org_code"]))
            )
        return tuple(found)

    def _index(self, kind: IdentifierKind, value: str) -> IdentifierIndex:
        key, version = self.keys[kind]
        index = blind_index(
            key, vault_id=self.vault_id, kind=kind.value, version=version, value=value
        )
        return IdentifierIndex(kind=kind, index=index, key_version=version)


def key_name(kind: IdentifierKind) -> str:
    """Return the name of the service key that indexes numbers of ``kind``."""
    return f"{NAME}{kind.value}"


def number_of(kind: str, value: str, *, today: date) -> Identifier:
    """Return the number of a holder, checked; a 15-digit one in its 18-digit form.

    Raises:
        InvalidInputError: The kind is unknown, or no space is keyed by it.
        IdentifierError: The number breaks a rule of its kind; it names the first one.
    """
    try:
        asked = IdentifierKind(kind)
    except ValueError as error:
        raise InvalidInputError("there is no such kind of number", field="type") from error
    found = parse(asked, value, today=today)
    if asked is IdentifierKind.RESIDENT_ID_LEGACY:
        return parse(IdentifierKind.RESIDENT_ID, to_resident_id(found), today=today)
    if asked not in SPACE_KINDS:
        raise InvalidInputError("a space has no number of this kind", field="type")
    return found


def holder_kind(number: Identifier) -> HolderKind:
    """Return whose number it is: a person's or an organisation's."""
    return HolderKind.ORGANISATION if number.kind in ORGANISATION_KINDS else HolderKind.PERSON
