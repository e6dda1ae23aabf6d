"""Errors of ``/v1`` as problem documents (RFC 9457): the only place that knows status codes.

``detail`` is the error's own safe sentence. Whatever is not in the table is a bug: 500, a
correlation id, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.middleware import correlation_id, seen
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    InvalidInputError,
    JournalUnavailableError,
    KeyUnavailableError,
    LogFrozenError,
    NotFoundError,
    NotWitnessedError,
    OutcomeUnknownError,
    RateLimitedError,
    ReplayedError,
    StepUpRequiredError,
    StorageError,
    TokenEndedError,
    TooLargeError,
    UnavailableError,
    UnsupportedFileError,
    VaultError,
)
from vault.identifiers import IdentifierError

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its status, its stable name, its title in both languages."""

    status: int
    slug: str
    zh: str
    en: str

    @property
    def type(self) -> str:
        """Return the identifier that callers may compare (RFC 9457 s. 3.1.1)."""
        return f"urn:myspace:problem:{self.slug}"


PROBLEMS: Final[Mapping[type[VaultError], Problem]] = {
    InvalidInputError: Problem(422, "invalid-input", "内容不符合要求", "Invalid input"),
    IdentifierError: Problem(400, "bad-number", "号码有误", "Not a valid number"),
    TooLargeError: Problem(413, "too-large", "内容过大", "Too large"),
    UnsupportedFileError: Problem(415, "unsupported-file", "文件类型不支持", "Unsupported file"),
    NotFoundError: Problem(404, "not-found", "没有这项内容", "No such resource"),
    AccessDeniedError: Problem(403, "access-denied", "不允许", "Access denied"),
    StepUpRequiredError: Problem(401, "step-up-required", "需要重新登录", "Sign in again"),
    ConflictError: Problem(409, "conflict", "内容已被更新", "Changed meanwhile"),
    RateLimitedError: Problem(429, "rate-limited", "操作过于频繁", "Too many requests"),
    ReplayedError: Problem(401, "replayed", "凭证已被使用", "Shown before"),
    TokenEndedError: Problem(401, "unauthenticated", "需要身份凭证", "Authentication needed"),
    IntegrityError: Problem(500, "integrity", "数据校验失败", "Stored data do not verify"),
    UnavailableError: Problem(503, "unavailable", "服务暂不可用", "Unavailable"),
    JournalUnavailableError: Problem(503, "no-journal", "日志暂不可用", "Journal unavailable"),
    OutcomeUnknownError: Problem(503, "outcome-unknown", "结果未知，请重试", "Outcome unknown"),
    NotWitnessedError: Problem(503, "not-witnessed", "尚未见证，请重试", "Not witnessed"),
    LogFrozenError: Problem(503, "log-frozen", "日志已冻结", "Log frozen"),
    KeyUnavailableError: Problem(503, "no-key", "密钥暂不可用", "Key unavailable"),
    StorageError: Problem(503, "no-storage", "存储暂不可用", "Storage unavailable"),
}

MALFORMED: Final = Problem(422, "malformed", "请求格式不正确", "Malformed request")
UNKNOWN: Final = Problem(500, "internal", "内部错误", "Internal error")
HTTP: Final[Mapping[int, Problem]] = {
    400: Problem(400, "bad-request", "请求有误", "Bad request"),
    401: Problem(401, "unauthenticated", "需要身份凭证", "Authentication needed"),
    403: Problem(403, "forbidden", "不允许", "Forbidden"),
    404: Problem(404, "not-found", "没有这项内容", "No such resource"),
    405: Problem(405, "wrong-method", "不支持该方法", "Method not allowed"),
    413: Problem(413, "too-large", "内容过大", "Too large"),
    415: Problem(415, "unsupported-media-type", "内容类型不支持", "Unsupported media type"),
}


def problem_of(error: VaultError) -> Problem:
    """Return the problem of the nearest class in the table; every leaf has its own row."""
    return next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)


def respond(
    problem: Problem, *, detail: str = "", extra: Mapping[str, Any] | None = None
) -> Response:
    """Return ``problem`` as a response that no cache keeps."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.en,
        "title_zh": problem.zh,
        "status": problem.status,
        "instance": f"urn:myspace:correlation:{correlation_id()}",
    }
    if detail:
        body["detail"] = detail
    body.update(extra or {})
    return Response(
        orjson.dumps(body),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def vault_problem(_request: Request, error: Exception) -> Response:
    """Render an error of ours."""
    if not isinstance(error, VaultError):
        raise error
    extra: dict[str, Any] = {}
    if isinstance(error, AccessDeniedError):
        extra["reasons"] = list(error.reasons)
    if isinstance(error, IdentifierError):
        extra["reasons"] = [error.reason.value]
    if isinstance(error, InvalidInputError) and error.field:
        extra["field"] = error.field
    if isinstance(error, StepUpRequiredError):
        extra |= {"acr_values": error.acr, "max_age": error.max_age_seconds}
    problem = problem_of(error)
    seen().refused(problem.slug, reason=_reason(error))
    response = respond(problem, detail=str(error), extra=extra)
    if isinstance(error, (RateLimitedError, UnavailableError)):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def malformed_problem(_request: Request, error: Exception) -> Response:
    """Render a request that does not fit the OpenAPI schema, without echoing its values."""
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"field": ".".join(str(part) for part in one["loc"]), "reason": one["type"]}
        for one in error.errors()[:20]
    ]
    kinds = sorted({str(one["type"]) for one in error.errors()})
    seen().refused(MALFORMED.slug, reason=f"malformed: {', '.join(kinds)}")
    return respond(MALFORMED, detail="see errors", extra={"errors": found})


def _reason(error: VaultError) -> str:
    """Return what exactly was wrong, with the name of the field and without its value."""
    if isinstance(error, IdentifierError):
        return error.reason.value
    field = error.field if isinstance(error, InvalidInputError) else ""
    return f"{field}: {error}" if field else str(error)


def http_problem(_request: Request, error: Exception) -> Response:
    """Render what the framework refuses: unknown paths, wrong methods."""
    if not isinstance(error, HTTPException):
        raise error
    response = respond(HTTP.get(error.status_code, HTTP[400]))
    response.headers.update(error.headers or {})
    return response


def unknown_problem() -> Response:
    """Render a bug: a correlation id, and nothing else."""
    return respond(UNKNOWN)
