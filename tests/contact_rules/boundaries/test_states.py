"""A gate is shut, and a consent good, from its first day or second to its last."""

import pytest
from rule_boundaries.papers import disagreements, pack_names, papers_of
from rule_boundaries.states import consents, gates

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_a_gate_is_shut_from_its_first_day_until_it_lifts(pack: str) -> None:
    assert not disagreements(papers_of(pack, "gate"), gates)


@PACKS
def test_a_consent_is_good_from_the_second_it_is_given_to_its_last(pack: str) -> None:
    assert not disagreements(papers_of(pack, "consent"), consents)
