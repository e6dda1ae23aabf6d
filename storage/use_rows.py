"""How uses are counted in a batch: read together, written together, each with its hash."""

from typing import Any, Final

from storage.row_guard import Guard
from storage.row_macs import GUARDED, MAC, Row

_USE: Final = GUARDED["oauth_use"]


class Uses:
    """One row of uses, while the disclosures of a batch are judged."""

    __slots__ = ("_guard", "_row", "_values", "changed")

    def __init__(self, row: Row, *, guard: Guard) -> None:
        """Take a row as it was read, with its hash; it is checked when it is first needed."""
        self._row = row
        self._guard = guard
        self._values: dict[str, Any] | None = None
        self.changed = False

    def fit(self, needed: int) -> bool:
        """Say whether ``needed`` more uses are left.

        Raises:
            IntegrityError: The row is not as it was written last.
        """
        values = self._checked()
        limit = values["max_uses"]
        return limit is None or bool(values["used"] + needed <= limit)

    def count(self, uses: int) -> None:
        """Use some of what is left."""
        values = self._checked()
        values["used"] += uses
        values["version"] += 1
        self.changed = True

    def counted(self) -> tuple[Any, ...]:
        """Return key, count, version and hash, as ``JournalRows.spend`` takes them."""
        sealed = self._guard.sealed(_USE, self._checked())
        names = (*_USE.columns[:4], "used", "version", MAC)
        return tuple([sealed[name] for name in names])

    def _checked(self) -> dict[str, Any]:
        if self._values is None:
            checked = self._guard.checked(_USE, self._row)
            self._values = dict(zip(_USE.columns, checked, strict=True))
        return self._values
