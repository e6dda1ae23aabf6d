"""What clients know people by, and which were told of a sign-in, in memory."""

from tests.support.memory.rows import Rows, Session
from vault.clients.protocol import ToldClient
from vault.ids import DepartmentId, Space


class MemoryOpenId:
    """The part of ``vault.ports.ProtocolRows`` about OpenID Connect."""

    _rows: Rows

    def subject(self, person: Space, *, sector: DepartmentId) -> bytes | None:
        return self._rows.subjects.get((person, sector))

    def add_subject(self, person: Space, *, sector: DepartmentId, fresh: bytes) -> bytes:
        if (person, sector) not in self._rows.subjects:
            self._rows.subjects[person, sector] = fresh
        return self._rows.subjects[person, sector]

    def tell_client(self, told: ToldClient) -> bool:
        found = self._rows.sessions.get(told.sid, Session(told.expires_at, None))
        if found.ended_at is not None:
            return False
        until = max(found.expires_at, told.expires_at)
        self._rows.sessions[told.sid] = Session(until, None)
        if (told.sid, told.client_id) not in self._rows.told:
            self._rows.told[told.sid, told.client_id] = told
        return True

    def end_told(self, sid: bytes, *, expires_at: int, now: int) -> tuple[ToldClient, ...]:
        found = self._rows.sessions.get(sid, Session(expires_at, None))
        if found.ended_at is not None:
            return ()
        self._rows.sessions[sid] = found._replace(ended_at=now)
        names = sorted(name for name in self._rows.told if name[0] == sid)
        told = tuple(self._rows.told[name] for name in names)
        for name in names:
            del self._rows.told[name]
        return told

    def told_ended(self, sid: bytes) -> bool:
        found = self._rows.sessions.get(sid)
        return found is not None and found.ended_at is not None
