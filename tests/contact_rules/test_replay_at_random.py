"""Whatever was decided, and whatever came later: worked out again it comes to the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    Channel,
    Consent,
    ConsentScope,
    Fact,
    FactKind,
    Form,
    Library,
    Slot,
    Weekday,
    load,
    shipped,
)
from contact_rules.domain.told import Ended, Told
from contact_rules.handlers.proving import SignatureState
from contact_rules.handlers.replay_decision import replay_decision
from contact_rules.store import decisions, facts, persons
from rules_house import TUESDAY, Debtor, House, VisitRequested, cancelled, completed
from shared.db import transaction
from shared.ids import new_id
from shared.keys import KeySet
from visit_life import amended, moved

PLACES: tuple[dict[str, Any], ...] = (
    {"country": "TW", "region": "TPE", "timezone": "Asia/Taipei"},
    {"country": "US", "region": "MA", "timezone": "America/New_York"},
    {"country": "US", "region": "NY", "city": "NYC", "timezone": "America/New_York"},
    {"country": "US", "region": None, "timezone": "America/New_York"},
    {"country": "IN", "region": "MH", "timezone": "Asia/Kolkata"},
    {"country": "DE", "region": "BE", "timezone": "Europe/Berlin"},
    {"country": "XX", "region": None, "timezone": "Pacific/Apia"},
    {"country": "TW", "region": "TPE", "timezone": None},
)
OUTCOMES = ("nobody_met", "person_met", "conversation", "refused", "no_answer")
TIMELESS = (FactKind.WAKING_HOURS, FactKind.WORKING_HOURS, FactKind.EXCLUDED_SLOT)


class Life:
    """Visits of some people at random, and what becomes of them."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.rng = house, random.Random(seed)
        self.people = [Debtor(lender=self.rng.choice(("northbank", "southbank"))) for _ in range(5)]
        # One of them owes two lenders.
        self.people.append(Debtor(lender="eastbank", person_id=self.people[0].person_id))
        self.where = {person.case_id: self.rng.choice(PLACES) for person in self.people}
        self.visits: list[tuple[Debtor, VisitRequested]] = []

    def visit(self, debtor: Debtor, **changed: Any) -> VisitRequested:
        rng, where = self.rng, self.where[debtor.case_id]
        here = ZoneInfo(where["timezone"] or "Asia/Taipei")
        at = (TUESDAY + timedelta(days=rng.randint(0, 20))).astimezone(here)
        at = at.replace(hour=rng.choice((6, 8, 9, 12, 15, 18, 20, 21)), minute=rng.choice((0, 59)))
        return debtor.visit(
            at,
            minutes=rng.choice((10, 30, 61, 240)),
            team=rng.randint(0, 3),
            role=rng.choice(("debtor", "debtor", "guarantor", "family", "colleague")),
            where=where,
            residence=rng.choice((where, None, PLACES[0])),
            purpose=rng.choice(("collect", "collect", "locate", "legal_notice")),
            collector={
                "id": rng.choice((debtor.lender, "swift")),
                "class": rng.choice(("creditor", "agency")),
            },
            **changed,
        )

    def goes_on(self, steps: int) -> None:
        for _ in range(steps):
            self.house.clock.advance(minutes=self.rng.randint(1, 90))
            self.rng.choice(
                (self._asks, self._asks, self._moves, self._ends, self._tells, self._withdraws)
            )()

    def _asks(self) -> None:
        asked = [(debtor, self.visit(debtor)) for debtor in self.rng.choices(self.people, k=3)]
        self.visits += asked
        self.house.deliver(*(visit for _, visit in asked))

    def _moves(self) -> None:
        """To another time; or what it rests on changed, until nothing is owed."""
        if self.visits:
            debtor, visit = self.rng.choice(self.visits)
            other = self.visit(debtor)
            self.house.deliver(
                moved(visit, other.starts_at)
                if self.rng.random() < 0.5
                else amended(visit, debts=self.rng.choice((other.debts, [])))
            )

    def _ends(self) -> None:
        if self.visits:
            _, visit = self.rng.choice(self.visits)
            self.house.deliver(
                cancelled(visit, self.house.clock(), "agent")
                if self.rng.random() < 0.5
                else completed(visit, self.rng.choice(OUTCOMES))
            )

    def _tells(self) -> None:
        """Facts that are there from now on, told as others tell them."""
        rng, now = self.rng, self.house.clock()
        debtor = rng.choice(self.people)
        said: Fact | Consent
        if rng.random() < 0.4:
            said = Consent(
                rng.choice(list(ConsentScope)), now, form=rng.choice((None, *Form)),
                until=rng.choice((None, now + timedelta(days=9))),
                channel=rng.choice((None, Channel.VISIT)),
            )  # fmt: skip
        else:
            kind = rng.choice(list(FactKind))
            slots = (Slot(frozenset({Weekday.TUE, Weekday.SAT}), time(9), time(17)),)
            said = Fact(
                kind, since=date(2026, 11, 20), until=rng.choice((None, date(2026, 12, 9))),
                form=rng.choice((None, *Form)), slots=slots if kind in TIMELESS else (),
            )  # fmt: skip
        with transaction(self.house.engine) as session:
            persons.lock(session, [debtor.person_id])
            facts.add(
                session,
                Told(
                    id=new_id(), person_id=debtor.person_id, said=said,
                    lender=rng.choice((None, debtor.lender)), told_by="a test",
                    occurred_at=now, recorded_at=now,
                    debts=rng.choice(((), (str(debtor.account_id),))),
                ),
            )  # fmt: skip

    def _withdraws(self) -> None:
        now = self.house.clock()
        told = [row.id for row in self.house.rows("known_fact")]
        if told:
            with transaction(self.house.engine) as session:
                facts.end(session, _end(self.rng.choice(told), now))


def _end(fact_id: UUID, now: datetime) -> Ended:
    return Ended(
        id=new_id(), fact_id=fact_id, matter=None, reason="withdrawn", told_by="a test",
        occurred_at=now, recorded_at=now,
    )  # fmt: skip


@cache
def _shipped() -> Library:
    return load(shipped())


@pytest.mark.parametrize("seed", range(3))
def test_every_decision_comes_to_the_same_again(house: House, seed: int) -> None:
    house.desk = replace(house.desk, library=_shipped())
    life = Life(house, seed)
    life.goes_on(40)
    keys = KeySet.of(house.keys.approvals.public_jwks())
    # Another library is in use by now, so the one that was kept is asked.
    in_use = Library(pack for pack in house.desk.library if pack.id == "person-protection")
    verdicts, moves = set(), 0
    with transaction(house.engine) as session:
        ids = [row.id for row in house.rows("decision", "decided_at, id")]
        assert len(ids) > 20
        for each in ids:
            record = decisions.find(session, each, lender=None)
            assert record is not None
            again, signature = replay_decision(session, record, in_use, keys)
            assert not again.differences, (seed, record.facts, again.differences[:3])
            assert signature is SignatureState.VALID
            verdicts.add(record.verdict)
            moves += record.request_id is not None
    assert len(verdicts) >= 2
    assert moves
