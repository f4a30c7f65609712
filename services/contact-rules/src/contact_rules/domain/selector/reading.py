"""Reads selectors as packs write them.

applies_when: {channel: [visit], not_party: [third_party], days_past_due: {over: 15}}
exceptions: [{state: {kind: [cease], form: [written]}}]
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from contact_rules.domain.contact import Form
from contact_rules.domain.selector.conditions import Test, Threshold
from contact_rules.domain.selector.selecting import OF_PAST, Selector, selector_of
from contact_rules.domain.selector.vocabulary import GROUPS, VOCABULARY
from contact_rules.domain.yaml_nodes import Node

_NUMBERS: Final = ("days_past_due", "annual_rate")
_LONG: Final = {"state": "kind", "consent": "scope"}
"""The properties that may be asked for in a form, and what their values are called then."""
CONTACT_PROPERTIES: Final = (*(name for name in VOCABULARY if name != "outcome"), *_NUMBERS)
PAST_PROPERTIES: Final = (*OF_PAST, "party")

_DAYS: Final = re.compile(r"[0-9]{1,5}")
_RATE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,10})?")


def read_selector(node: Node | None, properties: Iterable[str] = CONTACT_PROPERTIES) -> Selector:
    """A selector over some of the properties; nothing written fits everything."""
    if node is None:
        return selector_of(())
    properties = tuple(properties)
    keys = {key: key for key in properties}
    keys |= {f"not_{key}": key for key in properties if key not in _NUMBERS}
    tests, thresholds = [], []
    for name, value in node.fields(keys).items():
        key = keys[name]
        if key in _NUMBERS:
            thresholds.append(read_threshold(key, value))
        else:
            tests.append(_read_test(key, value, negated=name != key))
    tests.sort(key=lambda test: (test.property, test.negated))
    thresholds.sort(key=lambda threshold: threshold.property)
    return selector_of(tuple(tests), tuple(thresholds))


def read_values(property_: str, node: Node) -> frozenset[str]:
    """The values of one property, with words for several of them (`third_party`) spelled out."""
    groups = GROUPS.get(property_, {})
    said = node.choices(VOCABULARY[property_])
    return frozenset(value for word in said for value in groups.get(word, (word,)))


def read_states(node: Node) -> Test:
    """`[cease]`, or in some forms only: `{kind: [cease], form: [written]}`."""
    return _read_test("state", node, negated=False)


def read_threshold(property_: str, node: Node) -> Threshold:
    """`{over: 15}` or `{at_most: 15}`."""
    said = node.fields(("over", "at_most"))
    if len(said) != 1:
        node.fail("one limit belongs here", "{over: …} or {at_most: …}")
    ((which, value),) = said.items()
    text = value.text()
    if property_ == "annual_rate" and not _RATE.fullmatch(text):
        value.fail(f"'{text}' is no rate", 'a share of one: "0.24" is 24% a year')
    if property_ == "days_past_due" and not _DAYS.fullmatch(text):
        value.fail(f"'{text}' is no number of days", "a whole number: 15")
    return Threshold(property_, Decimal(text), negated=which == "at_most")


def _read_test(property_: str, node: Node, *, negated: bool) -> Test:
    if property_ not in _LONG or not node.is_mapping:
        return Test(property_, read_values(property_, node), negated)
    values = _LONG[property_]
    fields = node.fields((values, "form"))
    return Test(
        property_,
        read_values(property_, fields.get(values) or node.need(values)),
        negated,
        frozenset(fields["form"].choices(list(Form))) if "form" in fields else None,
    )
