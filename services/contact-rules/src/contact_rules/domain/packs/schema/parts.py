"""The building blocks of the schema: words, texts, numbers, lists and mappings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
NAME: Final[Schema] = {"type": ["string", "number"]}
"""An id. Where it looks like a number, that is how an editor reads it."""
DATE: Final[Schema] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
MOMENT: Final[Schema] = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?([+-][0-9:]+|Z)?$",
}
TRUE_OR_FALSE: Final[Schema] = {"type": "boolean"}


def said(schema: Schema, words: str) -> Schema:
    """The schema with a sentence that editors show."""
    return {**schema, "description": words}


def reference(name: str) -> Schema:
    """What stands under that name in the definitions."""
    return {"$ref": f"#/definitions/{name}"}


def one_of(words: Iterable[str]) -> Schema:
    return {"enum": [str(word) for word in words]}


def matching(pattern: re.Pattern[str] | str) -> Schema:
    text = pattern if isinstance(pattern, str) else pattern.pattern
    return {"type": "string", "pattern": f"^({text})$"}


def number(*, least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": 99_999}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def some_of(words: Iterable[str]) -> Schema:
    """A list of known words, one of them at least."""
    return list_of(one_of(words))


def mapping(
    fields: Mapping[str, Schema],
    *,
    required: Iterable[str] = (),
    names: Iterable[str] | None = None,
    least: int = 0,
) -> Schema:
    """A mapping of these fields and no others. `names`: those that the reader of it knows, which
    must be the same."""
    if names is not None and set(fields) != set(names):
        raise AssertionError(f"the schema and its reader differ: {set(fields) ^ set(names)}")
    found: Schema = {
        "type": "object",
        "properties": {str(name): schema for name, schema in fields.items()},
        "additionalProperties": False,
    }
    if needed := [str(name) for name in required]:
        found["required"] = needed
    if least:
        found["minProperties"] = least
    return found


def just_one(fields: Mapping[str, Schema]) -> Schema:
    """A mapping of exactly one of these fields."""
    return mapping(fields) | {"minProperties": 1, "maxProperties": 1}
