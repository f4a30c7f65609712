"""Which contacts a rule is about: `applies_when`, `exceptions`, and what an `event_count` counts.

A selector names properties and what they must be; every one must fit, and `not_…` turns one round.
What is not known neither fits nor fails to fit: the answer is None.
"""

from contact_rules.domain.selector.conditions import Test, Threshold
from contact_rules.domain.selector.reading import (
    CONTACT_PROPERTIES,
    PAST_PROPERTIES,
    read_selector,
    read_states,
    read_threshold,
    read_values,
)
from contact_rules.domain.selector.selecting import Selector, selector_of
from contact_rules.domain.selector.vocabulary import LIABLE, OUTCOME_CLASSES, ROLE_GROUPS

__all__ = [
    "CONTACT_PROPERTIES",
    "LIABLE",
    "OUTCOME_CLASSES",
    "PAST_PROPERTIES",
    "ROLE_GROUPS",
    "Selector",
    "Test",
    "Threshold",
    "read_selector",
    "read_states",
    "read_threshold",
    "read_values",
    "selector_of",
]
