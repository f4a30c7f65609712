"""Pushing a file of accounts: what is refused whole, what happens once, who may, who sees."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest
from cases.api import import_upload
from cases.domain.import_file import Limits
from import_desk import CSV, JSON, NDJSON, PATH, Desk, account, as_csv, csv_row, ndjson
from shared.auth import Role


class TestRefusedFiles:
    @pytest.mark.parametrize(
        ("content", "media_type", "headers", "status", "code"),
        [
            ("{}", JSON, {}, 422, "not_an_array"),
            ("", JSON, {}, 422, "not_an_array"),
            ("", CSV, {}, 422, "broken_header"),
            ("external_id;as_of\n", CSV, {}, 422, "broken_header"),
            ("as_of\n", CSV, {}, 422, "broken_header"),
            ("external_id,\n", CSV, {}, 422, "broken_header"),
            ('"external_id', CSV, {}, 422, "broken_header"),
            ("external_id\n".encode("utf-16"), CSV, {}, 422, "wrong_encoding"),
            (gzip.compress(b"external_id\n", mtime=0), CSV, {}, 422, "still_compressed"),
            (b"external_id\n", CSV, {"Content-Encoding": "gzip"}, 422, "broken_gzip"),
            (
                gzip.compress(ndjson(account()) * 5000)[:-20],
                NDJSON,
                {"Content-Encoding": "gzip"},
                422,
                "broken_gzip",
            ),
            ("{}", NDJSON, {"Content-Encoding": "br"}, 415, "unsupported_media_type"),
            ("{}", NDJSON, {"Content-Encoding": "gzip, gzip"}, 415, "unsupported_media_type"),
            ("{}", "application/xml", {}, 415, "unsupported_media_type"),
            ("{}", "text/csv; charset=big5", {}, 415, "unsupported_media_type"),
            ("{}", "multipart/form-data; boundary=x", {}, 415, "unsupported_media_type"),
            ("{}", "", {}, 415, "unsupported_media_type"),
            ("{}", "text", {}, 415, "unsupported_media_type"),
            ("{}", NDJSON, {"Idempotency-Key": "x" * 300}, 422, "invalid"),
        ],
    )
    def test_are_told_why_and_change_nothing(
        self,
        desk: Desk,
        content: str | bytes,
        media_type: str,
        headers: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        answer = desk.push(content, media_type, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        desk.work_off()
        assert desk.count("account") == desk.count("account_import_batch") == 0
        kept = desk.get(PATH).json()["items"]
        assert [(one["status"], one["failure"]["code"]) for one in kept] == (
            [("failed", code)] if status == 422 and code != "invalid" else []
        )

    def test_a_file_over_the_limit_is_told_so(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(import_upload, "LIMITS", Limits(file=100_000, row=1000, rows=300))
        long, many = ndjson(account()) * 1000, b"{}\n" * 301
        bomb = gzip.compress(b"\n" * 10_000_000)
        for content, headers in (
            (long, {}),
            (iter([long]), {}),
            (many, {}),
            (bomb, {"Content-Encoding": "gzip"}),
        ):
            answer = desk.push(content, headers=headers)
            assert answer.status_code == 413, answer.text
        assert desk.import_all(b"{}\n" * 300)["received"] == 300
        assert desk.count("account_import_batch") == 0

    def test_a_refused_file_may_come_again_under_its_key(self, desk: Desk) -> None:
        key = {"Idempotency-Key": "november"}
        assert desk.push("as_of\n", CSV, headers=key).status_code == 422
        answer = desk.push(as_csv(csv_row()), CSV, headers=key)
        assert answer.status_code == 202
        assert "Idempotency-Replayed" not in answer.headers


class TestIdempotency:
    def test_the_same_key_and_content_get_the_same_answer_once(self, desk: Desk) -> None:
        key = {"Idempotency-Key": "2026-11-20 full"}
        content = ndjson(*[account(number) for number in range(700)])
        first = desk.push(content, headers=key)
        desk.work_off()
        again = desk.push(content, headers=key)
        packed = desk.push(gzip.compress(content), headers={**key, "Content-Encoding": "gzip"})
        for answer in (again, packed):
            assert answer.headers["Idempotency-Replayed"] == "true"
            assert (answer.status_code, answer.content) == (202, first.content)
            assert answer.headers["Location"] == first.headers["Location"]
        assert desk.count("account_import") == 1
        assert desk.count("account_import_batch") == 0

    def test_the_same_key_for_anything_else_is_refused(self, desk: Desk) -> None:
        key = {"Idempotency-Key": "2026-11-20 full"}
        rows = [account(1), account(2)]
        assert desk.push(ndjson(*rows), headers=key).status_code == 202
        for other in (
            desk.push(ndjson(rows[0]), headers=key),
            desk.push(ndjson(*rows) + b"\n", headers=key),
            desk.push(json.dumps(rows), JSON, headers=key),
            desk.push(ndjson(*rows), headers=key, params={"dry_run": "true"}),
        ):
            assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert desk.count("account_import") == 1
        assert desk.push(ndjson(*rows), headers=key, lender="southbank").status_code == 202

    def test_what_stands_behind_a_break_belongs_to_the_content(self, desk: Desk) -> None:
        key = {"Idempotency-Key": "broken"}
        assert desk.push("[{}, x" + " " * 200_000 + "1", JSON, headers=key).status_code == 202
        other = desk.push("[{}, x" + " " * 200_000 + "2", JSON, headers=key)
        assert other.json()["code"] == "idempotency_key_reused"

    def test_racing_duplicates_make_one_import(self, desk: Desk) -> None:
        content = ndjson(*[account(number) for number in range(50)])
        answers: list[Any] = []
        start = threading.Barrier(12)

        def push() -> None:
            start.wait()
            answers.append(desk.push(content, headers={"Idempotency-Key": "race"}))

        threads = [threading.Thread(target=push) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} <= {202, 409}
        taken = {answer.content for answer in answers if answer.status_code == 202}
        assert len(taken) == 1
        desk.work_off()
        kept = desk.get(PATH).json()["items"]
        assert len([one for one in kept if one["status"] == "done"]) == 1
        assert desk.count("account") == 50
        assert desk.count("account_import_batch") == 0


class TestWhoMay:
    def test_another_lenders_imports_do_not_exist(self, desk: Desk) -> None:
        done = desk.import_all(ndjson("broken"))
        for path in (f"{PATH}/{done['id']}", f"{PATH}/{done['id']}/errors"):
            assert desk.get(path).status_code == 200
            assert desk.get(path, lender="southbank").status_code == 404
        assert desk.get(PATH, lender="southbank").json()["items"] == []
        assert desk.get(PATH, params={"lender": "southbank"}).status_code == 404
        answer = desk.push(ndjson(account()), params={"lender": "southbank"})
        assert answer.status_code == 404
        assert desk.push(ndjson(account()), params={"lender": "northbank"}).status_code == 202

    def test_operations_say_whose_accounts_they_are(self, desk: Desk) -> None:
        headers = {"Content-Type": NDJSON, **desk.tokens.header(Role.OPS)}
        answer = desk.client.post(PATH, content=ndjson(account()), headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "?lender"
        answer = desk.client.post(
            PATH, params={"lender": "southbank"}, content=ndjson(account()), headers=headers
        )
        assert (answer.status_code, answer.json()["lender"]) == (202, "southbank")
        desk.work_off()
        assert desk.value("SELECT lender FROM account") == "southbank"
        desk.import_all(ndjson(account()))
        listed = desk.client.get(PATH, headers=headers).json()["items"]
        assert [one["lender"] for one in listed] == ["northbank", "southbank"]
        (one,) = desk.client.get(PATH, params={"lender": "southbank"}, headers=headers).json()[
            "items"
        ]
        assert one["lender"] == "southbank"

    @pytest.mark.parametrize(
        ("role", "status"),
        [(Role.AGENT, 403), (Role.COMPLIANCE, 200), (Role.AUDITOR, 200), (Role.SERVICE, 200)],
    )
    def test_others_may_not_push(self, desk: Desk, role: Role, status: int) -> None:
        headers = desk.tokens.header(role)
        assert desk.client.get(PATH, headers=headers).status_code == status
        headers["Content-Type"] = NDJSON
        assert desk.client.post(PATH, content=b"{}\n", headers=headers).status_code == 403

    def test_nobody_may_without_a_token(self, desk: Desk) -> None:
        assert desk.client.post(PATH, content=b"{}\n").status_code == 401
        assert desk.client.get(PATH).status_code == 401

    def test_what_does_not_exist_is_not_found(self, desk: Desk) -> None:
        missing = f"{PATH}/01900000-0000-7000-8000-00000000cafe"
        assert desk.get(missing).status_code == 404
        assert desk.get(f"{missing}/errors").status_code == 404
        assert desk.get(missing, headers={"Accept": "text/event-stream"}).status_code == 404
        assert desk.get(f"{PATH}/x").status_code == 422
        assert desk.get(PATH, params={"cursor": "x"}).status_code == 422

    def test_the_list_comes_in_pages_the_newest_first(self, desk: Desk) -> None:
        made = [desk.push("").json()["id"] for _ in range(5)]
        seen: list[str] = []
        params = {"limit": "2"}
        while True:
            page = desk.get(PATH, params=params).json()
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            params["cursor"] = page["next"]
        assert seen == made[::-1]


class TestProgress:
    def test_it_is_told_as_events_until_it_is_over(self, desk: Desk) -> None:
        started = desk.push(ndjson(*[account(number) for number in range(1200)])).json()
        headers = {
            "Accept": "text/event-stream",
            **desk.tokens.header(Role.LENDER),
        }
        told: list[dict[str, Any]] = []
        with desk.client.stream("GET", f"{PATH}/{started['id']}", headers=headers) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    told.append(json.loads(line.removeprefix("data: ")))
                    desk.loop.run_once()
        processed = [one["processed"] for one in told]
        assert processed[0] == 0
        assert processed[-1] == 1200
        assert processed == sorted(set(processed))
        assert told[-1]["status"] == "done"

    def test_of_an_import_that_is_over_there_is_one_event(self, desk: Desk) -> None:
        done = desk.import_all(ndjson(account()))
        answer = desk.get(f"{PATH}/{done['id']}", headers={"Accept": "text/event-stream, */*"})
        assert answer.text.count("event: import") == 1
        assert json.loads(answer.text.partition("data: ")[2]) == done
