"""Short-lived rows of OAuth and of signing in; the only ones that plain transactions write.

Times are whole UTC seconds. Whatever is spent is claimed by one statement that says whether
it did: of two that try at once, one is told ``True``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vault.clients import Client
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
from vault.clients.told import OutgoingCall, ToldClient
from vault.consents import Consent
from vault.departments import Department
from vault.ids import ClientId, DepartmentId, Space
from vault.passkeys import Ceremony, Challenge, PasskeyUse
from vault.ports.async_requests import AsyncRows


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token that may be used now, with everything its use is judged by."""

    token: AccessToken
    client: Client
    department: Department
    consent: Consent | None


class ProtocolRows(AsyncRows, Protocol):
    """Rows by the keyed hash of the secret that was presented, 32 bytes."""

    def push(self, request: PushedRequest) -> None:
        """Keep a pushed authorization request."""

    def pushed(self, request_hash: bytes) -> PushedRequest | None:
        """Return a pushed request, expired and spent ones too, or ``None``."""

    def spend_pushed(self, request_hash: bytes, *, now: int) -> bool:
        """Mark a pushed request as consumed; say whether it was not before."""

    def open_interaction(self, interaction: Interaction) -> None:
        """Keep a browser's way through a pushed request."""

    def interaction(self, interaction_id: bytes) -> Interaction | None:
        """Return an interaction of any state by the id in its path, or ``None``."""

    def interaction_of(self, request_hash: bytes, *, browser_hash: bytes) -> Interaction | None:
        """Return the interaction of one browser with one pushed request, or ``None``."""

    def bind_interaction(self, interaction_id: bytes, *, signin_hash: bytes) -> bool:
        """Bind an interaction to a sign-in; say whether it was bound to none before."""

    def close_interaction(self, interaction_id: bytes, *, state: InteractionState) -> bool:
        """Move an open interaction to ``state``; say whether it was open."""

    def add_code(self, code: AuthorizationCode) -> None:
        """Keep an authorization code."""

    def code(self, code_hash: bytes) -> AuthorizationCode | None:
        """Return a code, expired and spent ones too, or ``None``."""

    def spend_code(self, code_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        """Claim a code in one statement: unspent, unexpired and this client's."""

    def add_token(self, token: AccessToken) -> None:
        """Keep an access token."""

    def live_token(self, token_hash: bytes, *, now: int) -> LiveToken | None:
        """Return the token joined to live client, department and grant, in one query.

        The client is active, the department is active, the token neither expired nor
        revoked, the grant (where it has one) active and unexpired; so is the consent that a
        grant is a part of, and every link of the mandate that it is under lives.
        """

    def token(self, token_hash: bytes) -> AccessToken | None:
        """Return a token, expired and revoked ones too, or ``None``."""

    def revoke_token(self, token_hash: bytes, *, client_id: ClientId, now: int) -> bool:
        """Revoke this client's token; say whether it was there and not revoked before."""

    def revoke_family(self, family_id: bytes, *, now: int) -> int:
        """Revoke every token that came of one code; return how many were not before.

        The refresh token first: who claims it before is waited for, and what was issued for
        that claim dies with the rest; who claims it after finds it revoked.
        """

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Keep a refresh token; ``ConflictError`` where its family has one."""

    def refresh_token(self, token_hash: bytes) -> RefreshToken | None:
        """Return a refresh token, expired and revoked ones too, or ``None``."""

    def claim_refresh_token(
        self, family_id: bytes, *, token_hash: bytes, idle_expires_at: int, now: int
    ) -> bool:
        """Prolong a refresh token in one statement: unrevoked, and neither idle nor over.

        Args:
            family_id: Whose it is.
            token_hash: Its hash under the newest pepper, by which it is found from now on.
            idle_expires_at: Until when it may idle now; never beyond its end.
            now: UTC seconds.

        Returns:
            Whether it may be used. Nobody revokes it until this transaction has ended.
        """

    def claim(self, claims: Sequence[Claim]) -> tuple[bool, ...]:
        """Write replay rows; say for each whether it is new."""

    def add_attempt(self, attempt: SignInAttempt) -> None:
        """Keep a one-time code that is on its way."""

    def attempt(self, attempt_hash: bytes) -> SignInAttempt | None:
        """Return an attempt to sign in, expired and spent ones too, or ``None``."""

    def try_attempt(self, attempt_hash: bytes, *, most: int, now: int) -> SignInAttempt | None:
        """Count a try at an attempt that is live and has been tried less than ``most`` times.

        Counted before the code is looked at: of many tries at once no more than ``most`` pass.

        Returns:
            The attempt with this try counted, or ``None`` where it may not be tried.
        """

    def spend_attempt(self, attempt_hash: bytes, *, now: int) -> bool:
        """Mark an attempt as spent; say whether it was neither spent nor expired."""

    def count_try(self, key_hash: bytes, *, window_start: int) -> int:
        """Count one try under ``key_hash`` in a window; return how many there are now."""

    def forgive_try(self, key_hash: bytes, *, window_start: int) -> None:
        """Count one try less, where there was more than one: it was no guess."""

    def tries(self, key_hash: bytes, *, window_start: int) -> int:
        """Return how many tries were counted under ``key_hash`` in a window."""

    def add_signin(self, signin: SignIn) -> None:
        """Keep a signed-in browser."""

    def signin(self, signin_hash: bytes, *, now: int) -> SignIn | None:
        """Return a sign-in that neither ended, idled out nor expired by ``now``, or ``None``."""

    def touch_signin(self, signin_hash: bytes, *, idle_expires_at: int) -> None:
        """Say until when a sign-in may idle."""

    def switch_signin(self, signin: SignIn) -> None:
        """Write which space is open in a sign-in, and by which mandate."""

    def end_signin(self, signin_hash: bytes, *, now: int) -> None:
        """End a sign-in; without effect on one that has ended."""

    def end_other_signins(self, person: Space, *, but: bytes, now: int) -> None:
        """End every sign-in of a person, in whosever space, but the one whose hash is ``but``."""

    def add_passkey_use(self, use: PasskeyUse) -> None:
        """Keep how a passkey was used; by the operation that registers it."""

    def passkey_use(self, credential_hash: bytes) -> PasskeyUse | None:
        """Return how a passkey was used, or ``None``: it is not active."""

    def use_passkey(
        self, credential_hash: bytes, *, seen: int, sign_count: int, backed_up: bool, now: int
    ) -> bool:
        """Count a use in one statement: still active, and its counter still at ``seen``.

        Of two copies of one authenticator that count alike, one is told ``False``.
        """

    def drop_passkey_use(self, credential_hash: bytes) -> None:
        """Let a passkey be used no more; by the operation that removes it."""

    def add_challenge(self, challenge: Challenge) -> None:
        """Keep a challenge until it is answered."""

    def spend_challenge(
        self, challenge_hash: bytes, *, bound_hash: bytes, ceremony: Ceremony, now: int
    ) -> bool:
        """Take a challenge away in one statement: unexpired, this browser's, for this ceremony."""

    def subject(self, person: Space, *, sector: DepartmentId) -> bytes | None:
        """Return what the systems of a department know a person by, 16 bytes, or ``None``."""

    def add_subject(self, person: Space, *, sector: DepartmentId, fresh: bytes) -> bytes:
        """Let them know a person by ``fresh``, unless they know one already; return which."""

    def tell_client(self, told: ToldClient) -> bool:
        """Write that a client is told of a sign-in; say whether that sign-in goes on.

        Nobody ends the sign-in until this transaction has ended; where it has ended before,
        nothing is written.
        """

    def lead_told(self, sid: bytes, *, to: bytes, expires_at: int) -> None:
        """Let a sign-in go on as ``to``: whoever was told of it hears when that one ends."""

    def end_told(self, sid: bytes, *, expires_at: int, now: int) -> tuple[ToldClient, ...]:
        """Mark a sign-in, and all that lead to it, as ended; return who was told of them, once."""

    def told_ended(self, sid: bytes) -> bool:
        """Say whether a sign-in was marked as ended for clients."""

    def enqueue(self, message: Message) -> None:
        """Keep a message until a gateway takes it."""

    def messages(self, *, limit: int) -> tuple[Message, ...]:
        """Return at most ``limit`` messages that wait, the oldest first."""

    def message_done(self, message_id: bytes, *, now: int) -> None:
        """Say that a gateway has taken a message."""

    def add_call(self, call: OutgoingCall) -> None:
        """Keep a call until it is made."""

    def due_calls(self, *, now: int, limit: int) -> tuple[OutgoingCall, ...]:
        """Return at most ``limit`` calls whose time has come, the longest due first."""

    def take_call(self, call: OutgoingCall, *, next_at: int) -> bool:
        """Count a try of ``call``, as it was read; say whether nobody else has taken it."""

    def call_done(self, call_id: bytes, *, outcome: str, now: int) -> None:
        """Say that a call is not tried again, and why; without effect on one that is done."""

    def sweep(self, *, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired rows of each kind; return how many went."""
