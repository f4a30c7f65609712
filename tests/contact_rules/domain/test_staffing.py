"""`staffing`: how many go to a door, and what they have with them."""

from datetime import date

import pytest
from contact_rules.domain import BrokenPack, Member, Result, windows
from door_questions import only, pack_of, result, visit, when

TWO_TO_FOUR = pack_of("kind: staffing\nparams: {min: 2, max: 4}")
PAPERS = pack_of(
    "kind: staffing\nparams: {credentials: {each: [work_id], one: [authorisation_letter]}}"
)


def _team(*credentials: str) -> tuple[Member, ...]:
    return tuple(
        Member(f"agent-{number}", frozenset(held.split()))
        for number, held in enumerate(credentials)
    )


@pytest.mark.parametrize(
    ("size", "expected", "limit"),
    [(0, "fail", 2), (1, "fail", 2), (2, "pass", 2), (4, "pass", 2), (5, "fail", 4)],
)
def test_size(size: int, expected: str, limit: int) -> None:
    found = only(visit(team=_team(*[""] * size)), TWO_TO_FOUR)
    assert (found.result, found.measured, found.limit) == (expected, size, limit)


def test_one_person_twice_is_one_person() -> None:
    alone = Member("chang")
    assert result(visit(team=(alone, alone)), TWO_TO_FOUR) is Result.FAIL


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        (("work_id authorisation_letter", "work_id"), "pass"),
        (("work_id", "work_id authorisation_letter"), "pass"),
        (("work_id authorisation_letter",), "pass"),
        (("work_id", "work_id"), "fail"),
        (("work_id authorisation_letter", "authorisation_letter"), "fail"),
        (("work_id authorisation_letter", ""), "fail"),
        ((), "fail"),
    ],
)
def test_each_has_some_papers_and_one_has_the_others(team: tuple[str, ...], expected: str) -> None:
    assert result(visit(team=_team(*team)), PAPERS) == expected


def test_the_sentence_says_what_is_missing() -> None:
    pack = pack_of(
        "kind: staffing\n"
        "params: {credentials: {each: [work_id], one: [authorisation_letter]}}\n"
        'message: {en: "Missing: {missing}.", zh: "缺少：{missing}。"}'
    )
    found = only(visit(team=_team("", "work_id")), pack)
    assert found.message.en == "Missing: authorisation letter, work ID."
    assert found.message.zh == "缺少：授权文件、工作证件。"
    assert (found.measured, found.limit) == ("none", "authorisation_letter, work_id")
    complete = only(visit(), pack)
    assert complete.message.en == "Missing: nothing."
    assert complete.measured == complete.limit == "authorisation_letter, work_id"


def test_a_rule_of_size_and_papers_tells_what_is_wrong() -> None:
    pack = pack_of("kind: staffing\nparams: {min: 2, credentials: {each: [work_id]}}")
    alone = only(visit(team=_team("")), pack)
    assert (alone.measured, alone.limit) == (1, 2)
    bare = only(visit(team=_team("work_id", "")), pack)
    assert (bare.measured, bare.limit) == ("none", "work_id")
    right = only(visit(team=_team("work_id", "work_id")), pack)
    assert (right.measured, right.limit) == (2, 2)


def test_a_largest_size_alone_is_told_as_such() -> None:
    four = pack_of("kind: staffing\nparams: {max: 4}")
    for size, expected in ((4, Result.PASS), (5, Result.FAIL)):
        found = only(visit(team=_team(*[""] * size)), four)
        assert (found.result, found.measured, found.limit) == (expected, size, 4)


def test_of_a_team_of_nobody_nobody_has_papers() -> None:
    each = pack_of("kind: staffing\nparams: {credentials: {each: [licence]}}")
    assert result(visit(team=()), each) is Result.FAIL
    assert result(visit(team=_team("licence")), each) is Result.PASS


def test_a_team_may_hold_papers_that_no_rule_knows() -> None:
    pack = pack_of(
        "kind: staffing\nparams: {credentials: {each: [agent_certificate], one: [approval_letter]}}"
    )
    team = _team("agent_certificate harbour_pilot", "agent_certificate approval_letter")
    assert result(visit(team=team), pack) is Result.PASS
    assert result(visit(team=_team("harbour_pilot")), pack) is Result.FAIL
    with pytest.raises(BrokenPack, match="harbour_pilot"):
        pack_of("kind: staffing\nparams: {credentials: {each: [harbour_pilot]}}")


OWN = pack_of(
    "kind: staffing\nparams: {min: 1, employer: collector}\n"
    'message: {en: "Missing: {missing}.", zh: "缺少：{missing}。"}'
)


@pytest.mark.parametrize(
    ("employers", "expected"),
    [
        (("swift-agency", "swift-agency"), "pass"),
        (("swift-agency", "temps-and-co"), "fail"),
        (("swift-agency", None), "unknown"),
        (("temps-and-co", None), "fail"),
        ((), "fail"),  # by its size
    ],
)
def test_the_team_works_for_the_collector(employers: tuple[str | None, ...], expected: str) -> None:
    team = tuple(Member(f"agent-{n}", employer=e) for n, e in enumerate(employers))
    assert result(visit(team=team), OWN) == expected


def test_whose_people_they_are_instead() -> None:
    team = (Member("chang", employer="temps-and-co"), Member("wu", employer="swift-agency"))
    found = only(visit(team=team), OWN)
    assert (found.measured, found.limit) == ("swift-agency, temps-and-co", "swift-agency")
    assert found.message.en == "Missing: employment by the collector."


TOLD = pack_of(
    "kind: staffing\nparams: {announced: true}\n"
    'message: {en: "Missing: {missing}.", zh: "缺少：{missing}。"}'
)


def _told(*days: int | None) -> tuple[Member, ...]:
    return tuple(
        Member(f"agent-{n}", announced_on=None if day is None else date(2026, 4, day))
        for n, day in enumerate(days)
    )


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((7,), "pass"),
        ((8, 1), "pass"),
        ((9,), "fail"),
        ((8, 9), "fail"),
        ((8, None), "unknown"),
        ((9, None), "fail"),
    ],
)
def test_the_debtor_was_told_of_each_by_the_day(
    days: tuple[int | None, ...], expected: str
) -> None:
    assert result(visit("2026-04-08 00:00", team=_told(*days)), TOLD) == expected
    assert result(visit("2026-04-08 23:59:59", team=_told(*days)), TOLD) == expected


def test_told_too_late_is_told_with_both_days() -> None:
    found = only(visit("2026-04-08 10:00", team=_told(3, 9)), TOLD)
    assert (found.measured, found.limit) == ("2026-04-09", "2026-04-08")
    assert found.message.zh == "缺少：事先告知来访人员。"


def test_from_the_day_they_were_told_of_they_may_come() -> None:
    contact = visit(team=_told(9, 10))
    (open_,) = windows(contact, [TOLD], when("2026-04-08 10:00"), when("2026-04-12 10:00"))
    assert open_.from_ == when("2026-04-10 00:00")


@pytest.mark.parametrize(
    "params", ["{employer: lender}", "{announced: false}", "{announced: maybe}", "{}"]
)
def test_what_can_not_be_asked_of_a_team_is_refused(params: str) -> None:
    with pytest.raises(BrokenPack):
        pack_of(f"kind: staffing\nparams: {params}")
