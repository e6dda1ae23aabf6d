"""Composes the consent screen: names from the registry and the catalogue, never from a request.

The department's own note is the one exception, and it is labelled as theirs.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from api.consent_page import ConsentPage, EvidenceShown, FieldShown, Text, WindowShown
from api.oauth.rar import Wanted
from policies.catalogue import EvidenceType, catalogue
from policies.items import Necessity, Requirement, items
from policies.laws import legal_bases
from policies.purposes import purposes
from vault.clients import Client
from vault.clock import legal_day
from vault.consents import Consent
from vault.consents.details import EvidenceGrant
from vault.departments import Department
from vault.ids import Space
from vault.ports import Tx
from vault.records import RecordHead, answering

WITHDRAWAL: Final = Text(
    "您可以随时在“我的空间”的授权列表中撤回。撤回后不能再调取；撤回前已经提供的，仍然有效。",
    "You can take this back at any time in the list of consents of your space. Nothing more"
    " leaves then; what left before stays lawful.",
)
REFUSAL: Final = Text(
    "您可以拒绝，也可以只同意一部分。拒绝的，可按每项材料旁写明的其他方式提供。",
    "You can decline, or agree to a part. What you decline can be brought in the other way"
    " that stands beside it.",
)
ONGOING: Final = Text(
    "在这之前，部门随时可以来取，您不必在场。",
    "Until then the department may fetch it at any time, without you being there.",
)
IDENTITY: Final = Text(
    "部门会知道登录的是同一个人：一个只给本部门用的编号，不含姓名和证件号码；退出登录时会通知它。",
    "The department learns that it is the same person: a name made up for it alone, without your"
    " own name or any number. It is told when you sign out.",
)
RIGHTS: Final = Text(
    "您有权查阅、复制、更正、删除个人信息，并可向上述部门的个人信息保护负责人或监管部门投诉。",
    "You may see, copy, correct and delete your data, and complain to the department's privacy"
    " officer or to the supervising authority.",
)
_NECESSITY: Final = {
    Necessity.MANDATORY: Text("必需", "Required"),
    Necessity.OPTIONAL: Text("可选", "Optional"),
    Necessity.EITHER_OR: Text("提供其中一项即可", "One of several"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a page is composed for, besides the request."""

    interaction_id: bytes
    client: Client
    department: Department
    expires_at: int
    now_ms: int
    window: WindowShown | None = None


class Request(Protocol):
    """What a page shows of a request, wherever it began."""

    @property
    def wanted(self) -> Wanted:
        """What is asked for."""

    @property
    def offline(self) -> bool:
        """Whether a refresh token is asked for."""

    @property
    def renews(self) -> Consent | None:
        """The consent that it would take the place of."""

    @property
    def identity(self) -> frozenset[str]:
        """Scopes that ask who signed in."""

    @property
    def locale(self) -> str:
        """The language that was asked for, or the default."""

    @property
    def redirect_origin(self) -> str:
        """Where the decision leads; empty where it leads nowhere."""


def compose(pushed: Request, *, setting: Setting, tx: Tx) -> ConsentPage:
    """Return the page for one request."""
    wanted = pushed.wanted
    item = items()[wanted.item]
    purpose = purposes()[wanted.purpose]
    details = wanted.details
    today = legal_day(setting.now_ms)
    asked = [one for code, one in item.requirements.items() if code in details.evidence]
    article = details.legal_article or item.legal_bases[0]
    client, department = setting.client, setting.department
    return ConsentPage(
        interaction_id=setting.interaction_id,
        department=Text(department.name_zh, department.name_en),
        department_contact=department.contact,
        privacy_officer=department.privacy_officer,
        client=Text(client.name_zh, client.name_en),
        item=Text(item.name_zh, item.name_en),
        case_no=wanted.case_no,
        purpose=Text(purpose.zh, purpose.en),
        note=wanted.note,
        legal=_law(article),
        evidence=tuple(
            _evidence(details.evidence[one.evidence], one, space=wanted.space, today=today, tx=tx)
            for one in asked
        ),
        starts_at=details.starts_at,
        ends_at=details.ends_at,
        uses=details.uses,
        retention_days=details.retention_days,
        ongoing=ONGOING if pushed.offline else None,
        renews=_renewed(pushed.renews),
        identity=IDENTITY if pushed.identity else None,
        refusal=REFUSAL,
        withdrawal=WITHDRAWAL,
        rights=RIGHTS,
        locale=pushed.locale,
        redirect_origin=pushed.redirect_origin,
        expires_at=setting.expires_at,
        window=setting.window,
    )


def _renewed(before: Consent | None) -> Text | None:
    if before is None:
        return None
    day = legal_day(before.created_at_ms)
    return Text(
        f"您在 {day.year} 年 {day.month} 月 {day.day} 日已为这件事授权。"
        "您这次同意的，整个代替那一次；这次不同意，那一次照旧。",
        f"You gave a consent for this on {day.day} {day:%B %Y}. What you agree to now takes its"
        " place as a whole; if you decline, it stays as it is.",
    )


def _evidence(
    asked: EvidenceGrant, needed: Requirement, *, space: Space, today: date, tx: Tx
) -> EvidenceShown:
    kind = catalogue()[asked.code]
    head = answering(tx.records.heads_of_code(space, code=asked.code), today=today)
    return EvidenceShown(
        code=asked.code,
        label=Text(kind.name_zh, kind.name_en),
        issuer=_issuer(kind, head, tx=tx),
        level=kind.level,
        record_id=head.record_id if head else None,
        status=head.status.value if head else "",
        updated_at_ms=head.updated_at_ms if head else None,
        views=tuple(sorted(view for view in kind.views if view <= asked.view)),
        fields=tuple(
            FieldShown(
                name=field.name,
                label=Text(field.zh, field.en),
                other_person=field.other_person,
            )
            for field in kind.fields.values()
            if field.name in asked.fields
        ),
        necessity=_necessity(needed),
        legal=_law(needed.legal_basis),
        other_way=Text(needed.other_way_zh, needed.other_way_en),
    )


def _issuer(kind: EvidenceType, head: RecordHead | None, *, tx: Tx) -> Text:
    issuer = tx.departments.get(head.department_id) if head else None
    if issuer is None:
        return Text(kind.issuer_zh, kind.issuer_en)
    return Text(issuer.name_zh, issuer.name_en)


def _necessity(needed: Requirement) -> Text:
    word, cost = _NECESSITY[needed.necessity], needed.without
    return Text(f"{word.zh}；不授权：{cost.zh}", f"{word.en}; without it: {cost.en}")


def _law(article: str) -> Text:
    law = legal_bases()[article]
    return Text(
        f"{law.law_zh}{law.article_zh}：{law.zh}", f"{law.law_en} {law.article_en}: {law.en}"
    )
