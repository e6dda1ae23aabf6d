"""What endpoints have in common on the wire: receipts, and the problems they may answer with."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from vault.journal.receipts import Receipt


class ProblemOut(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    title_zh: str
    status: int
    instance: str
    detail: str | None = None
    field: str | None = None
    reasons: list[str] | None = None
    errors: list[dict[str, str]] | None = None
    acr_values: str | None = None
    max_age: int | None = None


class ReceiptOut(BaseModel):
    """Proof that the act is in the log; ``text`` is a C2SP tlog-proof, verifiable offline."""

    entry_id: str
    log: str
    index: int
    text: str

    @classmethod
    def from_domain(cls, receipt: Receipt) -> "ReceiptOut":
        """Return the wire form of ``receipt``."""
        return cls(
            entry_id=receipt.entry_id.hex(),
            log=receipt.checkpoint.partition("\n")[0],
            index=receipt.index,
            text=receipt.to_text(),
        )


class StrictIn(BaseModel):
    """What callers send: strict types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NumberIn(StrictIn):
    """A holder's number, with its kind beside it: kinds are never guessed."""

    type: str = Field(max_length=64, description="kind, such as resident_id_18 or uscc")
    value: str = Field(max_length=64, description="the exact number, ASCII")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries for problem answers with these statuses."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {status: {"model": ProblemOut, "content": content} for status in statuses}


RESOURCE_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
"""What any resource with a token may answer."""
