"""A release with other packs on disk: visits planned by the old ones are asked again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

import pytest
from contact_rules.consumers import handlers
from contact_rules.handlers.activate_packs import RulesTurn, take_up_files
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from credentials import Keys, TokenMint
from delivery import announced
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from shared.db import transaction

EARLY = TUESDAY
LATE = TUESDAY.replace(hour=17, minute=15)
"""Before six in the evening, and after five."""


class Release:
    """A worker process with the packs it was shipped with."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.handlers = handlers(house.service.desk)
        self._turn = RulesTurn(
            house.engine, house.clock, house.service.shelf, house.service.desk, service="one"
        )

    def works(self, most: int = 100) -> int:
        """How often its loop ran until it found nothing more to do."""
        for ran in range(1, most + 1):
            if not self._turn.run_once():
                return ran
        return most

    def looks(self) -> None:
        """Twice, so that what lies on disk is at rest."""
        self.house.service.shelf.look()
        self.house.service.shelf.look()


Ship = Callable[[str], Release]


@pytest.fixture
def ship(
    make_database: Callable[[str], str],
    keys: Keys,
    token: TokenMint,
    clock: SettableClock,
    tmp_path: Path,
) -> Iterator[Ship]:
    """`ship("09:00-17:00")` → a release whose Taiwanese hours are these; all on one database."""
    url = make_database("contact_rules")

    def start(hours: str) -> Release:
        packs = tmp_path / hours.replace(":", "")
        if not packs.exists():
            shutil.copytree(RULEBOOK, packs)
            open_from(packs, hours)
        settings = ContactRulesSettings(
            database_url=url,
            token_keys=str(keys.token_jwks),
            approval_key=keys.approval_key,
            packs=packs,
            database_pool=5,
        )
        service = build(settings, LocalBus(), clock)
        running.callback(service.close)
        return Release(House(service, keys, token, clock))

    with ExitStack() as running:
        yield start


def open_from(packs: Path, hours: str) -> None:
    file = packs / "taiwanese.yaml"
    old = file.read_text(encoding="utf-8")
    assert old.count("09:00-18:00") == 1
    file.write_text(old.replace("09:00-18:00", hours), encoding="utf-8")


def states(house: House) -> dict[str, int]:
    rows = house.rows("approval")
    return {state: sum(row.state == state for row in rows) for state in {r.state for r in rows}}


def changes(house: House) -> list[tuple[int, int, bool]]:
    """Asked, revoked, through; of each change of files."""
    return [
        (row.done, row.revoked, row.ended_at is not None)
        for row in house.rows("rule_change", "begun_at, id")
        if row.cause == "files"
    ]


def plan(release: Release, starts_at: datetime, count: int = 1) -> None:
    release.house.deliver(*[Debtor().visit(starts_at) for _ in range(count)])


def test_what_the_new_packs_forbid_is_revoked_and_the_rest_stays(
    ship: Ship, clock: SettableClock
) -> None:
    old = ship("09:00-18:00")
    old.works()
    plan(old, EARLY)
    plan(old, LATE, 2)
    assert states(old.house) == {"reserved": 3}
    clock.advance(minutes=1)
    new = ship("09:00-17:00")
    new.works()
    assert states(new.house) == {"reserved": 1, "revoked": 2}
    revoked = announced(new.house.engine, "contact-rules.approval-revoked.v1")
    assert [message.data["reason"] for message in revoked] == ["rules", "rules"]
    assert changes(new.house) == [(0, 0, True), (3, 2, True)]


def test_changed_while_it_runs(ship: Ship, clock: SettableClock, tmp_path: Path) -> None:
    release = ship("09:00-18:00")
    release.works()
    plan(release, LATE)
    clock.advance(minutes=1)
    open_from(tmp_path / "0900-1800", "09:00-17:00")
    release.works()
    assert states(release.house) == {"reserved": 1}  # not taken up yet
    release.looks()
    release.works()
    assert states(release.house) == {"revoked": 1}


def test_a_start_with_the_same_packs_asks_nobody(ship: Ship, clock: SettableClock) -> None:
    for _ in range(3):
        release = ship("09:00-18:00")
        assert release.works() <= 2
        clock.advance(minutes=1)
    plan(release, LATE)
    ship("09:00-18:00").works()
    assert changes(release.house) == [(0, 0, True)]


def test_the_first_start_on_a_database_of_before_asks_about_all(ship: Ship) -> None:
    old = ship("09:00-18:00")
    plan(old, LATE)
    ship("09:00-17:00").works()
    assert states(old.house) == {"revoked": 1}


def test_a_worker_of_the_release_before_leaves_it_to_the_new_one(
    ship: Ship, clock: SettableClock
) -> None:
    old = ship("09:00-18:00")
    old.works()
    plan(old, LATE)
    clock.advance(minutes=1)
    new = ship("09:00-17:00")
    with transaction(new.house.engine) as session:
        take_up_files(session, new.house.service.shelf.in_use, clock())
    assert old.works() == 1
    assert states(old.house) == {"reserved": 1}
    assert changes(old.house)[-1] == (0, 0, False)
    new.works()
    assert states(old.house) == {"revoked": 1}


def test_what_an_older_release_did_not_finish_holds_nobody_up(
    ship: Ship, clock: SettableClock
) -> None:
    """The release before started once more, and went: its change stays open."""
    new = ship("09:00-17:00")
    new.works()
    plan(new, EARLY)
    clock.advance(minutes=1)
    old = ship("09:00-18:00")
    with transaction(old.house.engine) as session:
        take_up_files(session, old.house.service.shelf.in_use, clock())
    clock.advance(minutes=1)
    assert new.works() == 1
    newest = ship("10:30-17:00")
    newest.works()
    assert states(newest.house) == {"revoked": 1}
    assert [through for _, _, through in changes(newest.house)] == [True, True, True]


def test_back_to_the_packs_before_asks_again(ship: Ship, clock: SettableClock) -> None:
    wide, narrow = "09:00-18:00", "10:30-18:00"
    for hours in (narrow, wide, narrow):
        release = ship(hours)
        release.works()
        if hours == wide:
            plan(release, EARLY)
            assert states(release.house) == {"reserved": 1}
        clock.advance(minutes=1)
    assert states(release.house) == {"revoked": 1}


def test_two_workers_that_start_at_once_announce_it_once(ship: Ship, clock: SettableClock) -> None:
    old = ship("09:00-18:00")
    old.works()
    plan(old, LATE, 4)
    clock.advance(minutes=1)
    first, second = ship("09:00-17:00"), ship("09:00-17:00")
    with ThreadPoolExecutor(1) as pool:
        with transaction(first.house.engine) as session:
            take_up_files(session, first.house.service.shelf.in_use, clock())
            other = pool.submit(second.works)
            with suppress(TimeoutError):  # with the lock it can't be through before this is
                other.result(0.5)
        other.result(60)
    first.works()
    assert states(old.house) == {"revoked": 4}
    assert len(changes(old.house)) == 2
    assert len(announced(old.house.engine, "contact-rules.approval-revoked.v1")) == 4
