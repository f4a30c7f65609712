"""`staffing`: how many go to a door, and what they have with them."""

import pytest
from contact_rules.domain import Member, Result
from door_questions import only, pack_of, result, visit

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
