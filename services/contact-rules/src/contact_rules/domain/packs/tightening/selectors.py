"""Does one selector fit wherever another does?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contact_rules.domain.selector import Selector, Test, Threshold
from contact_rules.domain.selector.vocabulary import GROUPS, VOCABULARY

_OF_MANY: Final = ("state", "consent", "product")
"""What a contact may have several of: a test looks for any of them."""


def not_implied(wanted: Selector, *, by: Selector) -> list[str]:
    """The properties that `wanted` asks for and that may not fit although all of `by` does."""
    return [
        *(test.property for test in wanted.tests if not _test_implied(test, by.tests)),
        *(
            threshold.property
            for threshold in wanted.thresholds
            if not any(_threshold_implied(threshold, said) for said in by.thresholds)
        ),
    ]


def state_implied(wanted: Test, *, by: Test) -> bool:
    """Is there one of the wanted facts or consents wherever there is one of the others?"""
    return _of_many_implied(wanted, by)


def _test_implied(wanted: Test, by: Iterable[Test]) -> bool:
    same = [test for test in by if test.property == wanted.property]
    if wanted.property in _OF_MANY:
        return any(_of_many_implied(wanted, said) for said in same)
    # Without a word on it the property may not even be known.
    return bool(same) and _accepted(same) <= _accepted([wanted])


def _of_many_implied(wanted: Test, said: Test) -> bool:
    if wanted.negated is not said.negated:
        return False
    narrow, wide = (wanted, said) if said.negated else (said, wanted)
    return narrow.values <= wide.values and (
        wide.forms is None or (narrow.forms is not None and narrow.forms <= wide.forms)
    )


def _threshold_implied(wanted: Threshold, said: Threshold) -> bool:
    if (wanted.property, wanted.negated) != (said.property, said.negated):
        return False
    return said.limit <= wanted.limit if said.negated else said.limit >= wanted.limit


def _accepted(tests: Iterable[Test]) -> set[str]:
    """The values that fit all tests of one property."""
    found = {
        value
        for test in tests
        for value in VOCABULARY[test.property]
        if value not in GROUPS.get(test.property, {})
    }
    for test in tests:
        found = found - test.values if test.negated else found & test.values
    return found
