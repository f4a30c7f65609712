"""The rules of `rules/bench.yaml` once more, in the words of the ZEN engine, for P6.

Written as somebody who knows that engine would: one decision of two expression nodes, the first
selects the events once, the second counts them. Dates come to it as day numbers and minutes ready
to compare, which the real engine has to find out for itself.
"""

import json
from itertools import pairwise
from typing import Any

import zen
from contact_rules.domain import Contact, PastContact

_EPOCH_DAY = 719_163
_REACHED = "['answered', 'conversation', 'refused', 'person_met', 'debtor_met']"
_OUT = "#.direction == 'outbound' and #.party == person"

_SELECTED = {
    "out": f"map(filter(history, {_OUT}), #.day)",
    "visits": f"map(filter(history, {_OUT} and #.channel == 'visit' and #.outcome in {_REACHED}),"
    " #.month)",
    "calls": f"map(filter(history, {_OUT} and #.channel == 'phone'), #.day)",
    "talks": "map(filter(history, #.channel == 'phone' and #.outcome == 'conversation'"
    " and #.party == person and #.at < at), #.day)",
    "notices": "map(filter(history, #.channel == 'letter' and #.outcome == 'notice_given'"
    " and #.party == person and #.at < at), #.day)",
}
_WEEKS = ", ".join(
    f"len(filter(out, # >= day - {back} and # <= day - {back} + 6))" for back in range(7)
)
_MEASURED = {
    "month": "len(filter(visits, # == month)) + 1",
    "calls_day": "len(filter(calls, # == day)) + 1",
    "week": f"max([{_WEEKS}]) + 1",
    "talked": "len(filter(talks, # > day - 3 and # < day + 3))",
    "noticed": "len(filter(notices, # <= day - 3 and # >= day - 90))",
}
_VISIT, _PHONE, _OUTBOUND = "channel == 'visit'", "channel == 'phone'", "direction == 'outbound'"
_RULES = {
    # rule: (applies when, kept, what it measured and its limit)
    "hours": (
        f"({_VISIT} or {_PHONE}) and {_OUTBOUND}",
        "weekday < 5 ? (start >= 28800 and end <= 72000)"
        " : (weekday == 5 and start >= 32400 and end <= 54000)",
        "string(start) + '-' + string(end)",
        "'08:00-20:00'",
    ),
    "team": (_VISIT, "team >= 2 and team <= 4", "team", "4"),
    "third-parties": (
        "true",
        "role in ['debtor', 'co_debtor', 'guarantor', 'spouse']",
        "role",
        "'liable'",
    ),
    "visits-month": (f"{_VISIT} and {_OUTBOUND}", "month <= 3", "month", "3"),
    "calls-day": (f"{_PHONE} and {_OUTBOUND}", "calls_day <= 3", "calls_day", "3"),
    "contacts-7d": (_OUTBOUND, "week <= 7", "week", "7"),
    "after-conversation": (_VISIT, "talked == 0", "talked", "0"),
    "notice": (_VISIT, "noticed >= 1", "noticed", "1"),
}


def decision() -> zen.ZenDecision:
    """The compiled rules; its answer has `<rule>` → result, measured, limit and reason."""
    expressions = []
    for rule, (applies, kept, measured, limit) in _RULES.items():
        kept, measured = _counted(kept), _counted(measured)
        key = rule.replace("-", "_")
        expressions += [
            (f"{key}.result", f"({applies}) ? (({kept}) ? 'pass' : 'fail') : 'not_applicable'"),
            (f"{key}.measured", measured),
            (f"{key}.limit", limit),
            (
                f"{key}.reason",
                f"'{rule}: limit ' + string({limit}) + ', found ' + string({measured})",
            ),
        ]
    nodes: list[dict[str, Any]] = [
        {"id": "in", "name": "in", "type": "inputNode"},
        _node("selected", list(_SELECTED.items())),
        _node("counted", [(f"n_{name}", count) for name, count in _MEASURED.items()]),
        _node("judged", expressions, passes_on=False),
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    ids = [node["id"] for node in nodes]
    edges = [
        {"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"} for a, b in pairwise(ids)
    ]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


def context(contact: Contact) -> bytes:
    """The same input, with every date already a number."""
    starts_at, ends_at = contact.starts_at, contact.ends_at
    return json.dumps(
        {
            "at": starts_at.timestamp(),
            "day": starts_at.toordinal() - _EPOCH_DAY,
            "weekday": starts_at.weekday(),
            "month": starts_at.year * 12 + starts_at.month,
            "start": _second(contact, starts_at),
            "end": _second(contact, ends_at),
            "channel": contact.channel,
            "direction": contact.direction,
            "person": contact.party.id,
            "role": contact.party.role,
            "team": len(contact.team),
            "history": [_past(past) for past in contact.history],
        }
    ).encode()


def _counted(expression: str) -> str:
    """Counts by the names the node before gave them."""
    return " ".join(f"n_{w}" if w in _MEASURED else w for w in expression.split(" "))


def _node(
    id_: str, expressions: list[tuple[str, str]], *, passes_on: bool = True
) -> dict[str, Any]:
    return {
        "id": id_,
        "name": id_,
        "type": "expressionNode",
        "content": {
            "passThrough": passes_on,
            "expressions": [
                {"id": f"{id_}{number}", "key": key, "value": value}
                for number, (key, value) in enumerate(expressions)
            ],
        },
    }


def _second(contact: Contact, moment: Any) -> int:
    midnight = contact.starts_at.replace(hour=0, minute=0, second=0)
    return int((moment - midnight).total_seconds())


def _past(past: PastContact) -> dict[str, Any]:
    return {
        "at": past.starts_at.timestamp(),
        "day": past.starts_at.toordinal() - _EPOCH_DAY,
        "month": past.starts_at.year * 12 + past.starts_at.month,
        "channel": past.channel,
        "direction": past.direction,
        "outcome": past.outcome,
        "party": past.party,
    }
