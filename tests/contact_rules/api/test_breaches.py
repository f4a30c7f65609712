"""Breaches are listed with filters, shown one by one, and seen by their lender only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rules_house import TUESDAY, Debtor, House
from shared.ids import new_id
from told_contacts import MONDAY, call, make_known, tell

NIGHT = MONDAY.replace(hour=4)
HOME = {"kind": "home", "country": "TW", "timezone": "Asia/Taipei"}


@pytest.fixture
def debtor(house: House) -> Debtor:
    debtor = Debtor()
    make_known(house, debtor)
    return debtor


def at_night(debtor: Debtor, id_: str, **changed: Any) -> dict[str, Any]:
    return call(debtor, id_, NIGHT, place=HOME, **changed)


def listed(house: House, headers: dict[str, str] | None = None, **params: Any) -> list[Any]:
    answer = house.client.get("/v1/breaches", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_a_breach_shows_the_law_and_what_it_rests_on(house: House, debtor: Debtor) -> None:
    contact = tell(house, at_night(debtor, "call-1")).json()["contact_id"]
    (shown,) = listed(house)
    assert shown == house.client.get(f"/v1/breaches/{shown['id']}").json()
    check, facts = shown.pop("check"), shown.pop("facts")
    assert shown == {
        "id": shown["id"],
        "contact_id": contact,
        "person_id": str(debtor.person_id),
        "lender": "northbank",
        "channel": "phone",
        "starts_at": "2026-11-22T20:30:00Z",
        "cause": "contact",
        "rule": "taiwanese.hours",
        "pack": "taiwanese@2026-02-01",
        "ledger_seq": house.rows("ledger")[-1].seq,
        "found_at": "2026-11-23T02:00:00Z",
    }
    assert check["citation"] == "Rulebook of somewhere, 1"
    assert check["message"] == "04:30-04:32 on Monday: open 09:00-18:00."
    # Asked again without what came of it, the rules say the same.
    assert facts.pop("outcome") == "no_answer"
    again = house.client.post("/v1/checks", json=facts).json()
    assert again["verdict"] == "deny"
    path = f"/v1/breaches/{shown['id']}"
    chinese = house.client.get(path, headers={"Accept-Language": "zh"}).json()
    assert "开放" in chinese["check"]["message"]


def test_a_lender_sees_its_own(house: House, debtor: Debtor) -> None:
    theirs = Debtor(lender="southbank")
    make_known(house, theirs)
    tell(house, at_night(debtor, "call-1"))
    tell(house, at_night(theirs, "call-1"), lender="southbank")
    north, south = house.header("lender", "northbank"), house.header("lender", "southbank")
    assert len(listed(house)) == 2
    (own,) = listed(house, north)
    assert own["lender"] == "northbank"
    assert house.client.get(f"/v1/breaches/{own['id']}", headers=south).status_code == 404
    assert house.client.get("/v1/breaches?lender=northbank", headers=south).status_code == 404
    assert [each["lender"] for each in listed(house, lender="southbank")] == ["southbank"]
    for role in ("agent", "service"):
        assert house.client.get("/v1/breaches", headers=house.header(role)).status_code == 403
    assert house.client.get(f"/v1/breaches/{new_id()}").status_code == 404


def test_breaches_are_filtered(house: House, debtor: Debtor) -> None:
    tell(house, at_night(debtor, "call-1"))
    later = house.clock.advance(days=1)
    other = Debtor()
    make_known(house, other)
    neighbour = {"id": "next door", "role": "neighbour"}
    contact = tell(house, call(other, "call-2", place=HOME, party=neighbour)).json()["contact_id"]

    def rules(**params: Any) -> list[str]:
        return [each["rule"] for each in listed(house, **params)]

    hours, party = "taiwanese.hours", "taiwanese.neighbours"
    assert rules() == [party, hours], "the last found comes first"
    assert rules(person_id=str(debtor.person_id)) == [hours]
    assert rules(contact_id=contact) == [party]
    assert rules(rule=party) == [party]
    assert rules(cause="contact", lender="northbank") == [party, hours]
    assert rules(cause="fact") == []
    assert rules(**{"from": later.isoformat()}) == [party]
    assert rules(to=(later - timedelta(seconds=1)).isoformat()) == [hours]


def test_breaches_come_in_pages(house: House, debtor: Debtor) -> None:
    tell(house, [at_night(debtor, f"call-{n}") for n in range(5)])
    everything = [each["id"] for each in listed(house)]
    first = house.client.get("/v1/breaches?limit=3").json()
    rest = house.client.get("/v1/breaches", params={"limit": 3, "cursor": first["next"]}).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == everything
    assert (len(everything), rest["next"]) == (5, None)


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ("cause=weather", "?cause"),
        ("person_id=me", "?person_id"),
        ("from=2026-11-23", "?from"),
        ("sort=rule", "?sort"),
        ("cursor=first", "?cursor"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(house: House, params: str, pointer: str) -> None:
    answer = house.client.get(f"/v1/breaches?{params}")
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_what_was_found_is_never_rewritten(house: House, debtor: Debtor) -> None:
    tell(house, at_night(debtor, "call-1"))
    before = house.rows("breach")
    house.clock.set(TUESDAY)
    fixed = call(debtor, "call-1", MONDAY, place=HOME, correction={"reason": "wrong_hour"})
    assert tell(house, fixed).json()["status"] == "corrected"
    assert house.rows("breach") == before
