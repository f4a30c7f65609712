"""Bodies that are no JSON, or JSON that readers understand differently, are a 4xx, never a 500."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from credentials import Keys, TokenMint
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from settable_clock import SettableClock
from shared.http import strict_json
from shared.problems import Problem
from toy_service import toy_app, toy_service

DEEP = 100_000

MALFORMED = {
    "nothing but a brace": b"{",
    "trailing comma": b'{"name": "oolong",}',
    "single quotes": b"{'name': 'oolong'}",
    "two documents": b'{"name": "oolong"} {"name": "assam"}',
    "raw control character": b'{"name": "oo\x01long"}',
    "raw NUL": b'{"name": "oo\x00long"}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "Big5": '{"name": "烏龍"}'.encode("big5"),
    "UTF-16": '{"name": "oolong"}'.encode("utf-16"),
    "surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "NaN": b'{"name": "oolong", "lids": NaN}',
    "Infinity": b'{"name": Infinity}',
    "-Infinity": b"[-Infinity]",
    "duplicate key": b'{"name": "oolong", "name": "assam"}',
    "duplicate key, escaped": b'{"name": "oolong", "n\\u0061me": "assam"}',
    "duplicate key, nested": b'{"name": "oolong", "lids": [{"grams": 1, "grams": 2}]}',
    "nested lists": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "opened only": b"[" * DEEP,
    "just over the depth": b"[" * 65 + b"]" * 65,
    "quotes only": b'"' * 9_999,
    "escaped quotes, unclosed": b'"' + b'\\"' * 4_900,
}

UNSTORABLE = {
    "NUL in a value": (b'{"name": "oo\\u0000long"}', "/name"),
    "NUL in a key": (b'{"na\\u0000me": "oolong"}', "/na\ufffdme"),
    "lone surrogate in a value": (b'{"name": "\\ud800"}', "/name"),
    "lone low surrogate": (b'{"name": "\\udc00x"}', "/name"),
    "surrogate in a key": (b'{"name": "x", "\\ud800": 1}', "/\ufffd"),
    "NUL deep inside": (b'{"name": "x", "lids": [{"colour": "\\u0000"}]}', "/lids/0/colour"),
    "5,000 digits": (b'{"name": ' + b"9" * 5_000 + b"}", "/name"),
    "too large for a float": (b'{"name": 1e400}', "/name"),
    "too small a float, endless": (b'{"name": 0.' + b"1" * 5_000 + b"}", "/name"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_json_is_400(client: TestClient, body: bytes) -> None:
    # Over the limit of the toy's routes the size would be the answer: read it directly.
    if len(body) > 10_000:
        with pytest.raises(Problem) as raised:
            strict_json.read(body)
        assert (raised.value.status, raised.value.code) == (400, "malformed_json")
        return
    answer = client.post("/v1/teas", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed_json"


@pytest.mark.parametrize(("body", "pointer"), UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_can_not_be_stored_is_422_with_a_pointer(
    client: TestClient, body: bytes, pointer: str
) -> None:
    answer = client.post("/v1/teas", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_place_of_a_syntax_error_is_told(client: TestClient) -> None:
    answer = client.post(
        "/v1/teas", content=b'{\n "name": oolong}', headers={"Content-Type": "application/json"}
    )
    assert "line 2, column 10" in answer.json()["detail"]


def test_a_duplicate_key_is_pointed_at(client: TestClient) -> None:
    body = b'{"name": "x", "lids": [{"grams": 1, "grams": 2}]}'
    answer = client.post("/v1/teas", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["errors"] == [
        {"pointer": "/lids/0/grams", "code": "duplicate_key", "message": "is there twice"}
    ]


def test_a_byte_order_mark_is_skipped(client: TestClient) -> None:
    body = b'\xef\xbb\xbf{"name": "oolong"}'
    answer = client.post("/v1/teas", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text


def test_characters_outside_the_plane_are_whole_as_escape_pairs(client: TestClient) -> None:
    answer = client.post(
        "/v1/teas",
        content=b'{"name": "\\ud83c\\udf75 \\u8336"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.json()["name"] == "🍵 茶"


def test_a_document_as_deep_as_allowed_is_read() -> None:
    assert strict_json.read(b"[" * 64 + b"]" * 64)


def test_brackets_inside_of_strings_are_not_depth() -> None:
    assert strict_json.read(json.dumps({"a": '[{"\\' * 1000}).encode())


def test_a_large_body_is_read_as_a_small_one(keys: Keys, clock: SettableClock) -> None:
    service = toy_service(keys, clock, app=toy_app(max_body=2_000_000))
    headers = {**TokenMint(keys, clock).header("ops"), "Content-Type": "application/json"}
    with TestClient(service.app) as client:
        for name, status in (('"a"', 201), ("NaN", 400), ('"\\u0000"', 422)):
            body = f'{{"name": {name}{" " * 1_000_000}}}'.encode()
            assert client.post("/v1/teas", content=body, headers=headers).status_code == status
    service.close()


def test_a_pointer_shortens_and_escapes_keys() -> None:
    assert strict_json.token("a/b~c") == "a~1b~0c"
    assert strict_json.token("x" * 1000) == "x" * 64 + "…"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**90), 10**90)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner
        )
    ),
    max_leaves=30,
)


@given(document=JSON, ascii_only=st.booleans())
@settings(deadline=None)
def test_everything_else_is_read_as_python_reads_it(document: object, ascii_only: bool) -> None:
    body = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert strict_json.read(body) == document


@given(body=st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    with suppress(Problem):
        strict_json.read(body)
