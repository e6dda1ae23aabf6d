"""Fills the vault of the demonstration: departments, their systems, and most of the evidence.

Every act goes through the vault's own services, so all of it stands in the journal. What is
there already is left alone: a second start adds nothing, and a start after a crash adds what is
missing.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from policies.departments import departments
from scripts.demo_clients import DemoClient, draw_clients, registration
from scripts.demo_people import DEMO, Paper, Somebody, papers
from scripts.outcomes import Exit, OperatorError
from scripts.registering import known_department, register
from scripts.screen import console
from vault.clients import Client
from vault.clients.confirmation import Confirmation
from vault.clients.keys import read_jwks
from vault.clients.protocol import AccessToken
from vault.clock import MS, legal_day
from vault.departments import Department
from vault.identifiers import Identifier, parse
from vault.ids import ClientId
from vault.ports import LiveToken, Tx
from vault.records import RecordStatus
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.change_status import StatusChange, change_status
from vault.services.checking import Evidence
from vault.services.deposit import Deposit, deposit
from vault.services.open_space import find_space
from vault.services.register_department import register_department

Step = Callable[[], object]
"""One act; complete when it returns."""


def fill(vault: Vault, *, folder: Path, people: Path = DEMO) -> None:
    """Enter whatever of the synthetic world is not there yet.

    Args:
        vault: The vault, open to write.
        folder: Where the systems' private keys lie; made if it is not there.
        people: File of who there is, and of what the departments know of them.

    Raises:
        OperatorError: The keys of registered systems are gone.
        JournalUnavailableError: Not everything was entered; the next start goes on.
    """
    clients = draw_clients(folder)
    with vault.read() as tx:
        steps = [
            *_missing_departments(vault, tx),
            *_missing_clients(vault, tx, clients),
        ]
    _take(steps)
    systems = {one.department: one for one in clients}
    with vault.read() as tx:
        seeds = _missing_papers(vault, tx, papers(people), systems)
    _take(seeds)


def _missing_departments(vault: Vault, tx: Tx) -> list[Step]:
    missing = [code for code in departments() if tx.departments.find(code) is None]

    def entering(code: str) -> Step:
        return lambda: register_department(vault, known_department(vault, code))

    return [entering(code) for code in missing]


def _missing_clients(vault: Vault, tx: Tx, clients: Sequence[DemoClient]) -> list[Step]:
    def entering(client: DemoClient) -> Step:
        return lambda: register(vault, json.dumps(registration(client)), demo=True)

    missing = []
    for client in clients:
        found = tx.clients.get(ClientId(client.client_id))
        if found is None:
            missing.append(entering(client))
        elif _keys(found.jwks) != _keys(client.public_jwks):
            raise OperatorError(
                "演示部门的密钥文件不是登记时的那一份。请恢复数据文件夹里的 demo/clients.json，"
                "或用 --data 指定一个新的文件夹。",
                "The keys of the synthetic departments are not those that were registered. Put "
                "demo/clients.json of the data folder back, or name a new folder with --data.",
                code=Exit.CONFIGURATION,
            )
    return missing


def _keys(jwks: str) -> frozenset[str]:
    return frozenset(key.thumbprint for key in read_jwks(jwks))


def _missing_papers(
    vault: Vault, tx: Tx, world: Sequence[Paper], clients: dict[str, DemoClient]
) -> list[Step]:
    def depositing(paper: Paper, client: Client, department: Department) -> Step:
        return lambda: _deposited(vault, paper, client=client, department=department)

    missing = []
    for paper in world:
        client = tx.clients.get(ClientId(clients[paper.issuer].client_id))
        department = tx.departments.find(paper.issuer)
        if client is None or department is None:
            raise AssertionError
        if not paper.told and not _held(vault, tx, paper, issuer=department):
            missing.append(depositing(paper, client, department))
    return missing


def _held(vault: Vault, tx: Tx, paper: Paper, *, issuer: Department) -> bool:
    space = find_space(vault, tx, _number(vault, paper.holder))
    if space is None:
        return False
    heads = tx.records.heads_of_code(space, code=paper.code)
    return any(head.department_id == issuer.department_id for head in heads)


def _deposited(vault: Vault, paper: Paper, *, client: Client, department: Department) -> None:
    def caller(act: str) -> Caller:
        request_id = f"{act}-{paper.code}-{paper.holder.key}"
        return system_caller(vault, client, department=department, request_id=request_id)

    done = deposit(
        vault,
        Deposit(
            caller=caller("seed"),
            number=_number(vault, paper.holder),
            evidence=Evidence(
                code=paper.code,
                fields=paper.fields,
                valid_from=paper.valid_from,
                valid_to=paper.valid_to,
            ),
            holder_name=paper.holder.name,
            contact=paper.holder.contact,
        ),
    )
    if paper.status is not RecordStatus.VALID:
        change_status(
            vault,
            StatusChange(
                caller=caller("status"),
                record_id=done.record_id,
                expected=done.version,
                status=paper.status,
            ),
        )


def system_caller(
    vault: Vault, client: Client, *, department: Department, request_id: str
) -> Caller:
    """Return a department's system as a caller that came by no front door.

    It has no token, so none is looked for when its turn comes, and none opens anything; what it
    may do is decided by the policies as for any other caller, from its client's rows.
    """
    now = vault.clock.now_ms() // MS
    return Caller(
        live=LiveToken(
            token=AccessToken(
                token_hash=b"",
                space=None,
                grant_id=None,
                family_id=bytes(16),
                client_id=client.client_id,
                scope=" ".join(sorted(client.scopes)),
                details=None,
                cnf=Confirmation.key(next(iter(_keys(client.jwks)))),
                auth=None,
                issued_at=now,
                expires_at=now,
            ),
            client=client,
            department=department,
            consent=None,
        ),
        claim=None,
        proof_hash=sha256(request_id.encode()).digest(),
        request_id=request_id,
    )


def _number(vault: Vault, holder: Somebody) -> Identifier:
    today = legal_day(vault.clock.now_ms())
    return parse(holder.kind, holder.number, today=today)


def _take(steps: Sequence[Step]) -> None:
    """Take ``steps`` in order, with a bar; silent where there are none."""
    if not steps:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console(stderr=True)) as bar:
        for step in bar.track(steps, description="准备演示数据 · preparing the demonstration"):
            step()
