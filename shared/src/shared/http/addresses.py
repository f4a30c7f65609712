"""Addresses before anyone routes them: broken encodings and control characters are refused."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.problems import Problem, Words

_BROKEN_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# Decoded it would separate; some gateways decode it and some do not.
_ENCODED_SLASH: Final = re.compile(rb"%2[Ff]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


class Addresses:
    """ASGI middleware: 400 for an address that two readers might understand differently.

    A NUL can't be stored, a half character would silently become another one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw_path = scope.get("raw_path")
            path = raw_path if raw_path is not None else scope["path"].encode("utf-8", "replace")
            path = path.partition(b"?")[0]
            if _ENCODED_SLASH.search(path):
                raise _malformed(
                    "A slash inside a name can't be part of an address; look for it in the list.",
                    "名称中的斜杠不能作为地址的一部分，请改用列表查询。",
                )
            _refuse_broken(path)
            _refuse_broken(scope.get("query_string", b"").replace(b"+", b" "))
        await self._app(scope, receive, send)


def _refuse_broken(encoded: bytes) -> None:
    try:
        decoded = unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError:
        decoded = "\0"
    if _BROKEN_PERCENT.search(encoded) or _CONTROL.search(decoded):
        raise _malformed(
            "The address holds a broken percent-encoding or a control character.",
            "地址中含有错误的百分号编码或控制字符。",
        )


def _malformed(en: str, zh: str) -> Problem:
    return Problem(400, "malformed_address", Words(en, zh))
