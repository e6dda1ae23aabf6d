"""How often one may be asked: consent requests tire people until they agree to be left alone.

A request counts when it is shown for the first time. Whoever declined the same item of a
department twice is left alone with it until the end of the next day.
"""

from typing import Final

from api.deps import DeclinedBeforeError
from vault.clients import Client
from vault.errors import RateLimitedError
from vault.ids import HolderId
from vault.ports import Tx
from vault.services import Vault
from vault.services.limits import DAY, Limit, count

OFTEN: Final = "this department asks too often"

PROMPTS_AN_HOUR: Final = 5
"""Requests that one system may put before one holder."""
PROMPTS_A_DAY: Final = 10
"""Requests that one department may put before one holder (threats.md 6)."""

BY_CLIENT: Final = Limit.of("prompts.client", OFTEN, hour=PROMPTS_AN_HOUR)
BY_DEPARTMENT: Final = Limit.of("prompts.department", OFTEN, day=PROMPTS_A_DAY)

STARTS_AN_HOUR: Final = 20
"""Requests that one system may begin for one holder before anybody is asked."""

BY_STARTS: Final = Limit.of("starts.client", OFTEN, hour=STARTS_AN_HOUR)

MOST_DECLINED: Final = 2
"""Times that a holder declines an item in one day before nobody asks for it again."""


def count_prompt(
    vault: Vault, tx: Tx, client: Client, *, holder: HolderId, item: str, now: int
) -> RateLimitedError | None:
    """Count a request that is about to be shown; return why it must not be."""
    today = now // DAY * DAY
    declined = _declined(vault, client, holder=holder, item=item)
    for day, days in ((today, 2), (today - DAY, 1)):
        if tx.protocol.tries(declined, window_start=day) >= MOST_DECLINED * vault.people_factor:
            return DeclinedBeforeError(
                "the holder has declined this item", retry_after_seconds=today + days * DAY - now
            )
    name = client.client_id.encode()
    tally = count(
        vault,
        tx,
        [
            (BY_CLIENT.times(vault.people_factor), holder + name),
            (BY_DEPARTMENT.times(vault.people_factor), holder + client.department_id),
        ],
        now=now,
    )
    return tally.limited


def count_start(
    vault: Vault, tx: Tx, client: Client, *, holder: HolderId, now: int
) -> RateLimitedError | None:
    """Count what a kiosk or counter begins; return why it must not.

    It is counted by whose case it is, whether or not that person can be asked.
    """
    key = holder + client.client_id.encode()
    return count(vault, tx, [(BY_STARTS.times(vault.people_factor), key)], now=now).limited


def count_declined(
    vault: Vault, tx: Tx, client: Client, *, holder: HolderId, item: str, now: int
) -> None:
    """Count that a holder has declined an item of a department."""
    declined = _declined(vault, client, holder=holder, item=item)
    tx.protocol.count_try(declined, window_start=now // DAY * DAY)


def count_reported(
    vault: Vault, tx: Tx, client: Client, *, holder: HolderId, item: str, now: int
) -> None:
    """Count a report like as many refusals as it takes to be left alone."""
    for _ in range(MOST_DECLINED):
        count_declined(vault, tx, client, holder=holder, item=item, now=now)


def _declined(vault: Vault, client: Client, *, holder: HolderId, item: str) -> bytes:
    own = b"declined\x00" + holder + client.department_id + item.encode()
    return vault.secrets.keyed(own)
