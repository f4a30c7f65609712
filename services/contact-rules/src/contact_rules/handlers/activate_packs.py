"""Days pass: scheduled packs come into force, others are over, and planned visits are asked again.

A visit is judged by the rules of its own day, so those planned behind the first day of new rules
are asked again as soon as it is known, and once more when the day has come. A release with other
packs on disk has them all asked again when it starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from shared.clock import Clock
from shared.db import is_transient, transaction
from shared.ids import new_id
from shared.log import frames
from shared.loops import Resting
from sqlalchemy import Engine
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import pack_version as lives
from contact_rules.domain.pack_version import PackVersion, Step, VersionState
from contact_rules.handlers.deciding import Desk
from contact_rules.handlers.reconsider_visits import reconsider_visits
from contact_rules.store import pack_versions, persons, rule_changes
from contact_rules.store.rule_changes import Cause, RuleChange
from contact_rules.store.shelf import InUse, Shelf
from shared import outbox

_log = structlog.get_logger(__name__)

WHY: Final = "rules"
"""The reason of a revocation, where the rules changed."""

_BATCH: Final = 50
_LAST_OFFSET: Final = timedelta(hours=-12)
_BY: Final = "doorstep"
_TURNING: Final = (VersionState.SCHEDULED, VersionState.ACTIVE)


def turn_versions(session: Session, now: datetime) -> int:
    """Bring the states of versions up to the day; how many changed.

    - A scheduled version is active once its day has begun anywhere on earth and the visits planned
      were asked again; that is announced. Whichever version was active until then is retired.
    - A version that was ended is retired once its last day is over everywhere.
    """
    if not any(_turns(each, now) for each in pack_versions.in_states(session, _TURNING)):
        return 0
    turned = 0
    for version in pack_versions.in_states(session, _TURNING, lock=True):
        if lives.is_due(version, now) and not rule_changes.is_open(session, version.id):
            _activate(session, version, now)
            turned += 1
    for version in pack_versions.in_states(session, (VersionState.ACTIVE,)):
        if lives.is_over(version, now):
            _retire(session, lives.retire(version, now), None, now)
            turned += 1
    return turned


def take_up_files(session: Session, in_use: InUse, now: datetime) -> None:
    """Have all planned visits asked again, if other packs are on disk than those last taken up."""
    today = (now + _LAST_OFFSET).date()  # where the day begins last
    if rule_changes.announce_files(session, in_use.files.digest, today, in_use.revision, now):
        _log.info("packs_on_disk_are_others", files=in_use.files.digest)


def ask_again(
    session: Session, now: datetime, *, desk: Desk, in_use: InUse, most: int = _BATCH
) -> bool:
    """Ask again for the next visits that some change of the rules is about; True if there may be
    more of them.

    What was done is written with how far it is, so whoever goes on after a crash begins there.
    ``in_use`` is what the rules on the desk are made of, or older: a change they don't contain yet
    is left alone. A person about whom it fails is counted and left as they are; the checks at
    dispatch and at the door are made by the new rules all the same.
    """
    change = rule_changes.claim(session, in_use.files.digest)
    if change is None or change.revision > in_use.revision:
        return False
    page = rule_changes.planned(session, change, most=most)
    if page.approvals == 0:
        rule_changes.save(session, replace(change, ended_at=now))
        _log.info(
            "planned_visits_asked_again",
            cause=change.cause,
            of=change.files or str(change.version_id),
            visits=change.done,
            revoked=change.revoked,
            failed=change.failed,
        )
        return True
    persons.lock(session, page.persons)
    before = rule_changes.count_reserved(session, page.persons)
    failed = _reconsider(session, page.persons, now, desk)
    after = rule_changes.count_reserved(session, page.persons)
    rule_changes.save(session, _further(change, page.approvals, before - after, failed, page.last))
    return True


class RulesTurn(Resting):
    """Turns the versions of packs as their days come, and asks again for planned visits.

    Several workers may do so at once: each change is one's at a time.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        shelf: Shelf,
        desk: Callable[[], Desk],
        *,
        service: str,
    ) -> None:
        super().__init__()
        self.name = f"{service} rules turn"
        self.idle_seconds = 1.0
        self._engine = engine
        self._clock = clock
        self._shelf = shelf
        self._desk = desk
        self._files: str | None = None

    def run_once(self) -> bool:
        """One look at the calendar and one batch of visits. True if there may be more."""
        with transaction(self._engine) as session:
            turned = turn_versions(session, self._clock())
        # What is in use first: a desk taken later has no older rules.
        in_use = self._shelf.in_use
        desk = self._desk()
        if in_use.files.digest != self._files:
            with transaction(self._engine) as session:
                take_up_files(session, in_use, self._clock())
            self._files = in_use.files.digest
        with transaction(self._engine) as session:
            more = ask_again(session, self._clock(), desk=desk, in_use=in_use)
        return more or bool(turned)

    def close(self) -> None:
        """Nothing to let go of."""


def _turns(version: PackVersion, now: datetime) -> bool:
    return lives.is_due(version, now) or lives.is_over(version, now)


def _activate(session: Session, version: PackVersion, now: datetime) -> None:
    active = lives.activate(version, now)
    assert active.effective_from is not None
    for before in lives.predecessors(
        pack_versions.in_states(session, (VersionState.ACTIVE,)), active
    ):
        retired = lives.followed(before, active.effective_from, now)
        _retire(session, retired, f"followed by {active.name}", now)
    pack_versions.save(session, active)
    pack_versions.note(session, Step(new_id(), active.id, "activated", _BY, now))
    rule_changes.announce(
        session,
        active.id,
        Cause.ACTIVATED,
        active.effective_from,
        pack_versions.revision(session),
        now,
    )
    event = events.PackActivated(
        version_id=active.id,
        pack=active.name,
        digest=active.digest,
        effective_from=active.effective_from,
        activated_at=now,
    )
    outbox.add(session, event, key=active.pack_id, now=now)
    _log.info("pack_activated", pack=active.name, version_id=str(active.id))


def _retire(session: Session, version: PackVersion, why: str | None, now: datetime) -> None:
    pack_versions.save(session, version)
    pack_versions.note(session, Step(new_id(), version.id, "retired", _BY, now, why))
    _log.info("pack_retired", pack=version.name, version_id=str(version.id))


def _further(
    change: RuleChange, asked: int, revoked: int, failed: int, last: tuple[datetime, UUID] | None
) -> RuleChange:
    return replace(
        change,
        done=change.done + asked,
        revoked=change.revoked + revoked,
        failed=change.failed + failed,
        position=last,
    )


def _reconsider(session: Session, people: Sequence[UUID], now: datetime, desk: Desk) -> int:
    """Ask about these persons together; about each alone, if that fails. How many did fail."""
    try:
        with session.begin_nested():
            reconsider_visits(session, people, now, desk=desk, why=WHY)
        return 0
    except Exception as error:
        if is_transient(error):
            raise
        _log.warning("asking_again_failed", persons=len(people), raised=frames(error))
    failed = 0
    for person in people:
        try:
            with session.begin_nested():
                reconsider_visits(session, [person], now, desk=desk, why=WHY)
        except Exception as error:
            if is_transient(error):
                raise
            failed += 1
            _log.error("asking_again_failed", person_id=str(person), raised=frames(error))
    return failed
