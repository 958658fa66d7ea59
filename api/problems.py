"""Errors as RFC 9457 problem documents: one table from the error tree to status, title and code.

What is not deliberate answers 500 with an id that the log line carries too; the message stays inside.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from taishi.errors import (
    Conflict,
    Forbidden,
    NotFound,
    QueryError,
    QuotaExceeded,
    RecordsError,
    Refused,
    StoreError,
    StreamError,
    TaishiError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class PreconditionFailed(Conflict):
    """The version in If-Match is not the present one."""

    code = "precondition_failed"


class PreconditionRequired(TaishiError):
    """An edit without If-Match."""

    code = "precondition_required"


class Invalid(TaishiError):
    """Understood, but not allowed by the rules of the thing; `code` tells a program which rule."""

    code = "invalid"

    def __init__(self, reason: str, code: str = "invalid") -> None:
        super().__init__(reason)
        self.code = code


class FieldProblem(BaseModel):
    """`location` is the path to the value: body, query, path or header first."""

    location: list[str | int]
    message: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable and for programs; `title_zh` and `title` are for people."""

    type: str = "about:blank"
    title: str
    title_zh: str
    status: int
    detail: str
    code: str
    position: int | None = Field(default=None, description="Zero-based offset in the search query.")
    retry_after: float | None = Field(default=None, description="Seconds.")
    incident: str | None = Field(default=None, description="Names the log line of an unexpected error.")
    errors: list[FieldProblem] | None = None


TITLES: dict[int, tuple[str, str]] = {
    400: ("Bad request", "请求有误"),
    401: ("Not signed in", "未登录"),
    403: ("Not allowed", "没有权限"),
    404: ("Not found", "未找到"),
    405: ("Method not allowed", "不支持的方法"),
    409: ("Conflict", "状态冲突"),
    412: ("Changed by somebody else", "已被他人修改"),
    413: ("Too large", "内容过大"),
    422: ("Invalid input", "输入无效"),
    428: ("If-Match required", "缺少版本条件"),
    429: ("Too many attempts", "尝试过于频繁"),
    500: ("Unexpected error", "内部错误"),
    503: ("Unavailable for now", "服务暂不可用"),
}

STATUSES: tuple[tuple[type[TaishiError], int], ...] = (
    (PreconditionFailed, 412),
    (PreconditionRequired, 428),
    (Invalid, 422),
    (QueryError, 400),
    (NotFound, 404),
    (Conflict, 409),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (TooLarge, 413),
    (QuotaExceeded, 429),
    (Unavailable, 503),
    (StreamError, 503),
    (StoreError, 503),
    (RecordsError, 503),
    (Refused, 400),
)

ENGINE_DOWN = "a database behind the platform does not answer; try again shortly"


def respond(status: int, detail: str, code: str, **more: Any) -> JSONResponse:
    """A problem document; `more` are further members of `Problem`."""
    title, title_zh = TITLES.get(status, ("Error", "错误"))
    problem = Problem(title=title, title_zh=title_zh, status=status, detail=detail, code=code, **more)
    headers = {"Retry-After": str(max(1, round(problem.retry_after)))} if problem.retry_after is not None else None
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def taishi_problem(_request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    if not isinstance(error, TaishiError) or status == 500:
        return unexpected_problem(_request, error)
    if isinstance(error, StreamError | StoreError | RecordsError):
        log.error("An engine failed behind a request.", path=_request.url.path, error=str(error))
        return respond(status, ENGINE_DOWN, error.code, retry_after=5.0)
    position = error.position if isinstance(error, QueryError) else None
    retry = error.retry_after if isinstance(error, Refused) else None
    return respond(status, str(error), error.code, position=position, retry_after=retry)


def validation_problem(_request: Request, error: Exception) -> JSONResponse:
    """Where and why, never the value itself: it may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this type only
    fields = [FieldProblem(location=list(item["loc"]), message=item["msg"]) for item in error.errors()]
    where = ", ".join(".".join(map(str, field.location)) for field in fields[:3])
    return respond(422, f"not acceptable: {where}", "validation", errors=fields)


def http_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this type only
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http")
    answer = respond(error.status_code, str(error.detail), code)
    answer.headers.update(error.headers or {})
    return answer


def unexpected_problem(request: Request, error: Exception) -> JSONResponse:
    incident = uuid4().hex[:12]
    log.error("A request failed unexpectedly.", path=request.url.path, incident=incident, exc_info=error)
    return respond(500, "something went wrong on our side; the log knows more", "internal", incident=incident)


def install(app: FastAPI) -> None:
    """Register the handlers; what is in none of them reaches `api.guard`, which answers with `unexpected_problem`."""
    app.add_exception_handler(TaishiError, taishi_problem)
    app.add_exception_handler(RequestValidationError, validation_problem)
    app.add_exception_handler(HTTPException, http_problem)
