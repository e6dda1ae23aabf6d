"""What endpoints have in common on the wire: numbers, proofs, names, problems."""

from datetime import date
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from vault.clients import Client
from vault.clock import instant
from vault.departments import Department
from vault.journal.receipts import Receipt
from vault.services.entering import Proof

NO_STORE: Final = {"Cache-Control": "no-store"}

JsonScalar = str | int | bool
ViewName = Literal["verify", "summary", "full"]
"""How much is seen, from a yes to the whole."""


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
            log=log_of(receipt),
            index=receipt.index,
            text=receipt.to_text(),
        )


class OpeningOut(BaseModel):
    """The key of one entry and what it is bound to (docs/formats/receipt.md): keep it secret."""

    v: int
    suite: int
    vault: str
    entry: str
    holder_ref: str
    lane: int
    actor_seq: int
    key: str
    payload: str


class ReleasedOut(BaseModel):
    """One piece of evidence in a statement."""

    code: str
    view: str | None = None
    fields: list[str] | None = None


class StatementOut(BaseModel):
    """What the entry says was released; holds no value."""

    v: int
    entry: str
    t: int
    basis: str
    item: str | None = None
    case: str | None = None
    evidence: list[ReleasedOut] | None = None


class ProofOut(BaseModel):
    """Receipt, opening and statement: together they show offline what the log says."""

    receipt: ReceiptOut
    opening: OpeningOut
    statement: StatementOut


class IssuerOut(BaseModel):
    """A department, by its unified social credit code."""

    code: str
    name_zh: str
    name_en: str

    @classmethod
    def from_domain(cls, department: Department) -> "IssuerOut":
        """Return the wire form of ``department``."""
        return cls(code=department.code, name_zh=department.name_zh, name_en=department.name_en)


class ClientOut(BaseModel):
    """A department's system."""

    client_id: str
    name_zh: str
    name_en: str

    @classmethod
    def from_domain(cls, client: Client) -> "ClientOut":
        """Return the wire form of ``client``."""
        return cls(client_id=client.client_id, name_zh=client.name_zh, name_en=client.name_en)


class ValidOut(BaseModel):
    """When a consent may be used: UTC seconds, as in ``evidence_access``."""

    starts_at: int = Field(serialization_alias="from")
    ends_at: int = Field(serialization_alias="to")


class StrictIn(BaseModel):
    """What callers send: strict types, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NumberIn(StrictIn):
    """A holder's number, with its kind beside it: kinds are never guessed."""

    type: str = Field(max_length=64, description="kind, such as resident_id_18 or uscc")
    value: str = Field(max_length=64, description="the exact number, ASCII")


def _day(value: object) -> object:
    """Take a day in its one exact form, and nothing that merely resembles one."""
    if not isinstance(value, str):
        return value
    found = date.fromisoformat(value)
    if found.isoformat() != value:
        raise ValueError("a day is written YYYY-MM-DD")
    return found


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day as ISO 8601 has it; in JSON there is no other type for one."""


def proof_parts(proof: Proof) -> dict[str, Any]:
    """Return the members of a ``ProofOut``; what is canonical JSON stays byte for byte."""
    receipt = proof.receipt
    return {
        "receipt": {
            "entry_id": receipt.entry_id.hex(),
            "log": log_of(receipt),
            "index": receipt.index,
            "text": receipt.to_text(),
        },
        "opening": orjson.Fragment(proof.opening.to_json()),
        "statement": orjson.Fragment(proof.statement.to_json()),
    }


def issuer_parts(department: Department | None) -> dict[str, str] | None:
    """Return the members of an ``IssuerOut``."""
    if department is None:
        return None
    return {
        "code": department.code,
        "name_zh": department.name_zh,
        "name_en": department.name_en,
    }


def log_of(receipt: Receipt) -> str:
    """Return the name of the log that a receipt comes from."""
    return receipt.checkpoint.partition("\n")[0]


def log_header(receipt: Receipt) -> dict[str, str]:
    """Return the headers of an answer that released something (journal.md 7)."""
    return {**NO_STORE, "Vault-Log": f"{log_of(receipt)} {receipt.index}"}


def iso(at_ms: int) -> str:
    """Return an instant as RFC 3339 in UTC, to the millisecond."""
    return instant(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries for problem answers with these statuses."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {status: {"model": ProblemOut, "content": content} for status in statuses}


RESOURCE_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
"""What any resource with a token may answer."""

OWN_PROBLEMS: Final = problems(400, 401, 403, 404, 409, 413, 422, 500, 503)
"""What any resource of a signed-in holder may answer."""
