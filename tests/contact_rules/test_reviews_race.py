"""Votes, lapses and cancellations at the same moment: a review has one end, and caps hold."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from contact_rules.domain.ledger import Entry
from contact_rules.domain.review import ReviewRefusal, Voter, VoteVerdict
from contact_rules.handlers.lapse_reviews import lapse_reviews
from contact_rules.handlers.release_reservations import CancelledVisit, release_reservations
from contact_rules.handlers.vote_on_review import locked_review, vote_on_review
from contact_rules.store import ledger, persons
from review_panel import REASON, Panel
from rules_house import TUESDAY, Debtor, House, VisitRequested
from shared.db import transaction
from sqlmodel import Session

ROUNDS: Final = 6
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Racers:
    """What several do at the same moment, each in a transaction of its own."""

    house: House

    def vote(self, review: str, subject: str, now: datetime | None = None) -> str:
        """The state after this person's yes, or why it was refused."""
        try:
            with transaction(self.house.engine) as session:
                found = locked_review(session, UUID(review))
                assert found is not None
                voted = vote_on_review(
                    session,
                    found,
                    Voter(subject, "compliance"),
                    VoteVerdict.APPROVE,
                    REASON,
                    now or self.house.clock(),
                    desk=self.house.desk,
                )
        except ReviewRefusal as refusal:
            return refusal.code
        return "refused" if voted.objections else voted.review.state.value

    def lapse(self, now: datetime) -> int:
        with transaction(self.house.engine) as session:
            return lapse_reviews(session, now, desk=self.house.desk)

    def cancel(self, visit: VisitRequested) -> None:
        now = self.house.clock()
        cancelled = CancelledVisit(visit.visit_id, visit.person_id, visit.lender, "debtor", now)
        with transaction(self.house.engine) as session:
            release_reservations(session, [cancelled], now)

    def at_once(self, *runs: Callable[[], Any]) -> list[Any]:
        """Their results, in the order given."""
        start = threading.Barrier(len(runs))

        def run(one: Callable[[], Any]) -> Any:
            start.wait(timeout=60)
            return one()

        with ThreadPoolExecutor(len(runs)) as pool:
            return [done.result() for done in [pool.submit(run, one) for one in runs]]

    def answers(self, visit: VisitRequested) -> list[str]:
        return [answer["type"] for answer in self.house.answers(visit)]


@pytest.fixture
def panel(house: House) -> Panel:
    return Panel(house)


@pytest.fixture
def racers(house: House) -> Racers:
    return Racers(house)


