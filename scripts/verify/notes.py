"""Signed checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature) and trust policies."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from .said import Refused

ED25519, COSIGNATURE, ML_DSA = 1, 4, 6
_KEY_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, ML_DSA: 1312}
_MAX_LINES: Final = 16
_MAX_SIZE: Final = 1 << 48
_CHECKPOINT: Final = re.compile(r"([^\s+]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n")
_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Key(NamedTuple):
    """A verifier key ``name+id+base64(type ‖ key)``, split at its first two ``+``."""

    name: str
    id: bytes
    type: int
    public: bytes

    @classmethod
    def parse(cls, text: str, types: tuple[int, ...]) -> "Key":
        """Return the key that ``text`` is, if it is of one of ``types``."""
        name, key_id, body = [*text.split("+", 2), "", ""][:3]
        typed = strict_base64(body)
        expected = sha256(name.encode() + b"\n" + typed).digest()[:4]
        known = bool(typed) and typed[0] in types and len(typed) == 1 + _KEY_BYTES[typed[0]]
        if not known or not name or key_id != expected.hex():
            raise ValueError(text)
        return cls(name, expected, typed[0], typed[1:])

    def verify(self, text: str, signature: bytes, head: "Checkpoint") -> None:
        """Refuse unless ``signature`` is one of this key over the checkpoint ``text``."""
        time, timed = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = text.encode()
        if self.type == ED25519:
            timed = signature
        elif self.type == COSIGNATURE:
            signed = f"cosignature/v1\ntime {time}\n".encode() + signed
        else:
            named, origin = self.name.encode(), head.origin.encode()
            signed = b"subtree/v1\n\0" + bytes([len(named)]) + named + signature[:8]
            signed += bytes([len(origin)]) + origin + bytes(8) + head.size.to_bytes(8, "big")
            signed += head.root
        kind = mldsa.MLDSA44PublicKey if self.type == ML_DSA else ed25519.Ed25519PublicKey
        try:
            kind.from_public_bytes(self.public).verify(timed, signed)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
            raise Refused("signature", self.name) from error


class Checkpoint(NamedTuple):
    """The head of a log, and the names by which a policy knows who signed it."""

    origin: str
    size: int
    root: bytes
    witnesses: tuple[str, ...] = ()


@dataclass(slots=True)
class Policy:
    """A trust policy (C2SP tlog-policy): logs, witnesses, groups, and one quorum."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Return the policy in ``text``; ``ValueError`` for anything else."""
        policy = cls()
        for line in text.split("\n"):
            words = line.split()
            if words and not words[0].startswith("#"):
                policy._take(words)
        if not policy.quorum or not policy.logs:
            raise ValueError(text)
        return policy

    def _take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self.logs.append(Key.parse(vkey, (ED25519, ML_DSA)))
            case ["witness", name, vkey] | ["witness", name, vkey, _] if self._new(name):
                self.witnesses[name] = Key.parse(vkey, (COSIGNATURE, ML_DSA))
            case ["group", name, count, *members] if self._new(name):
                inside = [one for _, taken in self.groups.values() for one in taken]
                free = [one for one in members if not self._new(one) and one not in inside]
                needed = {"any": 1, "all": len(members)}.get(count) or int(count)
                if free != members or not 1 <= needed <= len({*members}) == len(members):
                    raise ValueError(words)
                self.groups[name] = (needed, members)
            case ["quorum", name] if not self.quorum and (name == "none" or not self._new(name)):
                self.quorum = name
            case _:
                raise ValueError(words)
        keys = [one.public for one in self.witnesses.values()]
        if len({*keys}) < len(keys):  # One witness would count twice.
            raise ValueError(words)

    def _new(self, name: str) -> bool:
        return name not in {*self.witnesses, *self.groups, "none"}

    def met(self, seen: tuple[str, ...], name: str = "") -> bool:
        """Say whether the witnesses ``seen`` are a quorum."""
        name = name or self.quorum
        if name in self.groups:
            needed, members = self.groups[name]
            return sum(self.met(seen, one) for one in members) >= needed
        return name in {"none", *seen}


def read_checkpoint(note: str, policy: Policy | None) -> Checkpoint:
    """Return the checkpoint in ``note``; with a policy, signed as it asks for.

    A line of an unknown key says nothing; one of a known key that does not verify spoils all.
    """
    text, blank, below = note.rpartition("\n\n")
    found = _CHECKPOINT.fullmatch(text := text + "\n")
    lines = [_LINE.fullmatch(line) for line in below.removesuffix("\n").split("\n")]
    if found is None or not blank or not below.endswith("\n") or _CONTROL.search(note):
        raise Refused("file", "checkpoint")
    head = Checkpoint(found[1], int(found[2]), strict_base64(found[3]))
    signed = {(one[1], (data := strict_base64(one[2]))[:4]): data[4:] for one in lines if one}
    if not len(signed) == len(lines) <= _MAX_LINES or head.size >= _MAX_SIZE:
        raise Refused("file", "checkpoint")
    if policy is None:
        return head
    logs = [one for one in policy.logs if one.name == head.origin]
    for key in (*logs, *policy.witnesses.values()):
        if (key.name, key.id) in signed:
            key.verify(text, signed[key.name, key.id], head)
    if not any((key.name, key.id) in signed for key in logs):
        raise Refused("stranger", head.origin)
    seen = tuple(n for n, key in policy.witnesses.items() if (key.name, key.id) in signed)
    if not policy.met(seen):
        raise Refused("quorum", ", ".join(seen))
    return head._replace(witnesses=seen)


def strict_base64(text: str) -> bytes:
    """Return the bytes whose one base64 form is ``text``; else ``ValueError``."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError(text)
    return data
