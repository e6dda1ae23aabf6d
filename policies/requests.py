"""The question put to the policies: frozen facts, canonical bytes, and what Cedar is shown.

``canonical()`` is RFC 8785 JSON of every fact; it is hashed into the entry, kept sealed beside
it, and read back to replay the decision. ``to_cedar()`` reduces it to what policies may know:
ids become "the same as" booleans, times have become booleans before. So no policy can depend
on who somebody is or on what time it is, and a decision is a pure function of the facts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from hashlib import sha256
from types import UnionType
from typing import Any, Final, NamedTuple, Self

import orjson

from policies.actions import MAY, MEMBER_ACTS, NEEDS, Action
from policies.errors import PolicyError
from policies.facts import (
    CaseFacts,
    ClientFacts,
    ConsentFacts,
    HolderFacts,
    MandateFacts,
    MemberFacts,
    RecordFacts,
    RequirementFacts,
)
from policies.scopes import View

__all__ = [
    "AccessRequest",
    "Action",
    "CaseFacts",
    "ClientFacts",
    "ConsentFacts",
    "HolderFacts",
    "MandateFacts",
    "MemberFacts",
    "Question",
    "RecordFacts",
    "RequirementFacts",
]

FORMAT: Final = "myspace-access/1"


class Question(NamedTuple):
    """What Cedar is shown. Everything a decision rests on, so it can be remembered by it."""

    principal: str
    action: str
    resource: str
    context: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AccessRequest:
    """One question. What an action needs must be there, what it cannot use must not.

    Attributes:
        code: The evidence asked for or written; said by the caller, not read off the record.
        view, fields: Asked for.
        level: Of that evidence, 1 to 4.
        mandate: That the member or the client acts by, or that is given, narrowed or ended.
        parent: The consent that ``consent`` is a part of.
    """

    action: Action
    client: ClientFacts | None = None
    member: MemberFacts | None = None
    holder: HolderFacts | None = None
    consent: ConsentFacts | None = None
    record: RecordFacts | None = None
    case: CaseFacts | None = None
    requirement: RequirementFacts | None = None
    code: str | None = None
    view: View | None = None
    fields: frozenset[str] = frozenset()
    level: int | None = None
    mandate: MandateFacts | None = None
    parent: ConsentFacts | None = None
    _canonical: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a question that has too few facts, or facts that nobody would judge."""
        known = {name: plain for name, plain in _object(self, _FACTS, _plain).items() if plain}
        needed = NEEDS[self.action]
        if not known.keys() >= needed:
            missing = sorted(needed - known.keys())
            raise PolicyError(f"{self.action} is judged by {', '.join(missing)}")
        if known.keys() - needed - MAY[self.action]:
            raise PolicyError(f"{self.action} is not judged by all that was given")
        known |= {"action": self.action.value, "format": FORMAT}
        canonical = orjson.dumps(known, option=orjson.OPT_SORT_KEYS)
        object.__setattr__(self, "_canonical", canonical)

    def canonical(self) -> bytes:
        """Return every fact as RFC 8785 JSON; what is absent is left out."""
        return self._canonical

    def hash(self) -> bytes:
        """Return the SHA-256 of ``canonical()``, 32 bytes."""
        return sha256(self._canonical).digest()

    def to_cedar(self) -> Question:
        """Return the question without ids: whether they agree is all that policies may know."""
        context: dict[str, Any] = {"fields": sorted(self.fields)}
        for name in ("client", "code", "holder", "level", "requirement", "view"):
            if (value := getattr(self, name)) is not None:
                context[name] = _shown(value)
        if self.member is not None:
            context["member"] = {
                **_shown(self.member),
                "is_holder": self._is_holder(self.member.person_id),
            }
        if (mandate := self.mandate) is not None:
            context["mandate"] = self._mandate(mandate)
        for name, consent in (("consent", self.consent), ("parent", self.parent)):
            if consent is not None:
                context[name] = self._consent(consent)
        if (record := self.record) is not None:
            context["record"] = {
                **_shown(record),
                "of_department": self._is_department(record.department_id),
                "of_holder": self._is_holder(record.holder_id),
            }
        if (case := self.case) is not None:
            context["case"] = {
                **_shown(case),
                # A part of a consent is for the case of the consent: another department's.
                "of_department": self._is_department(case.department_id)
                if self.parent is None
                else self.parent.case_no == case.case_no,
                "of_holder": self._is_holder(case.holder_id),
            }
        return Question(
            principal=self._principal(),
            action=self.action.value,
            resource="Vault" if self.holder is None else "Space",
            context=orjson.dumps(context, option=orjson.OPT_SORT_KEYS).decode(),
        )

    def _consent(self, consent: ConsentFacts) -> dict[str, Any]:
        return {
            **_shown(consent),
            "of_case": self.case is not None
            and (consent.case_no, consent.item) == (self.case.case_no, self.case.item),
            "of_client": self.client is not None and consent.client_id == self.client.client_id,
            "of_holder": self._is_holder(consent.holder_id),
            "used_up": consent.uses_left is not None and consent.uses_left < 1,
        }

    def _mandate(self, mandate: MandateFacts) -> dict[str, Any]:
        matter = self.case or self.consent
        person_id = None if self.member is None else self.member.person_id
        return {
            **_shown(mandate),
            "of_giver": mandate.giver_id == person_id,
            "of_holder": self._is_holder(mandate.holder_id),
            "of_item": matter is not None and matter.item in mandate.items,
            "of_member": mandate.receiver_id == person_id,
        }

    def _principal(self) -> str:
        if self.action in MEMBER_ACTS:
            return "Member"
        return "Operator" if self.action is Action.SYSTEM else "Client"

    def _is_department(self, department_id: str) -> bool:
        return self.client is not None and department_id == self.client.department_id

    def _is_holder(self, holder_id: str) -> bool:
        return self.holder is not None and holder_id == self.holder.holder_id

    @classmethod
    def from_canonical(cls, canonical: bytes) -> Self:
        """Return the request that ``canonical()`` wrote.

        Raises:
            PolicyError: The bytes are something else, be it by one space.
        """
        try:
            plain = orjson.loads(canonical)
            if plain.pop("format") != FORMAT:
                raise PolicyError("the decision inputs are of another format")
            request = cls(**_read(cls, plain))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise PolicyError("the decision inputs are malformed") from error
        if request.canonical() != canonical:
            raise PolicyError("the decision inputs are not canonical")
        return request


