"""The kinds of rule there are, by the name a pack gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from contact_rules.domain.kinds import (
    aliases,
    consent,
    gate,
    obligation,
    party,
    place,
    staffing,
    window,
)
from contact_rules.domain.rule import Judge
from contact_rules.domain.yaml_nodes import Node


class Kind(NamedTuple):
    """The name in the trace, and what reads a rule's `params` (zone basis beside them)."""

    name: str
    read: Callable[[Node, str], Judge]


KINDS: Final[dict[str, Kind]] = {
    "window": Kind("window", window.read),
    "party": Kind("party", party.read),
    "place": Kind("place", place.read),
    "gate": Kind("gate", gate.read),
    "consent": Kind("consent", consent.read),
    "staffing": Kind("staffing", staffing.read),
    "obligation": Kind("obligation", obligation.read),
    "event_count": Kind("event_count", aliases.read_event_count),
    # Other names of event_count:
    "cap": Kind("event_count", aliases.read_cap),
    "cooldown": Kind("event_count", aliases.read_cooldown),
    "spacing": Kind("event_count", aliases.read_spacing),
    "notice": Kind("event_count", aliases.read_notice),
    "ladder": Kind("event_count", aliases.read_ladder),
    "one_channel_per_week": Kind("event_count", aliases.read_one_channel_per_week),
}
