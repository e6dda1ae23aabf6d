"""What clients know people by, and which were told of a sign-in, in memory."""

from dataclasses import replace

from tests.support.memory.rows import Rows, Session
from vault.clients.told import OutgoingCall, ToldClient
from vault.ids import DepartmentId, Space


class MemoryOpenId:
    """The part of ``vault.ports.ProtocolRows`` about OpenID Connect."""

    _rows: Rows

    def add_call(self, call: OutgoingCall) -> None:
        self._rows.calls.add(call.call_id, call)

    def due_calls(self, *, now: int, limit: int) -> tuple[OutgoingCall, ...]:
        waiting = [one for one in self._rows.calls.values() if one.done_at is None]
        due = [one for one in waiting if one.next_at <= now]
        return tuple(sorted(due, key=lambda one: (one.next_at, one.call_id))[:limit])

    def take_call(self, call: OutgoingCall, *, next_at: int) -> bool:
        found = self._rows.calls.get(call.call_id)
        if found is None or found.done_at is not None or found.attempts != call.attempts:
            return False
        taken = replace(found, attempts=found.attempts + 1, next_at=next_at)
        self._rows.calls[call.call_id] = taken
        return True

    def call_done(self, call_id: bytes, *, outcome: str, now: int) -> None:
        found = self._rows.calls.get(call_id)
        if found is not None and found.done_at is None:
            self._rows.calls[call_id] = replace(found, done_at=now, outcome=outcome)

    def subject(self, person: Space, *, sector: DepartmentId) -> bytes | None:
        return self._rows.subjects.get((person, sector))

    def add_subject(self, person: Space, *, sector: DepartmentId, fresh: bytes) -> bytes:
        if (person, sector) not in self._rows.subjects:
            self._rows.subjects[person, sector] = fresh
        return self._rows.subjects[person, sector]

    def tell_client(self, told: ToldClient) -> bool:
        found = self._rows.sessions.get(told.sid, Session(told.sid, told.expires_at, None))
        if found.ended_at is not None:
            return False
        until = max(found.expires_at, told.expires_at)
        self._rows.sessions[told.sid] = found._replace(expires_at=until)
        if (told.sid, told.client_id) not in self._rows.told:
            self._rows.told[told.sid, told.client_id] = told
        return True

    def lead_told(self, sid: bytes, *, to: bytes, expires_at: int) -> None:
        found = self._rows.sessions.get(sid, Session(to, expires_at, None))
        self._rows.sessions[sid] = found._replace(leads_to=to)
        for one in self._led(sid):
            led = self._rows.sessions[one]
            self._rows.sessions[one] = led._replace(leads_to=to, expires_at=expires_at)

    def end_told(self, sid: bytes, *, expires_at: int, now: int) -> tuple[ToldClient, ...]:
        found = self._rows.sessions.get(sid, Session(sid, expires_at, None))
        if found.ended_at is not None:
            return ()
        self._rows.sessions[sid] = found._replace(ended_at=now)
        led = self._led(sid)
        for one in led:
            self._rows.sessions[one] = self._rows.sessions[one]._replace(ended_at=now)
        names = sorted(
            (name for name in self._rows.told if name[0] in led), key=lambda name: name[::-1]
        )
        told = tuple(self._rows.told[name] for name in names)
        for name in names:
            del self._rows.told[name]
        return told

    def told_ended(self, sid: bytes) -> bool:
        found = self._rows.sessions.get(sid)
        return found is not None and found.ended_at is not None

    def _led(self, sid: bytes) -> list[bytes]:
        return [one for one, session in self._rows.sessions.items() if session.leads_to == sid]
