"""``/v1/me/mandates``: who may act for the holder, and for whom the holder may act."""

from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.deps import WiredDep
from api.openapi import BY_FORM, BY_SIGN_IN
from api.routers.answers import (
    OWN_PROBLEMS,
    NumberIn,
    ReceiptOut,
    StrictIn,
    ValidOut,
    ViewName,
    iso,
    problems,
)
from api.routers.signed_in import ChangingMemberDep, IdPath, MemberDep
from api.routers.strict import StrictRoute
from policies.catalogue import catalogue
from policies.items import items
from policies.scopes import View
from vault.clock import legal_day
from vault.errors import InvalidInputError
from vault.ids import MandateId, parse_id
from vault.mandates import Act, Mandate, Powers
from vault.numbers import number_of
from vault.services.end_mandate import ChangeMandate, end_mandate, narrow_mandate
from vault.services.give_mandate import GiveMandate, give_mandate
from vault.services.own_mandates import Given, Received, own_mandates

router = APIRouter(prefix="/v1/me/mandates", tags=["me"], route_class=StrictRoute)

ActName = Literal["consent", "exchange", "read"]
_ACTS: Final[tuple[ActName, ...]] = ("consent", "exchange", "read")
GIVE_PROBLEMS: Final = OWN_PROBLEMS | problems(429)


class CoveredOut(BaseModel):
    """One evidence type of a mandate."""

    code: str
    view: ViewName


class PowersOut(BaseModel):
    """What a mandate allows."""

    acts: list[ActName]
    evidence: list[CoveredOut]
    items: list[str]
    valid: ValidOut
    passes_on: bool

    @classmethod
    def from_domain(cls, powers: Powers) -> "PowersOut":
        """Return the wire form of ``powers``."""
        return cls(
            acts=[name for name in _ACTS if Act(name) in powers.acts],
            evidence=[
                CoveredOut(code=code, view=_label(view))
                for code, view in sorted(powers.evidence.items())
            ],
            items=sorted(powers.items),
            valid=ValidOut(starts_at=powers.starts_at, ends_at=powers.ends_at),
            passes_on=powers.passes_on,
        )


class MandateOut(BaseModel):
    """A mandate that was given or received.

    ``who`` is the receiver's masked number, or the name of whose space it opens; ``powers`` of a
    received one are what the whole chain allows now.
    """

    mandate_id: str
    side: Literal["given", "received"]
    who: str
    status: str
    alive: bool
    version: int
    passed_on_from: str | None
    powers: PowersOut
    created_at: str
    ended_at: str | None

    @classmethod
    def from_domain(cls, found: Given | Received) -> "MandateOut":
        """Return the wire form, field by field."""
        mandate = found.mandate
        if isinstance(found, Given):
            return _out("given", mandate, found.receiver, alive=found.alive)
        alive = found.powers is not None
        return _out("received", mandate, found.holder, alive=alive, powers=found.powers)


class CoveredIn(StrictIn):
    """One evidence type that is covered, and how much of it."""

    code: str = Field(max_length=16)
    view: ViewName


class PowersIn(StrictIn):
    """What a mandate shall allow."""

    acts: list[ActName] = Field(min_length=1, max_length=3)
    evidence: list[CoveredIn] = Field(min_length=1, max_length=41)
    items: list[str] = Field(default=[], max_length=100)
    starts_at: int = Field(ge=0, le=2**40, description="UTC seconds")
    ends_at: int = Field(ge=0, le=2**40, description="UTC seconds")
    passes_on: bool = False

    def to_domain(self) -> Powers:
        """Return the powers.

        Raises:
            InvalidInputError: Something is unknown, or named twice.
        """
        evidence = {one.code: View.of(one.view) for one in self.evidence}
        if len(evidence) != len(self.evidence):
            raise InvalidInputError("an evidence type is named twice", field="evidence")
        if not evidence.keys() <= catalogue().keys():
            raise InvalidInputError("there is no such evidence", field="evidence")
        if not set(self.items) <= items().keys():
            raise InvalidInputError("there is no such item", field="items")
        return Powers(
            acts=frozenset(map(Act, self.acts)),
            evidence=evidence,
            items=frozenset(self.items),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            passes_on=self.passes_on,
        )


class GiveIn(StrictIn):
    """Who shall act, and what for."""

    receiver: NumberIn
    powers: PowersIn


class GivenOut(BaseModel):
    """The mandate, and proof that it is in the log."""

    mandate_id: str
    receipt: ReceiptOut


class ChangedMandateOut(BaseModel):
    """Proof that the change is in the log: nobody acts against it from now on."""

    receipt: ReceiptOut


@router.get("", responses=OWN_PROBLEMS, openapi_extra=BY_SIGN_IN)
def list_mandates(member: MemberDep, wired: WiredDep) -> list[MandateOut]:
    """List the mandates that concern who is signed in, those that ended too."""
    found = own_mandates(wired.vault, member)
    both: list[Given | Received] = [*found.given, *found.received]
    return [MandateOut.from_domain(one) for one in both]


@router.post("", status_code=201, responses=GIVE_PROBLEMS, openapi_extra=BY_FORM)
def give(member: ChangingMemberDep, wired: WiredDep, sent: GiveIn) -> GivenOut:
    """Give a mandate. A number without a space is answered like any other."""
    today = legal_day(wired.vault.clock.now_ms())
    asked = GiveMandate(
        member=member,
        number=number_of(sent.receiver.type, sent.receiver.value, today=today),
        powers=sent.powers.to_domain(),
    )
    mandate, receipt = give_mandate(wired.vault, asked)
    return GivenOut(mandate_id=mandate.mandate_id.hex(), receipt=ReceiptOut.from_domain(receipt))


@router.post("/{mandate_id}/narrow", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def narrow(
    mandate_id: IdPath, member: ChangingMemberDep, wired: WiredDep, sent: PowersIn
) -> ChangedMandateOut:
    """Leave less of a mandate: what is sent is all that is left."""
    asked = ChangeMandate(member=member, mandate_id=MandateId(parse_id(mandate_id)))
    receipt = narrow_mandate(wired.vault, asked, powers=sent.to_domain())
    return ChangedMandateOut(receipt=ReceiptOut.from_domain(receipt))


@router.post("/{mandate_id}/end", responses=OWN_PROBLEMS, openapi_extra=BY_FORM)
def end(mandate_id: IdPath, member: ChangingMemberDep, wired: WiredDep) -> ChangedMandateOut:
    """End a mandate, or give a received one back."""
    asked = ChangeMandate(member=member, mandate_id=MandateId(parse_id(mandate_id)))
    return ChangedMandateOut(receipt=ReceiptOut.from_domain(end_mandate(wired.vault, asked)))


def _out(
    side: Literal["given", "received"],
    mandate: Mandate,
    who: str,
    *,
    alive: bool,
    powers: Powers | None = None,
) -> MandateOut:
    return MandateOut(
        mandate_id=mandate.mandate_id.hex(),
        side=side,
        who=who,
        status=mandate.status.value,
        alive=alive,
        version=mandate.version,
        passed_on_from=None if mandate.parent_id is None else mandate.parent_id.hex(),
        powers=PowersOut.from_domain(powers or mandate.powers),
        created_at=iso(mandate.created_at_ms),
        ended_at=None if mandate.ended_at_ms is None else iso(mandate.ended_at_ms),
    )


def _label(view: View) -> ViewName:
    match view:
        case View.VERIFY:
            return "verify"
        case View.SUMMARY:
            return "summary"
        case View.FULL:
            return "full"
