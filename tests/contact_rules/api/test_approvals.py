"""Approvals over HTTP: what became of one, what a token proves, and questions that are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from credentials import Keys
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled
from shared.ids import new_id
from shared.keys import Signer, make_key
from visit_life import checked_in, learn

HOUR = timedelta(hours=1)


@pytest.fixture
def visit(house: House) -> VisitRequested:
    asked_for = Debtor().visit()
    house.ask(asked_for)
    return asked_for


def row(house: House) -> Any:
    (found,) = house.rows("approval")
    return found


# --- what became of it ---------------------------------------------------------------------------


def test_an_approval_says_what_it_is_and_what_became_of_it(
    house: House, visit: VisitRequested
) -> None:
    kept = row(house)
    answer = house.client.get(f"/v1/approvals/{kept.id}")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(kept.id),
        "state": "reserved",
        "decision_id": str(kept.decision_id),
        "visit_id": str(visit.visit_id),
        "person_id": str(visit.person_id),
        "lender": "northbank",
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "must_end_by": "2026-12-01T10:00:00Z",
        "expires_at": "2026-12-01T03:30:00Z",
        "issued_at": "2026-11-23T02:00:00Z",
        "checked_in_at": None,
        "ended_at": None,
        "ended_why": None,
        "token": kept.token,
    }
    house.clock.set(TUESDAY)
    house.deliver(checked_in(visit))
    learn(house, Debtor(person_id=visit.person_id), "deceased")
    after = house.client.get(f"/v1/approvals/{kept.id}").json()
    assert (after["state"], after["ended_why"]) == ("revoked", "deceased")
    assert after["checked_in_at"] == "2026-12-01T02:01:00Z"
    assert after["ended_at"] == "2026-12-01T02:00:00Z"


def test_a_lender_sees_its_own_and_agents_none(house: House, visit: VisitRequested) -> None:
    path = f"/v1/approvals/{row(house).id}"
    assert house.client.get(path, headers=house.header("lender", "northbank")).status_code == 200
    for headers in (house.header("lender", "southbank"), house.header("ops", "southbank")):
        assert house.client.get(path, headers=headers).status_code == 404
    assert house.client.get(path, headers=house.header("agent")).status_code == 403
    assert house.client.get(f"/v1/approvals/{new_id()}").status_code == 404
    assert house.client.get("/v1/approvals/ten").status_code == 422


# --- what a token proves -------------------------------------------------------------------------


def verify(house: House, token: str, **headers: str) -> dict[str, Any]:
    """Asked by somebody without any account."""
    house.client.headers.pop("Authorization", None)
    answer = house.client.post("/v1/approvals/verify", json={"token": token}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_people_at_the_door_learn_who_may_come_for_whom_and_when(
    house: House, visit: VisitRequested
) -> None:
    assert verify(house, row(house).token) == {
        "valid": True,
        "message": "This is an approval of ours: those it names may come at the time it says,"
        " nobody else.",
        "state": "reserved",
        "visit_id": str(visit.visit_id),
        "lender": "northbank",
        "team": [member["id"] for member in visit.team],
        "address_id": visit.place["address_id"],
        "starts_at": "2026-12-01T02:00:00Z",
        "ends_at": "2026-12-01T02:30:00Z",
        "must_end_by": "2026-12-01T10:00:00Z",
        "expires_at": "2026-12-01T03:30:00Z",
    }
    chinese = verify(house, row(house).token, **{"Accept-Language": "zh-TW"})
    assert chinese["message"].startswith("此批准由本系统签发且有效")


def test_one_that_was_called_off_is_genuine_and_worth_nothing(
    house: House, visit: VisitRequested
) -> None:
    house.deliver(cancelled(visit, house.clock(), "complaint"))
    found = verify(house, row(house).token)
    assert (found["valid"], found["state"]) == (False, "revoked")
    assert found["lender"] == "northbank"
    assert "stands no longer" in found["message"]


def test_it_is_worth_nothing_from_the_instant_it_expires(
    house: House, visit: VisitRequested
) -> None:
    over = visit.ends_at + HOUR
    house.clock.set(over - timedelta(seconds=1))
    assert verify(house, row(house).token)["valid"]
    house.clock.set(over)
    found = verify(house, row(house).token)
    assert (found["valid"], found["state"]) == (False, "expired")
    house.clock.advance(days=300)
    assert verify(house, row(house).token)["state"] == "expired"


def altered(token: str, part: int) -> str:
    parts = token.split(".")
    middle = len(parts[part]) // 2
    swapped = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + swapped + parts[part][middle + 1 :]
    return ".".join(parts)


def test_what_we_did_not_sign_is_none_of_ours(
    house: House, visit: VisitRequested, keys: Keys, tmp_path: Any
) -> None:
    token = row(house).token
    make_key(tmp_path / "forger.pem")
    claims = {
        "iss": "doorstep/contact-rules",
        "aud": "doorstep/approval",
        "jti": str(row(house).id),
        "exp": int((TUESDAY + HOUR).timestamp()),
    }
    forged = [
        Signer(tmp_path / "forger.pem").sign(claims),
        keys.approvals.sign(claims | {"aud": "doorstep"}),
        keys.approvals.sign(claims | {"iss": "somebody"}),
        keys.approvals.sign(claims | {"jti": "seven"}),
        keys.approvals.sign({name: value for name, value in claims.items() if name != "jti"}),
        keys.approvals.sign({name: value for name, value in claims.items() if name != "exp"}),
        keys.approvals.sign(claims | {"exp": 10**30}),
        keys.approvals.sign(claims | {"exp": "soon"}),
        *[altered(token, part) for part in range(3)],
        token.rpartition(".")[0],
        "a.b.c",
        "…",
        ".." * 4000,
    ]
    for each in forged:
        found = verify(house, each)
        assert (found["valid"], found["state"]) == (False, None), each[:80]
        assert found["lender"] is None
        assert "not an approval of ours" in found["message"]


def test_one_of_a_database_that_was_lost_proves_nothing(house: House, keys: Keys) -> None:
    from contact_rules.domain.approval import Subject, claims, reserve

    subject = Subject(new_id(), new_id(), new_id(), "northbank", new_id(), (new_id(),))
    approval = reserve(
        new_id(), new_id(), subject,
        starts_at=TUESDAY, ends_at=TUESDAY + HOUR, must_end_by=None, now=house.clock(),
    )  # fmt: skip
    found = verify(house, keys.approvals.sign(claims(approval, subject)))
    assert (found["valid"], found["state"]) == (False, None)
    assert found["lender"] == "northbank"


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 7}, {"token": "x" * 17_000}, []])
def test_a_question_about_no_token_is_refused(house: House, body: Any) -> None:
    answer = house.client.post("/v1/approvals/verify", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


# --- questions before a step, refused ------------------------------------------------------------

TEAM = [{"id": "019ae3a0-0000-7000-8000-000000000001", "credentials": ["work_id"]}]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"visit_id": "one"}, "/visit_id"),
        ({"visit_id": None}, "/visit_id"),
        ({"step": "leave"}, "/step"),
        ({"at": "2026-11-23T02:00:00"}, "/at"),
        ({"at": "2026-11-23T02:00:11Z"}, "/at"),
        ({"at": "2026-11-23T02:00:00.5Z"}, "/at"),
        ({"team": None}, "/team"),
        ({"team": TEAM * 51}, "/team"),
        ({"team": [{"id": "x", "credentials": []}]}, "/team/0/id"),
        ({"team": [TEAM[0] | {"credentials": ["no spaces"]}]}, "/team/0/credentials/0"),
        ({"team": [TEAM[0] | {"name": "Ann"}]}, "/team/0/name"),
        ({"go": True}, "/go"),
    ],
    ids=str,
)
def test_a_step_that_makes_no_sense_is_refused_with_its_place(
    house: House, visit: VisitRequested, change: dict[str, Any], pointer: str
) -> None:
    body = {"visit_id": str(visit.visit_id), "step": "dispatch", "team": TEAM} | change
    answer = house.client.post(f"/v1/approvals/{row(house).id}/recheck", json=body)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


def test_a_clock_a_few_seconds_ahead_is_forgiven(house: House, visit: VisitRequested) -> None:
    body = {"visit_id": str(visit.visit_id), "step": "dispatch", "team": TEAM}
    ahead = (house.clock() + timedelta(seconds=10)).isoformat()
    answer = house.client.post(f"/v1/approvals/{row(house).id}/recheck", json=body | {"at": ahead})
    assert answer.status_code == 200


def test_an_approval_that_is_not_this_visits_or_not_this_lenders_is_not_found(
    house: House, visit: VisitRequested
) -> None:
    path = f"/v1/approvals/{row(house).id}/recheck"
    body = {"visit_id": str(visit.visit_id), "step": "dispatch", "team": TEAM}
    for status, given, path_, headers in (
        (200, body, path, house.header("service")),
        (200, body, path, house.header("compliance")),
        (200, body, path, house.header("service", "northbank")),
        (404, body, path, house.header("service", "southbank")),
        (404, body | {"visit_id": str(new_id())}, path, house.header("service")),
        (404, body, f"/v1/approvals/{new_id()}/recheck", house.header("service")),
        (403, body, path, house.header("agent")),
        (403, body, path, house.header("lender", "northbank")),
    ):
        answer = house.client.post(path_, json=given, headers=headers)
        assert answer.status_code == status, (status, answer.text)
