"""One row of an import: the account a lender writes in a file, judged as ``PUT accounts`` would."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from shared.http import strict_json
from shared.http.validation import errors_in
from shared.problems import FieldError, Problem, Words, say

from cases.api.account_body import AccountBody, account_of
from cases.api.fields import ExternalId
from cases.domain.account import Account
from cases.domain.account_import import RefusedRow
from cases.domain.import_csv import Kind, Shape
from cases.domain.import_file import Row
from cases.domain.refusal import Fault, Unacceptable

_LONGEST_SHOWN: Final = 128


class ImportedAccount(AccountBody):
    """A row: the body of ``PUT /v1/accounts/{external_id}`` with the id inside."""

    external_id: ExternalId


_ROW: Final = TypeAdapter(ImportedAccount)


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row that may be taken."""

    line: int
    external_id: str
    account: Account


def judge(row: Row, now: datetime) -> GoodRow | RefusedRow:
    """The account a row states, or everything wrong with it."""
    try:
        document = strict_json.read(row.content)
    except Problem as problem:
        found = problem.errors or [FieldError("", problem.code, _of_a_row(problem.said))]
        return RefusedRow(row.line, None, tuple(_fault(each) for each in found))
    try:
        body = _ROW.validate_python(document)
        return GoodRow(row.line, body.external_id, account_of(body, now))
    except ValidationError as error:
        found = errors_in(error.errors(include_url=False, include_input=False), document)
        return RefusedRow(row.line, _shown_id(document), tuple(_fault(each) for each in found))
    except Unacceptable as refusal:
        return RefusedRow(row.line, _shown_id(document), refusal.faults)


def _fault(error: FieldError) -> Fault:
    return Fault(error.pointer, error.code, say(error.message, "en"), say(error.message, "zh"))


def _of_a_row(said: str | Words) -> Words:
    """What strict reading says of a body, said of a row."""
    return Words(
        say(said, "en").replace("The body", "The row"), say(said, "zh").replace("请求体", "该行")
    )


def _shown_id(document: Any) -> str | None:
    given = document.get("external_id") if isinstance(document, dict) else None
    if isinstance(given, str) and given.isprintable() and len(given) <= _LONGEST_SHOWN:
        return given
    return None


@cache
def csv_shape() -> Shape:
    """What columns a CSV file may have, read off the body so that the two can't drift apart."""
    schema = ImportedAccount.model_json_schema()
    return _shape(schema, schema.get("$defs", {}))


def _shape(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Shape:
    if "$ref" in schema:
        return _shape(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        shapes = [_shape(each, named) for each in schema["anyOf"] if each.get("type") != "null"]
        return shapes[0]
    if "properties" in schema:
        return {name: _shape(each, named) for name, each in schema["properties"].items()}
    kind = schema.get("type")
    if kind == "array":
        return (_shape(schema["items"], named),)
    if kind == "object":
        return Kind.FREE
    if kind in {"number", "integer"}:
        return Kind.NUMBER
    return Kind.BOOLEAN if kind == "boolean" else Kind.TEXT
