"""Whom a verifier of receipts believes: a text file in the form of C2SP tlog-policy.

``log <vkey> [<url>]`` · ``witness <name> <vkey> [<url>]`` · ``group <name> any|all|<k> <name>…``
· ``quorum <name>|none``, one a line; blank lines and ``#`` comments are skipped. Addresses are for
whoever asks witnesses to sign; verifying needs no network.
"""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from vault.crypto.signing import SignatureType, VerifierKey
from vault.errors import InvalidInputError

NO_QUORUM: Final = "none"

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,2}")
_MAX_NAMES: Final = 256
_OF_LOGS: Final = frozenset({SignatureType.ED25519, SignatureType.ML_DSA_44})
_OF_WITNESSES: Final = frozenset({SignatureType.COSIGNATURE, SignatureType.ML_DSA_44})


class Group(NamedTuple):
    """``needed`` of the ``members``, which are witnesses or groups."""

    needed: int
    members: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which logs are believed, and which witnesses must have seen a checkpoint.

    Attributes:
        logs: Any of them may have signed; each by the name that is its origin.
        witnesses: By the name used in this file.
        quorum: Witness, group, or ``none``.
        addresses: Submission prefixes of the witnesses that have one, by the same names.
    """

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, Group]
    quorum: str
    addresses: Mapping[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def parse(cls, text: str, /) -> "Policy":
        """Return the policy that ``text`` is.

        Raises:
            InvalidInputError: A line is malformed, a name unknown or given twice, a key listed
                twice, or there is not exactly one quorum.
        """
        if _CONTROL.search(text):
            raise InvalidInputError("a trust policy has no control characters")
        reading = _Reading()
        for line in text.split("\n"):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                reading.take(words[0], words[1:])
        if reading.quorum is None:
            raise InvalidInputError("a trust policy has one quorum line")
        return cls(
            logs=tuple(reading.logs),
            witnesses=reading.witnesses,
            groups=reading.groups,
            quorum=reading.quorum,
            addresses=reading.addresses,
        )

    def satisfied(self, seen_by: AbstractSet[str], /) -> bool:
        """Say whether the witnesses named in ``seen_by`` are a quorum."""
        return self.quorum == NO_QUORUM or self._witnessed(self.quorum, seen_by)

    def _witnessed(self, name: str, seen_by: AbstractSet[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in seen_by
        count = sum(self._witnessed(member, seen_by) for member in group.members)
        return count >= group.needed


@dataclass(slots=True)
class _Reading:
    """A policy file read down to some line; names are known only from their line on."""

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    addresses: dict[str, str] = field(default_factory=dict)
    quorum: str | None = None

    def take(self, word: str, rest: Sequence[str]) -> None:
        match word, *rest:
            case ("log", vkey) | ("log", vkey, _):
                self.logs.append(_key(vkey, kinds=_OF_LOGS, beside=self.logs))
            case ("witness", name, vkey, *address) if len(address) <= 1:
                beside = tuple(self.witnesses.values())
                key = _key(vkey, kinds=_OF_WITNESSES, beside=beside)
                self.witnesses[self._new(name)] = key
                self.addresses.update((name, one) for one in address)
            case ("group", name, count, *members) if members:
                self.groups[self._new(name)] = self._group(count, members)
            case ("quorum", name) if self.quorum is None and (
                self._known(name) or name == NO_QUORUM
            ):
                self.quorum = name
            case _:
                raise InvalidInputError("a line of the trust policy is malformed")

    def _group(self, count: str, members: Sequence[str]) -> Group:
        for member in members:  # In one group at most, so that nobody counts twice.
            if not self._known(member) or member in self.members:
                raise InvalidInputError("a member of a group is unknown, or in a group already")
            self.members.add(member)
        match count:
            case "any":
                needed = 1
            case "all":
                needed = len(members)
            case _ if _COUNT.fullmatch(count):
                needed = int(count)
            case _:
                needed = 0
        if not 1 <= needed <= len(members):
            raise InvalidInputError("a group needs between one and all of its members")
        return Group(needed, frozenset(members))

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new(self, name: str) -> str:
        if name == NO_QUORUM or self._known(name):
            raise InvalidInputError("a name of the trust policy is taken")
        if len(self.witnesses) + len(self.groups) == _MAX_NAMES:
            raise InvalidInputError("a trust policy has at most 256 witnesses and groups")
        return name


def _key(
    vkey: str, *, kinds: AbstractSet[SignatureType], beside: Sequence[VerifierKey]
) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.type not in kinds:
        raise InvalidInputError("a key of the trust policy is of the wrong type")
    if any(key.public_key == other.public_key for other in beside):
        raise InvalidInputError("a key stands twice in the trust policy")
    return key
