"""No rule is left out, and no misprint in one would be overlooked."""

from typing import Any

import pytest
from contact_rules.domain.kinds import KINDS
from rule_boundaries.misprints import misprints
from rule_boundaries.papers import (
    COUNTS,
    EVERY_WAY,
    NotHandled,
    Paper,
    alone,
    pack_names,
    papers_of,
)
from rule_boundaries.proofreading import overlooked
from rule_boundaries.sorts import needed, sorts_of

PACKS = pytest.mark.parametrize("pack", pack_names())
JUDGED = ("window", *COUNTS, "gate", "consent")


def test_the_words_for_counting_are_those_of_the_engine() -> None:
    assert {name for name, kind in KINDS.items() if kind.name == "event_count"} == set(COUNTS)


@PACKS
def test_every_rule_has_a_case_of_every_sort_that_it_needs(pack: str) -> None:
    for paper in papers_of(pack, *JUDGED):
        for edges in needed(paper):
            assert edges in sorts_of(paper)
            assert next(edges(paper), None), f"{paper.id} has no case of {edges.__name__}"


@PACKS
def test_every_rule_that_sets_hours_or_counts_is_kept_and_broken(pack: str) -> None:
    for paper in papers_of(pack, "window", *COUNTS):
        results = {case.result for edges in needed(paper) for case in edges(paper)}
        assert {"pass", "fail"} <= results, paper.id


def test_no_misprint_is_overlooked() -> None:
    papers = [paper for pack in pack_names() for paper in papers_of(pack, *JUDGED)]
    assert not overlooked(papers)


def test_there_are_misprints_of_every_rule() -> None:
    for pack in pack_names():
        for paper in papers_of(pack, "window", *COUNTS):
            assert list(misprints(paper.rule)), paper.id


@pytest.mark.parametrize(
    ("rule", "params"),
    [
        ("every-way.lunch", {"lunch": "long"}),
        ("every-way.lunch", {"bounds": "ajar"}),
        ("every-way.apart", {"phase_of_the_moon": "new"}),
        ("every-way.days-after", {"group_by": ["star_sign"]}),
        ("every-way.days-after", {"window": {"leap_seconds": 3}}),
        ("every-way.quiet-week", {"tides": ["high"]}),
        ("every-way.quiet-week", {"lifts": {"after_a_while": True}}),
        ("every-way.consent", {"sealed": True}),
        ("every-way.lately", {"match": {"channel": ["visit"], "not_channel": ["visit"]}}),
    ],
)
def test_a_rule_whose_edges_nobody_knows_is_no_silence(rule: str, params: dict[str, Any]) -> None:
    paper = next(each for each in papers_of(EVERY_WAY.name) if each.id == rule)
    changed = {**paper.rule, "params": paper.params | params}
    strange = Paper(paper.pack, changed, alone(paper.pack, paper.rule))
    with pytest.raises(NotHandled):
        for edges in sorts_of(strange):
            list(edges(strange))
