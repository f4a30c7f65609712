"""The history of a contact made ready for the rules: in the order of time, each contact once.

A ledger may be told things twice and in any order, and be told nonsense. Two entries of one id that
say the same are one contact; entries without an id are as many contacts as there are. Two of one id
that contradict each other may both be wrong: each counts, but for nothing that is certain. What is
only planned has no outcome, whatever the entry says.

Nothing here asks whether an entry is older than the contact it is asked about. One that lies after
its start counts, happened or planned, in the windows that hold both.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from contact_rules.domain.contact import Contact, PastContact
from contact_rules.domain.question import Question


class Event(NamedTuple):
    """Something in the history that counts; `certain`, unless it is in doubt that it does."""

    at: int
    past: PastContact
    certain: bool


def history_of(question: Question) -> list[Event]:
    """The history in order, worked out once for a question."""
    return question.once("history", lambda: _in_order(question.contact))


def _in_order(contact: Contact) -> list[Event]:
    events: list[Event] = []
    told: dict[str, PastContact] = {}
    contradicted: dict[str, set[PastContact]] = {}
    for past in contact.history:
        if past.id is not None:
            first = told.get(past.id)
            if first is None:
                told[past.id] = past
            elif past == first:
                continue
            else:
                others = contradicted.setdefault(past.id, set())
                if past in others:
                    continue
                others.add(past)
        if past.reserved and past.outcome is not None:
            past = replace(past, outcome=None)
        events.append(Event(past.at, past, True))
    if contradicted:
        events = [e._replace(certain=e.past.id not in contradicted) for e in events]
    events.sort(key=itemgetter(0))
    return events
