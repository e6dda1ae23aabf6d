"""The pages of a department's developers: their systems, and why requests were refused.

Only for people whom the operator has appointed; for anybody else these pages are not there.
Nothing here is about a holder: a refusal holds codes and sentences of our own.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from api.portal.door import DEVELOPER, Member, MemberDep
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import Badge, Fact, Tone
from api.portal.views.developing import (
    ClientLine,
    ClientView,
    DepartmentClients,
    DevelopersView,
    KeyLine,
    RefusalLine,
    RefusalView,
)
from api.portal.words import mark
from policies.catalogue import evidence_type
from vault.clients import Client, ClientStatus
from vault.clients.keys import registered_keys
from vault.clients.profiles import addresses
from vault.clients.refusals import RefusedRequest
from vault.clock import MS
from vault.errors import NotFoundError
from vault.ids import ClientId, DepartmentId
from vault.ports import Tx
from vault.services.appoint_developer import developed_departments

CLIENTS: Final = f"{DEVELOPER}/clients"
REFUSAL: Final = f"{DEVELOPER}/refusal"
MOST_SHOWN: Final = 20

_STATUS: Final[Mapping[ClientStatus, tuple[str, Tone]]] = {
    ClientStatus.PENDING: (mark("等待批准"), Tone.CARE),
    ClientStatus.ACTIVE: (mark("使用中"), Tone.GOOD),
    ClientStatus.SUSPENDED: (mark("已停用"), Tone.BAD),
    ClientStatus.CLOSED: (mark("已关闭"), Tone.QUIET),
}

router: Final = APIRouter(route_class=PageRoute)

Sought = Annotated[str, Query(alias="id", max_length=64)]


@router.get(DEVELOPER)
def developer(member: MemberDep) -> Response:
    """List the systems of every department that one is appointed to."""
    return _list(member, sought="")


@router.get(REFUSAL)
def look_up(member: MemberDep, sought: Sought = "") -> Response:
    """Show the refusal with a correlation id, if it is of a system of one's own department."""
    sought = sought.strip().lower()
    with member.wired.vault.read() as tx:
        departments = _departments(tx, member)
        found = tx.refusals.get(sought)
        client = None if found is None else tx.clients.get(found.client_id)
    if found is None or client is None or client.department_id not in departments:
        return _list(member, sought=sought)
    view = RefusalView(
        line=_refusal(found, member.language),
        client=member.language.pick(client.name_zh, client.name_en),
        client_href=f"{CLIENTS}/{client.client_id}",
    )
    return page("developer/refusal.html", frame=member.frame(tabs=False), view=view)


@router.get(CLIENTS + "/{client_id}")
def client(member: MemberDep, client_id: str) -> Response:
    """Show one system of one's own department."""
    if not client_id.isascii() or not client_id.isprintable():
        raise NotFoundError("no such page")
    with member.wired.vault.read() as tx:
        departments = _departments(tx, member)
        found = tx.clients.get(ClientId(client_id))
        if found is None or found.department_id not in departments:
            raise NotFoundError("no such page")
        refused = tx.refusals.of_client(found.client_id, limit=MOST_SHOWN)
    language = member.language
    view = ClientView(
        name=language.pick(found.name_zh, found.name_en),
        badge=_badge(found, language),
        facts=_facts(found, language),
        keys=tuple(
            KeyLine(
                kid=key.kid or "-",
                algorithms=language.joined(tuple(sorted(key.algorithms))),
                thumbprint=key.thumbprint,
            )
            for key in registered_keys(found.jwks)
        ),
        refusals=tuple(_refusal(one, language) for one in refused),
    )
    return page("developer/client.html", frame=member.frame(tabs=False), view=view)


def _list(member: Member, *, sought: str) -> Response:
    language = member.language
    with member.wired.vault.read() as tx:
        departments = _departments(tx, member)
        named = {one: tx.departments.get(one) for one in departments}
        clients = [one for one in tx.clients.all() if one.department_id in departments]
    lists = sorted(
        (
            DepartmentClients(
                slug=department_id.hex(),
                name=language.pick(department.name_zh, department.name_en),
                clients=tuple(
                    _line(one, language) for one in clients if one.department_id == department_id
                ),
            )
            for department_id, department in named.items()
            if department is not None
        ),
        key=lambda one: one.name,
    )
    view = DevelopersView(departments=tuple(lists), sought=sought)
    return page("developer/home.html", frame=member.frame(tabs=False), view=view)


def _departments(tx: Tx, member: Member) -> frozenset[DepartmentId]:
    """Return where somebody is appointed.

    Raises:
        NotFoundError: Nowhere: there is no such page for them.
    """
    found = developed_departments(tx, member.signin.auth.person)
    if not found:
        raise NotFoundError("no such page")
    return found


def _line(client: Client, language: Language) -> ClientLine:
    return ClientLine(
        name=language.pick(client.name_zh, client.name_en),
        client_id=client.client_id,
        href=f"{CLIENTS}/{client.client_id}",
        profile=client.profile.value,
        badge=_badge(client, language),
    )


def _badge(client: Client, language: Language) -> Badge:
    text, tone = _STATUS[client.status]
    return Badge(text=language.say(text), tone=tone)


def _facts(client: Client, language: Language) -> tuple[Fact, ...]:
    metadata = client.metadata
    evidence = [
        f"{_named(code, language)}: {view.label}" for code, view in sorted(client.evidence.items())
    ]
    issued = [_named(code, language) for code in sorted(client.issue_codes)]
    rows = (
        (mark("系统编号"), client.client_id),
        (mark("安全档"), client.profile.value),
        (mark("证明方式"), metadata.auth_method.value),
        (mark("软件"), f"{metadata.software_id} {metadata.software_version}".strip()),
        (mark("流程"), "\n".join(sorted(client.grant_types))),
        (mark("地址"), "\n".join(f"{name}: {uri}" for name, uri in addresses(client))),
        (mark("登记权限"), "\n".join(sorted(client.scopes))),
        (mark("可以请求的材料"), "\n".join(evidence)),
        (mark("可以存入的材料"), "\n".join(issued)),
        (mark("办理的事项"), "\n".join(sorted(client.service_items))),
    )
    return tuple(Fact(label=language.say(label), value=value) for label, value in rows if value)


def _named(code: str, language: Language) -> str:
    kind = evidence_type(code)
    return f"{language.pick(kind.name_zh, kind.name_en)} {code}"


def _refusal(one: RefusedRequest, language: Language) -> RefusalLine:
    return RefusalLine(
        correlation=one.correlation,
        href=f"{REFUSAL}?id={one.correlation}",
        at=language.at(one.at * MS),
        asked=f"{one.method} {one.path}",
        status=one.status,
        error=one.error or "-",
        reason=one.reason or "-",
        proven=one.proven,
    )
