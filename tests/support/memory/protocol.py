"""Short-lived rows in memory: OAuth, signing in, messages on their way out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.support.memory.async_requests import MemoryAsyncRows
from tests.support.memory.guarded import MemoryMandates
from tests.support.memory.openid import MemoryOpenId
from tests.support.memory.rows import Rows, Table
from vault.clients import ClientStatus
from vault.clients.protocol import (
    AccessToken,
    AuthorizationCode,
    Claim,
    Interaction,
    InteractionState,
    Message,
    PushedRequest,
    RefreshToken,
    SignIn,
    SignInAttempt,
)
from vault.clients.refusals import KEPT_SECONDS
from vault.clock import MS
from vault.consents import Consent, ConsentStatus
from vault.departments import DepartmentStatus
from vault.errors import ConflictError
from vault.ids import ClientId, Space
from vault.mandates import lives
from vault.passkeys import Ceremony, Challenge, PasskeyUse
from vault.ports import LiveToken

DAY_SECONDS = 24 * 3600
"""How long rows stay beyond their end, so that what came of them can still be answered for."""


class MemoryProtocolRows(MemoryOpenId, MemoryAsyncRows):
    """Implements ``vault.ports.ProtocolRows``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    # Pushed requests, and the pages that wait for a decision.

    def push(self, request: PushedRequest) -> None:
        self._rows.pushed.add(request.request_hash, request)

    def pushed(self, request_hash: bytes) -> PushedRequest | None:
        return self._rows.pushed.get(request_hash)

    def spend_pushed(self, request_hash: bytes, *, now: int) -> bool:
        found = self._rows.pushed.get(request_hash)
        if found is None or found.consumed_at is not None:
            return False
        self._rows.pushed[request_hash] = replace(found, consumed_at=now)
        return True

    def open_interaction(self, interaction: Interaction) -> None:
        owner = (interaction.request_hash, interaction.browser_hash)
        if self.interaction_of(owner[0], browser_hash=owner[1]) is not None:
            raise ConflictError("this browser has a page for this request already")
        self._rows.interactions.add(interaction.interaction_id, interaction)

    def interaction(self, interaction_id: bytes) -> Interaction | None:
        return self._rows.interactions.get(interaction_id)

    def interaction_of(self, request_hash: bytes, *, browser_hash: bytes) -> Interaction | None:
        for found in self._rows.interactions.values():
            if (found.request_hash, found.browser_hash) == (request_hash, browser_hash):
                return found
        return None

    def bind_interaction(self, interaction_id: bytes, *, signin_hash: bytes) -> bool:
        found = self._rows.interactions.get(interaction_id)
        if found is None or found.signin_hash is not None:
            return False
        self._rows.interactions[interaction_id] = replace(found, signin_hash=signin_hash)
        return True

    def close_interaction(self, interaction_id: bytes, *, state: InteractionState) -> bool:
        found = self._rows.interactions.get(interaction_id)
        if found is None or found.state is not InteractionState.OPEN:
            return False
        self._rows.interactions[interaction_id] = replace(found, state=state)
        return True

    # Codes and tokens.

    def add_code(self, code: AuthorizationCode) -> None:
        self._rows.codes.add(code.code_hash, code)

    def code(self, code_hash: bytes) -> AuthorizationCode | None:
        return self._rows.codes.get(code_hash)

    def spend_code(self, code_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        found = self._rows.codes.get(code_hash)
        if found is None or found.client_id != client_id or found.used_at is not None:
            return False
        if found.expires_at <= now:
            return False
        self._rows.codes[code_hash] = replace(found, used_at=now)
        return True

    def add_token(self, token: AccessToken) -> None:
        self._rows.tokens.add(token.token_hash, token)

    def token(self, token_hash: bytes) -> AccessToken | None:
        return self._rows.tokens.get(token_hash)

    def live_token(self, token_hash: bytes, *, now: int) -> LiveToken | None:
        token = self._rows.tokens.get(token_hash)
        if token is None or token.revoked_at is not None or token.expires_at <= now:
            return None
        client = self._rows.clients.get(token.client_id)
        if client is None or client.status is not ClientStatus.ACTIVE:
            return None
        department = self._rows.departments.get(client.department_id)
        if department is None or department.status is not DepartmentStatus.ACTIVE:
            return None
        consent = None
        if token.grant_id is not None:
            consent = self._rows.consents.get(token.grant_id)
            if consent is None or not _live(consent, token, now=now):
                return None
            if not self._bounded(consent, now_ms=now * MS):
                return None
        return LiveToken(token=token, client=client, department=department, consent=consent)

    def _bounded(self, consent: Consent, *, now_ms: int) -> bool:
        if consent.parent_id is None or consent.mandate_id is None:
            return True
        parent = self._rows.consents.get(consent.parent_id)
        mandates = MemoryMandates(self._rows)
        chain = mandates.chain(consent.space, mandate_id=consent.mandate_id)
        return (
            parent is not None
            and parent.status is ConsentStatus.ACTIVE
            and parent.expires_at_ms > now_ms
            and lives(chain, now_ms=now_ms)
        )

    def revoke_token(self, token_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        found = self._rows.tokens.get(token_hash)
        if found is None or found.client_id != client_id or found.revoked_at is not None:
            return False
        self._rows.tokens[token_hash] = replace(found, revoked_at=now)
        return True

    def revoke_family(self, family_id: bytes, *, now: int) -> int:
        found = [
            token
            for token in self._rows.tokens.values()
            if token.family_id == family_id and token.revoked_at is None
        ]
        for token in found:
            self._rows.tokens[token.token_hash] = replace(token, revoked_at=now)
        refresh = self._rows.refresh_tokens.get(family_id)
        if refresh is None or refresh.revoked_at is not None:
            return len(found)
        self._rows.refresh_tokens[family_id] = replace(refresh, revoked_at=now)
        return len(found) + 1

    def add_refresh_token(self, token: RefreshToken) -> None:
        if self.refresh_token(token.token_hash) is not None:
            raise ConflictError("the row is there already")
        self._rows.refresh_tokens.add(token.family_id, token)

    def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        for found in self._rows.refresh_tokens.values():
            if found.token_hash == token_hash:
                return found
        return None

    def claim_refresh_token(
        self, family_id: bytes, *, token_hash: bytes, idle_expires_at: int, now: int
    ) -> bool:
        found = self._rows.refresh_tokens.get(family_id)
        if found is None or found.revoked_at is not None:
            return False
        if now >= min(found.idle_expires_at, found.expires_at):
            return False
        self._rows.refresh_tokens[family_id] = replace(
            found, token_hash=token_hash, idle_expires_at=idle_expires_at
        )
        return True

    # What may be shown once, and how often one may try.

    def claim(self, claims: Sequence[Claim]) -> tuple[bool, ...]:
        return tuple(self._claim(one) for one in claims)

    def _claim(self, one: Claim) -> bool:
        key = (one.kind, one.key_hash)
        if key in self._rows.claims:
            return False
        self._rows.claims[key] = one
        return True

    def count_try(self, key_hash: bytes, *, window_start: int) -> int:
        key = (key_hash, window_start)
        self._rows.tries[key] = self._rows.tries.get(key, 0) + 1
        return self._rows.tries[key]

    def forgive_try(self, key_hash: bytes, *, window_start: int) -> None:
        key = (key_hash, window_start)
        if self._rows.tries.get(key, 0) > 1:
            self._rows.tries[key] -= 1

    def tries(self, key_hash: bytes, *, window_start: int) -> int:
        return self._rows.tries.get((key_hash, window_start), 0)

    # Signing in.

    def add_attempt(self, attempt: SignInAttempt) -> None:
        self._rows.attempts.add(attempt.attempt_hash, attempt)

    def attempt(self, attempt_hash: bytes) -> SignInAttempt | None:
        return self._rows.attempts.get(attempt_hash)

    def try_attempt(self, attempt_hash: bytes, *, most: int, now: int) -> SignInAttempt | None:
        found = self._rows.attempts.get(attempt_hash)
        if found is None or found.spent_at is not None or found.expires_at <= now:
            return None
        if found.tries >= most:
            return None
        tried = self._rows.attempts[attempt_hash] = replace(found, tries=found.tries + 1)
        return tried

    def spend_attempt(self, attempt_hash: bytes, *, now: int) -> bool:
        found = self._rows.attempts.get(attempt_hash)
        if found is None or found.spent_at is not None or found.expires_at <= now:
            return False
        self._rows.attempts[attempt_hash] = replace(found, spent_at=now)
        return True

    def add_signin(self, signin: SignIn) -> None:
        self._rows.signins.add(signin.signin_hash, signin)

    def signin(self, signin_hash: bytes, *, now: int) -> SignIn | None:
        found = self._rows.signins.get(signin_hash)
        if found is None or found.ended_at is not None:
            return None
        return found if now < min(found.idle_expires_at, found.expires_at) else None

    def touch_signin(self, signin_hash: bytes, *, idle_expires_at: int) -> None:
        found = self._rows.signins.get(signin_hash)
        if found is not None:
            touched = replace(found, idle_expires_at=idle_expires_at)
            self._rows.signins[signin_hash] = touched

    def switch_signin(self, signin: SignIn) -> None:
        found = self._rows.signins.get(signin.signin_hash)
        if found is not None:
            switched = found.switched(signin.space, mandate_id=signin.mandate_id)
            self._rows.signins[signin.signin_hash] = switched

    def end_signin(self, signin_hash: bytes, *, now: int) -> None:
        found = self._rows.signins.get(signin_hash)
        if found is not None and found.ended_at is None:
            self._rows.signins[signin_hash] = replace(found, ended_at=now)

    def end_other_signins(self, person: Space, *, but: bytes, now: int) -> None:
        for one in list(self._rows.signins.values()):
            if one.auth.person == person and one.signin_hash != but:
                self.end_signin(one.signin_hash, now=now)

    # Passkeys.

    def add_passkey_use(self, use: PasskeyUse) -> None:
        self._rows.passkey_uses.add(use.credential_hash, use)

    def passkey_use(self, credential_hash: bytes) -> PasskeyUse | None:
        return self._rows.passkey_uses.get(credential_hash)

    def use_passkey(
        self, credential_hash: bytes, *, seen: int, sign_count: int, backed_up: bool, now: int
    ) -> bool:
        found = self._rows.passkey_uses.get(credential_hash)
        if found is None or found.sign_count != seen:
            return False
        self._rows.passkey_uses[credential_hash] = replace(
            found, sign_count=sign_count, backed_up=backed_up, last_used_at=now
        )
        return True

    def drop_passkey_use(self, credential_hash: bytes) -> None:
        if credential_hash in self._rows.passkey_uses:
            del self._rows.passkey_uses[credential_hash]

    def add_challenge(self, challenge: Challenge) -> None:
        self._rows.challenges.add(challenge.challenge_hash, challenge)

    def spend_challenge(
        self, challenge_hash: bytes, *, bound_hash: bytes, ceremony: Ceremony, now: int
    ) -> bool:
        found = self._rows.challenges.get(challenge_hash)
        if found is None or found.expires_at <= now:
            return False
        if (found.bound_hash, found.ceremony) != (bound_hash, ceremony):
            return False
        del self._rows.challenges[challenge_hash]
        return True

    # Messages.

    def enqueue(self, message: Message) -> None:
        self._rows.messages.add(message.message_id, message)

    def messages(self, *, limit: int) -> tuple[Message, ...]:
        waiting = [one for one in self._rows.messages.values() if one.done_at is None]
        oldest = sorted(waiting, key=lambda one: (one.created_at, one.message_id))
        return tuple(oldest[:limit])

    def message_done(self, message_id: bytes, *, now: int) -> None:
        found = self._rows.messages.get(message_id)
        if found is not None and found.done_at is None:
            self._rows.messages[message_id] = replace(found, done_at=now)

    def sweep(self, *, now: int, limit: int) -> int:
        def swept(table: Table[Any, Any], end: Callable[[Any, Any], int | None]) -> int:
            ends = [(end(key, row), key) for key, row in table.items()]
            over = sorted((at, key) for at, key in ends if at is not None and at <= now)
            for _, key in over[:limit]:
                del table[key]
            return min(limit, len(over))

        def day_after(_key: object, row: Any) -> int:  # noqa: ANN401 - a row with an end
            return int(row.expires_at) + DAY_SECONDS

        return (
            swept(self._rows.claims, lambda _, claim: claim.expires_at)
            + swept(self._rows.pushed, day_after)
            + swept(self._rows.interactions, day_after)
            + swept(self._rows.codes, day_after)
            + swept(self._rows.tokens, day_after)
            + swept(self._rows.initial_tokens, day_after)
            + swept(self._rows.refusals, lambda _, one: one.at + KEPT_SECONDS)
            + swept(
                self._rows.refresh_tokens, lambda _, token: token.idle_expires_at + DAY_SECONDS
            )
            + swept(self._rows.signins, day_after)
            + swept(self._rows.attempts, day_after)
            + swept(self._rows.challenges, lambda _, challenge: challenge.expires_at)
            + swept(self._rows.tries, lambda key, _: key[1] + 2 * DAY_SECONDS)
            + swept(self._rows.sessions, lambda _, session: session.expires_at)
            + swept(self._rows.told, lambda _, told: told.expires_at)
            + swept(
                self._rows.calls,
                lambda _, call: None if call.done_at is None else call.done_at + DAY_SECONDS,
            )
            + swept(self._rows.messages, lambda _, message: message.done_at)
            + swept(self._rows.asynchronous, day_after)
            + swept(self._rows.shown_codes, day_after)
        )


def _live(consent: Consent, token: AccessToken, *, now: int) -> bool:
    active = consent.status is ConsentStatus.ACTIVE and now * MS < consent.expires_at_ms
    return active and consent.space == token.space
