"""When may I: what cases asks of contact-rules it understands, and answers by what both know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cases.service
import contact_rules.service
import pytest
from cases.settings import CasesSettings
from cases_house import Debt
from cases_house import House as Cases
from contact_rules.settings import ContactRulesSettings
from credentials import Keys, TokenMint
from rules_house import House as Rules
from rules_stand_in import rules_stand_in
from settable_clock import SettableClock
from shared.bus import LocalBus

PAPERS = [{"kind": "work_id"}, {"kind": "authorisation_letter"}]
WEEK = {"from": "2026-12-01T00:00:00+08:00", "to": "2026-12-05T23:59:59+08:00"}
ALL = ["2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04", "2026-12-05"]


@dataclass
class Both:
    """Cases and contact-rules, by the packs that ship; the one asks the other over HTTP."""

    cases: Cases
    rules: Rules

    def told(self) -> None:
        """Contact-rules hears all that cases has announced, and cases its answers."""
        for message in self.cases.announced():
            if any(message.type == handler.model.TYPE for handler in self.rules.handlers):
                self.rules.deliver(message)

    def team(self) -> list[str]:
        """Two agents with all the papers that are asked for in Taiwan."""
        return [str(self.cases.agent(credentials=PAPERS)) for _ in range(2)]

    def days(self, debt: Debt, **wanted: Any) -> list[str]:
        """The local days on which a visit could begin in that week."""
        asked = {
            "case_id": str(debt.case_id),
            "duration_minutes": 30,
        } | wanted
        body = {**WEEK, "visits": [{name: said for name, said in asked.items() if said}]}
        answer = self.cases.ok(self.cases.client.post("/v1/windows", json=body))
        (told,) = answer["answers"]
        assert bool(told["windows"]) != bool(told["why_not"])
        return sorted({window["from"][:10] for window in told["windows"]})


@pytest.fixture
def both(
    make_database: Callable[[str], str], keys: Keys, token: TokenMint, clock: SettableClock
) -> Iterator[Both]:
    bus = LocalBus()
    rules = contact_rules.service.build(
        ContactRulesSettings(
            database_url=make_database("contact_rules"),
            token_keys=str(keys.token_jwks),
            approval_key=keys.approval_key,
        ),
        bus,
        clock,
    )
    with rules_stand_in() as wire:
        cases_service = cases.service.build(
            CasesSettings(
                database_url=make_database("cases"),
                token_keys=str(keys.token_jwks),
                approval_keys=str(keys.approval_jwks),
                identity_key="an identity key that only tests may know",
                contact_rules_url=wire.url,
                service_token_file=keys.service_token,
            ),
            bus,
            clock,
        )
        try:
            there = Rules(rules, keys, token, clock)
            there.desk = rules.desk()

            def passed_on(path: str, body: bytes, bearer: str) -> tuple[int, bytes]:
                headers = {"Authorization": bearer, "Content-Type": "application/json"}
                answer = there.client.post(path, content=body, headers=headers)
                assert answer.status_code == 200, answer.text
                return answer.status_code, answer.content

            wire.answered = passed_on  # type: ignore[method-assign]
            yield Both(Cases(cases_service, keys, token, clock), there)
        finally:
            cases_service.close()
            rules.close()


def test_what_is_planned_held_and_complained_of_leaves_the_other_days(both: Both) -> None:
    debt = both.cases.debt()
    assert both.days(debt) == ALL
    visit_id = both.cases.ask(debt, team=both.team())
    both.told()
    assert both.days(debt) == ALL[1:]
    hold = {"reason": "hospital", "from": "2026-12-03", "until": "2026-12-04"}
    both.cases.ok(both.cases.client.post(f"/v1/cases/{debt.case_id}/holds", json=hold), status=201)
    both.told()
    assert both.days(debt) == ["2026-12-02", "2026-12-05"]
    assert both.cases.visit(visit_id)["status"] == "requested"
    complaint = {"about": "conduct", "received_on": "2026-11-22"}
    url = f"/v1/cases/{debt.case_id}/complaints"
    opened = both.cases.ok(both.cases.client.post(url, json=complaint), status=201)
    both.told()
    assert both.days(debt) == []
    both.cases.ok(
        both.cases.client.post(f"/v1/complaints/{opened['id']}/close", json={"outcome": "rejected"})
    )
    both.told()
    # The visit went with the complaint, and its day is free again.
    assert both.days(debt) == ["2026-12-01", "2026-12-02", "2026-12-05"]


def test_a_paper_withdrawn_is_a_visit_revoked(both: Both) -> None:
    debt = both.cases.debt()
    team = both.team()
    both.cases.ask(debt, team=team)
    both.told()
    assert [row.state for row in both.rules.rows("approval")] == ["reserved"]
    both.cases.clock.advance(hours=1)
    bare = {"name": "Knock Twice", "credentials": []}
    both.cases.ok(both.cases.client.put(f"/v1/agents/{team[0]}", json=bare))
    both.told()
    (row,) = both.rules.rows("approval")
    assert (row.state, row.ended_why) == ("revoked", "team")


def test_a_recalled_account_is_nobodys_mandate_until_it_is_back(both: Both) -> None:
    debt = both.cases.debt()
    both.told()
    both.cases.ok(both.cases.client.post("/v1/accounts/YS-1/recall", json={"reason": "sold"}))
    both.told()
    (fact,) = both.rules.rows("known_fact")
    assert (fact.kind, fact.lender) == ("mandate_ended", "northbank")
    assert both.days(debt) == []
    both.cases.clock.advance(days=1)
    back = both.cases.push(as_of="2026-11-24T00:00:00+08:00", status=200)
    both.told()
    assert both.days(debt, case_id=back["case_id"]) == ALL
