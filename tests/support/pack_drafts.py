"""Packs that are handed in while the service runs, and the people who see them through."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from contact_rules.consumers import handlers
from contact_rules.handlers.activate_packs import RulesTurn
from contact_rules.handlers.run_simulation import Run
from contact_rules.store import simulations
from rules_house import RULEBOOK, House
from shared.db import transaction
from shared.ids import new_id

PERIOD = "2026-01-01T00:00:00Z"

_TAIWANESE = """\
# Closes earlier than the file of this name in the rulebook.
id: taiwanese
version: {version}
title: {{en: Somewhere like Taiwan, zh: 類似臺灣之處}}
applies: jurisdiction
covers: {{country: TW}}
on_fail: {{guidance: needs_review}}
{more}rules:
  - id: taiwanese.hours
    kind: window
    severity: prohibition
    applies_when: {{channel: [visit, phone]}}
    params:
      hours: {{mon-sat: ["{opens}-{closes}"], sun: closed}}
    citation: Rulebook of somewhere, 1
    source_quality: report
    message: {{en: "{{start}}-{{end}}: open {{hours}}.", zh: "{{weekday}}：開放 {{hours}}。"}}
  - id: taiwanese.team
    kind: staffing
    severity: guidance
    applies_when: {{channel: [visit]}}
    params: {{min: 2}}
    citation: Rulebook of somewhere, 2
    source_quality: memory
    message: {{en: "Two must come.", zh: "須兩人同行。"}}
examples:
  contact:
    place: {{kind: home, timezone: Asia/Taipei, country: TW}}
    party: {{id: p1, role: debtor}}
    team: [{{id: a1}}, {{id: a2}}]
  cases:
    - why: a Tuesday morning
      proposed: {{at: 2026-12-01 10:00}}
    - why: 週日不得外訪
      proposed: {{at: 2026-12-06 10:00}}
      verdict: {sunday}
      fails: [taiwanese.hours]
    - why: nobody comes along
      proposed: {{at: 2026-12-01 10:00, team: [{{id: a1}}]}}
      verdict: needs_review
      fails: [taiwanese.team]
"""


def taiwanese(
    version: str = "2027-01-01",
    *,
    opens: str = "09:00",
    closes: str = "17:00",
    sunday: str = "deny",
    more: str = "",
) -> str:
    """A version of the Taiwanese pack with hours of its own, and a team of two."""
    return _TAIWANESE.format(version=version, opens=opens, closes=closes, sunday=sunday, more=more)


def rulebook(name: str) -> str:
    """The text of a pack of the rulebook."""
    return (RULEBOOK / f"{name}.yaml").read_text(encoding="utf-8")


class Panel:
    """A house whose decisions follow its shelf, and the people who decide about its packs."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.handlers = handlers(house.service.desk)
        self.turn = RulesTurn(
            house.engine,
            house.clock,
            house.service.shelf,
            house.service.desk,
            service="contact-rules",
        )

    def header(self, subject: str, role: str = "compliance") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.house.token(role, subject=subject)}"}

    def post(
        self, path: str, body: Any = None, *, by: str = "wu", role: str = "compliance", **more: Any
    ) -> Any:
        headers = self.header(by, role) | more.pop("headers", {})
        return self.house.client.post(path, json=body, headers=headers, **more)

    def get(self, path: str, *, by: str = "wu", role: str = "compliance") -> Any:
        return self.house.client.get(path, headers=self.header(by, role))

    def hand_in(self, text: str, *, by: str = "lin") -> Any:
        """The answer to a draft in YAML."""
        return self.house.client.post(
            "/v1/packs/drafts",
            content=text.encode(),
            headers=self.header(by) | {"Content-Type": "application/yaml"},
        )

    def draft(self, text: str | None = None, *, by: str = "lin") -> str:
        """The id of a draft that was taken."""
        answer = self.hand_in(taiwanese() if text is None else text, by=by)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def simulate(self, draft: str, **body: Any) -> dict[str, Any]:
        """The draft is tried, here and now, on everything there is."""
        self.house.clock.advance(seconds=1)  # a period ends before the moment it is asked for
        asked = self.post("/v1/simulations", {"draft_id": draft, "from": PERIOD} | body)
        assert asked.status_code == 202, asked.text
        runner = new_id()
        with transaction(self.house.engine) as session:
            claimed = simulations.claim(session, runner, self.house.clock())
        assert str(claimed) == asked.json()["id"]
        self.run(UUID(asked.json()["id"]), runner)
        found: dict[str, Any] = self.get(f"/v1/simulations/{asked.json()['id']}").json()
        return found

    def run(self, simulation: UUID, runner: UUID) -> None:
        """Run a claimed simulation in this process."""
        Run(
            self.house.engine, self.house.clock, simulation, runner, rest=lambda busy: None
        ).to_the_end(RULEBOOK)

    def approved(self, text: str | None = None) -> str:
        """A draft that was tried and that two people are for."""
        draft = self.draft(text)
        assert self.simulate(draft)["state"] == "done"
        for person in ("chen", "huang"):
            answer = self.post(f"/v1/packs/drafts/{draft}/approve", {"reason": "needed"}, by=person)
            assert answer.status_code == 200, answer.text
        return draft

    def schedule(self, draft: str, day: date | str, **more: Any) -> Any:
        return self.post(f"/v1/packs/drafts/{draft}/schedule", {"effective_from": str(day)}, **more)

    def scheduled(self, day: date | str, text: str | None = None) -> str:
        """A version that is law from that day on; planned visits are not asked again yet."""
        draft = self.approved(text)
        answer = self.schedule(draft, day)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "scheduled"
        return draft

    def turned(self) -> None:
        """The loop works until it finds nothing more to do."""
        while self.turn.run_once():
            pass

    def shown(self, draft: str) -> dict[str, Any]:
        answer = self.get(f"/v1/packs/drafts/{draft}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def days(self, name: str) -> tuple[date | None, date | None]:
        """From when to when a pack of the library in use is in force."""
        (pack,) = self.house.service.library.named([name])
        return pack.effective_from, pack.effective_to

    def at(self, moment: str) -> datetime:
        """Move the clock."""
        self.house.clock.set(datetime.fromisoformat(moment))
        return self.house.clock()
