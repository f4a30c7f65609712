"""The rows of a file of accounts: good ones go in, bad ones are reported, none is half done."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cases.api import import_loop
from import_desk import CSV, JSON, NDJSON, PATH, Desk, account, as_csv, csv_row, ndjson


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """The counters of an import that are not zero."""
    names = ("received", "created", "updated", "unchanged", "stale", "rejected", "processed")
    return {name: answer[name] for name in names if answer[name]}


class TestGoodRows:
    def test_every_format_says_the_same(self, desk: Desk) -> None:
        rows = [account(number) for number in range(3)]
        done = desk.import_all(ndjson(*rows))
        assert counts(done) == {"received": 3, "created": 3, "processed": 3}
        for content, media_type in (
            (json.dumps(rows), JSON),
            (json.dumps(rows, indent=2), JSON),
            (as_csv(*[csv_row(number) for number in range(3)]), CSV),
            (b"\xef\xbb\xbf" + as_csv(*[csv_row(number) for number in range(3)]), CSV),
        ):
            done = desk.import_all(content, media_type)
            assert counts(done) == {"received": 3, "unchanged": 3, "processed": 3}

    @pytest.mark.parametrize("media_type", [NDJSON, JSON, CSV, "text/csv; charset=UTF-8"])
    def test_each_may_be_compressed(self, desk: Desk, media_type: str) -> None:
        plain = {
            NDJSON: ndjson(account()),
            JSON: json.dumps([account()]).encode(),
        }.get(media_type, as_csv(csv_row()))
        for content, encoding in (
            (gzip.compress(plain), "gzip"),
            (gzip.compress(plain), "x-gzip"),
            (plain, "identity"),
        ):
            headers = {"Content-Encoding": encoding}
            done = desk.import_all(content, media_type, headers=headers)
            assert done["rejected"] == 0
            assert done["received"] == 1

    def test_the_same_file_again_changes_nothing(self, desk: Desk) -> None:
        content = ndjson(*[account(number) for number in range(1100)])
        desk.import_all(content)
        events = desk.count("outbox")
        done = desk.import_all(content)
        assert counts(done) == {"received": 1100, "unchanged": 1100, "processed": 1100}
        assert desk.count("account") == 1100
        assert desk.count("outbox") == events

    def test_the_answer_tells_where_progress_is(self, desk: Desk) -> None:
        answer = desk.push(ndjson(account()))
        assert answer.status_code == 202
        body = answer.json()
        assert answer.headers["Location"] == f"/cases{PATH}/{body['id']}"
        assert (body["status"], body["received"], body["processed"]) == ("running", 1, 0)
        assert desk.get(f"{PATH}/{body['id']}").json() == body
        desk.work_off()
        done = desk.get(f"{PATH}/{body['id']}").json()
        assert (done["status"], done["processed"]) == ("done", 1)
        assert done["finished_at"] is not None

    @pytest.mark.parametrize(
        ("nothing", "media_type"),
        [("", NDJSON), ("\n\n", NDJSON), ("[]", JSON), ("external_id,as_of\n", CSV)],
    )
    def test_a_file_without_rows_is_done_at_once(
        self, desk: Desk, nothing: str, media_type: str
    ) -> None:
        answer = desk.push(nothing, media_type)
        assert (answer.status_code, answer.json()["status"]) == (202, "done")
        assert counts(answer.json()) == {}

    def test_of_an_account_that_is_there_twice_the_later_counts(self, desk: Desk) -> None:
        older, newer = "2026-11-19T00:00:00+08:00", "2026-11-21T00:00:00+08:00"
        rows = [
            account(1, overdue="1000"),
            account(1, overdue="2000", as_of=newer),
            account(1, overdue="3000", as_of=older),
            account(1, overdue="2000", as_of=newer),
            *[account(number) for number in range(2, 700)],
            account(1, overdue="4000", as_of=older),
        ]
        done = desk.import_all(ndjson(*rows))
        assert counts(done) == {
            "received": 703, "created": 699, "updated": 1, "unchanged": 1, "stale": 2,
            "processed": 703,
        }  # fmt: skip
        overdue = "SELECT overdue FROM account WHERE external_id = 'CARD-0001'"
        assert desk.value(overdue) == 200_000

    def test_nothing_is_left_waiting_when_it_is_done(self, desk: Desk) -> None:
        desk.import_all(ndjson(*[account(number) for number in range(1000)]))
        assert desk.count("account_import_batch") == 0
        assert not desk.loop.run_once()


class TestBadRows:
    def test_good_rows_go_in_and_bad_rows_are_reported(self, desk: Desk) -> None:
        done = desk.import_all(
            ndjson(
                account(1),
                account(2, balance=None, colour="red"),
                "",
                '{"external_id": "CARD-0003", "as_of": NaN}',
                '{"external_id": "CARD-0004", "external_id": "CARD-0005"}',
                "not json at all",
                '"a text"',
                '["CARD-0006"]',
                account(7, overdue="12.345"),
                account(8, debtor={"name": "a\0b"}),
                account(9, external_id="with/slash"),
                account(10, external_id=10),
                account(11),
            )
        )
        assert counts(done) == {"received": 12, "created": 2, "rejected": 10, "processed": 12}
        found = {
            row["line"]: (
                row["external_id"],
                [(error["pointer"], error["code"]) for error in row["errors"]],
            )
            for row in desk.errors(done["id"])
        }
        assert found == {
            2: ("CARD-0002", [("/balance", "missing"), ("/colour", "unknown_field")]),
            4: (None, [("/as_of", "not_a_number")]),
            5: (None, [("/external_id", "duplicate_key")]),
            6: (None, [("", "malformed_json")]),
            7: (None, [("", "model_type")]),
            8: (None, [("", "model_type")]),
            9: ("CARD-0007", [("/overdue", "not_an_amount")]),
            10: (None, [("/debtor/name", "nul_character")]),
            11: ("with/slash", [("/external_id", "not_an_external_id")]),
            12: (None, [("/external_id", "string_type")]),
        }

    def test_reasons_come_in_both_languages(self, desk: Desk) -> None:
        done = desk.import_all(ndjson("{", account(1, overdue="-1")))
        path = f"{PATH}/{done['id']}/errors"
        said = {
            language: [
                error["message"]
                for row in desk.get(path, headers={"Accept-Language": language}).json()["items"]
                for error in row["errors"]
            ]
            for language in ("en", "zh")
        }
        assert said["en"] == [
            "The row is not JSON: line 1, column 2.",
            "The amount must not be negative.",
        ]
        assert said["zh"] == ["该行不是合法的 JSON：第 1 行第 2 列。", "金额不能为负数。"]

    def test_many_bad_rows_come_in_pages(self, desk: Desk) -> None:
        done = desk.import_all(ndjson(*["x"] * 730))
        assert counts(done) == {"received": 730, "rejected": 730, "processed": 730}
        assert [row["line"] for row in desk.errors(done["id"])] == list(range(1, 731))

    def test_rows_before_a_broken_element_count(self, desk: Desk) -> None:
        rows = ",".join(json.dumps(account(number)) for number in range(600))
        done = desk.import_all(f'[{rows}, {{"external_id": }}, {{}}]', JSON)
        assert counts(done) == {"received": 601, "created": 600, "rejected": 1, "processed": 601}
        (broken,) = desk.errors(done["id"])
        assert broken["line"] == 601
        assert broken["errors"][0]["code"] == "broken_json"
        assert "line 1, column" in broken["errors"][0]["message"]

    def test_a_csv_of_all_kinds_of_trouble(self, desk: Desk) -> None:
        good = as_csv(csv_row(1), csv_row(2)).split(b"\r\n")
        lines = [
            good[0],
            good[1],
            b"ragged,row",
            good[2].replace(b"Ms Late-Payer", b"Ms \xa7Late"),
            good[2].replace(b"Ms Late-Payer", b'"Ms Late'),
            good[2].replace(b"Ms Late-Payer", b"Ms\0Late"),
            good[2],
        ]
        done = desk.import_all(b"\n".join(lines), CSV)
        assert counts(done) == {"received": 6, "created": 2, "rejected": 4, "processed": 6}
        codes = {row["line"]: row["errors"][0]["code"] for row in desk.errors(done["id"])}
        assert codes == {3: "ragged_row", 4: "not_utf8", 5: "open_quote", 6: "nul_character"}

    def test_a_column_nobody_knows_and_one_that_is_missing_are_told_in_each_row(
        self, desk: Desk
    ) -> None:
        row = csv_row(1)
        row.pop("as_of")
        done = desk.import_all(as_csv(row | {"debtor.nmae": "", "colour": "red"}), CSV)
        (refused,) = desk.errors(done["id"])
        assert {(error["pointer"], error["code"]) for error in refused["errors"]} == {
            ("/as_of", "missing"),
            ("/debtor/nmae", "unknown_field"),
            ("/colour", "unknown_field"),
        }
        assert refused["external_id"] == "CARD-0001"

    def test_a_cell_that_should_be_a_number_is_told(self, desk: Desk) -> None:
        bad = {"addresses.0.latitude": "north", "addresses.0.longitude": "121.5"}
        done = desk.import_all(as_csv(csv_row(1, **bad)), CSV)
        (refused,) = desk.errors(done["id"])
        assert [error["pointer"] for error in refused["errors"]] == ["/addresses/0/latitude"]

    def test_a_line_without_end_costs_itself_only(self, desk: Desk) -> None:
        def content() -> Iterator[bytes]:
            yield ndjson(account(1))
            for _ in range(200):
                yield b"x" * 100_000
            yield b"\n" + ndjson(account(2))

        done = desk.import_all(content())
        assert counts(done) == {"received": 3, "created": 2, "rejected": 1, "processed": 3}
        (refused,) = desk.errors(done["id"])
        assert (refused["line"], refused["errors"][0]["code"]) == (2, "row_too_long")

    def test_a_row_that_breaks_the_house_costs_no_other(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = import_loop.receive_accounts

        def fragile(session: Any, lender: str, accounts: Any, *args: Any, **options: Any) -> Any:
            received = real(session, lender, accounts, *args, **options)
            if any(external_id == "CARD-0042" for external_id, _ in accounts):
                raise ZeroDivisionError
            return received

        monkeypatch.setattr(import_loop, "receive_accounts", fragile)
        done = desk.import_all(ndjson(*[account(number) for number in range(100)]))
        assert counts(done) == {"received": 100, "created": 99, "rejected": 1, "processed": 100}
        (refused,) = desk.errors(done["id"])
        assert (refused["line"], refused["external_id"]) == (43, "CARD-0042")
        assert refused["errors"][0]["code"] == "not_stored"
        assert desk.count("account") == 99


class TestDryRun:
    def test_everything_is_judged_and_nothing_changed(self, desk: Desk) -> None:
        desk.import_all(ndjson(account(1), account(2)))
        tables = ("account", "person", "debt_case", "outbox", "address")
        before = {table: desk.count(table) for table in tables}
        newer = "2026-11-21T00:00:00+08:00"
        content = ndjson(account(1), account(2, as_of=newer, overdue="1"), account(3), "broken")
        done = desk.import_all(content, params={"dry_run": "true"})
        assert done["dry_run"] is True
        assert counts(done) == {
            "received": 4, "created": 1, "updated": 1, "unchanged": 1, "rejected": 1,
            "processed": 4,
        }  # fmt: skip
        assert {table: desk.count(table) for table in tables} == before
        assert [row["line"] for row in desk.errors(done["id"])] == [4]
        for_real = desk.import_all(content)
        assert counts(for_real) == counts(done)

    def test_a_flag_that_is_neither_is_refused(self, desk: Desk) -> None:
        answer = desk.push(ndjson(account()), params={"dry_run": "perhaps"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "?dry_run"
