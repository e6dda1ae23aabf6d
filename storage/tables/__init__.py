"""Every table, declared once; ``METADATA`` is what the migrations must come to.

Holder-scoped tables are led by ``(log_id, holder_id)``: a holder's rows lie together, beside
the head of their log (architecture.md 2.9). Rows that are found by a secret which a caller
presents are keyed by its hash and carry both.
"""

from typing import Final

from sqlalchemy import CheckConstraint, LargeBinary, MetaData
from sqlmodel import SQLModel

from storage.tables import (
    async_requests,
    cases,
    demands,
    departments,
    developers,
    holders,
    journal,
    mandates,
    oauth,
    openid,
    passkeys,
    records,
    registrations,
    signins,
    system,
    use_receipts,
)

__all__ = [
    "METADATA",
    "async_requests",
    "cases",
    "demands",
    "departments",
    "developers",
    "holders",
    "journal",
    "mandates",
    "oauth",
    "openid",
    "passkeys",
    "records",
    "registrations",
    "signins",
    "system",
    "use_receipts",
]

METADATA: Final[MetaData] = SQLModel.metadata


def _check_lengths() -> None:
    """Let the database refuse an id, a hash or a tile of the wrong length."""
    for table in METADATA.tables.values():
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and column.type.length is not None:
                name = f"ck_{table.name}_{column.name}_bytes"
                rule = f"length({column.name}) = {column.type.length}"
                table.append_constraint(CheckConstraint(rule, name=name))


_check_lengths()
