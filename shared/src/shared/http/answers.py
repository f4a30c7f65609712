"""Turns whatever was raised while answering a request into a problem, in the caller's language."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Scope

from shared.db import is_transient
from shared.http.language import preferred
from shared.http.routes import routes_of
from shared.http.validation import field_errors
from shared.log import correlation_id, frames
from shared.problems import MEDIA_TYPE, Language, Problem, Words, invalid_fields

_log = structlog.get_logger(__name__)

_STATUS_CODES: Final = {
    400: "malformed_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

_NOWHERE: Final = Words("There is nothing at this address.", "此地址不存在任何资源。")
_OUR_FAULT: Final = Words(
    "Something went wrong on our side. Quote the correlation id when you report it.",
    "服务器发生错误，报告时请提供 correlation_id。",
)
_BUSY: Final = Words(
    "The database is busy or restarting; the same request may succeed in a moment.",
    "数据库繁忙或正在重启，请稍后重试。",
)
_UNSTORABLE: Final = Words(
    "A value can't be stored; nothing was changed.", "有数值无法存储，未作任何更改。"
)
_COLLIDED: Final = Words(
    "It collides with what is stored; nothing was changed.", "与已存数据冲突，未作任何更改。"
)


@dataclass(frozen=True, slots=True)
class Refusals:
    """The domain's own refusals: which status each becomes, and titles for their codes."""

    statuses: Mapping[type[Exception], int] = field(default_factory=dict)
    titles: Mapping[str, Words] = field(default_factory=dict)

    def problem(self, error: BaseException) -> Problem | None:
        """The problem of a domain refusal, None for any other exception."""
        for kind in type(error).__mro__:
            status = self.statuses.get(kind)
            if status is None:
                continue
            code = str(getattr(error, "code", "refused"))
            english = str(error)
            chinese = getattr(error, "zh", None)
            detail = Words(english, str(chinese)) if chinese else english
            return Problem(status, code, detail, title=self.titles.get(code))
        return None


def language_of(scope: Scope) -> Language:
    """The language in which to answer this request."""
    return preferred(",".join(HTTPConnection(scope).headers.getlist("accept-language")))


def render(problem: Problem, language: Language) -> Response:
    """The answer to send."""
    extra: dict[str, Any] = {}
    correlation = correlation_id()
    if problem.status >= 500 and correlation:
        extra["correlation_id"] = correlation
    content = json.dumps(problem.document(language, **extra), ensure_ascii=False)
    headers = {"Content-Language": language, "Vary": "Accept-Language", **(problem.headers or {})}
    return Response(content.encode(), problem.status, headers, MEDIA_TYPE)


def problem_for(error: Exception, *, refusals: Refusals, allowed: Iterable[str] = ()) -> Problem:
    """The problem that answers ``error``. What nobody foresaw is logged and becomes a 500."""
    if isinstance(error, Problem):
        return error
    if (refused := refusals.problem(error)) is not None:
        return refused
    if isinstance(error, RequestValidationError):
        return invalid_fields(field_errors(error))
    if isinstance(error, HTTPException):
        return _of_status(error, allowed)
    if isinstance(error, DBAPIError | PoolTimeout):
        return _of_database(error)
    _log.error("unforeseen", raised=frames(error))
    return Problem(500, "internal", _OUR_FAULT)


def _of_status(error: HTTPException, allowed: Iterable[str]) -> Problem:
    """What the framework itself refuses."""
    code = _STATUS_CODES.get(error.status_code, "refused")
    headers = dict(error.headers or {})
    detail: str | Words = ""
    if error.status_code == 404:
        detail = _NOWHERE
    elif error.status_code == 405:
        methods = ", ".join(sorted(allowed)) or headers.get("Allow", "")
        headers["Allow"] = methods
        detail = Words(f"This address takes {methods}.", f"此地址支持 {methods}。")
    return Problem(error.status_code, code, detail, headers=headers)


def _of_database(error: DBAPIError | PoolTimeout) -> Problem:
    if isinstance(error, PoolTimeout) or is_transient(error):
        _log.warning("database_unavailable", raised=frames(error))
        return Problem(503, "unavailable", _BUSY, headers={"Retry-After": "2"})
    # The backstop: a check before the database should have said it better.
    if isinstance(error, DataError):
        _log.error("unstorable_value", raised=frames(error))
        return Problem(422, "invalid", _UNSTORABLE)
    if isinstance(error, IntegrityError):
        _log.error("unforeseen_collision", raised=frames(error))
        return Problem(409, "conflict", _COLLIDED)
    _log.error("unforeseen", raised=frames(error))
    return Problem(500, "internal", _OUR_FAULT)


def answer(request: Request, error: Exception, refusals: Refusals) -> Response:
    """`problem_for` and `render` in one, for the framework's exception handlers."""
    allowed: Iterable[str] = ()
    if getattr(error, "status_code", 0) == 405:
        allowed = routes_of(request.app).methods_at(request.scope)
    problem = problem_for(error, refusals=refusals, allowed=allowed)
    return render(problem, language_of(request.scope))
