"""What a pull leaves to be said: what it was used for, and when it goes (journal.md 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vault.clock import legal_day
from vault.consents import Consent
from vault.errors import NotFoundError
from vault.ids import DepartmentId, EntryId
from vault.services import Vault
from vault.services.acting import Caller
from vault.services.entering import Draft
from vault.use_receipts import UseReceipt, days_of

PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Outstanding:
    """What a department still has to say.

    Attributes:
        more: There are others after these.
    """

    receipts: tuple[UseReceipt, ...]
    more: bool


def owing(
    vault: Vault, consent: Consent, *, draft: Draft, caller: Caller
) -> Callable[[int], UseReceipt]:
    """Return what a pull under ``consent`` leaves to be said, given the batch's time."""

    def owed(at_ms: int) -> UseReceipt:
        return UseReceipt.opened(
            space=consent.space,
            entry_id=draft.entry_id,
            department_id=caller.department_id,
            at_ms=at_ms,
            days=vault.use_receipt_days,
            retention_days=consent.details.retention_days,
        )

    return owed


def list_outstanding(
    vault: Vault, department_id: DepartmentId, *, after: EntryId | None = None
) -> Outstanding:
    """Return what a department still has to say, by when it is due.

    Args:
        vault: The vault.
        department_id: Whose.
        after: Last pull of the page before.

    Raises:
        NotFoundError: ``after`` is no pull of the department.
    """
    with vault.read() as tx:
        last = None
        if after is not None:
            last = tx.use_receipts.found(department_id, entry_id=after)
            if last is None:
                raise NotFoundError("no such pull")
        found = tx.use_receipts.outstanding(
            department_id,
            after=last,
            limit=PAGE + 1,
            today=days_of(legal_day(vault.clock.now_ms())),
        )
    return Outstanding(receipts=found[:PAGE], more=len(found) > PAGE)
