"""Facts and consents are told with their evidence, listed, and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from known_facts import give_account, known, revoked, state, tell
from rules_house import TUESDAY, Debtor, House
from shared.ids import new_id

LETTER = {
    "kind": "letter",
    "reference": "scan 17 / 存证信函",
    "sha256": "9f" * 32,
    "given_on": "2026-11-20",
}


@pytest.fixture
def debtor(house: House) -> Debtor:
    """Somebody with an account of northbank, and no visit yet."""
    debtor = Debtor()
    give_account(house, debtor)
    return debtor


def consent(house: House, debtor: Debtor, **said: Any) -> Any:
    body = {"scope": "visit", "given_at": "2026-11-20T09:00:00+08:00", "lender": "northbank"}
    return house.client.post(f"/v1/persons/{debtor.person_id}/consents", json=body | said)


def take_back(house: House, debtor: Debtor, id_: str, **said: Any) -> Any:
    headers = said.pop("headers", {})
    return house.client.post(
        f"/v1/persons/{debtor.person_id}/facts/{id_}/withdraw",
        json={"reason": "told by mistake"} | said,
        headers=headers,
    )


def test_a_fact_is_kept_as_it_was_told(house: House, debtor: Debtor) -> None:
    answer = tell(
        house,
        debtor,
        since="2026-11-19",
        until="2027-01-31",
        form="written",
        channel="visit",
        party="宋女士",
        accounts=["NB-1"],
        evidence=[LETTER],
        told_at="2026-11-20T08:00:00+08:00",
        reference="mail-4711",
    )
    assert answer.status_code == 201
    said = answer.json()
    assert said == {
        "id": said["id"],
        "record": "fact",
        "kind": "cease",
        "since": "2026-11-19",
        "until": "2027-01-31",
        "form": "written",
        "party": "宋女士",
        "channel": "visit",
        "slots": [],
        "lender": "northbank",
        "debts": [str(debtor.account_id)],
        "evidence": [LETTER],
        "reference": "mail-4711",
        "told_by": "house ops",
        "told_at": "2026-11-20T00:00:00Z",
        "recorded_at": said["recorded_at"],
        "ended": None,
    }
    assert known(house, debtor) == [said]


def test_hours_of_a_person_are_kept_with_their_slots(house: House, debtor: Debtor) -> None:
    slots = [{"days": ["mon", "sun"], "from": "22:00", "to": "06:00"}]
    answer = tell(house, debtor, "excluded_slot", slots=slots)
    assert answer.status_code == 201
    assert answer.json()["slots"] == slots
    assert answer.json()["lender"] is None
    refused = tell(house, debtor, "excluded_slot")
    assert pointers(refused) == [("/slots", "missing")]
    refused = tell(house, debtor, "cease", slots=slots)
    assert pointers(refused) == [("/slots", "not_of_this_kind")]


def test_a_consent_is_kept_and_opens_what_it_is_for(house: House, debtor: Debtor) -> None:
    answer = consent(house, debtor, form="oral_recorded", until="2026-12-31T23:59:59+08:00")
    assert answer.status_code == 201
    said = answer.json()
    assert (said["record"], said["scope"], said["form"]) == ("consent", "visit", "oral_recorded")
    assert (said["given_at"], said["until"]) == ("2026-11-20T01:00:00Z", "2026-12-31T15:59:59Z")
    assert tell(house, debtor, "dispute").status_code == 201
    proof, plan = debtor.visit(purpose="validation"), debtor.visit(purpose="plan")
    denied, approved = house.ask(plan, proof)
    assert [each["rule"] for each in denied["checks"] if each["result"] == "fail"] == [
        "person-protection.dispute"
    ]
    assert approved["type"] == "approved"
    # Taken back, it opens nothing any more.
    assert take_back(house, debtor, said["id"]).status_code == 200
    assert state(house, proof) == "revoked"
    assert [each["reason"] for each in revoked(house)] == ["consent"]


def test_a_fact_without_a_day_is_one_since_it_was_told_where_the_person_lives(
    house: House, debtor: Debtor
) -> None:
    # Nobody knows where that is: a day that has not begun everywhere would leave a gap.
    at = "2026-11-22T09:00:00Z"
    assert tell(house, debtor, told_at=at).json()["since"] == "2026-11-21"
    house.ask(debtor.visit(purpose="legal_notice"))
    assert tell(house, debtor, told_at=at).json()["since"] == "2026-11-22"
    late = "2026-11-21T16:00:00Z"  # midnight in Taipei
    assert tell(house, debtor, told_at=late).json()["since"] == "2026-11-22"
    early = "2026-11-21T15:59:59Z"
    assert tell(house, debtor, told_at=early).json()["since"] == "2026-11-21"
    # It can't begin after it ended.
    ended = tell(house, debtor, told_at=at, until="2026-11-03").json()
    assert (ended["since"], ended["until"]) == ("2026-11-03", "2026-11-03")


def test_a_planned_visit_is_revoked_and_a_later_one_is_not(house: House, debtor: Debtor) -> None:
    soon, later = debtor.visit(), debtor.visit(TUESDAY + timedelta(days=20))
    house.ask(soon, later)
    answer = tell(house, debtor, "hospital", since="2026-11-20", until="2026-12-10")
    assert answer.status_code == 201
    assert (state(house, soon), state(house, later)) == ("revoked", "reserved")
    (event,) = revoked(house)
    assert event["visit_id"] == str(soon.visit_id)
    assert (event["reason"], event["must_leave"]) == ("hospital", False)
    assert [each["rule"] for each in event["checks"]] == ["person-protection.left-in-peace"]
    assert house.ledger(debtor)[-1] == ("released", None)


@pytest.mark.parametrize(
    ("kind", "lender", "told"),
    [
        ("cease", "northbank", "denied"),
        ("cease", "southbank", "approved"),
        ("cease", None, "denied"),
        ("deceased", "southbank", "denied"),
        ("represented", "southbank", "approved"),
        ("minor", None, "denied"),
    ],
)
def test_what_is_said_to_one_lender_binds_that_one_and_a_hospital_bed_all(
    house: House, debtor: Debtor, kind: str, lender: str | None, told: str
) -> None:
    assert tell(house, debtor, kind, lender=lender, since="2026-11-20").status_code == 201
    (answer,) = house.ask(debtor.visit())
    assert answer["type"] == told


def test_what_is_said_of_one_account_leaves_the_others_as_they_are(
    house: House, debtor: Debtor
) -> None:
    other = Debtor(person_id=debtor.person_id, case_id=debtor.case_id)
    give_account(house, other, "NB-2")
    assert tell(house, debtor, "dispute", debts=[str(other.account_id)]).status_code == 201
    approved, denied = house.ask(debtor.visit(), other.visit(TUESDAY + timedelta(days=8)))
    assert (approved["type"], denied["type"]) == ("approved", "denied")


def test_what_is_taken_back_stands_no_longer_and_is_still_listed(
    house: House, debtor: Debtor
) -> None:
    id_ = tell(house, debtor, since="2026-11-01").json()["id"]
    (denied,) = house.ask(debtor.visit())
    assert denied["type"] == "denied"
    told = house.clock()
    house.clock.advance(hours=1)
    answer = take_back(house, debtor, id_, at=f"{told:%Y-%m-%dT%H:%M:%SZ}")
    assert answer.status_code == 200
    ended = answer.json()["ended"]
    assert (ended["reason"], ended["told_by"]) == ("told by mistake", "house ops")
    assert ended["at"] < ended["recorded_at"]
    (approved,) = house.ask(debtor.visit())
    assert approved["type"] == "approved"
    (listed,) = known(house, debtor)
    assert listed == answer.json()
    assert known(house, debtor, standing=True) == []
    assert known(house, debtor, standing=False) == [listed]
    again = take_back(house, debtor, id_)
    assert (again.status_code, again.json()["code"]) == (409, "has_ended")


def test_as_of_shows_what_was_known_then(house: House, debtor: Debtor) -> None:
    before = house.clock()
    house.clock.advance(hours=1)
    id_ = tell(house, debtor, since="2026-11-01").json()["id"]
    told = house.clock()
    house.clock.advance(hours=1)
    assert take_back(house, debtor, id_).status_code == 200
    ended = house.clock()

    def at(moment: Any) -> list[tuple[str, bool]]:
        said = known(house, debtor, as_of=f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        return [(each["id"], each["ended"] is None) for each in said]

    second = timedelta(seconds=1)
    assert at(before + second) == []
    assert at(told + second) == [(id_, True)]
    assert at(ended + second) == [(id_, False)]
    assert known(house, debtor, as_of=f"{told + second:%Y-%m-%dT%H:%M:%SZ}", standing=True)


def test_a_list_has_pages(house: House, debtor: Debtor) -> None:
    ids = [tell(house, debtor, form=form).json()["id"] for form in ("oral", "written") * 3]
    ids.append(consent(house, debtor).json()["id"])
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = house.client.get(f"/v1/persons/{debtor.person_id}/facts", params=asked).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ids


def test_the_same_reference_is_taken_once(house: House, debtor: Debtor) -> None:
    said = {"reference": "线索-1", "since": "2026-11-01", "evidence": [LETTER]}
    first = tell(house, debtor, **said)
    house.clock.advance(days=1)
    second = tell(house, debtor, **said)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    for changed in (
        {"since": "2026-11-02"},
        {"form": "oral"},
        {"evidence": []},
        {"accounts": ["NB-1"]},
        {"kind": "dispute"},
    ):
        refused = tell(house, debtor, **(said | changed))
        assert (refused.status_code, refused.json()["code"]) == (409, "told_otherwise"), changed
    other = Debtor()
    give_account(house, other, "NB-3")
    assert tell(house, other, **said).status_code == 409
    assert consent(house, debtor, reference="线索-1").status_code == 409
    # Another teller may have the same id.
    assert tell(house, debtor, **said, headers=house.header("lender")).status_code == 201
    assert len(known(house, debtor)) == 2


def test_a_reference_without_a_day_is_the_same_tomorrow(house: House, debtor: Debtor) -> None:
    first = tell(house, debtor, reference="call 1")
    house.clock.advance(days=3)
    second = tell(house, debtor, reference="call 1")
    assert (second.status_code, second.json()) == (200, first.json())


def test_an_idempotency_key_gets_the_first_answer_again(house: House, debtor: Debtor) -> None:
    headers = house.header("ops") | {"Idempotency-Key": "fact-1"}
    first = tell(house, debtor, headers=headers, lender="northbank")
    again = tell(house, debtor, headers=headers, lender="northbank")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert len(known(house, debtor)) == 1
    other = tell(house, debtor, "dispute", headers=headers, lender="northbank")
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_person_nobody_knows_is_not_found(house: House) -> None:
    stranger = Debtor()
    path = f"/v1/persons/{stranger.person_id}/facts"
    assert tell(house, stranger).status_code == 404
    assert consent(house, stranger).status_code == 404
    assert house.client.get(path).status_code == 404
    assert take_back(house, stranger, str(new_id())).status_code == 404
    assert house.rows("person") == []
    assert house.client.post("/v1/persons/nobody/facts", json={"kind": "cease"}).status_code == 422
    # Whoever was asked to be visited is known, also before their account is told of.
    house.ask(stranger.visit())
    assert tell(house, stranger).status_code == 201


def pointers(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
