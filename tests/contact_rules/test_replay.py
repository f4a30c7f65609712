"""A decision worked out again: what makes no difference, and what does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from contact_rules.domain import Library, load
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.handlers import replay_decision as replaying
from contact_rules.handlers.lapse_reviews import lapse_reviews
from contact_rules.store import packs_kept
from review_panel import Panel
from rules_house import RULEBOOK, TUESDAY, Debtor, House, cancelled, completed
from shared.db import transaction
from sqlalchemy import text
from visit_life import amended, learn, moved

Json = dict[str, Any]


def replayed(house: House, decision_id: object) -> Json:
    answer = house.client.post(f"/v1/decisions/{decision_id}/replay")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def same(house: House) -> int:
    """Every decision comes to the same; how many there are."""
    rows = house.rows("decision", "decided_at, id")
    for row in rows:
        said = replayed(house, row.id)
        assert said["differences"] == []
        assert said["same"] is True
        assert said["signature"] == "valid"
        assert said["verdict"] == row.verdict
    return len(rows)


def changed_behind_our_back(house: House, statement: str) -> None:
    """As the owner of the tables may, and nobody else."""
    with transaction(house.engine) as session:
        for table in ("decision", "ledger"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        session.connection().exec_driver_sql(statement)


def test_what_came_later_makes_no_difference(house: House) -> None:
    debtor = Debtor()
    visits = [debtor.visit(TUESDAY + timedelta(days=days)) for days in (0, 1, 2)]
    house.ask(*visits)
    assert same(house) == 3
    house.deliver(completed(visits[0], "conversation"), cancelled(visits[1], house.clock()))
    learn(house, debtor)
    taiwanese = next(pack for pack in house.desk.library if pack.id == "taiwanese")
    stricter = taiwanese.content.replace(b"min: 2", b"min: 3")
    rest = [pack for pack in house.desk.library if pack is not taiwanese]
    house.desk = replace(house.desk, library=Library([*rest, parse_pack(taiwanese.file, stricter)]))
    (denied,) = house.ask(debtor.visit(TUESDAY + timedelta(days=9)))
    assert denied["type"] != "approved"
    assert same(house) == 4


def test_the_place_a_visit_had_was_not_in_its_own_way(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    house.ask(visit)
    later = TUESDAY + timedelta(hours=2)
    house.deliver(moved(visit, later), moved(visit, TUESDAY + timedelta(hours=13)))
    house.deliver(amended(visit, starts_at=later, ends_at=later + timedelta(minutes=30)))
    house.deliver(amended(visit, debts=[]))
    # It is over by now, so there is nothing to move: no rule says that.
    house.deliver(moved(visit, TUESDAY))
    rows = house.rows("decision", "decided_at, id")
    assert [row.verdict for row in rows] == ["allow", "allow", "deny", "allow", "deny", "deny"]
    assert rows[-1].checks[-1]["rule"] == "approval.state"
    assert rows[-2].checks[-1]["rule"] == "approval.debts"
    assert same(house) == 6


def test_a_batch_about_one_person_can_be_worked_out_again(house: House) -> None:
    debtor = Debtor()
    house.deliver(*(debtor.visit(TUESDAY + timedelta(hours=hour)) for hour in range(4)))
    assert sorted(row.verdict for row in house.rows("decision")) == ["allow"] + ["deny"] * 3
    assert same(house) == 4


def test_where_nobody_knows_which_law_it_is_the_doubt_is_the_same(house: House) -> None:
    somewhere = {"country": "US", "region": "NY", "timezone": "America/New_York"}
    nowhere = {"country": "TW", "region": "TPE", "timezone": None}
    at = TUESDAY + timedelta(hours=14)
    house.ask(*(Debtor().visit(at, minutes=90, where=where) for where in (somewhere, nowhere)))
    assert {row.verdict for row in house.rows("decision")} == {"needs_review"}
    assert same(house) == 2


@pytest.mark.parametrize("votes", ["approve", "reject", "lapse"])
def test_what_people_decided_can_be_worked_out_again(house: House, votes: str) -> None:
    panel = Panel(house)
    _, review = panel.open(Debtor())
    if votes == "approve":
        panel.approve(review, "Ann", "Bob")
    elif votes == "reject":
        panel.vote(review, "Ann", "reject")
    else:
        house.clock.advance(days=4)
        with transaction(house.engine) as session:
            lapse_reviews(session, house.clock(), desk=house.kept_desk())
    expected = {"approve": "approved", "reject": "rejected", "lapse": "lapsed"}
    assert panel.state(review) == expected[votes]
    assert same(house) == 2


@pytest.mark.parametrize(
    ("change", "path", "signature"),
    [
        ("UPDATE decision SET verdict = 'deny'", "/verdict", "invalid"),
        ("UPDATE decision SET lender = 'northbank ' || lender", None, "invalid"),
        (
            "UPDATE decision SET checks = replace(checks::text, '\"measured\":1', '\"measured\":0')"
            "::json",
            "/measured",
            "invalid",
        ),
        ("UPDATE ledger SET outcome = NULL, channel = 'phone'", "/history", "valid"),
        ("DELETE FROM ledger", "/history", "valid"),
        ("UPDATE decision SET signature = NULL", None, "missing"),
        ("UPDATE decision SET key_id = 'another'", None, "unknown_key"),
    ],
)
def test_what_was_changed_behind_our_back_comes_out(
    house: House, change: str, path: str | None, signature: str
) -> None:
    debtor = Debtor()
    house.ask(debtor.visit(), debtor.visit(TUESDAY + timedelta(days=1)))
    last = house.rows("decision", "ledger_seq")[-1]
    changed_behind_our_back(house, change)
    said = replayed(house, last.id)
    assert said["signature"] == signature
    paths = [difference["path"] for difference in said["differences"]]
    assert said["same"] is (path is None)
    assert path is None or any(path in each for each in paths), paths


def test_at_most_a_hundred_differences_are_told(house: House) -> None:
    house.ask(Debtor().visit())
    numbers = ", ".join(f'{{"pack": "a@b", "rule": "{n}"}}' for n in range(300))
    changed_behind_our_back(house, f"UPDATE decision SET checks = '[{numbers}]'")
    (row,) = house.rows("decision")
    assert len(replayed(house, row.id)["differences"]) == 100


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE decision SET library = NULL", "packs_not_kept"),
        ("UPDATE decision SET library = repeat('0', 64)", "packs_not_kept"),
        ("UPDATE decision SET facts = '{}'", "facts_unreadable"),
        ("UPDATE decision SET facts = '7'", "facts_unreadable"),
        ("UPDATE decision SET checks = '[7]'", "facts_unreadable"),
    ],
)
def test_what_can_not_be_worked_out_is_a_refusal(house: House, change: str, code: str) -> None:
    house.ask(Debtor().visit())
    changed_behind_our_back(house, change)
    (row,) = house.rows("decision")
    for language, word in (("en", "decision"), ("zh", "")):
        said = house.client.post(
            f"/v1/decisions/{row.id}/replay", headers={"Accept-Language": language}
        )
        assert (said.status_code, said.json()["code"]) == (409, code)
        assert word in said.json()["detail"] or code == "facts_unreadable"
        assert said.headers["content-type"] == "application/problem+json"


def _spoil(house: House) -> None:
    with transaction(house.engine) as session:
        session.execute(text("ALTER TABLE pack_text DISABLE TRIGGER USER"))
        session.execute(text("UPDATE pack_text SET text = text || '# harmless'"))


def _forget_how_to_read(house: House) -> None:
    def unreadable(*_: object) -> Library:
        return load(RULEBOOK / "nowhere")

    packs_kept.library_of = unreadable  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(_spoil, "packs_spoilt"), (_forget_how_to_read, "packs_unreadable")],
)
def test_packs_that_are_no_good_are_not_taken_for_law(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[House], None],
    code: str,
) -> None:
    house.ask(Debtor().visit())
    monkeypatch.setattr(packs_kept, "library_of", packs_kept.library_of)
    packs_kept._read.clear()
    (row,) = house.rows("decision")
    spoil(house)
    # Other packs are in use by now.
    house.service.shelf._in_use = replace(  # type: ignore[type-var]
        house.service.shelf.in_use,
        library=Library(pack for pack in house.desk.library if pack.id == "person-protection"),
    )
    said = house.client.post(f"/v1/decisions/{row.id}/replay")
    assert (said.status_code, said.json()["code"]) == (409, code)


def test_a_fault_of_ours_is_not_hidden_as_a_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ask(Debtor().visit())
    (row,) = house.rows("decision")

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(replaying, "unsigned_record", broken)
    assert house.client.post(f"/v1/decisions/{row.id}/replay").status_code == 500
