"""Pages go through a list once each, and a cursor from nowhere is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from shared.paging import Page, decode, encode
from shared.problems import Problem

SOMEONE = UUID("01900000-0000-7000-8000-000000000001")


@pytest.mark.parametrize("limit", [1, 7, 50, 119, 120, 121, 200])
def test_pages_show_every_row_once_and_in_order(client: TestClient, limit: int) -> None:
    shown: list[int] = []
    parameters: dict[str, str | int] = {"limit": limit}
    while True:
        page = client.get("/v1/teas", params=parameters).json()
        assert len(page["items"]) <= limit
        shown += page["items"]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert shown == list(range(120))


def test_fifty_are_shown_if_nothing_is_said(client: TestClient) -> None:
    assert len(client.get("/v1/teas").json()["items"]) == 50


VALUES = st.one_of(
    st.uuids().map(lambda value: (value, UUID)),
    st.datetimes(timezones=st.just(UTC)).map(lambda value: (value, datetime)),
    st.dates().map(lambda value: (value, date)),
    st.integers(-(2**63) + 1, 2**63 - 1).map(lambda value: (value, int)),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(
        lambda value: (value, str)
    ),
)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_a_cursor_holds_what_was_put_in(pairs: list[tuple[object, type]]) -> None:
    values = tuple(value for value, _ in pairs)
    assert decode(encode(*values), *(kind for _, kind in pairs)) == values  # type: ignore[arg-type]


def test_a_cursor_is_fit_for_an_address() -> None:
    assert set(encode("~~~???>>>", SOMEONE)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "a",
        "====",
        "é",
        "e30",
        "bnVsbA",
        encode(SOMEONE),
        encode("x", SOMEONE, 1),
        encode(1, 2),
        encode("not a time", SOMEONE),
        encode("2026-11-23T02:00:00", SOMEONE),
        encode(datetime(2026, 11, 23, tzinfo=UTC), "not an id"),
        encode(True, SOMEONE),
        "A" * 1000,
    ],
)
def test_a_cursor_of_another_list_is_422(cursor: str) -> None:
    with pytest.raises(Problem) as raised:
        decode(cursor, datetime, UUID)
    assert raised.value.status == 422
    assert raised.value.errors[0].pointer == "?cursor"


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_problem(cursor: str) -> None:
    with suppress(Problem):
        decode(cursor, str, int)


@pytest.mark.parametrize("value", [2**63, -(2**63), True])
def test_a_number_the_database_has_no_room_for_is_refused(value: int) -> None:
    with pytest.raises(Problem):
        decode(encode(value), int)


def test_a_cursor_with_a_nul_or_half_a_character_is_refused() -> None:
    import base64

    for text in (b'["\\u0000"]', b'["\\ud800"]'):
        with pytest.raises(Problem):
            decode(base64.urlsafe_b64encode(text).decode(), str)


def test_a_page_of_exactly_the_limit_has_no_next() -> None:
    page = Page(limit=3)
    assert page.fetch == 4
    assert page.cut([1, 2, 3], lambda row: (row,)) == ([1, 2, 3], None)
    shown, following = page.cut([1, 2, 3, 4], lambda row: (row,))
    assert shown == [1, 2, 3]
    assert Page(cursor=following).after(int) == (3,)
    assert page.after(int) is None
