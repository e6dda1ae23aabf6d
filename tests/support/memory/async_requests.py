"""Requests of kiosks and counters in memory."""

from dataclasses import replace

from tests.support.memory.rows import Rows
from vault.clients.async_requests import (
    Approval,
    AsyncKind,
    AsyncRequest,
    AsyncState,
    ShownCode,
)
from vault.errors import ConflictError
from vault.ids import ClientId, Space

SLOWER_SECONDS = 5


class MemoryAsyncRows:
    """Implements ``vault.ports.async_requests.AsyncRows``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add_async(self, request: AsyncRequest) -> None:
        taken = self.async_of_code(request.code_hash) is not None
        typed = request.user_code_hash
        if taken or (typed is not None and self.async_of_user_code(typed) is not None):
            raise ConflictError("a code of the request is taken")
        self._rows.asynchronous.add(request.request_id, request)

    def async_request(self, request_id: bytes) -> AsyncRequest | None:
        return self._rows.asynchronous.get(request_id)

    def async_of_code(self, code_hash: bytes) -> AsyncRequest | None:
        for found in self._rows.asynchronous.values():
            if found.code_hash == code_hash:
                return found
        return None

    def async_of_user_code(self, user_code_hash: bytes) -> AsyncRequest | None:
        for found in self._rows.asynchronous.values():
            if found.user_code_hash == user_code_hash:
                return found
        return None

    def async_waiting(self, space: Space, *, now: int) -> tuple[AsyncRequest, ...]:
        found = [
            one
            for one in self._rows.asynchronous.values()
            if (one.space, one.kind, one.state) == (space, AsyncKind.CIBA, AsyncState.PENDING)
            and one.expires_at > now
        ]
        return tuple(sorted(found, key=lambda one: one.created_at))

    def bind_async(self, request_id: bytes, *, signin_hash: bytes) -> bool:
        found = self._pending(request_id)
        if found is None or found.signin_hash is not None:
            return False
        self._rows.asynchronous[request_id] = replace(found, signin_hash=signin_hash)
        return True

    def poll_async(self, request_id: bytes, *, now: int) -> bool:
        found = self._pending(request_id)
        if found is None:
            return False
        early = found.polled_at is not None and found.polled_at + found.interval > now
        interval = found.interval + (SLOWER_SECONDS if early else 0)
        polled = replace(found, polled_at=now, interval=interval)
        self._rows.asynchronous[request_id] = polled
        return not early

    def approve_async(self, approval: Approval, *, now: int) -> bool:
        return self._decide(
            approval.request_id, state=AsyncState.APPROVED, approval=approval, now=now
        )

    def deny_async(self, request_id: bytes, *, now: int) -> bool:
        return self._decide(request_id, state=AsyncState.DENIED, approval=None, now=now)

    def end_unmet(self, request_id: bytes, *, acr: str, now: int) -> bool:
        return self._decide(request_id, state=AsyncState.DENIED, approval=None, unmet=acr, now=now)

    def redeem_async(self, request_id: bytes, *, client_id: ClientId, now: int) -> bool:
        found = self._rows.asynchronous.get(request_id)
        if found is None or found.state is not AsyncState.APPROVED or found.expires_at <= now:
            return False
        if found.client_id != client_id:
            return False
        self._rows.asynchronous[request_id] = replace(found, state=AsyncState.CONSUMED)
        return True

    def add_shown_code(self, code: ShownCode) -> None:
        self._rows.shown_codes.add(code.code_hash, code)

    def claim_shown_code(self, code_hash: bytes, *, now: int) -> Space | None:
        found = self._rows.shown_codes.get(code_hash)
        if found is None or found.used_at is not None or found.expires_at <= now:
            return None
        self._rows.shown_codes[code_hash] = replace(found, used_at=now)
        return found.space

    def _pending(self, request_id: bytes) -> AsyncRequest | None:
        found = self._rows.asynchronous.get(request_id)
        return found if found is not None and found.state is AsyncState.PENDING else None

    def _decide(
        self,
        request_id: bytes,
        *,
        state: AsyncState,
        approval: Approval | None,
        now: int,
        unmet: str = "",
    ) -> bool:
        found = self._pending(request_id)
        if found is None or found.expires_at <= now:
            return False
        decided = replace(found, state=state, approval=approval, unmet=unmet)
        self._rows.asynchronous[request_id] = decided
        return True
