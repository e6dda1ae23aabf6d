"""A policy bundle: all Cedar text as one canonical text, named by its hash, parsed once.

Format ``myspace-policies/1``: that line, then for each file in order of its name the line
``-- <name> --`` and the file itself, which ends in a newline. The text is kept for ever, so
that any past decision can be replayed under the policies of its day.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, Self

import cedarpy
from cedarpy import pst

from policies.errors import PolicyError

FORMAT: Final = "myspace-policies/1"
SCHEMA: Final = "schema.cedarschema"

_FILE: Final = re.compile(r"^-- ([a-z_]+\.cedar|schema\.cedarschema) --\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Policies that passed their schema, ready to decide.

    Attributes:
        text: The canonical text.
        hash: SHA-256 of the text, 32 bytes.
        effects: ``permit`` or ``forbid`` by the ``@id`` of each policy.
        policies, schema: Parsed handles.
    """

    text: str = field(repr=False)
    hash: bytes
    effects: Mapping[str, str]
    policies: cedarpy.PolicySet = field(repr=False, compare=False)
    schema: cedarpy.Schema = field(repr=False, compare=False)

    @classmethod
    def from_files(cls, sources: Mapping[str, str]) -> Self:
        """Return the bundle of ``sources``, file name to text.

        Raises:
            PolicyError: As ``from_text``.
        """
        parts = (f"-- {name} --\n{text}" for name, text in sorted(sources.items()))
        return cls.from_text(f"{FORMAT}\n{''.join(parts)}")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the bundle that ``text`` holds.

        Raises:
            PolicyError: Not canonical, does not parse, breaks its schema, or holds a policy
                without an ``@id`` of its own.
        """
        sources = _split(text)
        schema_text = sources.pop(SCHEMA, "")
        policy_text = "".join(sources.values())
        try:
            schema = cedarpy.Schema.from_str(schema_text)
            policies = cedarpy.PolicySet.from_str(policy_text)
        except ValueError as error:
            raise PolicyError("the policies do not parse") from error
        if not cedarpy.validate_policies(policy_text, schema):
            raise PolicyError("the policies break their schema")
        return cls(
            text=text,
            hash=sha256(text.encode()).digest(),
            effects=_effects(policies.to_pst()),
            policies=policies,
            schema=schema,
        )


@cache
def shipped() -> Bundle:
    """Return the bundle that comes with this release, parsed at the first call."""
    here = files("policies")
    named = ((entry.name, entry) for entry in here.iterdir())
    return Bundle.from_files(
        {
            name: entry.read_text(encoding="utf-8")
            for name, entry in named
            if name.endswith((".cedar", SCHEMA))
        }
    )


def _split(text: str) -> dict[str, str]:
    head, *rest = _FILE.split(text)
    sources = dict(zip(rest[::2], rest[1::2], strict=True))
    names = rest[::2]
    ended = all(source.endswith("\n") for source in sources.values())
    if head != f"{FORMAT}\n" or not ended or names != sorted(sources):
        raise PolicyError("the policy bundle is not canonical")
    return sources


def _effects(parsed: pst.PolicySet) -> dict[str, str]:
    policies = parsed.static_policies.values()
    effects = {policy.annotations.get("id", ""): str(policy.effect) for policy in policies}
    if parsed.templates or "" in effects or len(effects) != len(policies):
        raise PolicyError("each policy has an @id of its own, and no slots")
    return effects
