"""Short-lived rows of OAuth and of signing in; the only ones that plain transactions write."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Final

from sqlalchemy import bindparam, delete, select, text, tuple_
from sqlmodel import SQLModel

from storage.statements import Driver, Prepared
from storage.stores.async_requests import SqlAsyncRequests
from storage.stores.authorizations import SqlAuthorizations
from storage.stores.calls import SqlCalls
from storage.stores.openid import SqlOpenId
from storage.stores.passkeys import SqlPasskeyUses
from storage.stores.signins import SqlSignIns
from storage.stores.tokens import SqlTokens
from storage.tables.async_requests import AsyncRequestRow, ShownCodeRow
from storage.tables.columns import table_of
from storage.tables.oauth import (
    CodeRow,
    InteractionRow,
    PushedRequestRow,
    RefreshTokenRow,
    ReplayRow,
    TokenRow,
)
from storage.tables.openid import OpenIdSessionRow, OutgoingCallRow, SignInClientRow
from storage.tables.passkeys import ChallengeRow
from storage.tables.registrations import InitialTokenRow, RefusalRow
from storage.tables.signins import MessageRow, SignInAttemptRow, SignInRow, TryRow
from vault.clients.protocol import Claim
from vault.clients.refusals import KEPT_SECONDS

_BY_KEY: Final = attrgetter("kind", "key_hash")

DAY_SECONDS: Final = 24 * 3600
"""How long rows stay beyond their end, so that what came of them can still be answered for."""


class SqlProtocolRows(
    SqlAuthorizations,
    SqlTokens,
    SqlSignIns,
    SqlOpenId,
    SqlCalls,
    SqlAsyncRequests,
    SqlPasskeyUses,
):
    """Implements ``vault.ports.ProtocolRows``."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def claim(self, claims: Sequence[Claim]) -> tuple[bool, ...]:
        """Write replay rows, all in one statement; say for each whether it is new."""
        if not claims:
            return ()
        values: dict[str, object] = {}
        # In one order for all: two that claim the same rows then wait, and never for each other.
        for number, claim in enumerate(sorted(claims, key=_BY_KEY)):
            values[f"kind_{number}"] = claim.kind
            values[f"key_hash_{number}"] = claim.key_hash
            values[f"expires_at_{number}"] = claim.expires_at
        written = _claiming(len(claims)).all(self._driver, **values)
        fresh = {(kind, key_hash) for kind, key_hash in written}
        answers = []
        for claim in claims:
            key = (claim.kind, claim.key_hash)
            answers.append(key in fresh)
            fresh.discard(key)  # The second of two equal claims is a replay too.
        return tuple(answers)

    def sweep(self, *, now: int, limit: int) -> int:
        """Delete up to ``limit`` expired rows of each kind; return how many went."""
        return sum(
            statement.change(self._driver, before=now - kept, most=limit)
            for statement, kept in _SWEEPS
        )


@cache
def _claiming(count: int) -> Prepared:
    # SQLAlchemy has no such INSERT for every database; this text is good for both of ours.
    rows = ", ".join(f"(:kind_{n}, :key_hash_{n}, :expires_at_{n})" for n in range(count))
    return Prepared(
        text(
            f"INSERT INTO oauth_replay (kind, key_hash, expires_at) VALUES {rows}"  # noqa: S608 - marks only
            " ON CONFLICT DO NOTHING RETURNING kind, key_hash"
        )
    )


def _sweep(model: type[SQLModel], *, by: str = "expires_at") -> Prepared:
    """Delete the rows whose column ``by`` lies at or before ``before``, the oldest first."""
    table = table_of(model)
    key, ends = [column for column in table.c if column.primary_key], table.c[by]
    old = select(*key).where(ends <= bindparam("before")).order_by(ends).limit(bindparam("most"))
    return Prepared(delete(table).where(tuple_(*key).in_(old)))


_SWEEPS: Final = (
    (_sweep(ReplayRow), 0),
    (_sweep(PushedRequestRow), DAY_SECONDS),
    (_sweep(InteractionRow), DAY_SECONDS),
    (_sweep(CodeRow), DAY_SECONDS),
    (_sweep(InitialTokenRow), DAY_SECONDS),
    (_sweep(RefusalRow, by="at"), KEPT_SECONDS),
    (_sweep(TokenRow), DAY_SECONDS),
    (_sweep(RefreshTokenRow, by="idle_expires_at"), DAY_SECONDS),
    (_sweep(SignInRow), DAY_SECONDS),
    (_sweep(SignInAttemptRow), DAY_SECONDS),
    (_sweep(ChallengeRow), 0),
    (_sweep(TryRow, by="window_start"), 2 * DAY_SECONDS),
    (_sweep(OpenIdSessionRow), 0),
    (_sweep(SignInClientRow), 0),
    (_sweep(OutgoingCallRow, by="done_at"), DAY_SECONDS),
    (_sweep(MessageRow, by="done_at"), 0),
    (_sweep(AsyncRequestRow), DAY_SECONDS),
    (_sweep(ShownCodeRow), DAY_SECONDS),
)
"""Each statement, and for how many seconds beyond their end its rows are kept."""
