"""What a decision may rest on, as read from the guarded rows. Ids are lower-case hex texts.

Instants never enter: the caller has turned them into booleans at the time that counts.
"""

from dataclasses import dataclass

from policies.scopes import View


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFacts:
    """The department's system that asks.

    Attributes:
        evidence_codes: Evidence that it may ask for.
        issue_codes: Evidence that it may deposit.
        service_items: Items that it may ask evidence for.
        scopes: Registry scopes it holds.
    """

    client_id: str
    status: str
    profile: str
    department_id: str
    department_status: str
    evidence_codes: frozenset[str]
    issue_codes: frozenset[str]
    service_items: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderFacts:
    """Whose space it is; ``kind`` is person or organisation, ``state`` active or erased."""

    holder_id: str
    kind: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFacts:
    """The person who acts in the space.

    Attributes:
        role: ``self``, ``legal_representative`` or ``agent``.
        acr: ``aal1``, ``aal2`` or ``aal3``.
        fresh: Signed in at most five minutes ago.
    """

    person_id: str
    role: str
    acr: str
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateFacts:
    """A mandate as the whole of its chain allows it.

    Attributes:
        version: Of its last link.
        holder_id, giver_id, receiver_id: Whose space it opens, who gave it, who may act.
        status: ``active`` while every link is.
        view: Highest for the evidence that is asked for; ``None`` if it is not covered.
        of_client: The receiver is the organisation that runs the client which asks.
    """

    mandate_id: str
    version: int
    holder_id: str
    giver_id: str
    receiver_id: str
    status: str
    started: bool
    expired: bool
    acts: frozenset[str]
    items: frozenset[str]
    passes_on: bool
    view: View | None = None
    of_client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConsentFacts:
    """The live grant.

    Attributes:
        view: Granted for the evidence that is asked for; ``None`` if none is.
        fields: Granted for that evidence.
        uses_left: Releases of that evidence still allowed; ``None`` is without limit.
    """

    grant_id: str
    version: int
    status: str
    started: bool
    expired: bool
    client_id: str
    holder_id: str
    item: str
    case_no: str
    purpose: str
    basis: str
    view: View | None = None
    fields: frozenset[str] = frozenset()
    uses_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """The head of the record that was found.

    Attributes:
        department_id: Who issued it.
        in_date: Today is in its validity range.
        served: Today is in its credit window, and it was not repaired.
    """

    record_id: str
    version: int
    code: str
    level: int
    holder_id: str
    department_id: str
    status: str
    in_date: bool
    served: bool
    trust_grade: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseFacts:
    """The application that the evidence is for."""

    case_no: str
    department_id: str
    item: str
    state: str
    holder_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFacts:
    """What the item needs of this evidence: no higher view, no further fields."""

    code: str
    view: View
    fields: frozenset[str]
