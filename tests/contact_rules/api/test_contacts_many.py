"""Arrays and streams of contacts: good rows go in, bad ones are reported, nothing is half done."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from contact_rules.api import contact_stream, contacts
from rules_house import Debtor, House
from shared.http import streaming
from shared.http.streaming import Slots
from told_contacts import MONDAY, call, make_known, tell, withdrawal

NDJSON = "application/x-ndjson"


@pytest.fixture
def debtor(house: House) -> Debtor:
    debtor = Debtor()
    make_known(house, debtor)
    return debtor


def calls(debtor: Debtor, count: int) -> list[dict[str, Any]]:
    return [
        call(debtor, f"call-{n}", MONDAY - timedelta(minutes=3 * n)) for n in range(1, count + 1)
    ]


def ndjson(rows: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def stream(house: House, content: bytes | Iterator[bytes], **headers: str) -> Any:
    return house.client.post(
        "/v1/contacts",
        content=content,
        headers=house.header("lender", "northbank") | {"Content-Type": NDJSON} | headers,
    )


def count(house: House) -> int:
    return len(house.rows("ledger"))


def test_an_array_is_taken_row_by_row(house: House, debtor: Debtor) -> None:
    good = calls(debtor, 3)
    bad = [{"id": "call-8"}, "nonsense", good[0] | {"outcome": "sent"}, withdrawal("call-7")]
    rows = [
        good[0],
        bad[0],
        good[1],
        bad[1],
        good[0],
        bad[2],
        bad[3],
        good[2],
        withdrawal("call-3"),
    ]
    answer = tell(house, rows)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    errors = said.pop("errors")
    assert said == {
        "received": 9,
        "recorded": 3,
        "planned": 0,
        "corrected": 0,
        "withdrawn": 1,
        "duplicates": 1,
        "rejected": 4,
    }
    assert [(each["line"], each["id"], each["errors"][0]["code"]) for each in errors] == [
        (2, "call-8", "missing"),
        (4, None, "model_type"),
        (6, "call-1", "told_otherwise"),
        (7, "call-7", "unknown_contact"),
    ]
    assert count(house) == 4
    again = tell(house, rows).json()
    assert (again["recorded"], again["duplicates"], again["rejected"]) == (0, 5, 4)
    assert count(house) == 4


def test_an_array_has_its_limit(house: House, debtor: Debtor) -> None:
    assert tell(house, []).json()["received"] == 0
    answer = tell(house, [{}] * 1001)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_long")


def test_lines_are_taken_as_they_come(house: House, debtor: Debtor) -> None:
    rows = ndjson(calls(debtor, 1203))
    # CRLF, blank lines, a byte order mark, no last line feed.
    whole = b"\xef\xbb\xbf" + rows.replace(b"\n", b"\r\n\r\n").strip()
    pieces = (whole[at : at + 1000] for at in range(0, len(whole), 1000))
    said = stream(house, pieces).json()
    assert (said["received"], said["recorded"], said["rejected"]) == (1203, 1203, 0)
    assert count(house) == 1203
    said = stream(house, gzip.compress(rows), **{"Content-Encoding": "gzip"}).json()
    assert (said["recorded"], said["duplicates"]) == (0, 1203)
    assert count(house) == 1203


def test_bad_lines_are_reported_with_their_place(house: House, debtor: Debtor) -> None:
    good = ndjson(calls(debtor, 2)).splitlines()
    long = json.dumps({"id": "x" * 70_000}).encode()
    twice = b'{"id": "a", "id": "b"}'
    bad_utf8 = b'{"id": "\xff"}'
    lines = [good[0], b"{", long, b"", twice, bad_utf8, b'{"id": NaN}', good[1]]
    said = stream(house, b"\n".join(lines)).json()
    assert (said["received"], said["recorded"], said["rejected"]) == (7, 2, 5)
    assert [(each["line"], each["errors"][0]["code"]) for each in said["errors"]] == [
        (2, "malformed_json"),
        (3, "row_too_long"),
        (5, "duplicate_key"),
        (6, "malformed_json"),
        (7, "not_a_number"),
    ]


def test_only_the_first_errors_are_shown(
    house: House, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "MOST_ERRORS_SHOWN", 3)
    said = stream(house, b"{}\n" * 700).json()
    assert (said["received"], said["rejected"], len(said["errors"])) == (700, 700, 3)
    assert [each["line"] for each in said["errors"]] == [1, 2, 3]


def test_a_line_may_correct_one_before_it(house: House, debtor: Debtor) -> None:
    (first,) = calls(debtor, 1)
    corrected = first | {"outcome": "answered", "correction": {"reason": "wrong_code"}}
    said = stream(house, ndjson([first, corrected, first, withdrawal(), withdrawal()])).json()
    assert {name: said[name] for name in ("recorded", "corrected", "withdrawn", "duplicates")} == {
        "recorded": 1,
        "corrected": 1,
        "withdrawn": 1,
        "duplicates": 2,
    }
    assert [(row.kind, row.outcome) for row in house.rows("ledger", "seq")] == [
        ("attempted", "no_answer"),
        ("corrected", "answered"),
        ("corrected", None),
    ]


def test_what_came_whole_before_the_break_is_in(house: House, debtor: Debtor) -> None:
    rows = ndjson(calls(debtor, 700))
    squeezed = gzip.compress(rows, compresslevel=0)
    answer = stream(house, squeezed[:-2000], **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (422, "broken_gzip")
    assert count(house) == 500
    said = stream(house, squeezed, **{"Content-Encoding": "gzip"}).json()
    assert (said["recorded"], said["duplicates"]) == (200, 500)


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Content-Type": "text/csv"}, b"id\n1", 415, "unsupported_media_type"),
        ({"Content-Type": f"{NDJSON}; charset=big5"}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Encoding": "br"}, b"{}", 415, "unsupported_media_type"),
        ({"Content-Encoding": "gzip"}, b"{}", 422, "broken_gzip"),
        ({"Content-Type": "application/json"}, b"{", 400, "malformed_json"),
        ({"Content-Type": "application/json"}, b"", 400, "malformed_json"),
        ({"Content-Type": "application/json"}, b"3", 422, "invalid"),
    ],
)
def test_a_body_of_another_kind_is_refused(
    house: House, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    answer = stream(house, content, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_json_has_a_size(house: House, debtor: Debtor) -> None:
    body = b'["' + b"x" * contact_stream.LARGEST_JSON + b'"]'
    answer = stream(house, body, **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    bomb = gzip.compress(body)
    answer = stream(house, bomb, **{"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert answer.status_code == 413


def test_lines_have_a_number(house: House, debtor: Debtor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_stream, "MOST_LINES", 600)
    answer = stream(house, ndjson(calls(debtor, 601)))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert count(house) == 500


def test_a_stream_under_a_key_is_answered_once(house: House, debtor: Debtor) -> None:
    rows = ndjson(calls(debtor, 2))
    first = stream(house, rows, **{"Idempotency-Key": "night"})
    again = stream(house, rows, **{"Idempotency-Key": "night"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert again.json()["recorded"] == 2
    # The same key for another body: nothing of it is taken.
    other = stream(house, ndjson(calls(debtor, 3)), **{"Idempotency-Key": "night"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert count(house) == 2


def test_too_many_streams_wait_and_are_sent_away(
    house: House, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_PATIENCE_SECONDS", 0.1)
    with monkeypatch.context() as full:
        full.setattr(contact_stream, "_slots", Slots("too_many_uploads", at_once=0))
        answer = stream(house, b"")
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_uploads")
        assert tell(house, call(debtor)).status_code == 201
    assert stream(house, b"").json()["received"] == 0


def test_a_batch_costs_as_many_statements_as_a_row(
    house: House, debtor: Debtor, count_statements: Any
) -> None:
    others = [Debtor() for _ in range(40)]
    make_known(house, *others)
    tell(house, [call(debtor, "the first")])  # the packs in use are kept with it
    with count_statements(house.engine) as one:
        tell(house, [call(debtor)])
    with count_statements(house.engine) as many:
        tell(house, [call(each, f"call-{n}") for n, each in enumerate(others)])
    assert len(many) == len(one)
