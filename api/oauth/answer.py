"""Answers as values: made inside a unit of work, sent after it was committed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from fastapi import Response

from api.oauth.errors import FaultError

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer.

    Attributes:
        body: JSON object, or ``None`` for an empty body.
        jwt: A signed answer that stands in place of the object.
        media_type: Of the body.
        fault: What was refused, for the log.
    """

    status: int
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    jwt: str = field(default="", repr=False)
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    fault: FaultError | None = None

    def response(self, *, extra: Mapping[str, str] | None = None) -> Response:
        """Return it as a response that no cache keeps."""
        headers = {**NO_STORE, **self.headers, **(extra or {})}
        content = self.jwt.encode()
        if self.body is not None:
            content = orjson.dumps(self.body)
        media_type = self.media_type if content else None
        return Response(content, status_code=self.status, media_type=media_type, headers=headers)


def refusal(fault: FaultError, *, retry_after: int = 0) -> Answer:
    """Return a refusal as JSON (RFC 6749 s. 5.2)."""
    headers = {}
    if fault.basic:
        headers["WWW-Authenticate"] = 'Basic realm="oauth"'
    if fault.challenge:
        headers["WWW-Authenticate"] = fault.challenge
    if retry_after:
        headers["Retry-After"] = str(retry_after)
    body = {"error": fault.say.error, "error_description": fault.say.text}
    return Answer(status=fault.say.status, body=body, headers=headers, fault=fault)
