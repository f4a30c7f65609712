"""Nobody overwrites what he has not seen."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from shared.etags import etag
from toy_service import TEAPOT

CURRENT = etag(TEAPOT, 7)


def _sweeten(client: TestClient, condition: str | None) -> int:
    headers = {} if condition is None else {"If-Match": condition.encode("utf-8")}
    answer = client.patch(f"/v1/teas/{TEAPOT}", headers=headers)  # type: ignore[arg-type]
    if answer.status_code == 412:
        assert answer.headers["ETag"] == CURRENT
        assert answer.json()["code"] == "precondition_failed"
    return answer.status_code


@pytest.mark.parametrize("condition", [CURRENT, f'"other", {CURRENT}', f"{CURRENT},", "*", " * "])
def test_the_tag_that_was_read_matches(client: TestClient, condition: str) -> None:
    assert _sweeten(client, condition) == 204


@pytest.mark.parametrize("condition", ['"other"', f"W/{CURRENT}", '""', f'"{CURRENT[1:-1]}x"'])
def test_any_other_tag_is_412(client: TestClient, condition: str) -> None:
    assert _sweeten(client, condition) == 412


@pytest.mark.parametrize(
    "condition", ["", "7", CURRENT[1:-1], '"', '"a" "b"', "*, *", '"a"' * 9999]
)
def test_what_is_no_tag_is_422(client: TestClient, condition: str) -> None:
    answer = client.patch(f"/v1/teas/{TEAPOT}", headers={"If-Match": condition})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#If-Match"


def test_no_condition_is_428_where_one_is_required(client: TestClient) -> None:
    assert _sweeten(client, None) == 428


def test_an_etag_changes_with_any_part_of_the_version() -> None:
    assert etag(1, 2) == etag(1, 2)
    assert len({etag(1, 2), etag(2, 1), etag(12), etag("1", "2", ""), etag()}) == 5
    assert CURRENT.startswith('"')
