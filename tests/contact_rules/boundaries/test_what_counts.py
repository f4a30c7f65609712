"""One of just enough differs in a single word, or belongs to another: does it still count?"""

import pytest
from rule_boundaries.agreed_counts import agreed
from rule_boundaries.papers import COUNTS, disagreements, pack_names, papers_of
from rule_boundaries.what_counts import each_group, each_word, what_is_not_known

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_what_the_rule_names_counts_and_nothing_else(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), each_word, what_is_not_known)


@PACKS
def test_what_belongs_to_another_person_debt_or_collector_counts_as_the_rule_says(
    pack: str,
) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), each_group)


@PACKS
def test_what_a_consent_covers_does_not_count(pack: str) -> None:
    assert not disagreements(papers_of(pack, *COUNTS), agreed)
