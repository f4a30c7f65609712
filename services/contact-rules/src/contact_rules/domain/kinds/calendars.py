"""Whose public holidays and working days a rule goes by, as a pack writes it."""

from __future__ import annotations

from contact_rules.domain.public_holidays import calendar_of
from contact_rules.domain.yaml_nodes import Node


def read_calendar(node: Node | None) -> str | None:
    """The code of a country, wherever the contact is; None for `place`, the default."""
    if node is None or node.text() == "place":
        return None
    if calendar_of(node.text(), None) is None:
        node.fail(f"no holidays are known for '{node.text()}'", "a country code as TW, or place")
    return node.text()
