"""Founds a deployment below a folder, with two departments' systems, and opens it again.

Its database is the embedded file, unless ``put_on`` has named a server beside it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api.settings import KeySettings, RootProvider, Settings
from api.wiring import wire
from policies.departments import departments
from scripts.client_file import ClientFile
from scripts.demo_clients import draw_clients, registration
from vault.crypto.providers import create_key_file
from vault.departments import Department, DepartmentStatus
from vault.ids import ID_BYTES, DepartmentId
from vault.services import Vault
from vault.services.register_client import register_client
from vault.services.register_department import register_department

POLICE: Final = "11110105PDY0010207"
MARKET: Final = "11110105PDY001012C"
SERVER: Final = "server.json"
"""Names the database server of a deployment, in its folder."""
ISSUER: Final = "http://127.0.0.1:8000"


def settings_of(folder: Path, *, issuer: str = ISSUER) -> Settings:
    """Return the settings of a deployment whose parts all lie below ``folder``."""
    key_file = folder / "key" / "root.key"
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, mode=0o700)
        create_key_file(key_file, random=os.urandom)
    named = folder / SERVER
    server = json.loads(named.read_text("utf-8")) if named.exists() else {}
    return Settings(
        data=folder / "data",
        state=folder / "state",
        issuer=issuer,
        keys=KeySettings(provider=RootProvider.FILE, root_key_file=key_file),
        demo=True,
        **server,
    )


def put_on(folder: Path, *, address: str, password_file: Path, logs: int = 1) -> None:
    """Let the deployment in ``folder`` have its database on a server, from now on."""
    server = {"address": address, "password_file": str(password_file)}
    (folder / SERVER).write_text(json.dumps({"postgresql": server, "logs": logs}), "utf-8")


@contextmanager
def open_vault(folder: Path, *, issuer: str = ISSUER) -> Iterator[Vault]:
    """Open, or found, the deployment in ``folder`` while the block runs."""
    with wire(settings_of(folder, issuer=issuer)) as wired:
        yield wired.vault


def found_town(folder: Path) -> None:
    """Found a deployment with its two departments' systems, and close it again."""
    clients = {one.department: one for one in draw_clients(folder / "clients")}
    with open_vault(folder) as vault:
        for code in (POLICE, MARKET):
            department = department_of(code, department_id=DepartmentId(vault.random(ID_BYTES)))
            register_department(vault, department)
            file = ClientFile.read(json.dumps(registration(clients[code])))
            register_client(vault, file.client(department.department_id), demo=True)


def department_of(code: str, *, department_id: DepartmentId) -> Department:
    """Return a department of the demonstration as it is registered."""
    known = departments()[code]
    return Department(
        department_id=department_id,
        code=code,
        name_zh=known.zh,
        name_en=known.en,
        contact="service@example.org",
        privacy_officer="privacy@example.org",
        status=DepartmentStatus.ACTIVE,
        version=1,
    )
