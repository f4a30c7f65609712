"""The text of a pack as it comes in: YAML as it is, or a text inside JSON."""

from dataclasses import dataclass
from email.message import Message as Headers
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from pydantic import Field, StringConstraints, ValidationError
from shared.http import Body, Text, strict_json
from shared.http.validation import errors_in
from shared.problems import FieldError, Problem, Words, invalid_fields

from contact_rules.domain.yaml_nodes import Complaint

JSON: Final = "application/json"
YAMLS: Final = ("application/yaml", "application/x-yaml", "text/yaml")
_MOST_COMPLAINTS: Final = 100


class PackBody(Body):
    """A pack in JSON."""

    text: Annotated[
        str, StringConstraints(min_length=1), Field(description="The YAML of the pack.")
    ]
    reason: Text | None = Field(default=None, description="Why it is needed; it is kept.")


@dataclass(frozen=True, slots=True)
class PackText:
    """What came: the pack, and where in the body it stands."""

    content: bytes
    reason: str | None
    pointer: str

    def problem(self, complaints: tuple[Complaint, ...]) -> Problem:
        """422 with everything that is wrong with it, by line."""
        return invalid_fields(told(complaints, self.pointer))


PACK_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A pack as `doorstep packs lint` takes it, in UTF-8, at most 4 MB.",
        "content": {
            YAMLS[0]: {"schema": {"type": "string"}},
            JSON: {"schema": PackBody.model_json_schema()},
        },
    }
}


def told(complaints: tuple[Complaint, ...], pointer: str) -> list[FieldError]:
    """What is wrong with packs, each with its file and line."""
    return [
        FieldError(pointer, "broken_pack", Words(_said(each, "en"), _said(each, "zh")))
        for each in complaints[:_MOST_COMPLAINTS]
    ]


async def pack_text(request: Request) -> PackText:
    """Dependency: the text in the body. Raises Problem 415, 400 and 422."""
    headers = Headers()
    headers["content-type"] = request.headers.get("content-type", "")
    media_type = headers.get_content_type() if request.headers.get("content-type") else ""
    charset = str(headers.get_param("charset", "") or "").strip().lower()
    if media_type not in (JSON, *YAMLS) or charset not in {"", "utf-8", "utf8", "us-ascii"}:
        raise Problem(
            415,
            "unsupported_media_type",
            Words(
                "Send application/yaml or application/json in UTF-8.",
                "请发送 UTF-8 编码的 application/yaml 或 application/json。",
            ),
            headers={"Accept": f"{YAMLS[0]}, {JSON}"},
        )
    content = await request.body()
    if media_type != JSON:
        return PackText(content, None, "")
    document = strict_json.read(content)
    try:
        body = PackBody.model_validate(document)
    except ValidationError as error:
        raise invalid_fields(errors_in(error.errors(), document)) from None
    return PackText(body.text.encode(), body.reason, "/text")


GivenPack = Annotated[PackText, Depends(pack_text)]


def _said(complaint: Complaint, language: str) -> str:
    remedy = f" ({complaint.suggestion})" if complaint.suggestion else ""
    line = f"第 {complaint.line} 行：" if language == "zh" else f"line {complaint.line}: "
    return f"{complaint.file}, {line}{complaint.what}{remedy}"