_FACTS: Final = tuple(f.name for f in fields_of(AccessRequest) if f.init and f.name != "action")
_SHOWN: Final[Mapping[type, tuple[str, ...]]] = {
    ClientFacts: (
        "department_status",
        "evidence_codes",
        "issue_codes",
        "profile",
        "scopes",
        "service_items",
        "status",
    ),
    MemberFacts: ("acr", "fresh", "role"),
    HolderFacts: ("kind", "state"),
    ConsentFacts: ("basis", "expired", "fields", "started", "status", "view"),
    RecordFacts: ("code", "in_date", "level", "served", "status"),
    CaseFacts: ("item", "state"),
    RequirementFacts: ("code", "fields", "view"),
    MandateFacts: ("acts", "expired", "of_client", "passes_on", "started", "status", "view"),
}
"""Facts that policies see as they are; ids and counters come as booleans."""
_AS_THEY_ARE: Final = frozenset({bool, int, str})


def joined(requests: Iterable[AccessRequest]) -> bytes:
    """Return the canonical inputs of a decision about all of ``requests``, a line each.

    Canonical JSON holds no line break, so one question alone is its own ``canonical()``.
    """
    return b"\n".join(request.canonical() for request in requests)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any fact to any JSON value
    kind = type(value)
    if kind in _SHOWN:
        return _object(value, kind.__slots__, _plain)
    if kind is View:
        return value.label
    return sorted(value) if kind is frozenset else value


def _shown(value: Any) -> Any:  # noqa: ANN401 - any fact to any JSON value
    kind = type(value)
    if kind in _SHOWN:
        return _object(value, _SHOWN[kind], _shown)
    if kind is View:
        return value.value
    return sorted(value) if kind is frozenset else value


def _object(facts: Any, names: Iterable[str], form: Callable[[Any], Any]) -> dict[str, Any]:  # noqa: ANN401 - any facts
    found = {}
    for name in names:
        value = getattr(facts, name)
        if value is not None:
            found[name] = value if type(value) in _AS_THEY_ARE else form(value)
    return found


def _read(cls: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {f.name: f.type for f in fields_of(cls) if f.init}
    return {name: _typed(kinds[name], value) for name, value in plain.items()}


def _typed(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any JSON value to any fact
    if isinstance(kind, UnionType):
        kind = kind.__args__[0]
    if kind is View:
        return View.of(value)
    if kind is Action:
        return Action(value)
    if kind == frozenset[str]:
        if type(value) is not list or not all(type(item) is str for item in value):
            raise PolicyError("a set of facts is a list of texts")
        return frozenset(value)
    if kind in _SHOWN:
        return kind(**_read(kind, value))
    if type(value) is not kind:
        raise PolicyError("a fact is of another type")
    return value
