"""Every refusal is a problem that says what is wrong, where, and in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from fastapi.testclient import TestClient
from shared.http import validation
from shared.http.language import preferred
from shared.problems import (
    FieldError,
    Problem,
    Words,
    conflict,
    forbidden,
    invalid,
    invalid_fields,
    not_found,
)
from toy_service import TEAPOT

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def test_a_problem_has_the_members_of_rfc_9457_and_a_code() -> None:
    assert Problem(409, "plan_active", "A plan is active.").document() == {
        "type": "/problems/plan-active",
        "title": "Not possible in the present state",
        "status": 409,
        "detail": "A plan is active.",
        "code": "plan_active",
    }


def test_the_short_ways_to_refuse() -> None:
    assert not_found("case").status == 404
    assert not_found("case").document()["detail"] == "There is no such case."
    assert not_found(Words("case", "案件")).document("zh")["detail"] == "没有此案件。"
    assert conflict("stale", "Older.").status == 409
    assert forbidden().document()["detail"] == "Not allowed"
    assert invalid("/a", "absurd", "is absurd").document()["errors"] == [
        {"pointer": "/a", "code": "absurd", "message": "is absurd"}
    ]
    two = invalid_fields([FieldError("/a", "x", "x"), FieldError("/b", "y", Words("y", "丫"))])
    assert [each["message"] for each in two.document("zh")["errors"]] == ["x", "丫"]


INVALID = {
    "missing": ({}, "/name", "missing", "is missing", "缺少该字段"),
    "unknown": ({"name": "a", "sort": 1}, "/sort", "unknown_field", "exists here", "没有该字段"),
    "wrong type": ({"name": 5}, "/name", "string_type", "must be text", "必须是文本"),
    "blank": ({"name": "   "}, "/name", "string_too_short", "at least 1", "至少需要 1"),
    "invisible": ({"name": "\u200b\u2060"}, "/name", "blank", "blank", "空白"),
    "bell": ({"name": "a\u0007"}, "/name", "control_character", "control", "控制字符"),
    "too long": ({"name": "x" * 501}, "/name", "string_too_long", "at most 500", "最多 500"),
    "flag as number": ({"name": "a", "sugar": 1}, "/sugar", "bool_type", "true or", "true 或"),
    "number as flag": (
        {"name": "a", "lids": [{"colour": "blue", "grams": True}]},
        "/lids/0/grams", "int_type", "whole number", "整数",
    ),
    "number as text": (
        {"name": "a", "lids": [{"colour": "blue", "grams": "3"}]},
        "/lids/0/grams", "int_type", "whole number", "整数",
    ),
    "too small": (
        {"name": "a", "lids": [{"colour": "blue", "grams": -1}]},
        "/lids/0/grams", "greater_than_equal", "at least 1", "不得小于 1",
    ),
    "absurd": (
        {"name": "a", "lids": [{"colour": "blue", "grams": 10**90}]},
        "/lids/0/grams", "less_than_equal", "at most 500", "不得大于 500",
    ),
    "choice": (
        {"name": "a", "lids": [{"colour": "red", "grams": 1}]},
        "/lids/0/colour", "literal_error", "'blue' or 'green'", "'blue' 或 'green'",
    ),
    "too many": (
        {"name": "a", "lids": [{"colour": "blue", "grams": 1}] * 4},
        "/lids", "too_long", "at most 3", "最多 3",
    ),
    "list as object": ({"name": "a", "lids": {}}, "/lids", "list_type", "list", "数组"),
    "in a union": (
        {"name": "a", "made": {"kind": "bag", "bags": "x"}},
        "/made/bags", "int_type", "whole number", "整数",
    ),
    "missing in a union": (
        {"name": "a", "made": {"kind": "leaf"}}, "/made/spoons", "missing", "missing", "缺少",
    ),
    "no such member": (
        {"name": "a", "made": {"kind": "brick"}},
        "/made", "union_tag_invalid", "'bag', 'leaf'", "'bag', 'leaf'",
    ),
    "no member named": (
        {"name": "a", "made": {}}, "/made", "union_tag_not_found", "which kind", "类型",
    ),
    "not an object": ([1], "", "model_attributes_type", "object", "对象"),
    "null": (None, "", "missing", "missing", "缺少"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "pointer", "code", "en", "zh"), INVALID.values(), ids=INVALID)
def test_an_invalid_field_is_pointed_at_in_both_languages(
    client: TestClient, body: object, pointer: str, code: str, en: str, zh: str
) -> None:
    for language, words in (("en", en), ("zh-TW", zh)):
        answer = client.post("/v1/teas", json=body, headers={"Accept-Language": language})
        assert answer.status_code == 422, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
        assert words in error["message"]


def test_all_that_is_wrong_is_told_at_once(client: TestClient) -> None:
    answer = client.post("/v1/teas", json={"name": "", "code": "-", "sugar": 3})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/name", "/code", "/sugar"]


def test_nothing_that_was_sent_is_quoted(client: TestClient) -> None:
    secret = "A123456789"
    body = {
        "name": secret * 60,
        "code": f"-{secret}",
        "sugar": secret,
        "brewed_at": secret,
        "picked_on": secret,
        "lids": [{"colour": secret, "grams": secret}],
        "made": {"kind": secret},
    }
    answer = client.post("/v1/teas", json=body)
    assert answer.status_code == 422
    assert secret not in answer.text
    assert len(answer.json()["errors"]) == 8
    assert secret not in client.get(f"/v1/teas/{secret}").text
    assert secret not in client.get(f"/v1/teas?limit={secret}&cursor={secret}").text
    assert secret not in client.get(f"/nowhere/{secret}").text


def test_a_missing_body_is_pointed_at(client: TestClient) -> None:
    answer = client.post("/v1/teas")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "code": "missing", "message": "is missing"}]


def test_an_id_that_is_none_is_422_and_one_that_is_nobodys_404(client: TestClient) -> None:
    answer = client.get("/v1/teas/not-an-id")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "{tea_id}"
    assert answer.json()["errors"][0]["message"] == "must be a UUID"
    answer = client.get("/v1/teas/01900000-0000-7000-8000-000000000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_refusal_of_the_domain_is_its_status_code_and_sentence(client: TestClient) -> None:
    answer = client.post("/v1/breakages/boiled-dry")
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "/problems/kettle-boiled-dry",
        "title": "Boiled dry",
        "status": 409,
        "detail": "The kettle has no water left.",
        "code": "kettle_boiled_dry",
    }
    chinese = client.post("/v1/breakages/boiled-dry", headers={"Accept-Language": "zh"}).json()
    assert (chinese["title"], chinese["detail"]) == ("烧干", "水壶已烧干。")


def test_a_refusal_has_the_status_of_its_parent_unless_it_has_its_own(client: TestClient) -> None:
    answer = client.post("/v1/breakages/missing")
    assert (answer.status_code, answer.json()["code"]) == (409, "kettle_missing")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-Hant-TW,zh;q=0.9", "zh"),
        ("ZH-cn", "zh"),
        ("en-GB,zh;q=0.8", "en"),
        ("zh;q=0.8,en;q=0.7", "zh"),
        ("zh;q=0.7,en;q=0.8", "en"),
        ("fr,zh;q=0.2", "zh"),
        ("zh,en", "zh"),
        ("en,zh", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
        ("zh;q=nan", "en"),
        ("*", "en"),
        (";;;,,,", "en"),
        ("zh" * 100_000, "en"),
    ],
)
def test_the_language_is_chinese_only_if_it_is_wanted_more(
    header: str | None, language: str
) -> None:
    assert preferred(header) == language


def test_endpoints_can_ask_for_the_language(client: TestClient) -> None:
    answer = client.get(f"/v1/teas/{TEAPOT}", headers={"Accept-Language": "zh"})
    assert answer.json()["speaks"] == "zh"


def test_the_language_of_an_answer_is_named(client: TestClient) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": "zh"})
    assert answer.headers["Content-Language"] == "zh"
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("kind", sorted(validation.known_kinds()))
def test_each_sentence_can_be_said_of_what_pydantic_tells(kind: str) -> None:
    from pydantic_core import PydanticKnownError
    from pydantic_core._pydantic_core import list_all_errors

    [known] = [each for each in list_all_errors() if each["type"] == kind]
    error = PydanticKnownError(kind, known.get("example_context"))
    said = validation.errors_in(
        [{"type": kind, "loc": ("x",), "msg": "", "input": None, "ctx": error.context or {}}],
        {"x": None},
    )
    assert isinstance(said[0].message, Words)
    for words in (said[0].message.en, said[0].message.zh):
        assert words
        assert "{" not in words


def _told(kind: str, **context: object) -> Words:
    found = {"type": kind, "loc": ("x",), "msg": "", "input": None, "ctx": context}
    [error] = validation.errors_in([cast("ErrorDetails", found)], {"x": None})
    assert isinstance(error.message, Words)
    return error.message


def test_a_list_of_allowed_words_is_told_whole() -> None:
    words = [f"'word_{number}'" for number in range(60)]
    expected = ", ".join(words[:-1]) + " or " + words[-1]
    told = _told("enum", expected=expected)
    assert told.en == f"must be {expected}"
    assert told.zh == f"必须是 {expected.replace(' or ', ' 或 ')}"


def test_what_is_too_long_to_be_read_ends_at_a_word_and_is_seen_to_go_on() -> None:
    words = [f"'word_{number}'" for number in range(1000)]
    told = _told("enum", expected=", ".join(words))
    assert len(told.en) < 1100
    *whole, last = told.en.removeprefix("must be ").split(", ")
    assert whole == words[: len(whole)]
    assert last == "…"
    # Where there is no word to end at, anywhere.
    assert _told("string_pattern_mismatch", pattern="x" * 5000).en.endswith("xxx …")


def test_a_row_of_a_file_gets_pointers_below_its_own() -> None:
    from pydantic import ValidationError
    from toy_service import Tea

    row = {"name": "a", "lids": [{"colour": "blue"}]}
    with pytest.raises(ValidationError) as raised:
        Tea.model_validate(row)
    [error] = validation.errors_in(raised.value.errors(), row, under="/7")
    assert error.pointer == "/7/lids/0/grams"
