"""Is the team at the address, and at its time? Unknown is not elsewhere."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cases.domain import presence
from cases.domain.account import Role
from cases.domain.presence import (
    ArrivalNotPlausible,
    NotAtThePlace,
    OutsideHours,
    PlaceCheck,
    Position,
)
from cases.domain.visit import Party, Purpose, Visit, VisitStatus

DOOR = (25.026, 121.543)
DEGREE = 110_800.0  # metres of a degree of latitude at Taipei, a little less than the truth
STARTS = datetime(2026, 12, 1, 2, tzinfo=UTC)
NOW = STARTS


def away(metres: float, accuracy_m: float | None = None) -> Position:
    """So far to the north of the door, within half a percent."""
    return Position(DOOR[0] + metres / DEGREE, DOOR[1], accuracy_m)


@pytest.mark.parametrize(
    ("metres", "accuracy", "there"),
    [
        (0, None, True),
        (195, None, True),
        (205, None, False),
        (205, 20, True),
        (490, 300, True),
        (490, 299_999, True),
        (510, 300, False),
        (510, 299_999, False),
        (7_000_000, 300, False),
    ],
)
def test_a_position_counts_within_the_radius_and_what_it_may_be_wrong_by(
    metres: float, accuracy: float | None, there: bool
) -> None:
    if there:
        found = presence.check_place(away(metres, accuracy), *DOOR, 200)
        assert found.check is PlaceCheck.CONFIRMED
        assert found.distance_m == pytest.approx(metres, abs=5)
    else:
        with pytest.raises(NotAtThePlace) as refused:
            presence.check_place(away(metres, accuracy), *DOOR, 200)
        assert refused.value.allowed_m == 200 + min(accuracy or 0, 300)
        assert refused.value.distance_m > refused.value.allowed_m


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        ((51.4778, -0.0014), (51.4778, 0.0014), 195),  # Greenwich, over the meridian of zero
        ((-16.5, 179.9995), (-16.5, -179.9995), 107),  # Fiji, over the date line
        ((89.999, 0.0), (89.999, 180.0), 223),  # over the pole
        ((0.0, 0.0), (0.0, 0.0), 0),
        ((0.0, 0.0), (0.5, 179.5), 19_936_289),  # nearly opposite: hard for simpler formulas
    ],
)
def test_the_distance_is_that_on_the_earth(
    here: tuple[float, float], there: tuple[float, float], metres: int
) -> None:
    try:
        found = presence.check_place(Position(*here, None), *there, 1_000)
        distance = found.distance_m
    except NotAtThePlace as refusal:
        distance = refusal.distance_m
    assert distance == pytest.approx(metres, abs=1)


@pytest.mark.parametrize(
    ("position", "door"),
    [(None, DOOR), (away(0), (None, None)), (away(10_000), (25.026, None)), (None, (None, None))],
)
def test_what_nobody_knows_is_unknown_and_not_elsewhere(
    position: Position | None, door: tuple[float | None, float | None]
) -> None:
    found = presence.check_place(position, *door, 200)
    assert (found.check, found.distance_m) == (PlaceCheck.UNKNOWN, None)


@pytest.mark.parametrize(
    "given",
    [
        (float("nan"), 121.5, None),
        (25.0, float("inf"), None),
        (90.001, 0.0, None),
        (0.0, -180.001, None),
        (25.0, 121.5, -1.0),
        (25.0, 121.5, float("nan")),
    ],
)
def test_what_is_nowhere_on_the_earth_is_no_position(
    given: tuple[float, float, float | None],
) -> None:
    with pytest.raises(ValueError, match="no "):
        Position(*given)


LATEST = STARTS + timedelta(hours=1)


@pytest.mark.parametrize(
    ("at", "in_time"),
    [
        (STARTS - timedelta(minutes=15, seconds=1), False),
        (STARTS - timedelta(minutes=15), True),
        (STARTS, True),
        (LATEST, True),
        (LATEST + timedelta(seconds=1), False),
    ],
)
def test_a_team_arrives_from_a_quarter_before_until_the_approval_ends(
    at: datetime, in_time: bool
) -> None:
    if in_time:
        presence.check_hours(at, STARTS, LATEST)
    else:
        with pytest.raises(OutsideHours) as refused:
            presence.check_hours(at, STARTS, LATEST)
        assert refused.value.earliest == STARTS - timedelta(minutes=15)
        assert refused.value.latest == LATEST


@pytest.mark.parametrize(
    ("must_end_by", "expires_at", "latest"),
    [
        (None, LATEST, STARTS + timedelta(minutes=30)),
        (STARTS + timedelta(hours=12), LATEST, LATEST),
        (STARTS + timedelta(minutes=40), LATEST, STARTS + timedelta(minutes=40)),
    ],
)
def test_nobody_arrives_after_the_law_or_the_approval_ends(
    must_end_by: datetime | None, expires_at: datetime, latest: datetime
) -> None:
    ends_at = STARTS + timedelta(minutes=30)
    assert presence.latest_arrival(ends_at, must_end_by, expires_at) == latest


def dispatched(at: datetime) -> Visit:
    return Visit(
        id=uuid4(),
        case_id=uuid4(),
        person_id=uuid4(),
        lender="northbank",
        address_id=uuid4(),
        status=VisitStatus.DISPATCHED,
        starts_at=STARTS,
        ends_at=STARTS + timedelta(minutes=30),
        party=Party(Role.DEBTOR, None),
        purpose=Purpose.COLLECT,
        dispatched_at=at,
    )


@pytest.mark.parametrize(
    ("since", "at", "plausible"),
    [
        (timedelta(hours=1), NOW, True),
        (timedelta(hours=1), NOW + timedelta(seconds=1), False),
        (timedelta(hours=1), NOW - timedelta(hours=1), True),
        (timedelta(hours=1), NOW - timedelta(hours=1, seconds=1), False),
        (timedelta(hours=30), NOW - timedelta(hours=24), True),
        (timedelta(hours=30), NOW - timedelta(hours=24, seconds=1), False),
    ],
)
def test_a_team_was_there_after_it_was_sent_and_says_so_within_a_day(
    since: timedelta, at: datetime, plausible: bool
) -> None:
    visit = dispatched(NOW - since)
    if plausible:
        presence.check_arrival(visit, at, NOW)
    else:
        with pytest.raises(ArrivalNotPlausible):
            presence.check_arrival(visit, at, NOW)


def test_whole_seconds_told_are_not_before_a_fraction_of_the_same_second() -> None:
    sent = NOW.replace(microsecond=900_000)
    presence.check_arrival(dispatched(sent), NOW, NOW + timedelta(seconds=1))
