"""The same request twice has one effect and one answer, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from credentials import Keys, TokenMint
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from settable_clock import SettableClock
from shared.db import transaction
from sqlalchemy import Engine, text
from toy_service import toy_app, toy_service

from shared import idempotency

OOLONG = {"name": "oolong"}
KEY = {"Idempotency-Key": "order-7"}


@pytest.fixture
def engine(databases: object) -> Engine:
    made: Engine = databases.engine("plumbing", pool_size=20)  # type: ignore[attr-defined]
    with transaction(made) as session:
        session.connection().exec_driver_sql(
            "CREATE TABLE cup (id int GENERATED ALWAYS AS IDENTITY, name text NOT NULL)"
        )
    return made


@pytest.fixture
def app() -> FastAPI:
    return toy_app()


@pytest.fixture
def cups(
    keys: Keys, clock: SettableClock, token: TokenMint, engine: Engine, app: FastAPI
) -> Iterator[TestClient]:
    service = toy_service(keys, clock, engine=engine, app=app)
    with TestClient(app) as client:
        client.headers.update(token.header("ops"))
        yield client
    service.close()


def _poured(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM cup")).scalar_one())


def _kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM idempotency_key")).scalar_one())


def test_the_second_answer_is_the_first_byte_for_byte(cups: TestClient, engine: Engine) -> None:
    first = cups.post("/v1/cups", json=OOLONG, headers=KEY)
    assert first.status_code == 202, first.text
    assert "Idempotency-Replayed" not in first.headers
    second = cups.post("/v1/cups", json=OOLONG, headers=KEY)
    assert second.status_code == 202
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["X-Saucer"] == first.headers["X-Saucer"] == "blue"
    assert second.headers["Content-Type"] == first.headers["Content-Type"] == "application/json"
    assert _poured(engine) == 1


def test_without_a_key_each_request_is_its_own(cups: TestClient, engine: Engine) -> None:
    for _ in range(2):
        assert cups.post("/v1/cups", json=OOLONG).status_code == 202
    assert (_poured(engine), _kept(engine)) == (2, 0)


def test_the_key_with_another_body_is_422_and_changes_nothing(
    cups: TestClient, engine: Engine
) -> None:
    cups.post("/v1/cups", json=OOLONG, headers=KEY)
    answer = cups.post("/v1/cups", json={"name": "assam"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert _poured(engine) == 1


def test_the_body_is_compared_as_it_was_sent(cups: TestClient) -> None:
    headers = {**KEY, "Content-Type": "application/json"}
    cups.post("/v1/cups", content=b'{"name":"oolong"}', headers=headers)
    answer = cups.post("/v1/cups", content=b'{ "name":"oolong"}', headers=headers)
    assert answer.status_code == 422


def test_a_streamed_body_is_compared_by_its_digest(cups: TestClient) -> None:
    first, again = (cups.post("/v1/barrels", content=b"rain", headers=KEY) for _ in range(2))
    assert first.content == again.content == b'{"litres":"1.10"}'
    assert again.headers["Idempotency-Replayed"] == "true"
    other = cups.post("/v1/barrels", content=b"snow", headers=KEY)
    assert other.json()["code"] == "idempotency_key_reused"


def test_keys_of_two_callers_are_two_keys(
    cups: TestClient, token: TokenMint, engine: Engine
) -> None:
    for lender in ("northbank", "southbank"):
        headers = {**KEY, **token.header("lender", lender=lender)}
        answer = cups.post("/v1/cups", json=OOLONG, headers=headers)
        assert "Idempotency-Replayed" not in answer.headers
    assert _poured(engine) == 2


def test_with_and_without_the_prefix_it_is_the_same_request(cups: TestClient) -> None:
    first = cups.post("/v1/cups", json=OOLONG, headers=KEY)
    second = cups.post("/toy/v1/cups", json=OOLONG, headers=KEY)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "spilt"}, {}])
def test_a_refused_request_keeps_no_answer(
    cups: TestClient, engine: Engine, body: dict[str, str]
) -> None:
    assert cups.post("/v1/cups", json=body, headers=KEY).status_code in {409, 422}
    assert (_poured(engine), _kept(engine)) == (0, 0)
    assert cups.post("/v1/cups", json=OOLONG, headers=KEY).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "烏龍".encode(), b"\xff"])
def test_what_is_no_key_is_422(cups: TestClient, engine: Engine, key: str | bytes) -> None:
    answer = cups.post("/v1/cups", json=OOLONG, headers={"Idempotency-Key": key})  # type: ignore[dict-item]
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#Idempotency-Key"
    assert _poured(engine) == 0


def test_two_keys_are_none(cups: TestClient) -> None:
    both = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert cups.post("/v1/cups", json=OOLONG, headers=both).status_code == 422


@pytest.mark.parametrize("key", ["x" * 255, "~!@#$ %^&*()", "0"])
def test_any_printable_key_will_do(cups: TestClient, key: str) -> None:
    for _ in range(2):
        answer = cups.post("/v1/cups", json=OOLONG, headers={"Idempotency-Key": key})
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_while_the_first_is_running_the_second_is_409(
    cups: TestClient, app: FastAPI, engine: Engine
) -> None:
    running, go_on = Event(), Event()

    def hold() -> None:
        running.set()
        assert go_on.wait(10)

    app.state.hold = hold
    with ThreadPoolExecutor() as pool:
        first = pool.submit(cups.post, "/v1/cups", json=OOLONG, headers=KEY)
        assert running.wait(10)
        second = cups.post("/v1/cups", json=OOLONG, headers=KEY)
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")
        assert second.headers["Retry-After"]
        go_on.set()
        assert first.result(10).status_code == 202
    app.state.hold = None
    third = cups.post("/v1/cups", json=OOLONG, headers=KEY)
    assert third.headers["Idempotency-Replayed"] == "true"
    assert _poured(engine) == 1


def _all_at_once(cups: TestClient, racers: int) -> list[Response]:
    start = Barrier(racers)

    def race() -> Response:
        start.wait(20)
        return cups.post("/v1/cups", json=OOLONG, headers=KEY)

    with ThreadPoolExecutor(racers) as pool:
        return [each.result(60) for each in [pool.submit(race) for _ in range(racers)]]


def test_a_hundred_at_once_have_one_effect(cups: TestClient, engine: Engine) -> None:
    answers = _all_at_once(cups, 100)
    assert _poured(engine) == _kept(engine) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    given = [answer for answer in answers if answer.status_code == 202]
    assert len({answer.content for answer in given}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in given) == 1


def test_without_the_lock_racers_collide_instead_of_being_told_to_wait(
    cups: TestClient, engine: Engine, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the test above, without the lock: both racers do the work, and one is refused
    for a collision that nobody should see. Only the uniqueness of the key saves the effect."""
    monkeypatch.setattr(idempotency, "_TRY_LOCK", text("SELECT CAST(:lock AS bigint) IS NOT NULL"))
    both_at_work = Barrier(2)
    app.state.hold = lambda: both_at_work.wait(10)
    answers = _all_at_once(cups, 2)
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "conflict"}
    assert _poured(engine) == 1


def test_keys_are_purged_by_age(cups: TestClient, engine: Engine, clock: SettableClock) -> None:
    cups.post("/v1/cups", json=OOLONG, headers=KEY)
    clock.advance(hours=25)
    cups.post("/v1/cups", json=OOLONG, headers={"Idempotency-Key": "order-8"})
    with transaction(engine) as session:
        assert idempotency.purge(session, clock() - timedelta(hours=24)) == 1
    assert _kept(engine) == 1
    answer = cups.post("/v1/cups", json=OOLONG, headers=KEY)
    assert "Idempotency-Replayed" not in answer.headers
