"""Bodies that may bring files: JSON alone, or a form with the JSON in the part ``record``.

Files stay in memory until they are sealed: a temporary file would be evidence in plain on a
disk, and outlive the request after a crash.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from fastapi import Request, UploadFile
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as ReceivedFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from api.openapi import inlined
from api.routers.answers import StrictIn
from api.routers.strict import malformed, read_json
from vault.files import MAX_FILES
from vault.services.sealing import Incoming

RECORD: Final = "record"
FILE: Final = "file"
JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "multipart/form-data"
MAX_RECORD_BYTES: Final = 2**20
"""Of the part ``record``."""

B = TypeVar("B", bound=StrictIn)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Upload(Generic[B]):
    """What came in.

    Attributes:
        body: The JSON, checked.
        files: In the order in which they came.
    """

    body: B
    files: tuple[Incoming, ...] = field(default=())


class MemoryParser(MultiPartParser):
    """Keeps every file in memory, however large the limit of a body lets it grow."""

    spool_max_size = 0  # Never rolled over to a file.
    ended = False

    def on_end(self) -> None:
        """Take note that the last boundary came: without it, a file may be missing."""
        self.ended = True


def upload_of(model: type[B]) -> Callable[[Request], AsyncIterator[Upload[B]]]:
    """Return the dependency that reads a ``model``, and files beside it."""

    async def read(request: Request) -> AsyncIterator[Upload[B]]:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == JSON_TYPE:
            yield Upload(body=_checked(model, await request.body()))
            return
        if media_type != FORM_TYPE:
            raise HTTPException(415)
        form = await _parsed(request)
        try:
            yield await _upload(model, form)
        finally:
            await form.close()

    return read


def upload_body(model: type[B]) -> dict[str, Any]:
    """Return what the OpenAPI document says of such a body."""
    schema = inlined(model.model_json_schema())
    form = {
        "type": "object",
        "properties": {
            RECORD: schema,
            FILE: {
                "type": "array",
                "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                "maxItems": MAX_FILES,
            },
        },
        "required": [RECORD],
        "additionalProperties": False,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": schema},
                FORM_TYPE: {
                    "schema": form,
                    "encoding": {RECORD: {"contentType": JSON_TYPE}},
                },
            },
        }
    }


async def _parsed(request: Request) -> FormData:
    async def whole() -> AsyncGenerator[bytes, None]:
        async for chunk in request.stream():
            yield chunk
        if not parser.ended:  # Raised inside the parser, which closes what it has opened.
            raise MultiPartException("the form breaks off")

    parser = MemoryParser(
        request.headers,
        whole(),
        max_files=MAX_FILES + 1,
        max_fields=1,
        max_part_size=MAX_RECORD_BYTES,
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400) from error


async def _upload(model: type[B], form: FormData) -> Upload[B]:
    records: list[str | UploadFile | ReceivedFile] = []
    files = []
    for name, value in form.multi_items():
        if name == RECORD:
            records.append(value)
        elif name == FILE and isinstance(value, ReceivedFile):
            files.append(Incoming(name=value.filename or "", content=value.file))
        else:
            raise malformed("extra_forbidden", "body", "form")
    if len(records) != 1:
        raise malformed("missing", "body", RECORD)
    [record] = records
    data = record.encode() if isinstance(record, str) else await record.read()
    return Upload(body=_checked(model, data), files=tuple(files))


def _checked(model: type[B], data: bytes) -> B:
    try:
        return model.model_validate(read_json(data))
    except json.JSONDecodeError as error:
        raise malformed("json_invalid", "body") from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from error
