"""What the story's departments ask for, how its holders decide, and what everything is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.consent_page import Text
from policies.catalogue import evidence_type
from policies.departments import departments
from scripts.demo_people import Somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a department asks of a holder, and how the holder decides.

    Attributes:
        note: The department's own words why.
        codes: Evidence asked for, each as the item's requirement has it.
        kept_back: What the holder does not grant.
    """

    holder: str
    item: str
    purpose: str
    note: Text
    codes: tuple[str, ...]
    kept_back: frozenset[str]


REQUESTS: Final = (
    Request(
        holder="citizen",
        item="11110105PDY00103944000131070600",
        purpose="qualification",
        note=Text("核对身份和学历，办理职业资格注册", "Checking identity and degree to register"),
        codes=("ID01", "LC13"),
        kept_back=frozenset({"LC13"}),
    ),
    Request(
        holder="enterprise",
        item="11110105PDY00103944000531030200",
        purpose="subsidy_application",
        note=Text("核对企业身份，办理稳岗返还", "Checking the enterprise to grant the subsidy"),
        codes=("LC01", "CR01"),
        kept_back=frozenset({"CR01"}),
    ),
)


def department_name(code: str) -> Text:
    """Return the name of a department."""
    known = departments()[code]
    return Text(known.zh, known.en)


def paper_name(code: str) -> Text:
    """Return the name of an evidence type."""
    kind = evidence_type(code)
    return Text(kind.name_zh, kind.name_en)


def paper_names(codes: Sequence[str]) -> Text:
    """Return the names of evidence types, in order."""
    return Text(
        "、".join(paper_name(code).zh for code in codes),
        ", ".join(paper_name(code).en for code in codes),
    )


def holder_name(holder: Somebody) -> Text:
    """Return the name of a holder, the same in every language."""
    return Text(holder.name, holder.name)
