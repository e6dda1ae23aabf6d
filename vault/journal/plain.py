"""JSON as bytes that everybody computes alike (RFC 8785), and frozen values written as JSON.

Only what every implementation writes in the same way is let in: ASCII keys (sorting them by
code point is then sorting them by UTF-16 unit), strings, booleans, null and integers within
±(2^53 - 1). There are no floats. A ``Shape`` is the table that says which attribute of a
frozen value stands under which key; reading is strict: unknown or missing keys are refused.
"""

import json
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import orjson

from vault.errors import IntegrityError, InvalidInputError

Plain: TypeAlias = "str | int | Sequence[Plain] | Mapping[str, Plain] | None"

MAX_INTEGER: Final = (1 << 53) - 1
"""Beyond this, a JSON number is not exact everywhere (RFC 8785 s. 3.2.2.3)."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def canonical_json(value: Plain, /) -> bytes:
    """Return ``value`` as RFC 8785 JSON in UTF-8.

    Raises:
        InvalidInputError: A float, a number too large, a key outside ASCII, half a surrogate
            pair, or something that is not JSON.
    """
    _check(value)
    return _encoded(value)


def _encoded(value: Plain) -> bytes:
    """Write what was checked; for such values the library's form is that of RFC 8785."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidInputError("a text holds half a surrogate pair") from error


def parse_canonical(data: bytes, /) -> object:
    """Return the value that ``data`` is the one canonical form of.

    Raises:
        IntegrityError: It is the canonical form of nothing.
    """
    try:
        found = json.loads(data.decode())
        again = canonical_json(found)
    except (ValueError, RecursionError, InvalidInputError) as error:
        raise IntegrityError("this is not canonical JSON") from error
    if again != data:
        raise IntegrityError("this is not canonical JSON")
    return found


def base64_text(data: bytes, /) -> str:
    """Return ``data`` in the standard alphabet with padding (RFC 4648 s. 4)."""
    return b2a_base64(data, newline=False).decode()


def parse_base64(text: str, /) -> bytes:
    """Return the bytes that ``text`` is the one base64 form of.

    Raises:
        IntegrityError: It is the form of nothing: other signs, stray bits, missing padding.
    """
    try:
        data = a2b_base64(text)  # Lenient by itself; writing it again shows what it let pass.
    except ValueError as error:
        raise IntegrityError("this is not base64") from error
    if base64_text(data) != text:
        raise IntegrityError("this is not base64")
    return data


class Coding(Protocol[T]):
    """How one kind of value is written as plain JSON and read back."""

    def write(self, value: T, /) -> Plain:
        """Return ``value`` as plain JSON."""
        ...

    def read(self, plain: object, /) -> T:
        """Return the value; ``IntegrityError`` if it was not written by ``write``."""
        ...


@dataclass(frozen=True, slots=True)
class Simple(Generic[T]):
    """A coding made of two functions; ``parse`` may raise ``ValueError`` or ``TypeError``."""

    write: Callable[[T], Plain]
    parse: Callable[[Any], T]

    def read(self, plain: object, /) -> T:
        """Return the value that was written."""
        try:
            return self.parse(plain)
        except (TypeError, ValueError, InvalidInputError) as error:
            raise IntegrityError("a value is malformed") from error


def _text(plain: object) -> str:
    if not isinstance(plain, str):
        raise TypeError("text is expected here")
    return plain


def _integer(plain: object) -> int:
    if type(plain) is not int or not 0 <= plain <= MAX_INTEGER:
        raise TypeError("a whole number is expected here")
    return plain


def _hex_digits(plain: object) -> bytes:
    data = bytes.fromhex(_text(plain))
    if data.hex() != plain:  # ``fromhex`` takes capitals and blanks.
        raise ValueError
    return data


TEXT: Final[Simple[str]] = Simple(_text, _text)
INTEGER: Final[Simple[int]] = Simple(_integer, _integer)
"""Zero or more; nothing that we count or time is negative."""

HEX: Final[Simple[bytes]] = Simple(bytes.hex, _hex_digits)


BASE64: Final[Simple[bytes]] = Simple(base64_text, lambda plain: parse_base64(_text(plain)))


def octets(length: int, /) -> Simple[bytes]:
    """Return the coding of exactly ``length`` bytes as lower-case hexadecimal digits."""

    def sized(value: bytes) -> bytes:
        if len(value) != length:
            raise InvalidInputError(f"{length} bytes are expected here")
        return value

    return Simple(lambda value: sized(value).hex(), lambda plain: sized(_hex_digits(plain)))


def one_of(names: type[E], /) -> Simple[E]:
    """Return the coding of the members of ``names``."""
    return Simple(lambda value: value.value, names)


def many(of: Coding[T], /) -> Simple[tuple[T, ...]]:
    """Return the coding of a list of what ``of`` codes."""

    def read(plain: object) -> tuple[T, ...]:
        if not isinstance(plain, list):
            raise TypeError
        return tuple(of.read(item) for item in plain)

    return Simple(lambda values: [of.write(value) for value in values], read)


class Part(NamedTuple):
    """One key of an object.

    Attributes:
        attribute: Its name in the value; the same as ``key`` unless said otherwise.
        needed: Refused where it is missing. ``None`` and ``()`` are left out.
    """

    key: str
    coding: Coding[Any]
    attribute: str = ""
    needed: bool = False


class Shape(Generic[T]):
    """How the frozen values of one class are written as JSON objects, and read back."""

    def __init__(self, make: Callable[..., T], /, *parts: Part) -> None:
        """Keep the constructor and its ``parts``."""
        self._make = make
        self._parts = tuple(p if p.attribute else p._replace(attribute=p.key) for p in parts)
        self._known = frozenset(part.key for part in parts)
        self._writers = tuple((p.key, p.attribute, p.coding.write) for p in self._parts)

    def write(self, value: T, /) -> dict[str, Plain]:
        """Return ``value`` as a JSON object."""
        plain: dict[str, Plain] = {}
        for key, attribute, write in self._writers:
            part = getattr(value, attribute)
            if part is not None and part != ():
                plain[key] = write(part)
        return plain

    def to_json(self, value: T, /, **marks: int | str) -> bytes:
        """Return ``value`` with the constant ``marks`` as RFC 8785 JSON.

        The codings let nothing through that ``canonical_json`` would refuse, so it is not
        looked at again: this runs under the lock of the journal.
        """
        return _encoded({**marks, **self.write(value)})

    def read(self, plain: object, /) -> T:
        """Return the value that was written; its own invariants run again.

        Raises:
            IntegrityError: A key is unknown or missing, or a value is malformed.
        """
        if not isinstance(plain, dict) or not plain.keys() <= self._known:
            raise IntegrityError("an object has keys that do not belong there")
        found = {}
        for key, coding, attribute, needed in self._parts:
            if key in plain:
                found[attribute] = coding.read(plain[key])
            elif needed:
                raise IntegrityError("an object lacks a key")
        try:
            return self._make(**found)
        except InvalidInputError as error:
            raise IntegrityError("an object breaks its own rules") from error


def _check(value: object) -> None:
    if value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidInputError("a number is too large for JSON")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise InvalidInputError("keys are ASCII text")
            _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    else:
        raise InvalidInputError("only text, integers, lists and objects are written as JSON")
