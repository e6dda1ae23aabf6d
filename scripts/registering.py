"""What the operator does about departments' systems, in a running server or without one.

Every act is plain JSON in and plain JSON out, so that it is the same over the operator's socket
and in the command line's own process.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from policies.catalogue import catalogue
from policies.departments import departments
from policies.items import items
from scripts.client_file import ClientFile
from scripts.complaining import complaint_acts
from scripts.managing import operator_acts, text_of
from scripts.operator_socket import Plain, Verb
from scripts.outcomes import Exit, OperatorError
from scripts.signing import signing_verbs
from vault.clients.profiles import check_registration
from vault.clock import legal_day
from vault.departments import Department, DepartmentStatus
from vault.errors import InvalidInputError
from vault.identifiers import IdentifierKind, parse
from vault.ids import ID_BYTES, ClientId, DepartmentId
from vault.services import Vault
from vault.services.activate_policy import activate_policy
from vault.services.register_client import register_client
from vault.services.register_department import register_department
from vault.services.suspend_client import resume_client, suspend_client

REGISTER: Final = "client.register"
SUSPEND: Final = "client.suspend"
RESUME: Final = "client.resume"
ACTIVATE: Final = "policy.activate"

FIRST: Final = 1


def register(vault: Vault, text: str, *, demo: bool) -> Plain:
    """Enter the system that a registration describes, and its department if that is new.

    Args:
        vault: The vault.
        text: Content of the file, JSON.
        demo: Redirects to loopback are taken.

    Returns:
        ``client_id``, ``department`` (its code) and ``index`` of the entry.

    Raises:
        OperatorError: The file has faults, or nobody knows its department.
        InvalidInputError: The profile does not allow it.
        ConflictError: The id is registered already.
        JournalUnavailableError: The system was not entered.
    """
    file = ClientFile.read(text)
    found = _department(vault, file.department)
    department = found or _firm(vault, file) or known_department(vault, file.department)
    _refuse_unknown_codes(file)
    client = file.client(department.department_id)
    check_registration(client, demo=demo)  # Before a department is entered for nothing.
    if found is None:
        register_department(vault, department)
    receipt = register_client(vault, client, demo=demo)
    return {
        "client_id": client.client_id,
        "department": department.code,
        "index": receipt.index,
    }


def suspend(vault: Vault, client_id: str) -> Plain:
    """Stop a system at once; return ``client_id`` and ``index``.

    Raises:
        NotFoundError: There is no such system.
        ConflictError: It is not active.
        JournalUnavailableError: Not known to be stopped.
    """
    return {
        "client_id": client_id,
        "index": suspend_client(vault, ClientId(client_id)).index,
    }


def resume(vault: Vault, client_id: str) -> Plain:
    """Let a suspended system go on; return ``client_id`` and ``index``.

    Raises:
        NotFoundError: There is no such system.
        ConflictError: It is not suspended.
        JournalUnavailableError: Nothing changed.
    """
    return {
        "client_id": client_id,
        "index": resume_client(vault, ClientId(client_id)).index,
    }


def entered_department(vault: Vault, code: str) -> Department:
    """Return the department with ``code``; enter it first if that is new.

    Raises:
        OperatorError: Nobody knows it.
        JournalUnavailableError: It was not entered.
    """
    found = _department(vault, code)
    if found is None:
        found = known_department(vault, code)
        register_department(vault, found)
    return found


def operator_verbs(vault: Vault, *, demo: bool) -> Mapping[str, Verb]:
    """Return the operator's verbs over an open vault."""

    def entered(arguments: Plain) -> Plain:
        return register(vault, text_of(arguments, "text"), demo=demo)

    def stepped(step: Callable[[Vault, str], Plain], arguments: Plain) -> Plain:
        return step(vault, text_of(arguments, "client_id"))

    def activated(_arguments: Plain) -> Plain:
        receipt = activate_policy(vault)
        return {} if receipt is None else {"index": receipt.index}

    return {
        ACTIVATE: activated,
        REGISTER: entered,
        SUSPEND: partial(stepped, suspend),
        RESUME: partial(stepped, resume),
        **signing_verbs(vault),
        **complaint_acts(vault),
        **operator_acts(vault, entered=partial(entered_department, vault)),
    }


def known_department(vault: Vault, code: str) -> Department:
    """Return the department that the shipped data know by ``code``, not yet entered.

    Raises:
        OperatorError: They know none.
    """
    known = departments().get(code)
    if known is None:
        raise OperatorError(
            f"没有代码为 {code} 的部门。请核对登记文件里的 department。",
            f"Nobody knows a department {code}. Check the member department of the registration.",
            code=Exit.DATA,
        )
    return Department(
        department_id=DepartmentId(vault.random(ID_BYTES)),
        code=code,
        name_zh=known.zh,
        name_en=known.en,
        contact=f"{known.zh}办事窗口",
        privacy_officer=f"{known.zh}个人信息保护负责人",
        status=DepartmentStatus.ACTIVE,
        version=FIRST,
    )


def _department(vault: Vault, code: str) -> Department | None:
    with vault.read() as tx:
        return tx.departments.find(code)


def _firm(vault: Vault, file: ClientFile) -> Department | None:
    """Return the agent firm that a file describes, not yet entered; ``None`` for a department.

    Raises:
        OperatorError: Its code is none, or its system would do more than exchange tokens.
    """
    if file.organisation is None:
        return None
    try:
        parse(IdentifierKind.USCC, file.department, today=legal_day(vault.clock.now_ms()))
    except InvalidInputError as error:
        raise OperatorError(
            "登记文件的 department 不是有效的统一社会信用代码。",
            "The member department of the registration is no unified social credit code.",
            code=Exit.DATA,
        ) from error
    if not file.exchanges:
        raise OperatorError(
            "代理机构的系统只能用令牌交换，不能有别的授权类型，也不能存入材料。",
            "The system of an agent firm exchanges tokens: no other grant type, no deposits.",
            code=Exit.DATA,
        )
    return Department(
        department_id=DepartmentId(vault.random(ID_BYTES)),
        code=file.department,
        status=DepartmentStatus.ACTIVE,
        version=FIRST,
        **file.organisation.model_dump(),
    )


def _refuse_unknown_codes(file: ClientFile) -> None:
    offered = {code for code, kind in catalogue().items() if kind.offered}
    own = {
        code
        for code, item in items().items()
        if file.exchanges or item.department == file.department
    }
    for name, given, known in (
        ("evidence", frozenset(file.evidence), offered),
        ("issue_codes", file.issue_codes, offered),
        ("service_items", file.service_items, own),
    ):
        if given - known:
            raise OperatorError(
                f"登记文件的 {name} 里有未知的代码：{'、'.join(sorted(given - known))}。"
                "请改正后重新登记。",
                f"The member {name} of the registration has codes that nobody knows: "
                f"{', '.join(sorted(given - known))}. Correct them and register again.",
                code=Exit.DATA,
            )
