"""Cases asks contact-rules: in time or not at all, never too many at once, by the newest token."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import children
import pytest
from cases.clients import AT_ONCE, ContactRules, RulesUnreachable, TokenFile
from cases.domain.recheck import Goer, GoStep, Recheck
from rules_stand_in import RulesStandIn, go
from shared.ids import new_id
from shared.keys import BadKeys

TOKEN = "a.first.token"
QUESTION = Recheck(
    approval_id=new_id(),
    visit_id=new_id(),
    step=GoStep.CHECK_IN,
    at=datetime(2026, 12, 1, 2, tzinfo=UTC),
    team=[Goer(new_id(), ["work_id"], "northbank")],
)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "service-token"
    path.write_text(TOKEN + "\n")
    return path


@pytest.fixture
def client(rules: RulesStandIn, token: Path) -> Iterator[ContactRules]:
    client = ContactRules(rules.url + "/", TokenFile(token), seconds=0.5)
    yield client
    client.close()


def refused(client: ContactRules) -> str:
    with pytest.raises(RulesUnreachable) as raised:
        client.recheck(QUESTION)
    return str(raised.value)


def test_a_yes_is_a_yes(client: ContactRules, rules: RulesStandIn) -> None:
    found = client.recheck(QUESTION)
    assert (found.go, found.state, found.checks, found.instead) == (True, "reserved", [], None)
    assert rules.asked[0]["at"] == "2026-12-01T02:00:00+00:00"
    assert rules.tokens == [f"Bearer {TOKEN}"]


def test_what_it_says_besides_is_not_minded(client: ContactRules, rules: RulesStandIn) -> None:
    rules.answer = go(weather="rain")
    assert client.recheck(QUESTION).go


@pytest.mark.parametrize("trickles", [False, True])
def test_an_answer_takes_no_longer_than_told(
    client: ContactRules, rules: RulesStandIn, trickles: bool
) -> None:
    """A byte now and then keeps each read alive; what counts is the sum."""
    if trickles:
        rules.trickles = True
    else:
        rules.meanwhile = lambda: rules.left.wait(3)
    began = time.monotonic()
    # Who notices first, the asker or the thread that asks, is chance.
    assert refused(client) in {"no answer in time", "ReadTimeout"}
    assert 0.4 < time.monotonic() - began < 3


def test_nobody_there_is_a_no(token: Path) -> None:
    client = ContactRules("http://127.0.0.1:1", TokenFile(token), seconds=2)
    assert refused(client) == "ConnectError"
    client.close()


def test_more_at_once_than_may_ask_are_refused_at_once(rules: RulesStandIn, token: Path) -> None:
    """In the house of one process the asked needs a thread of those who ask."""
    client = ContactRules(rules.url, TokenFile(token), seconds=10)
    answering, all_in = threading.Event(), threading.Barrier(AT_ONCE + 1)

    def hold() -> None:
        all_in.wait(30)
        answering.wait(30)

    rules.meanwhile = hold
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(client.recheck, QUESTION) for _ in range(AT_ONCE)]
        all_in.wait(30)
        began = time.monotonic()
        assert refused(client) == "too many questions at once"
        assert time.monotonic() - began < 1
        rules.meanwhile = None
        answering.set()
        assert all(each.result(30).go for each in asked)
    assert client.recheck(QUESTION).go, "their places are free again"
    client.close()


def test_questions_without_an_answer_hold_no_place_for_ever(
    rules: RulesStandIn, token: Path
) -> None:
    client = ContactRules(rules.url, TokenFile(token), seconds=0.3)
    rules.meanwhile = lambda: rules.left.wait(1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for each in [pool.submit(refused, client) for _ in range(AT_ONCE * 2)]:
            each.result(30)
    rules.meanwhile = None
    children.wait_until(lambda: answers(client), seconds=10, what="a place to be free", pause=0.05)
    client.close()


def answers(client: ContactRules) -> bool:
    try:
        return client.recheck(QUESTION).go
    except RulesUnreachable:
        return False


def test_a_closed_one_asks_nobody(client: ContactRules, rules: RulesStandIn) -> None:
    client.close()
    assert refused(client) == "closed"
    client.close()
    assert rules.asked == []


# --- the token


def test_a_new_token_is_taken_up_without_a_restart(
    client: ContactRules, rules: RulesStandIn, token: Path
) -> None:
    client.recheck(QUESTION)
    fresh = token.with_name("fresh")
    fresh.write_text("a.second.token")
    fresh.replace(token)
    client.recheck(QUESTION)
    assert rules.tokens == [f"Bearer {TOKEN}", "Bearer a.second.token"]


@pytest.mark.parametrize("spoiled", ["", "two words", "令牌", "a\nb"])
def test_a_spoiled_file_leaves_the_token_before_in_use(
    client: ContactRules, rules: RulesStandIn, token: Path, spoiled: str
) -> None:
    token.write_text(spoiled)
    os.utime(token, ns=(1, 1))
    client.recheck(QUESTION)
    token.unlink()
    client.recheck(QUESTION)
    assert rules.tokens == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two words", "令牌".encode(), b"\xff"])
def test_without_a_token_it_does_not_start(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadKeys, match=str(path)):
        TokenFile(path)
