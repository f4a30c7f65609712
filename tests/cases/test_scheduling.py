"""Contact-rules answers; only its signed approval of exactly this visit schedules it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cases.consumers import fetch_missing_keys, handlers, lock
from cases_house import Debt, House, VisitApproved, VisitDenied, VisitNeedsReview, message
from delivery import Parked, deliver
from shared.ids import new_id
from shared.keys import BadKeys, KeySet, Signer, make_key
from shared.messages import Message


def test_an_approved_visit_is_scheduled(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    person, event = house.approval(visit_id)
    house.deliver((person, event))
    visit = house.visit(visit_id)
    assert visit["status"] == "scheduled"
    assert visit["denial"] is None
    assert visit["approval"] == {
        "id": event.approval["id"],
        "expires_at": "2026-12-01T03:30:00Z",
        "must_end_by": "2026-12-01T14:00:00Z",
        "obligations": [{"rule": "tw.record", "what": "record", "when": "at_start"}],
        "token": event.approval["token"],
    }
    (scheduled,) = house.announced("cases.visit-scheduled.v1")
    assert scheduled.subject == str(debt.person_id)
    assert scheduled.data == {
        "visit_id": str(visit_id),
        "case_id": str(debt.case_id),
        "person_id": str(debt.person_id),
        "lender": "northbank",
        "approval_id": event.approval["id"],
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
    }
    assert house.timeline(debt.case_id)[-1] == "visit_scheduled"


def test_many_visits_of_many_persons_are_scheduled_at_once(house: House) -> None:
    debts = [
        house.debt(f"YS-{at}", debtor={"name": "M", "id_number": f"A1{at:07d}9"})
        for at in range(12)
    ]
    visits = [house.ask(debt) for debt in debts]
    second = [house.ask(debt, starts_at="2026-12-03T10:00:00+08:00") for debt in debts]
    house.deliver(*(house.approval(visit) for visit in [*visits, *second]))
    assert house.count("visit", "status = 'scheduled'") == 24
    assert len(house.announced("cases.visit-scheduled.v1")) == 24


def test_a_denied_visit_says_why_and_when_instead(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    house.deliver(house.denial(visit_id))
    visit = house.visit(visit_id)
    assert visit["status"] == "denied"
    assert visit["approval"] is None
    assert visit["denial"]["verdict"] == "deny"
    assert visit["denial"]["next_lawful"] == [
        {"from": "2026-12-01T23:00:00Z", "to": "2026-12-02T13:30:00Z"}
    ]
    (check,) = visit["denial"]["checks"]
    assert check["message"] == "Too late in the evening."
    assert check["citation"].startswith("金融機構")
    chinese = house.visit(visit_id, **{"Accept-Language": "zh-TW"})
    assert chinese["denial"]["checks"][0]["message"] == "时间过晚。"


def test_a_visit_left_to_people_waits(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    house.deliver(house.denial(visit_id, kind=VisitNeedsReview))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["denial"]["verdict"]) == ("needs_review", "needs_review")
    house.approve(visit_id)
    visit = house.visit(visit_id)
    assert (visit["status"], visit["denial"]) == ("scheduled", None)


def test_a_visit_left_to_people_may_be_denied_by_them(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    house.deliver(house.denial(visit_id, kind=VisitNeedsReview), house.denial(visit_id))
    visit = house.visit(visit_id)
    assert (visit["status"], visit["denial"]["verdict"]) == ("denied", "deny")


# --- what must never schedule anything


@pytest.mark.parametrize(
    "claimed",
    [
        {"sub": str(new_id())},
        {"case_id": str(new_id())},
        {"person_id": str(new_id())},
        {"lender": "southbank"},
        {"address_id": str(new_id())},
        {"team": []},
        {"team": [str(new_id())]},
        {"team": "everybody"},
        {"starts_at": "2026-12-01T02:00:01Z"},
        {"ends_at": "2026-12-01T03:30:00Z"},
        {"starts_at": None},
        {"starts_at": "2026-12-01T02:00:00"},
        {"starts_at": "soon"},
        {"iss": "doorstep/cases"},
        {"aud": "doorstep"},
        {"exp": None},
        {"sub": None},
        {"must_end_by": "later"},
    ],
)
def test_an_approval_of_anything_else_schedules_nothing(
    house: House, debt: Debt, claimed: dict[str, Any]
) -> None:
    visit_id = house.ask(debt)
    with pytest.raises(Parked):
        house.deliver(house.approval(visit_id, **claimed))
    assert house.visit(visit_id)["status"] == "requested"
    assert house.count("approval") == 0
    assert house.announced("cases.visit-scheduled.v1") == []


def test_a_token_under_another_approvals_id_schedules_nothing(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    person, event = house.approval(visit_id)
    renamed = event.model_copy(update={"approval": event.approval | {"id": str(new_id())}})
    with pytest.raises(Parked):
        house.deliver((person, renamed))
    assert house.visit(visit_id)["status"] == "requested"


def test_a_forged_token_schedules_nothing(house: House, debt: Debt, tmp_path: Any) -> None:
    visit_id = house.ask(debt)
    person, event = house.approval(visit_id)
    make_key(tmp_path / "forger.pem")
    claims = dict(_claims(event))
    forged = Signer(tmp_path / "forger.pem").sign(claims)
    for token in (forged, event.approval["token"][:-4] + "AAAA", "", "a.b.c"):
        bad = event.model_copy(update={"approval": event.approval | {"token": token}})
        with pytest.raises(Parked):
            house.deliver((person, bad))
        with house.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM parked")
    assert house.visit(visit_id)["status"] == "requested"


def _claims(event: VisitApproved) -> dict[str, Any]:
    import jwt

    claims: dict[str, Any] = jwt.decode(
        event.approval["token"], options={"verify_signature": False}
    )
    return claims


def test_a_bad_approval_parks_alone(house: House, debt: Debt) -> None:
    other = house.debt("YS-2", debtor={"name": "Else", "id_number": "B287654321"})
    bad, good = house.ask(debt), house.ask(other)
    with pytest.raises(Parked):
        house.deliver(house.approval(bad, lender="southbank"), house.approval(good))
    assert house.visit(bad)["status"] == "requested"
    assert house.visit(good)["status"] == "scheduled"


def test_an_approval_under_another_persons_key_schedules_nothing(house: House, debt: Debt) -> None:
    """Its person would not be locked."""
    _, event = house.approval(house.ask(debt))
    with pytest.raises(Parked):
        house.deliver((new_id(), event))


def test_a_decision_on_an_unknown_visit_parks(house: House, debt: Debt) -> None:
    person, event = house.denial(house.ask(debt))
    with pytest.raises(Parked):
        house.deliver((person, event.model_copy(update={"visit_id": new_id()})))


# --- when the world moved on


def test_a_visit_cancelled_meanwhile_stays_cancelled(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    approval = house.approval(visit_id)
    answer = house.client.post(f"/v1/visits/{visit_id}/cancel", json={"reason": "debtor"})
    assert answer.status_code == 200
    house.deliver(approval)
    assert house.visit(visit_id)["status"] == "cancelled"
    assert house.announced("cases.visit-scheduled.v1") == []


def test_a_plan_that_came_before_the_approval_keeps_everybody_away(
    house: House, debt: Debt
) -> None:
    visit_id = house.ask(debt)
    approval = house.approval(visit_id)
    house.deliver(house.plan(debt), approval)
    assert house.visit(visit_id)["status"] == "cancelled"


def test_a_denial_that_came_after_a_cancellation_changes_nothing(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    denial = house.denial(visit_id)
    house.client.post(f"/v1/visits/{visit_id}/cancel", json={"reason": "debtor"})
    house.deliver(denial)
    assert house.visit(visit_id)["status"] == "cancelled"


def test_a_scheduled_visit_is_not_denied_behind_everybodys_back(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    with pytest.raises(Parked):
        house.deliver(house.denial(visit_id))
    assert house.visit(visit_id)["status"] == "scheduled"


def test_an_approval_that_came_when_it_was_over_cancels_the_visit(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    approval = house.approval(visit_id)
    house.clock.advance(days=30)
    house.deliver(approval)
    visit = house.visit(visit_id)
    assert (visit["status"], visit["cancel_reason"]) == ("cancelled", "expired")
    (cancelled,) = house.announced("cases.visit-cancelled.v1")
    assert cancelled.data["reason"] == "expired"


def test_an_approval_that_lies_about_its_end_schedules_nothing(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    exp = int((house.clock() - timedelta(minutes=1)).timestamp())
    person, event = house.approval(visit_id, exp=exp)
    late = event.approval | {"expires_at": "2027-01-01T00:00:00+00:00"}
    with pytest.raises(Parked):
        house.deliver((person, event.model_copy(update={"approval": late})))
    assert house.visit(visit_id)["status"] == "requested"


def test_the_same_decision_announced_anew_changes_nothing(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    approval, denied = house.approval(visit_id), house.ask(debt)
    denial = house.denial(denied)
    house.deliver(approval, denial)
    house.deliver(approval, denial)  # as new messages
    assert house.visit(visit_id)["status"] == "scheduled"
    assert house.visit(denied)["status"] == "denied"
    assert house.count("denial") == house.count("approval") == 1
    assert len(house.announced("cases.visit-scheduled.v1")) == 1


# --- contact-rules' keys


class _Remote(KeySet):
    """A key set behind an address that answers when it is told to."""

    def __init__(self, source: KeySet) -> None:
        self._source = source
        self.asked = 0
        self.reachable = True
        self.patient = True
        self.fetched = False
        self.old = False

    @property
    def may_refresh(self) -> bool:
        return self.patient

    @property
    def wants_refresh(self) -> bool:
        return self.patient and (self.old or not self.fetched)

    def get(self, kid: str) -> Any:
        return self._source.get(kid) if self.fetched else None

    def refresh(self) -> None:
        self.asked += 1
        if not self.reachable:
            raise BadKeys("nobody at home")
        self.fetched = True


@pytest.fixture
def remote(house: House) -> _Remote:
    return _Remote(KeySet(house.keys.approval_jwks))


def told(house: House, visit_id: UUID) -> Message:
    return message(house.approval(visit_id), house.clock)


def test_a_missing_key_is_fetched_before_the_transaction(
    house: House, debt: Debt, remote: _Remote
) -> None:
    visit_id = house.ask(debt)
    deliver(
        house.engine,
        handlers(remote),
        house.approval(visit_id),
        clock=house.clock,
        lock=lock,
        prepare=fetch_missing_keys(remote),
    )
    assert house.visit(visit_id)["status"] == "scheduled"
    assert remote.asked == 1


@pytest.mark.parametrize("trouble", [{"reachable": False}, {"patient": True}])
def test_while_keys_can_not_be_fetched_the_batch_waits_and_nothing_parks(
    house: House, debt: Debt, remote: _Remote, trouble: dict[str, bool]
) -> None:
    prepare = fetch_missing_keys(remote)
    remote.reachable = trouble.get("reachable", True)
    remote.patient = "patient" not in trouble
    with pytest.raises(TimeoutError):
        prepare([told(house, house.ask(debt))])


def test_a_known_key_and_other_messages_ask_nobody(
    house: House, debt: Debt, remote: _Remote
) -> None:
    prepare = fetch_missing_keys(remote)
    visit_id = house.ask(debt)
    prepare([message(house.denial(visit_id), house.clock)])
    assert remote.asked == 0
    remote.fetched = True
    prepare([told(house, visit_id)])
    assert remote.asked == 0


def test_keys_fetched_long_ago_are_fetched_again_if_they_can_be(
    house: House, debt: Debt, remote: _Remote
) -> None:
    prepare = fetch_missing_keys(remote)
    remote.fetched = remote.old = True
    approval = told(house, house.ask(debt))
    prepare([approval])
    assert remote.asked == 1
    remote.reachable = False
    prepare([approval])
    assert remote.asked == 2


def test_keys_in_a_file_are_never_asked_for(house: House, debt: Debt) -> None:
    prepare = fetch_missing_keys(KeySet(house.keys.token_jwks))
    prepare([told(house, house.ask(debt))])


def test_what_is_denied_is_shown_only_to_its_lender(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    house.deliver(house.denial(visit_id, kind=VisitDenied))
    theirs = house.header("lender", "southbank")
    assert house.client.get(f"/v1/visits/{visit_id}", headers=theirs).status_code == 404
