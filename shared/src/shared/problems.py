"""Refusals as RFC 9457 problems: what every answer that is not a success looks like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

Language = Literal["en", "zh"]

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    en: str
    zh: str

    def say(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def say(words: str | Words, language: Language) -> str:
    """``words`` in ``language``; plain text is the same in both."""
    return words.say(language) if isinstance(words, Words) else words


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, and where it is.

    ``pointer`` is a JSON pointer into the body (``/balance/principal``, ``""`` for all of it),
    ``?limit`` for a query parameter, ``#Idempotency-Key`` for a header, ``{case_id}`` for a part
    of the path. ``message`` never quotes what was sent.
    """

    pointer: str
    code: str
    message: str | Words


class Problem(HTTPException):
    """A refusal with its answer. Raise it anywhere below an endpoint.

    ``code`` is for machines and never changes; ``type`` of the answer is ``/problems/`` and the
    code with dashes. ``detail`` is a sentence for people that never quotes what was sent. Where
    no ``title`` is given, the code's own stands, else the status's.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | Words = "",
        *,
        title: str | Words | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, code, headers)
        self.status = status
        self.code = code
        self.said = detail
        self.title = title or TITLES.get(code) or _STATUS_TITLES.get(status) or code
        self.errors = tuple(errors)

    def document(self, language: Language = "en", **extra: Any) -> dict[str, Any]:
        """The answer's body. ``extra`` members are added (RFC 9457 allows them)."""
        document: dict[str, Any] = {
            "type": problem_type(self.code),
            "title": say(self.title, language),
            "status": self.status,
            "detail": say(self.said, language) or say(self.title, language),
            "code": self.code,
        }
        if self.errors:
            document["errors"] = [
                {
                    "pointer": each.pointer,
                    "code": each.code,
                    "message": say(each.message, language),
                }
                for each in self.errors
            ]
        return document | extra


def problem_type(code: str) -> str:
    """The stable, relative URI of a kind of problem."""
    return "/problems/" + code.replace("_", "-").replace(".", "-")


def not_found(what: str | Words = "object") -> Problem:
    """404: ``what`` (a noun) does not exist, or not for this caller: he can't tell which."""
    noun = what if isinstance(what, Words) else Words(what, "对象")
    return Problem(404, "not_found", Words(f"There is no such {noun.en}.", f"没有此{noun.zh}。"))


def conflict(code: str, detail: str | Words) -> Problem:
    """409: the request is well formed and can't be done in the present state."""
    return Problem(409, code, detail)


def invalid(pointer: str, code: str, message: str | Words) -> Problem:
    """422 for one field."""
    return Problem(422, "invalid", INVALID, errors=[FieldError(pointer, code, message)])


def invalid_fields(errors: Sequence[FieldError]) -> Problem:
    """422 for several fields at once."""
    return Problem(422, "invalid", INVALID, errors=errors)


def forbidden(detail: str | Words = "") -> Problem:
    """403: known, and not allowed to do this."""
    return Problem(403, "forbidden", detail)


def field_error(code: str, en: str, zh: str) -> PydanticCustomError:
    """What a validator of a field raises: a sentence in both languages under a stable code.

    ::

        raise field_error("not_a_currency", "must be of ISO 4217", "必须是 ISO 4217 货币")
    """
    return PydanticCustomError(code, "{en}", {"en": en, "zh": zh})


INVALID: Final = Words(
    "Some of what was sent is not valid; nothing was changed.",
    "提交的内容有误，未作任何更改。",
)

TITLES: Final[dict[str, Words]] = {
    "invalid": Words("Not valid", "内容无效"),
    "malformed_json": Words("Malformed JSON", "JSON 格式错误"),
    "malformed_address": Words("Malformed address", "地址格式错误"),
    "unauthorized": Words("A valid token is needed", "需要有效的令牌"),
    "forbidden": Words("Not allowed", "无权操作"),
    "not_found": Words("Not found", "未找到"),
    "method_not_allowed": Words("Method not allowed", "不支持该方法"),
    "body_too_large": Words("Body too large", "请求体过大"),
    "unsupported_media_type": Words("Unsupported content type", "不支持的内容类型"),
    "precondition_failed": Words("Changed in the meantime", "已被他人修改"),
    "precondition_required": Words("If-Match is needed", "需要 If-Match"),
    "idempotency_in_progress": Words("The same request is still running", "相同的请求仍在处理中"),
    "idempotency_key_reused": Words("The key was used for another request", "该键已用于其他请求"),
    "unavailable": Words("Not available now", "暂时不可用"),
    "internal": Words("Our fault", "服务器内部错误"),
}

_STATUS_TITLES: Final[dict[int, Words]] = {
    400: Words("Malformed request", "请求格式错误"),
    401: TITLES["unauthorized"],
    403: TITLES["forbidden"],
    404: TITLES["not_found"],
    405: TITLES["method_not_allowed"],
    409: Words("Not possible in the present state", "当前状态下无法进行"),
    410: Words("Gone", "已不存在"),
    412: TITLES["precondition_failed"],
    413: TITLES["body_too_large"],
    415: TITLES["unsupported_media_type"],
    422: TITLES["invalid"],
    428: TITLES["precondition_required"],
    429: Words("Too many requests", "请求过多"),
    500: TITLES["internal"],
    503: TITLES["unavailable"],
}
