"""ETags of what people edit, and `If-Match`, so that nobody overwrites what he has not seen."""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Header

from shared.problems import Problem, Words, invalid

_TAGS: Final = re.compile(r'\s*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*|$))+')
_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LONGEST: Final = 4096


def etag(*version: object) -> str:
    """A strong ETag, quotes included, that changes when any part of ``version`` does."""
    text = "\x1f".join(str(part) for part in version)
    return f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The condition a caller put on its update. From the dependency `if_match`."""

    tags: frozenset[str] | None
    """The tags named; None if there is no condition."""

    anything: bool = False

    def check(self, current: str, *, required: bool = False) -> None:
        """Raise Problem 412 unless ``current`` is among the tags; 428 if a condition is required.

        Call it after the row was locked, or another update may slip in between.
        """
        if self.anything:
            return
        if self.tags is None:
            if required:
                raise Problem(428, "precondition_required", _REQUIRED)
            return
        if current not in self.tags:
            raise Problem(412, "precondition_failed", _CHANGED, headers={"ETag": current})


async def if_match(
    given: Annotated[
        str | None,
        Header(alias="If-Match", description="The `ETag` of the read this update is based on."),
    ] = None,
) -> IfMatch:
    """Dependency of updates made by people. Raises Problem 422 if the header is malformed."""
    if given is None:
        return IfMatch(None)
    if given.strip() == "*":
        return IfMatch(frozenset(), anything=True)
    if len(given) > _LONGEST or not _TAGS.fullmatch(given):
        raise invalid(
            "#If-Match",
            "not_an_etag",
            Words("must be `*` or quoted ETags", "必须是 `*` 或带引号的 ETag"),
        )
    # Weak tags never match here (RFC 9110, 13.1.1).
    return IfMatch(frozenset(tag for weak, tag in _TAG.findall(given) if not weak))


_REQUIRED: Final = Words(
    "Send `If-Match` with the ETag of what you read.", "请在 `If-Match` 中提供所读取内容的 ETag。"
)
_CHANGED: Final = Words(
    "It was changed since you read it; read it again.", "内容在您读取之后已被修改，请重新读取。"
)