@pytest.fixture
def slow_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between asking the rules and reserving, others get their chance."""
    add = ledger.add

    def late(session: Session, entries: Sequence[Entry]) -> None:
        time.sleep(0.05)
        add(session, entries)

    monkeypatch.setattr(ledger, "add", late)


def test_of_two_last_votes_one_approves_and_the_other_comes_too_late(
    panel: Panel, racers: Racers
) -> None:
    for _ in range(ROUNDS):
        debtor = Debtor()
        visit, review = panel.open(debtor)
        racers.vote(review, "Vera")
        votes = racers.at_once(
            lambda: racers.vote(review, "Victor"),  # noqa: B023
            lambda: racers.vote(review, "Walter"),  # noqa: B023
        )
        assert sorted(votes) == ["approved", "review_over"]
        assert panel.house.ledger(debtor) == [("reserved", None)]
        assert racers.answers(visit) == ["needs-review", "approved"]


def test_one_person_voting_twice_at_once_has_one_vote(panel: Panel, racers: Racers) -> None:
    for _ in range(ROUNDS):
        _, review = panel.open(Debtor())
        votes = racers.at_once(*[lambda: racers.vote(review, "Vera")] * 4)  # noqa: B023
        assert Counter(votes) == {"pending": 1, "already_voted": 3}
        assert panel.state(review) == "pending"


def test_a_vote_in_time_and_the_lapse_are_never_both(panel: Panel, racers: Racers) -> None:
    ends = Counter()
    for turn in range(ROUNDS):
        debtor = Debtor()
        visit, review = panel.open(debtor)
        racers.vote(review, "Vera")
        lapses = panel.house.clock() + 72 * HOUR
        race: list[Callable[[], Any]] = [
            lambda: racers.vote(review, "Victor", lapses - timedelta(seconds=1)),  # noqa: B023
            lambda: racers.lapse(lapses),  # noqa: B023
        ]
        done = racers.at_once(*(race if turn % 2 else reversed(race)))
        voted = next(each for each in done if isinstance(each, str))
        racers.lapse(lapses)
        state = panel.state(review)
        ends[state] += 1
        if state == "approved":
            assert voted == "approved"
            assert panel.house.ledger(debtor) == [("reserved", None)]
            assert racers.answers(visit) == ["needs-review", "approved"]
        else:
            assert (state, voted) == ("lapsed", "review_over")
            assert panel.house.ledger(debtor) == []
            assert racers.answers(visit) == ["needs-review", "denied"]
    assert sum(ends.values()) == ROUNDS


def test_workers_that_lapse_at_once_deny_each_visit_once(panel: Panel, racers: Racers) -> None:
    visits = [panel.open(Debtor()) for _ in range(8)]
    lapses = panel.house.clock() + 72 * HOUR
    done = racers.at_once(*[lambda: racers.lapse(lapses)] * 4)
    assert sum(done) >= len(visits)
    for visit, review in visits:
        assert panel.state(review) == "lapsed"
        assert racers.answers(visit) == ["needs-review", "denied"]


def test_after_a_vote_and_a_cancellation_at_once_nothing_is_reserved(
    panel: Panel, racers: Racers
) -> None:
    for _ in range(ROUNDS):
        debtor = Debtor()
        visit, review = panel.open(debtor)
        racers.vote(review, "Vera")
        voted, _ = racers.at_once(
            lambda: racers.vote(review, "Victor"),  # noqa: B023
            lambda: racers.cancel(visit),  # noqa: B023
        )
        assert (panel.state(review), voted) in [
            ("approved", "approved"),
            ("withdrawn", "review_over"),
        ]
        assert panel.house.ledger(debtor)[-1] == ("released", None)
        states = {row.state for row in panel.house.rows("approval")}
        assert states <= {"released"}


def two_reviews_of_one_person(panel: Panel) -> tuple[Debtor, list[str]]:
    """Both visits on one day, of which one is all that the cap allows; a vote short of a yes."""
    debtor = Debtor()
    reviews = [panel.open(debtor, starts_at=TUESDAY + hours * HOUR)[1] for hours in (0, 3)]
    for review in reviews:
        panel.vote(review, "Vera")
    return debtor, reviews


def approve_both_at_once(
    panel: Panel, racers: Racers, persons_: Sequence[tuple[Debtor, list[str]]]
) -> list[int]:
    """How many visits of each person were reserved."""
    for _, (one, other) in persons_:
        racers.at_once(
            lambda: racers.vote(one, "Victor"),  # noqa: B023
            lambda: racers.vote(other, "Victor"),  # noqa: B023
        )
    return [len(panel.house.ledger(debtor)) for debtor, _ in persons_]


def test_two_reviews_of_one_person_approved_at_once_keep_the_cap(
    panel: Panel, racers: Racers, slow_to_write: None
) -> None:
    people = [two_reviews_of_one_person(panel) for _ in range(ROUNDS)]
    assert set(approve_both_at_once(panel, racers, people)) == {1}
    assert Counter(row.state for row in panel.house.rows("review")) == {
        "approved": ROUNDS,
        "rejected": ROUNDS,
    }


def test_the_race_catches_votes_that_do_not_lock_the_person(
    panel: Panel, racers: Racers, slow_to_write: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [two_reviews_of_one_person(panel) for _ in range(ROUNDS)]
    monkeypatch.setattr(persons, "lock", lambda _session, _persons: None)
    assert 2 in approve_both_at_once(panel, racers, people)
