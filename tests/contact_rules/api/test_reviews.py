"""Reviews as people read them and vote: who may, what they see, what is refused and how."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from delivery import fingerprint
from review_panel import REASON, ZH, Panel
from rules_house import TUESDAY, Debtor, House, cancelled
from shared.ids import new_id

HOUR = timedelta(hours=1)
NOWHERE = {"country": "TW", "region": "TPE", "timezone": None}


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


def shown(house: House, review: str, role: str = "compliance", **headers: str) -> dict[str, Any]:
    answer = house.client.get(f"/v1/reviews/{review}", headers=house.header(role) | headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_review_shows_the_question_every_check_with_its_law_and_the_time_left(
    panel: Panel,
) -> None:
    house, debtor = panel.house, Debtor()
    visit, review = panel.open(debtor, where=NOWHERE)
    house.clock.advance(hours=1)
    said = shown(house, review)
    assert said["state"] == "pending"
    assert said["visit_id"] == str(visit.visit_id)
    assert said["requested_by"] == "Petra Planner"
    assert said["seconds_left"] == 71 * 3600
    assert (said["approvals"], said["approvals_needed"]) == (0, 2)
    assert said["question"]["place"]["kind"] == "home"
    assert "timezone" not in said["question"]["place"]
    checks = {check["rule"]: check for check in said["checks"]}
    hours = checks["taiwanese.hours"]
    assert (hours["result"], hours["severity"]) == ("unknown", "prohibition")
    assert hours["citation"] == "Rulebook of somewhere, 1"
    assert hours["source_quality"] == "report"
    assert "time zone at the door" in hours["message"]
    assert said["votes"] == []
    assert said["may_vote"] is True
    chinese = shown(house, review, **{"Accept-Language": "zh"})
    messages = {check["rule"]: check["message"] for check in chinese["checks"]}
    assert "时区" in messages["taiwanese.hours"]


def test_votes_are_shown_with_their_reasons(panel: Panel) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    panel.vote(review, "Vera", reason=f"  {ZH}\n")
    house.clock.advance(minutes=5)
    done = panel.vote(review, "Victor", "reject", role="admin")
    assert done.json() == shown(house, review, "ops") | {"may_vote": False}
    said = shown(house, review, "auditor")
    assert [(vote["voter"], vote["role"], vote["verdict"]) for vote in said["votes"]] == [
        ("Vera", "compliance", "approve"),
        ("Victor", "admin", "reject"),
    ]
    assert said["votes"][0]["reason"] == ZH
    assert said["votes"][1]["voted_at"] == "2026-11-23T02:05:00Z"
    assert said["seconds_left"] == 0
    assert said["may_vote"] is False


def test_a_lender_sees_the_state_of_its_own_and_neither_who_voted_nor_why(panel: Panel) -> None:
    house = panel.house
    _, ours = panel.open(Debtor())
    _, theirs = panel.open(Debtor(lender="southbank"))
    panel.vote(ours, "Vera")
    northbank = house.header("lender", "northbank")
    answer = house.client.get(f"/v1/reviews/{ours}", headers=northbank)
    assert answer.status_code == 200
    assert answer.json()["votes"] == [
        {
            "verdict": "approve",
            "voted_at": "2026-11-23T02:00:00Z",
            "voter": None,
            "role": None,
            "reason": None,
        }
    ]
    assert answer.json()["may_vote"] is False
    assert "Vera" not in answer.text
    assert REASON not in answer.text
    hidden = house.client.get(f"/v1/reviews/{theirs}", headers=northbank)
    nothing = house.client.get(f"/v1/reviews/{new_id()}", headers=northbank)
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json() == nothing.json()
    listed = house.client.get("/v1/reviews", headers=northbank).json()["items"]
    assert [each["id"] for each in listed] == [ours]
    path = "/v1/reviews?lender="
    assert house.client.get(path + "northbank", headers=northbank).status_code == 200
    assert house.client.get(path + "southbank", headers=northbank).status_code == 404


def test_the_list_is_filtered_sorted_and_paged(panel: Panel) -> None:
    house = panel.house
    made = []
    for hours in (5, 1, 3):  # the first to be opened is the last to lapse
        starts = house.clock() + hours * HOUR
        made.append(panel.open(Debtor(), starts_at=starts))
        house.clock.advance(minutes=1)
    _, other = panel.open(Debtor(lender="southbank"))
    house.deliver(cancelled(made[1][0], house.clock()))
    first, second, third = (review for _, review in made)

    def ids(**params: Any) -> list[str]:
        answer = house.client.get("/v1/reviews", params=params)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    assert ids() == [other, third, second, first]
    assert ids(state="pending") == [other, third, first]
    assert ids(state="withdrawn") == [second]
    assert ids(state="lapsed") == []
    assert ids(lender="northbank", sort="opened_at:asc") == [first, second, third]
    assert ids(state="pending", sort="lapses_at:asc") == [third, first, other]
    assert ids(state="pending", sort="lapses_at:desc") == [other, first, third]
    for sort in ("opened_at:asc", "opened_at:desc", "lapses_at:asc", "lapses_at:desc"):
        paged, cursor = [], None
        while True:
            params = {"limit": 1, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = house.client.get("/v1/reviews", params=params).json()
            paged += [each["id"] for each in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert paged == ids(sort=sort)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=open", "?state"),
        ("sort=starts_at:asc", "?sort"),
        ("lender=", "?lender"),
        ("cursor=nonsense", "?cursor"),
        ("voter=Vera", "?voter"),
    ],
)
def test_a_list_nobody_can_mean_is_refused(house: House, query: str, pointer: str) -> None:
    answer = house.client.get(f"/v1/reviews?{query}")
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_who_may_read_and_who_may_vote(panel: Panel) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    body = {"verdict": "reject", "reason": REASON}
    for role in ("agent", "service", "lender", "ops", "auditor", "compliance", "admin"):
        header = house.header(role)
        reads = house.client.get(f"/v1/reviews/{review}", headers=header).status_code
        lists = house.client.get("/v1/reviews", headers=header).status_code
        assert reads == lists == (403 if role in ("agent", "service") else 200), role
        if role not in ("compliance", "admin"):
            voted = house.client.post(f"/v1/reviews/{review}/votes", json=body, headers=header)
            assert voted.status_code == 403, role
    assert panel.state(review) == "pending"
    del house.client.headers["Authorization"]
    assert house.client.get("/v1/reviews").status_code == 401
    assert house.client.post(f"/v1/reviews/{review}/votes", json=body).status_code == 401


def test_a_token_of_a_lender_or_an_agent_has_no_vote_whatever_its_role(panel: Panel) -> None:
    _, review = panel.open(Debtor())
    lenders = panel.vote(review, "Lena", lender="northbank")
    assert (lenders.status_code, lenders.json()["code"]) == (403, "may_not_vote")
    agents = panel.vote(review, "Alan", agent=new_id())
    assert (agents.status_code, agents.json()["code"]) == (403, "may_not_vote")
    assert panel.vote(review, "Lena", lender="southbank").status_code == 404


def test_nobody_votes_on_his_own_request_nor_twice(panel: Panel) -> None:
    _, review = panel.open(Debtor())
    own = panel.vote(review, "Petra Planner", role="admin", Accept_Language="zh")
    assert (own.status_code, own.json()["code"]) == (403, "own_request")
    assert own.json()["detail"] == "不得复核本人提出的外访申请。"
    assert panel.vote(review, "Vera").status_code == 201
    twice = panel.vote(review, "Vera", "reject")
    assert (twice.status_code, twice.json()["code"]) == (409, "already_voted")
    assert panel.state(review) == "pending"


def test_a_vote_on_nothing_is_404(panel: Panel) -> None:
    assert panel.vote(str(new_id()), "Vera").status_code == 404
    assert panel.vote("nonsense", "Vera").status_code == 422


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/verdict", "/reason"]),
        ({"verdict": "maybe", "reason": REASON}, ["/verdict"]),
        ({"verdict": "approve"}, ["/reason"]),
        ({"verdict": "approve", "reason": None}, ["/reason"]),
        ({"verdict": "approve", "reason": "too short"}, ["/reason"]),
        ({"verdict": "approve", "reason": "short" + 20 * " "}, ["/reason"]),
        ({"verdict": "approve", "reason": "ok" + 20 * "\u200b"}, ["/reason"]),
        ({"verdict": "approve", "reason": "两人同去无妨"}, ["/reason"]),
        ({"verdict": "approve", "reason": 501 * "x"}, ["/reason"]),
        ({"verdict": "approve", "reason": REASON + "\0"}, ["/reason"]),
        ({"verdict": "approve", "reason": REASON, "voter": "Victor"}, ["/voter"]),
    ],
)
def test_a_vote_without_a_verdict_and_a_reason_is_refused(
    panel: Panel, body: dict[str, Any], pointers: list[str]
) -> None:
    _, review = panel.open(Debtor())
    answer = panel.house.client.post(
        f"/v1/reviews/{review}/votes", json=body, headers=panel.headers("Vera")
    )
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert panel.house.rows("review_vote") == []


def test_the_same_vote_with_the_same_key_is_one_vote(panel: Panel) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    first = panel.vote(review, "Vera", Idempotency_Key="vera-1")
    once = fingerprint(house.engine)
    again = panel.vote(review, "Vera", Idempotency_Key="vera-1")
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert fingerprint(house.engine) == once
    other = panel.vote(review, "Vera", "reject", Idempotency_Key="vera-1")
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_vote_that_the_rules_refuse_is_refused_alike_when_it_is_sent_again(panel: Panel) -> None:
    house, debtor = panel.house, Debtor()
    _, review = panel.open(debtor)
    panel.vote(review, "Vera")
    house.ask(debtor.visit(TUESDAY + 2 * HOUR))
    first = panel.vote(review, "Victor", Idempotency_Key="victor-1")
    once = fingerprint(house.engine)
    again = panel.vote(review, "Victor", Idempotency_Key="victor-1")
    for answer in (first, again):
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "rules_say_no"
        (day, _) = sorted(answer.json()["checks"], key=lambda check: str(check["rule"]))
        assert day["message"] == "2 visits in a day; 1 may be."
        assert day["window"] == {"from": "2026-12-01", "to": "2026-12-01"}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert fingerprint(house.engine) == once


def test_a_vote_may_depend_on_what_was_read(panel: Panel) -> None:
    house = panel.house
    _, review = panel.open(Debtor())
    read = house.client.get(f"/v1/reviews/{review}").headers["ETag"]
    voted = panel.vote(review, "Vera", If_Match=read)
    assert voted.status_code == 201
    assert voted.headers["ETag"] != read
    stale = panel.vote(review, "Victor", If_Match=read)
    assert stale.status_code == 412
    assert panel.vote(review, "Victor", If_Match=voted.headers["ETag"]).status_code == 201


def test_pending_reviews_and_the_age_of_the_oldest_are_measured(panel: Panel) -> None:
    house = panel.house

    def measured() -> dict[str, float]:
        figures = re.findall(
            r'doorstep_reviews_(\w+)\{service="contact-rules"\} (\S+)',
            house.client.get("/metrics").text,
        )
        return {name: float(value) for name, value in figures}

    assert measured() == {"pending": 0, "oldest_seconds": 0}
    _, review = panel.open(Debtor())
    house.clock.advance(minutes=2)
    panel.open(Debtor())
    assert measured() == {"pending": 2, "oldest_seconds": 120}
    panel.vote(review, "Vera", "reject")
    assert measured() == {"pending": 1, "oldest_seconds": 0}
