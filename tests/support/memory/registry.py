"""What is the same for every holder, in memory: departments, clients, policies, keys.

And the log as the portal reads it: notices and entries.
"""

from collections.abc import Sequence
from dataclasses import replace

from tests.support.memory.rows import Rows, follows, system_key_name
from vault.clients import Client
from vault.clients.signing_keys import SigningKeys
from vault.crypto.contexts import Purpose
from vault.crypto.keys import WrappedKey
from vault.departments import Department
from vault.errors import ConflictError
from vault.ids import ClientId, DepartmentId, EntryId, Space
from vault.notices import Notice
from vault.ports import ActivePolicy, KeptEntry

THE_ONE = 1


class MemorySystemKeys:
    """Implements ``vault.ports.SystemKeys``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def vault_id(self) -> bytes | None:
        return self._rows.vault_id.get(THE_ONE)

    def set_vault_id(self, vault_id: bytes) -> None:
        self._rows.vault_id.add(THE_ONE, vault_id)

    def all(self) -> tuple[WrappedKey, ...]:
        return tuple(self._rows.keys.values())

    def add(self, key: WrappedKey) -> None:
        self._rows.keys.add(system_key_name(key), key)


class MemoryDepartments:
    """Implements ``vault.ports.Departments``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, department_id: DepartmentId) -> Department | None:
        return self._rows.departments.get(department_id)

    def find(self, code: str) -> Department | None:
        found = (one for one in self._rows.departments.values() if one.code == code)
        return next(found, None)

    def tag_key(self, department_id: DepartmentId) -> WrappedKey | None:
        reserved = (
            key
            for name, key in self._rows.keys.items()
            if (name.purpose, name.owner_id) == (Purpose.DEPARTMENT_TAG_KEY, department_id)
        )
        return self._rows.department_keys.get(department_id) or next(reserved, None)

    def add(self, department: Department, *, tag_key: WrappedKey) -> None:
        if self.find(department.code) is not None:
            raise ConflictError("the code is registered already")
        self._rows.departments.add(department.department_id, department)
        self._rows.department_keys.add(department.department_id, tag_key)

    def replace(self, department: Department, *, expected: int) -> None:
        found = self.get(department.department_id)
        follows(found, new=department, expected=expected)
        self._rows.departments[department.department_id] = department


class MemoryClients:
    """Implements ``vault.ports.Clients``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, client_id: ClientId) -> Client | None:
        return self._rows.clients.get(client_id)

    def all(self) -> tuple[Client, ...]:
        return tuple(client for _, client in sorted(self._rows.clients.items()))

    def add(self, client: Client) -> None:
        self._rows.clients.add(client.client_id, client)

    def replace(self, client: Client, *, expected: int) -> None:
        found = self.get(client.client_id)
        follows(found, new=client, expected=expected)
        self._rows.clients[client.client_id] = client


class MemoryPolicies:
    """Implements ``vault.ports.Policies``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def active(self) -> ActivePolicy | None:
        return self._rows.pointer.get(THE_ONE)

    def text(self, bundle_hash: bytes) -> str | None:
        return self._rows.bundles.get(bundle_hash)

    def activate(self, bundle_hash: bytes, *, text: str) -> None:
        before = self.active()
        if bundle_hash not in self._rows.bundles:
            self._rows.bundles[bundle_hash] = text
        self._rows.pointer[THE_ONE] = ActivePolicy(
            bundle_hash=bundle_hash, version=1 if before is None else before.version + 1
        )


class MemorySigningKeys:
    """Implements ``vault.ports.SigningKeyStore``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def all(self) -> SigningKeys:
        return self._rows.signing.get(THE_ONE, SigningKeys())

    def replace(self, keys: SigningKeys, *, expected: int) -> None:
        if self.all().version != expected:
            raise ConflictError("the keys have another version")
        self._rows.signing[THE_ONE] = replace(keys, version=expected + 1)


class MemoryNotices:
    """Implements ``vault.ports.Notices``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def of_holder(self, space: Space, *, limit: int) -> tuple[Notice, ...]:
        found = [notice for notice in self._rows.notices.values() if notice.space == space]
        newest = sorted(found, key=lambda one: (one.at_ms, one.notice_id), reverse=True)
        return tuple(newest[:limit])

    def add(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            self._rows.notices.add(notice.notice_id, notice)

    def mark_read(self, space: Space, *, at_ms: int) -> None:
        for notice_id, notice in list(self._rows.notices.items()):
            if notice.space == space and notice.read_at_ms is None:
                self._rows.notices[notice_id] = replace(notice, read_at_ms=at_ms)


class MemoryEntries:
    """Implements ``vault.ports.Entries``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, log_id: int, *, entry_id: EntryId) -> KeptEntry | None:
        found = self._rows.entries.get(entry_id)
        return found if found is not None and found.log_id == log_id else None

    def of_holder(self, space: Space, *, before: int | None, limit: int) -> tuple[KeptEntry, ...]:
        numbered = [
            (entry.holder_seq, entry)
            for entry in self._rows.entries.values()
            if entry.space == space and entry.holder_seq is not None
        ]
        wanted = [entry for seq, entry in numbered if before is None or seq < before]
        return tuple(wanted[::-1][:limit])  # They stand in the order of the log.

    def acts(self, log_id: int, *, actor_id: bytes, size: int) -> int:
        entries = self._rows.entries.values()
        of_log = [one for one in entries if one.log_id == log_id and one.index < size]
        return sum(one.actor_id == actor_id for one in of_log)
