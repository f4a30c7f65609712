"""What is kept of a decision: the question, what was known, the packs, the place in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contact_rules.handlers.decide_visits import decide_visits
from rules_house import TUESDAY, Debtor, House
from shared.db import transaction
from visit_life import asked, learn, refused_by

DAY = timedelta(days=1)


def test_the_decision_is_kept_with_the_question_the_packs_and_the_place_in_the_ledger(
    house: House,
) -> None:
    debtor = Debtor()
    first, second = debtor.visit(), debtor.visit(TUESDAY + DAY)
    answers = house.ask(first, second)
    one, two = house.rows("decision", "decided_at, ledger_seq")

    assert [str(one.id), str(two.id)] == [answer["decision_id"] for answer in answers]
    assert one.packs == [
        "everyone@2026-01-01",
        "person-protection@2026-01-01",
        "taiwanese@2026-02-01",
    ]
    assert one.ledger_seq == 0
    assert two.ledger_seq == house.rows("ledger", "seq")[0].seq
    assert one.facts["party"] == {"id": str(debtor.person_id), "role": "debtor", "age": 38}
    assert one.facts["place"]["timezone"] == "Asia/Taipei"
    assert one.facts["starts_at"] == "2026-12-01T02:00:00Z"
    # What does not apply is kept too.
    assert len(one.checks) == 14
    assert one.next_lawful == []


def test_what_is_known_of_the_person_is_asked_and_kept(house: House) -> None:
    debtor = Debtor()
    learn(house, debtor, "hospital", since=TUESDAY.date())
    before, during = house.ask(debtor.visit(TUESDAY - DAY), debtor.visit(TUESDAY))
    assert before["type"] == "approved"
    assert refused_by(during) == {"person-protection.left-in-peace"}
    for row in house.rows("decision"):
        assert row.facts["facts"] == [{"kind": "hospital", "since": "2026-12-01"}]
    # Somebody else's is nobody's here.
    (answer,) = house.ask(Debtor().visit(TUESDAY))
    assert answer["type"] == "approved"


def test_who_asked_for_a_visit_is_kept_with_its_decision(house: House) -> None:
    house.ask(Debtor().visit(requested_by="Ola Ops"), Debtor().visit(requested_by=None))
    assert {row.requested_by for row in house.rows("decision")} == {"Ola Ops", None}


def test_visits_of_one_person_in_one_call_each_rest_on_what_is_written(house: House) -> None:
    debtor, other = Debtor(), Debtor()
    visits = [debtor.visit(), other.visit(), debtor.visit(TUESDAY + DAY)]
    with transaction(house.engine) as session:
        decide_visits(
            session, [asked(visit) for visit in visits], house.clock(), desk=house.kept_desk()
        )
    seqs = {row.contact_id: row.seq for row in house.rows("ledger", "seq")}
    rests_on = {row.visit_id: row.ledger_seq for row in house.rows("decision")}
    assert rests_on == {
        visits[0].visit_id: 0,
        visits[1].visit_id: 0,
        visits[2].visit_id: seqs[visits[0].visit_id],
    }


def test_what_is_kept_asked_again_gives_the_same_answer(house: House) -> None:
    """The facts of a decision are the body of a check."""
    debtor = Debtor()
    house.ask(debtor.visit(TUESDAY))
    (answer,) = house.ask(debtor.visit(TUESDAY + timedelta(hours=5), team=1))
    decision = next(row for row in house.rows("decision") if str(row.id) == answer["decision_id"])
    history = [
        {
            "channel": row.channel,
            "direction": row.direction,
            "starts_at": row.starts_at.isoformat(),
            "ends_at": row.ends_at.isoformat(),
            "party": row.party_id,
            "role": row.party_role,
            "debts": row.debts,
            "collector": row.collector,
            "lender": row.lender,
            "place": row.place,
            "point": row.point,
            "purpose": row.purpose,
            "reserved": row.kind == "reserved",
        }
        for row in house.rows("ledger", "seq")
        if row.person_id == debtor.person_id and row.seq <= decision.ledger_seq
    ]
    asked = house.client.post("/v1/checks", json=decision.facts | {"history": history})
    assert asked.status_code == 200, asked.text
    said = asked.json()
    assert said["verdict"] == decision.verdict == "deny"
    english = [check | {"message": check["message"]["en"]} for check in decision.checks]
    for check in said["checks"]:
        if check["window"] is not None and "T" in check["window"]["from"]:
            check["window"] = {
                end: datetime.fromisoformat(moment).astimezone(UTC).isoformat()
                for end, moment in check["window"].items()
            }
    for check in english:
        if check["window"] is not None and "T" in check["window"]["from"]:
            check["window"] = {
                end: datetime.fromisoformat(moment).isoformat()
                for end, moment in check["window"].items()
            }
    assert said["checks"] == english
