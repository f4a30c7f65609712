"""Files of accounts are read row by row, and what can't be read is reported where it stands."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator

import pytest
from cases.domain.import_csv import BrokenHeader, Kind, Shape, read_csv
from cases.domain.import_file import (
    BadRow,
    FileRefused,
    Row,
    StillCompressed,
    WrongEncoding,
    opened,
)
from cases.domain.import_json import NotAnArray, read_json_array, read_ndjson

LONGEST = 300
SHAPE: Shape = {
    "external_id": Kind.TEXT,
    "debtor": {"name": Kind.TEXT},
    "addresses": ({"country": Kind.TEXT, "latitude": Kind.NUMBER},),
    "extra": Kind.FREE,
}
SIZES = (1, 2, 3, 7, 64, 100_000)
Read = Callable[[Iterable[bytes]], Iterator[Row | BadRow]]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def seen(rows: Iterable[Row | BadRow]) -> list[tuple[int, object]]:
    """Line and content, or line and code, as short as a test can say it."""
    return [
        (row.line, json.loads(row.content) if isinstance(row, Row) else row.fault.code)
        for row in rows
    ]


def read(reader: Read, data: bytes | str) -> list[tuple[int, object]]:
    """What a reader makes of a file: the same however it is cut into chunks."""
    raw = data.encode() if isinstance(data, str) else data
    answers = [seen(reader(opened(pieces(raw, size)))) for size in SIZES]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def ndjson(data: bytes | str) -> list[tuple[int, object]]:
    return read(lambda chunks: read_ndjson(chunks, LONGEST), data)


def array(data: bytes | str) -> list[tuple[int, object]]:
    return read(lambda chunks: read_json_array(chunks, LONGEST), data)


def csv(data: bytes | str) -> list[tuple[int, object]]:
    return read(lambda chunks: read_csv(chunks, LONGEST, SHAPE), data)


class TestNdjson:
    def test_a_row_is_a_line(self) -> None:
        assert ndjson('{"a":1}\n{"a":2}') == [(1, {"a": 1}), (2, {"a": 2})]

    def test_crlf_blank_lines_and_a_byte_order_mark_are_nothing(self) -> None:
        assert ndjson('\ufeff{"a":1}\r\n\r\n   \n{"a":2}\r\n') == [(1, {"a": 1}), (4, {"a": 2})]

    def test_an_empty_file_has_no_rows(self) -> None:
        assert ndjson("") == ndjson("\n\n") == ndjson("\ufeff") == []

    def test_an_endless_line_costs_itself_and_no_memory(self) -> None:
        endless = b'{"a":"' + b"x" * 100_000 + b'"}'
        assert ndjson(b'{"a":1}\n' + endless + b'\n{"a":2}') == [
            (1, {"a": 1}),
            (2, "row_too_long"),
            (3, {"a": 2}),
        ]
        assert ndjson(endless) == [(1, "row_too_long")]

    def test_a_line_is_not_judged_here(self) -> None:
        rows = list(read_ndjson([b'{"a":NaN,\xff\n'], LONGEST))
        assert rows == [Row(1, b'{"a":NaN,\xff')]


class TestArray:
    @pytest.mark.parametrize("nothing", ["[]", " [ ] \n", "\ufeff[\n]"])
    def test_an_empty_array_has_no_rows(self, nothing: str) -> None:
        assert array(nothing) == []

    @pytest.mark.parametrize("other", ["", " ", "{}", '"[]"', "nul", "external_id,product"])
    def test_what_is_no_array_is_refused(self, other: str) -> None:
        with pytest.raises(NotAnArray):
            array(other)

    def test_rows_are_numbered_by_their_place(self) -> None:
        assert array('[{"a":1},\n\n{"a":\n 2},3]') == [(1, {"a": 1}), (2, {"a": 2}), (3, 3)]

    def test_a_row_keeps_the_text_it_was_written_in(self) -> None:
        text = b'{"a":1.10,"a":NaN,\n"b":"\\u0000 \xe5\x93\x88"}'
        assert list(read_json_array([b"[", text, b"]"], LONGEST)) == [
            Row(1, text.replace(b"\n", b" "))
        ]

    @pytest.mark.parametrize(
        ("broken", "place", "where"),
        [
            ('[{"a":1},\n{"a":2]', 2, "line 2, column 7"),
            ('[{"a":1} {"a":2}]', 2, "line 1, column 10"),
            ('[{"a":1},', 2, "line 1, column 10"),
            ('[{"a":1}', 2, "line 1, column 9"),
            ("[1,]", 2, "line 1, column 4"),
            ('[{"a":1},\n\n  nul, {}]', 2, "line 3, column 3"),
            ('[{"a":1}] {"a":2}', 2, "line 1, column 11"),
            (b'[{"a":1}, "\xff"]', 2, "line 1, column 12"),
            (b'[{"a":1}]\xff', 2, "line 1, column 10"),
            ('[{"a":1}, "a\nb"]', 2, "line 1, column 13"),
            ("[,1]", 1, "line 1, column 2"),
            ("[", 1, "line 1, column 2"),
        ],
    )
    def test_rows_before_a_break_count_and_the_break_is_told(
        self, broken: str | bytes, place: int, where: str
    ) -> None:
        rows = array(broken)
        assert [line for line, _ in rows] == list(range(1, place + 1))
        assert rows[-1] == (place, "broken_json")
        raw = broken.encode() if isinstance(broken, str) else broken
        *_, last = read_json_array([raw], LONGEST)
        assert isinstance(last, BadRow)
        assert where in last.fault.en
        line, column = where.replace(",", "").split()[1::2]
        assert f"第 {line} 行第 {column} 列" in last.fault.zh

    def test_a_break_far_before_the_end_is_told_at_its_place(self) -> None:
        rest = ",".join(['{"a":1}'] * 1000)
        *_, last = read_json_array([f'[{{"a":1}},{{"a":x}},{rest}]'.encode()], LONGEST)
        assert isinstance(last, BadRow)
        assert "line 1, column 15" in last.fault.en

    def test_an_endless_or_bottomless_element_ends_the_reading(self) -> None:
        assert array('[{"a":1},"' + "x" * 10_000) == [(1, {"a": 1}), (2, "broken_json")]
        assert array('[{"a":1},' + "[" * 10_000) == [(1, {"a": 1}), (2, "broken_json")]
        deep = b"[" * 100_000
        assert seen(read_json_array([b"[", deep], 10**6)) == [(1, "broken_json")]

    def test_no_more_than_a_row_is_held(self) -> None:
        taken = 0

        def chunks() -> Iterator[bytes]:
            nonlocal taken
            yield b'["'
            for _ in range(10_000):
                taken += 1
                yield b"x" * 100

        assert seen(read_json_array(chunks(), LONGEST)) == [(1, "broken_json")]
        assert taken < 10


HEADER = "external_id,debtor.name,addresses.0.country,addresses.0.latitude\n"


class TestCsv:
    def test_dots_and_numbers_make_an_account(self) -> None:
        assert csv(HEADER + "A-1,Wu,TW,25.5\r\nA-2,Ng,CN,25") == [
            (2, {"external_id": "A-1", "debtor": {"name": "Wu"},
                 "addresses": [{"country": "TW", "latitude": 25.5}]}),
            (3, {"external_id": "A-2", "debtor": {"name": "Ng"},
                 "addresses": [{"country": "CN", "latitude": 25}]}),
        ]  # fmt: skip

    def test_columns_stand_in_any_order_and_gaps_close(self) -> None:
        text = "addresses.10.country,addresses.2.country,external_id\nJP,TW,A-1\nJP,,A-2"
        assert csv(text) == [
            (2, {"external_id": "A-1", "addresses": [{"country": "TW"}, {"country": "JP"}]}),
            (3, {"external_id": "A-2", "addresses": [{"country": "JP"}]}),
        ]

    def test_an_empty_cell_says_nothing(self) -> None:
        assert csv(HEADER + "A-1,, ,\n") == [(2, {"external_id": "A-1"})]

    def test_the_lenders_own_fields_keep_their_names(self) -> None:
        assert csv("external_id,extra.branch,extra.0,extra.a.b\nA-1,017,x,y") == [
            (2, {"external_id": "A-1", "extra": {"branch": "017", "0": "x", "a.b": "y"}})
        ]

    def test_a_column_that_does_not_exist_is_in_every_row(self) -> None:
        text = "external_id,colour,debtor.nmae,debtor.name.first\nA-1,,,\nA-2,red,,"
        assert csv(text) == [
            (2, {"external_id": "A-1", "colour": None,
                 "debtor": {"nmae": None, "name": {"first": None}}}),
            (3, {"external_id": "A-2", "colour": "red",
                 "debtor": {"nmae": None, "name": {"first": None}}}),
        ]  # fmt: skip

    def test_what_is_no_number_stays_what_it_is(self) -> None:
        rows = csv(HEADER + "A,B,TW,north\nA,B,TW,1e3\nA,B,TW,NaN\nA,B,TW,1e999\n")
        assert [row["addresses"][0]["latitude"] for _, row in rows] == [  # type: ignore[index]
            "north",
            1000,
            "NaN",
            "1e999",
        ]

    def test_quotes_hold_commas_quotes_and_line_ends(self) -> None:
        text = 'external_id,debtor.name\n"A-1","Wu ""Bo""\n, the first"\nA-2,Ng\n'
        assert csv(text) == [
            (2, {"external_id": "A-1", "debtor": {"name": 'Wu "Bo"\n, the first'}}),
            (4, {"external_id": "A-2", "debtor": {"name": "Ng"}}),
        ]

    def test_a_byte_order_mark_and_blank_lines_are_nothing(self) -> None:
        assert csv("\ufeff\r\nexternal_id\r\n\r\nA-1\r\n") == [(4, {"external_id": "A-1"})]

    @pytest.mark.parametrize(
        ("bad", "code"),
        [
            ("A-1", "ragged_row"),
            ("A-1,Wu,more", "ragged_row"),
            ('A-1,"Wu', "open_quote"),
            ('A-1,5" pipe', "open_quote"),
            ('A-1,"Wu" Bo', "broken_csv"),
            ("A-1,Wu\rA-2,Ng", "broken_csv"),
            (b"A-1,\xa7d", "not_utf8"),
            ("A-1," + "x" * 1000, "row_too_long"),
        ],
    )
    def test_a_broken_row_costs_no_other(self, bad: str | bytes, code: str) -> None:
        raw = bad.encode() if isinstance(bad, str) else bad
        good = b"".join(b"G-%d,Lin\n" % number for number in range(100))
        rows = csv(b"external_id,debtor.name\n" + good + raw + b"\n" + good)
        assert [row for row in rows if isinstance(row[1], str)] == [(102, code)]
        assert len(rows) == 201

    def test_two_broken_rows_cost_none_between_them(self) -> None:
        for bad in ('B,"x', 'B,x"', 'B,"x"y"'):
            rows = csv(f"external_id,debtor.name\n{bad}\nA-1,Wu\nA-2,Ng\n{bad}\nA-3,Lin\n")
            taken = [row["external_id"] for _, row in rows if isinstance(row, dict)]
            assert taken == ["A-1", "A-2", "A-3"]
            assert [line for line, row in rows if isinstance(row, str)] == [2, 5]

    def test_a_quote_that_joins_rows_is_found_by_their_width(self) -> None:
        text = 'external_id,debtor.name,extra.a\nB-1,"x,\nA-1,Wu,1\nB-2,y",\nA-2,Ng,2\n'
        assert [(line, row) for line, row in csv(text) if isinstance(row, str)] == []
        wider = text.replace('y",', 'y"')
        assert [(line, row if isinstance(row, str) else row["external_id"])  # type: ignore[index]
                for line, row in csv(wider)] == [
            (2, "ragged_row"), (3, "A-1"), (4, "open_quote"), (5, "A-2"),
        ]  # fmt: skip

    def test_a_nul_is_left_to_the_judge_of_rows(self) -> None:
        assert csv("external_id\nA\0B\n") == [(2, {"external_id": "A\0B"})]

    def test_a_header_alone_has_no_rows(self) -> None:
        assert csv(HEADER) == csv(HEADER.strip()) == []

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            ("", "empty"),
            ("\n\n", "empty"),
            ("id;debtor.name", "external_id"),
            ("debtor.name", "external_id"),
            ("external_id,", "Column 2"),
            ("external_id,external_id", "Column 2"),
            ("external_id,addresses.0.country,addresses.00.country", "Column 3"),
            ("external_id,debtor,debtor.name", "columns 2, 3"),
            ("external_id,addresses.first.country", "Column 2"),
            ("external_id,addresses.-1.country", "Column 2"),
            ("external_id,addresses.٣.country", "Column 2"),
            ('"external_id', "never closed"),
            ("external_id\rA-1", "misplaced"),
            (b"external_id,\xa7", "UTF-8"),
            ("external_id," + ",".join(f"x{number}" for number in range(3000)), "longer"),
        ],
    )
    def test_a_header_that_can_not_be_read_refuses_the_file(
        self, header: str | bytes, says: str
    ) -> None:
        with pytest.raises(BrokenHeader, match=says) as refused:
            csv(header)
        assert refused.value.code == "broken_header"
        assert refused.value.zh


class TestFile:
    def test_other_encodings_are_named(self) -> None:
        for encoding, name in (("utf-16", "UTF-16"), ("utf-16-be", None), ("utf-32", "UTF-")):
            data = "external_id".encode(encoding)
            if name is None:
                data = b"\xfe\xff" + data
            with pytest.raises(WrongEncoding, match=name or "UTF-16"):
                opened([data])

    def test_gzip_that_was_not_announced_is_named(self) -> None:
        with pytest.raises(StillCompressed):
            opened([gzip.compress(b"external_id")])

    def test_every_refusal_has_a_code_and_both_languages(self) -> None:
        kinds = [FileRefused, *FileRefused.__subclasses__()]
        assert len({kind.code for kind in kinds}) == len(kinds)
