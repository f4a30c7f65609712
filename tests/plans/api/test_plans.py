"""A plan over HTTP: offered, consented, active, ended; and everything that may not be."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from plans_house import AS_OF, TERMS, Debt, House
from shared.ids import new_id


def offer_body(debt: Debt, **terms: Any) -> dict[str, Any]:
    return {
        "case_id": str(debt.case_id),
        "account": debt.external_id,
        "terms": TERMS | {"currency": debt.currency} | terms,
    }


def refused(answer: Any, status: int, code: str, pointer: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    found = answer.json()
    if pointer is None:
        assert found["code"] == code, found
    else:
        assert [(each["pointer"], each["code"]) for each in found["errors"]] == [(pointer, code)]


def test_an_offer_is_stored_with_its_schedule_and_an_expiry(house: House, debt: Debt) -> None:
    offered = house.offer(debt)
    assert offered["status"] == "offered"
    assert offered["lender"] == "northbank"
    assert offered["terms"] == TERMS
    assert offered["total"] == "10661.86"
    assert offered["total_interest"] == "661.86"
    assert offered["paid"] == "0.00"
    assert [each["total"] for each in offered["instalments"]] == ["888.49"] * 11 + ["888.47"]
    assert {each["status"] for each in offered["instalments"]} == {"scheduled"}
    assert offered["expires_at"] == "2026-12-07T02:00:00Z"
    assert [(each["from_status"], each["to_status"]) for each in offered["history"]] == [
        (None, "offered")
    ]
    assert offered["history"][0]["by"] == "northbank lender"
    assert house.plan(offered["id"]) == offered
    assert house.announced() == []


def test_consent_makes_it_active_and_announces_it(house: House, debt: Debt) -> None:
    offered = house.offer(debt)
    given = {
        "form": "oral_recorded",
        "evidence": "call 4711",
        "consented_at": "2026-11-22T18:00:00+08:00",
    }
    active = house.ok(house.client.post(f"/v1/plans/{offered['id']}/consent", json=given))
    assert active["status"] == "active"
    assert active["consent"] == {
        "form": "oral_recorded",
        "evidence": "call 4711",
        "consented_at": "2026-11-22T10:00:00Z",
    }
    assert [each["to_status"] for each in active["history"]] == ["offered", "consented", "active"]
    (message,) = house.announced()
    assert message.type == "plans.plan-activated.v1"
    assert message.subject == str(debt.person_id)
    assert message.data == {
        "plan_id": offered["id"],
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "account": "NB-1",
        "currency": "CNY",
        "total": "10661.86",
        "first_due_on": "2026-12-15",
        "activated_at": "2026-11-23T02:00:00Z",
    }


def test_an_amount_is_what_is_owed_at_most(house: House, debt: Debt) -> None:
    answer = house.client.post("/v1/plans", json=offer_body(debt, amount="10000.01"))
    refused(answer, 422, "exceeds_balance", "/terms/amount")
    house.offer(debt, amount="10000.00")


def test_terms_are_pointed_at_inside_the_body(house: House, debt: Debt) -> None:
    for changed, pointer, code in [
        ({"amount": "1.234"}, "/terms/amount", "too_many_decimals"),
        ({"currency": "USD"}, "/terms/currency", "currency_mismatch"),
        ({"kind": "lump_sum", "discount": "0.1"}, "/terms/kind", "not_offered_yet"),
        ({"first_due_on": "2026-11-01"}, "/terms/first_due_on", "first_due_before_agreement"),
        ({"colour": "red"}, "/terms/colour", "unknown_field"),
        (
            {"agreed_on": "2030-01-01", "first_due_on": "2030-02-01"},
            "/terms/agreed_on",
            "agreed_too_far_away",
        ),
    ]:
        answer = house.client.post("/v1/plans", json=offer_body(debt, **changed))
        refused(answer, 422, code, pointer)
    assert house.count("plan") == 0


def test_an_account_has_one_live_plan(house: House, debt: Debt) -> None:
    first = house.offer(debt)
    again = house.client.post("/v1/plans", json=offer_body(debt))
    refused(again, 409, "plan_already_live")
    house.ok(house.client.post(f"/v1/plans/{first['id']}/cancel", json={"reason": "too dear"}))
    second = house.activate(debt)
    refused(house.client.post("/v1/plans", json=offer_body(debt)), 409, "plan_already_live")
    assert second["id"] != first["id"]


def test_two_accounts_of_a_case_may_each_have_a_plan(house: House, debt: Debt) -> None:
    other = house.know(Debt(external_id="NB-2", case_id=debt.case_id, person_id=debt.person_id))
    house.offer(debt)
    house.offer(other)


def test_a_case_owns_its_accounts_only(house: House, debt: Debt) -> None:
    other = house.know(Debt(external_id="NB-2"))
    body = offer_body(debt) | {"case_id": str(other.case_id)}
    refused(house.client.post("/v1/plans", json=body), 422, "case_does_not_own_account", "/case_id")
    caseless = house.know(Debt(external_id="NB-3", case_id=None))
    body = offer_body(debt) | {"account": caseless.external_id}
    refused(house.client.post("/v1/plans", json=body), 422, "case_does_not_own_account", "/case_id")


def test_what_nobody_knows_is_not_found(house: House, debt: Debt) -> None:
    unknown = offer_body(debt) | {"account": "NB-404"}
    refused(house.client.post("/v1/plans", json=unknown), 404, "unknown_account", "/account")
    unknown = offer_body(debt) | {"case_id": str(new_id())}
    refused(house.client.post("/v1/plans", json=unknown), 404, "unknown_case", "/case_id")
    for method, path in [
        ("GET", f"/v1/plans/{new_id()}"),
        ("POST", f"/v1/plans/{new_id()}/consent"),
        ("POST", f"/v1/plans/{new_id()}/cancel"),
        ("GET", "/v1/accounts/NB-404/ledger"),
    ]:
        body = {"reason": "r"} if path.endswith("cancel") else {"form": "written"}
        answer = house.client.request(method, path, json=body if method == "POST" else None)
        refused(answer, 404, "not_found")


def test_another_lenders_rows_do_not_exist(house: House, debt: Debt) -> None:
    plan = house.activate(debt)
    foreign = house.header("lender", "southbank")
    for method, path, body in [
        ("GET", f"/v1/plans/{plan['id']}", None),
        ("POST", f"/v1/plans/{plan['id']}/consent", {"form": "written"}),
        ("POST", f"/v1/plans/{plan['id']}/cancel", {"reason": "mine"}),
        ("GET", f"/v1/accounts/{debt.external_id}/ledger", None),
        ("POST", "/v1/plans", offer_body(debt)),
        ("POST", "/v1/payments", house.slip(debt, "1.00", "theirs")),
    ]:
        answer = house.client.request(method, path, json=body, headers=foreign)
        assert answer.status_code == 404, (path, answer.text)
        if body is None:
            theirs = house.client.request(
                method, path, headers=foreign | {"Accept-Language": "en"}
            ).json()
            assert "NB-1" not in str(theirs)
    listed = house.ok(house.client.get("/v1/plans", headers=foreign))
    assert listed == {"items": [], "next": None}
    named = house.client.get("/v1/plans?lender=northbank", headers=foreign)
    refused(named, 404, "not_found")
    assert house.plan(plan["id"])["status"] == "active"


@pytest.mark.parametrize("role", ["agent", "compliance", "auditor", "service"])
def test_those_who_only_look_change_nothing(house: House, debt: Debt, role: str) -> None:
    plan = house.offer(debt)
    mine = house.header(role)
    for path, body in [
        ("/v1/plans", offer_body(debt)),
        (f"/v1/plans/{plan['id']}/consent", {"form": "written"}),
        (f"/v1/plans/{plan['id']}/cancel", {"reason": "r"}),
        ("/v1/payments", house.slip(debt, "1.00", "slip")),
    ]:
        assert house.client.post(path, json=body, headers=mine).status_code == 403
    looking = house.client.get(f"/v1/plans/{plan['id']}", headers=mine).status_code
    assert looking == (403 if role == "agent" else 200)


@pytest.mark.parametrize("role", ["ops", "admin"])
def test_ops_work_across_lenders(house: House, debt: Debt, role: str) -> None:
    namesake = house.know(Debt(lender="southbank"))
    mine = house.header(role)
    for each in (debt, namesake):
        # The case says whose account is meant; a named lender has to be that one.
        plan = house.ok(house.client.post("/v1/plans", json=offer_body(each), headers=mine), 201)
        assert plan["lender"] == each.lender
        house.ok(
            house.client.post(
                f"/v1/plans/{plan['id']}/consent", json={"form": "oral"}, headers=mine
            )
        )
    wrong = offer_body(debt) | {"lender": "southbank"}
    refused(
        house.client.post("/v1/plans", json=wrong, headers=mine), 404, "unknown_case", "/case_id"
    )
    listed = house.ok(house.client.get("/v1/plans", headers=mine))["items"]
    assert [each["lender"] for each in listed] == ["southbank", "northbank"]
    listed = house.ok(house.client.get("/v1/plans?lender=northbank", headers=mine))["items"]
    assert [each["lender"] for each in listed] == ["northbank"]


def test_an_offer_expires_and_makes_room_for_another(house: House, debt: Debt) -> None:
    stale = house.offer(debt)
    house.clock.advance(days=14)
    assert house.plan(stale["id"])["status"] == "expired"
    consent = house.client.post(f"/v1/plans/{stale['id']}/consent", json={"form": "written"})
    refused(consent, 409, "plan_expired")
    cancel = house.client.post(f"/v1/plans/{stale['id']}/cancel", json={"reason": "r"})
    refused(cancel, 409, "plan_expired")
    house.offer(debt)
    written_off = house.plan(stale["id"])
    assert written_off["status"] == "expired"
    assert [each["to_status"] for each in written_off["history"]] == ["offered", "expired"]
    assert written_off["ended_at"] == "2026-12-07T02:00:00Z"


def test_consent_is_given_once(house: House, debt: Debt) -> None:
    plan = house.activate(debt)
    again = house.client.post(f"/v1/plans/{plan['id']}/consent", json={"form": "written"})
    refused(again, 409, "already_consented")
    assert len(house.announced()) == 1


def test_consent_needs_its_form_and_a_possible_time(house: House, debt: Debt) -> None:
    path = f"/v1/plans/{house.offer(debt)['id']}/consent"
    for body, pointer, code in [
        ({}, "/form", "missing"),
        ({"form": "nodded"}, "/form", "enum"),
        ({"form": "written", "evidence": " "}, "/evidence", "string_too_short"),
        (
            {"form": "written", "consented_at": "2026-11-23T10:00:00"},
            "/consented_at",
            "time_without_offset",
        ),
        (
            {"form": "written", "consented_at": "2026-11-23T02:05:01Z"},
            "/consented_at",
            "consented_in_future",
        ),
        (
            {"form": "written", "consented_at": "2026-11-13T00:00:00Z"},
            "/consented_at",
            "consented_before_terms",
        ),
        ({"form": "written", "signed": True}, "/signed", "unknown_field"),
    ]:
        refused(house.client.post(path, json=body), 422, code, pointer)
    house.ok(house.client.post(path, json={"form": "written"}))


def test_money_that_came_since_the_offer_stops_the_consent(house: House, debt: Debt) -> None:
    plan = house.offer(debt)
    house.pay(debt, "0.01", "slip-1")
    answer = house.client.post(f"/v1/plans/{plan['id']}/consent", json={"form": "written"})
    refused(answer, 409, "balance_below_plan")
    assert house.plan(plan["id"])["status"] == "offered"


def test_a_closed_case_gets_no_plan(house: House, debt: Debt) -> None:
    house.deliver((debt.person_id, debt.closed(AS_OF + timedelta(days=1))))
    refused(house.client.post("/v1/plans", json=offer_body(debt)), 409, "case_closed")
    house.deliver((debt.person_id, debt.opened(AS_OF + timedelta(days=2))))
    house.offer(debt)


def test_cancelling_an_active_plan_is_announced_and_an_offers_is_not(
    house: House, debt: Debt
) -> None:
    offered = house.offer(debt)
    path = f"/v1/plans/{offered['id']}/cancel"
    cancelled = house.ok(house.client.post(path, json={"reason": "debtor declined"}))
    assert cancelled["status"] == "cancelled"
    assert cancelled["history"][-1]["reason"] == "debtor declined"
    assert house.announced() == []
    refused(house.client.post(path, json={"reason": "again"}), 409, "plan_ended")
    active = house.activate(debt)
    house.ok(house.client.post(f"/v1/plans/{active['id']}/cancel", json={"reason": "moved away"}))
    (message,) = house.announced("plans.plan-cancelled.v1")
    assert message.data["plan_id"] == active["id"]
    assert message.data["cancelled_at"] == "2026-11-23T02:00:00Z"
    refused(
        house.client.post(f"/v1/plans/{active['id']}/cancel", json={}), 422, "missing", "/reason"
    )


def test_the_same_key_offers_once(house: House, debt: Debt) -> None:
    key = {"Idempotency-Key": "offer-1"}
    first, second = (
        house.client.post("/v1/plans", json=offer_body(debt), headers=key) for _ in range(2)
    )
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    other = house.client.post("/v1/plans", json=offer_body(debt, amount="9.00"), headers=key)
    refused(other, 422, "idempotency_key_reused")
    path = f"/v1/plans/{first.json()['id']}/consent"
    key = {"Idempotency-Key": "consent-1"}
    answers = [house.client.post(path, json={"form": "written"}, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert len(house.announced()) == 1
    path = f"/v1/plans/{first.json()['id']}/cancel"
    answers = [house.client.post(path, json={"reason": "r"}, headers=key) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_lists_are_filtered_sorted_and_paged(house: House) -> None:
    plans = []
    for number in range(5):
        debt = house.know(Debt(external_id=f"NB-{number}"))
        plans.append(house.offer(debt) if number else house.activate(debt))
        house.clock.advance(seconds=1)
    ids = [each["id"] for each in plans]

    def listed(query: str) -> dict[str, Any]:
        return house.ok(house.client.get(f"/v1/plans?{query}"))

    def found(query: str) -> list[str]:
        return [each["id"] for each in listed(query)["items"]]

    assert found("") == ids[::-1]
    assert found("sort=offered_at:asc") == ids
    assert found("status=active") == ids[:1]
    assert found("status=offered&sort=offered_at:asc") == ids[1:]
    assert found("account=NB-3") == ids[3:4]
    assert found(f"case_id={plans[2]['case_id']}") == ids[2:3]
    assert found("status=completed") == []
    for sort, order in (("asc", ids), ("desc", ids[::-1])):
        first = listed(f"limit=2&sort=offered_at:{sort}")
        second = listed(f"limit=2&sort=offered_at:{sort}&cursor={first['next']}")
        third = listed(f"limit=2&sort=offered_at:{sort}&cursor={second['next']}")
        pages = [each["id"] for page in (first, second, third) for each in page["items"]]
        assert pages == order
        assert third["next"] is None
    assert not {"instalments", "history"} & set(listed("")["items"][0])
    house.clock.advance(days=20)
    assert sorted(found("status=expired")) == sorted(ids[1:])
    assert found("status=offered") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("status=sleeping", "?status"),
        ("sort=total:asc", "?sort"),
        ("limit=0", "?limit"),
        ("limit=201", "?limit"),
        ("cursor=garbage", "?cursor"),
        ("case_id=7", "?case_id"),
        ("colour=red", "?colour"),
        ("account=a%2Fb", "?account"),
        ("account=%00", "?account"),
    ],
)
def test_bad_queries_are_pointed_at(house: House, query: str, pointer: str) -> None:
    answer = house.client.get(f"/v1/plans?{query}")
    assert answer.status_code in {400, 422}
    assert answer.json().get("errors", [{"pointer": pointer}])[0]["pointer"] == pointer


def test_an_id_that_is_none_is_pointed_at(house: House) -> None:
    refused(house.client.get("/v1/plans/7"), 422, "uuid_parsing", "{plan_id}")


def test_ids_are_of_version_seven(house: House, debt: Debt) -> None:
    assert UUID(house.offer(debt)["id"]).version == 7
