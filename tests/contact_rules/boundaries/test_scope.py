"""A rule speaks on its days, and of the contacts that it is about."""

import pytest
from rule_boundaries.papers import disagreements, pack_names, papers_of
from rule_boundaries.scope import days_in_force, scope

PACKS = pytest.mark.parametrize("pack", pack_names())


@PACKS
def test_a_rule_is_in_force_from_its_first_second_to_its_last(pack: str) -> None:
    assert not disagreements(papers_of(pack), days_in_force)


@PACKS
def test_a_rule_is_about_the_contacts_it_names(pack: str) -> None:
    assert not disagreements(papers_of(pack), scope)
