"""Time as an argument: nothing in the vault asks the system for it behind your back."""

import time
from datetime import UTC, date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

LEGAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Legal days are counted here, instants are stored in UTC (domain.md 3.5)."""

MS: Final = 1000


class Clock(Protocol):
    """Tells the time in whole UTC milliseconds."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1_000_000


def instant(at_ms: int) -> datetime:
    """Return ``at_ms`` as an aware UTC datetime."""
    return datetime.fromtimestamp(at_ms / MS, tz=UTC)


def legal_day(at_ms: int) -> date:
    """Return the calendar day of ``at_ms`` where the law counts it."""
    return datetime.fromtimestamp(at_ms / MS, tz=LEGAL_ZONE).date()


def day_starts_ms(day: date) -> int:
    """Return the instant at which the legal ``day`` begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=LEGAL_ZONE).timestamp() * MS)
