"""Access requests for tests: for each action one that is permitted, and named changes to it."""

from dataclasses import fields, replace
from typing import Any

from policies.bundle import shipped
from policies.requests import (
    AccessRequest,
    Action,
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

HOLDER_ID = "a" * 32
DEPARTMENT_ID = "d" * 32
ITEM = "item-one"
CASE_NO = "case-one"
NAMES = frozenset({"name", "sex"})

CLIENT = ClientFacts(
    client_id="client-one",
    status="active",
    profile="fapi2",
    department_id=DEPARTMENT_ID,
    department_status="active",
    evidence_codes=frozenset({"ID01", "LC07"}),
    issue_codes=frozenset({"ID01", "LC02"}),
    service_items=frozenset({ITEM}),
    scopes=frozenset({"records:write", "cases:write"}),
)
HOLDER = HolderFacts(holder_id=HOLDER_ID, kind="person", state="active")
MEMBER = MemberFacts(person_id=HOLDER_ID, role="self", acr="aal1", fresh=True)
CONSENT = ConsentFacts(
    grant_id="b" * 32,
    version=1,
    status="active",
    started=True,
    expired=False,
    client_id="client-one",
    holder_id=HOLDER_ID,
    item=ITEM,
    case_no=CASE_NO,
    purpose="licence_application",
    basis="consent",
    view=View.FULL,
    fields=NAMES,
    uses_left=1,
)
RECORD = RecordFacts(
    record_id="e" * 32,
    version=1,
    code="ID01",
    level=3,
    holder_id=HOLDER_ID,
    department_id=DEPARTMENT_ID,
    status="01",
    in_date=True,
    served=True,
    trust_grade="A",
)
CASE = CaseFacts(
    case_no=CASE_NO,
    department_id=DEPARTMENT_ID,
    item=ITEM,
    state="submitted",
    holder_id=HOLDER_ID,
)
REQUIREMENT = RequirementFacts(code="ID01", view=View.FULL, fields=NAMES)

AGENT_ID = "c" * 32
AGENT = MemberFacts(person_id=AGENT_ID, role="agent", acr="aal1", fresh=True)
MANDATE = MandateFacts(
    mandate_id="7" * 32,
    version=1,
    holder_id=HOLDER_ID,
    giver_id=HOLDER_ID,
    receiver_id=AGENT_ID,
    status="active",
    started=True,
    expired=False,
    acts=frozenset({"consent", "exchange", "read"}),
    items=frozenset({ITEM}),
    passes_on=True,
    view=View.FULL,
    of_client=True,
)

PERMITTED = {
    Action.PULL: AccessRequest(
        action=Action.PULL,
        client=CLIENT,
        holder=HOLDER,
        consent=CONSENT,
        record=RECORD,
        case=CASE,
        requirement=REQUIREMENT,
        code="ID01",
        view=View.FULL,
        fields=NAMES,
        level=3,
    ),
    Action.LIST: AccessRequest(
        action=Action.LIST,
        client=CLIENT,
        holder=HOLDER,
        consent=replace(CONSENT, view=None, fields=frozenset(), uses_left=None),
        case=CASE,
    ),
    Action.DEPOSIT: AccessRequest(
        action=Action.DEPOSIT, client=CLIENT, holder=HOLDER, code="ID01", level=3
    ),
    Action.STATUS: AccessRequest(
        action=Action.STATUS, client=CLIENT, holder=HOLDER, record=RECORD, code="ID01", level=3
    ),
    Action.CONSENT_GIVE: AccessRequest(
        action=Action.CONSENT_GIVE,
        client=CLIENT,
        member=MEMBER,
        holder=HOLDER,
        case=CASE,
        requirement=REQUIREMENT,
        code="ID01",
        view=View.FULL,
        fields=NAMES,
        level=3,
    ),
    Action.CONSENT_REFUSE: AccessRequest(
        action=Action.CONSENT_REFUSE, member=MEMBER, holder=HOLDER
    ),
    Action.CONSENT_REPORT: AccessRequest(
        action=Action.CONSENT_REPORT, member=MEMBER, holder=HOLDER
    ),
    Action.CONSENT_MISMATCH: AccessRequest(
        action=Action.CONSENT_MISMATCH, member=MEMBER, holder=HOLDER
    ),
    Action.CONSENT_END: AccessRequest(
        action=Action.CONSENT_END, member=MEMBER, holder=HOLDER, consent=CONSENT
    ),
    Action.CONSENT_RESUME: AccessRequest(
        action=Action.CONSENT_RESUME, member=MEMBER, holder=HOLDER, consent=CONSENT, level=3
    ),
    Action.CONSENT_RETURN: AccessRequest(
        action=Action.CONSENT_RETURN,
        client=replace(CLIENT, scopes=CLIENT.scopes | {"grant_management_revoke"}),
        holder=HOLDER,
        consent=CONSENT,
    ),
    Action.OWN_READ: AccessRequest(
        action=Action.OWN_READ, member=MEMBER, holder=HOLDER, record=RECORD, code="ID01", level=3
    ),
    Action.OWN_EXPORT: AccessRequest(
        action=Action.OWN_EXPORT, member=replace(MEMBER, acr="aal2"), holder=HOLDER
    ),
    Action.PASSKEY_FIRST: AccessRequest(action=Action.PASSKEY_FIRST, member=MEMBER, holder=HOLDER),
    Action.PASSKEY_ADD: AccessRequest(
        action=Action.PASSKEY_ADD, member=replace(MEMBER, acr="aal2"), holder=HOLDER
    ),
    Action.PASSKEY_REMOVE: AccessRequest(
        action=Action.PASSKEY_REMOVE, member=replace(MEMBER, acr="aal2"), holder=HOLDER
    ),
    Action.CASE_OPEN: AccessRequest(
        action=Action.CASE_OPEN, client=CLIENT, holder=HOLDER, case=CASE
    ),
    Action.USE: AccessRequest(action=Action.USE, client=CLIENT, holder=HOLDER),
    Action.DEMAND_ASK: AccessRequest(action=Action.DEMAND_ASK, member=MEMBER, holder=HOLDER),
    Action.DEMAND_ANSWER: AccessRequest(action=Action.DEMAND_ANSWER, client=CLIENT, holder=HOLDER),
    Action.MANDATE_GIVE: AccessRequest(
        action=Action.MANDATE_GIVE, member=replace(MEMBER, acr="aal2"), holder=HOLDER
    ),
    Action.MANDATE_NARROW: AccessRequest(
        action=Action.MANDATE_NARROW, member=MEMBER, holder=HOLDER, mandate=MANDATE
    ),
    Action.MANDATE_END: AccessRequest(
        action=Action.MANDATE_END, member=MEMBER, holder=HOLDER, mandate=MANDATE
    ),
    Action.MANDATE_EXCHANGE: AccessRequest(
        action=Action.MANDATE_EXCHANGE,
        client=replace(CLIENT, client_id="client-two"),
        holder=HOLDER,
        consent=CONSENT,
        mandate=MANDATE,
        case=replace(CASE, department_id="e" * 32),
        requirement=REQUIREMENT,
        code="ID01",
        view=View.FULL,
        fields=NAMES,
        level=3,
    ),
    Action.SYSTEM: AccessRequest(action=Action.SYSTEM),
}
"""For each action a request that is permitted."""

_DEFAULTS = {
    "client": CLIENT,
    "holder": HOLDER,
    "member": MEMBER,
    "consent": CONSENT,
    "record": RECORD,
    "case": CASE,
    "requirement": REQUIREMENT,
    "mandate": MANDATE,
    "parent": CONSENT,
}


def permissive_sources() -> dict[str, str]:
    """Return the files of a bundle that permits everything under the shipped schema."""
    schema = shipped().text.partition("-- schema.cedarschema --\n")[2].partition("\n-- ")[0]
    return {
        "all.cedar": '@id("all") permit (principal, action, resource);\n',
        "schema.cedarschema": f"{schema}\n",
    }


def changed(request: AccessRequest, changes: dict[str, str]) -> AccessRequest:
    """Return ``request`` with facts changed, such as ``{"consent.status": "revoked"}``.

    ``none`` takes a fact away; sets are written with commas, ``empty`` is the empty set;
    ``record=given`` puts the usual record there.
    """
    top: dict[str, Any] = {f.name: getattr(request, f.name) for f in fields(request) if f.init}
    for path, text in changes.items():
        owner, _, name = path.rpartition(".")
        if not owner:
            given = text == "given"
            top[name] = _DEFAULTS[name] if given else _parse(AccessRequest, name, text)
        else:
            top[owner] = replace(top[owner], **{name: _parse(type(top[owner]), name, text)})
    return AccessRequest(**top)


def _parse(cls: type[Any], name: str, text: str) -> object:
    kind = str({f.name: f.type for f in fields(cls)}[name])
    if text == "none":
        return None
    if "View" in kind:
        return View.of(text)
    if "frozenset" in kind:
        return frozenset[str]() if text == "empty" else frozenset(text.split(","))
    if "bool" in kind:
        return {"true": True, "false": False}[text]
    return int(text) if "int" in kind else text
