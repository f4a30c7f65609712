"""A decision is worked out again from what is stored, and compared with what was said then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from typing import Any, ClassVar, Final

from shared.keys import KeySet
from sqlmodel import Session

from contact_rules import events
from contact_rules.domain import BrokenPack, Check, Contact, Library, Verdict
from contact_rules.domain.approval import Subject
from contact_rules.domain.approval_checks import nothing_owed
from contact_rules.domain.ledger import Line, effective_history
from contact_rules.domain.question_data import question_of
from contact_rules.domain.review import Review, ReviewState, denied_by_people
from contact_rules.handlers.ask_rules import Asked
from contact_rules.handlers.deciding import (
    ENGINE,
    VisitRequest,
    unsigned_record,
    verdict_but_for,
)
from contact_rules.handlers.proving import (
    SignatureState,
    digest_of,
    line_data,
    signature_of,
    statement,
)
from contact_rules.store import ledger, reviews
from contact_rules.store.decisions import DecisionRecord
from contact_rules.store.packs_kept import NotKept, SpoiltText, load_library

_COMPARED: Final = (
    "verdict",
    "packs",
    "facts",
    "history",
    "checks",
    "obligations",
    "must_end_by",
    "next_lawful",
)
_NO: Final = (ReviewState.REJECTED, ReviewState.LAPSED)
_MOST: Final = 100
"""How many differences are told: who finds more knows enough."""


class CanNotReplay(Exception):
    """What it rested on is not here, or can't be read: nobody can say what it would come to."""

    code: ClassVar[str]
    zh: ClassVar[str]


class PacksNotKept(CanNotReplay):
    """It was decided by a release that did not keep the texts of its packs."""

    code = "packs_not_kept"
    zh = "作出该决定的版本未保存规则包文本。"


class PacksSpoilt(CanNotReplay):
    """The texts kept are not those it was decided by: somebody changed them."""

    code = "packs_spoilt"
    zh = "所保存的规则包文本已被改动。"


class PacksUnreadable(CanNotReplay):
    """This version of the engine can't read the packs of that time."""

    code = "packs_unreadable"
    zh = "当前版本的规则引擎无法读取当时的规则包。"


class FactsUnreadable(CanNotReplay):
    """The question that is stored is none."""

    code = "facts_unreadable"
    zh = "所保存的问题无法读取。"


@dataclass(frozen=True, slots=True)
class Difference:
    """``path`` points into the statement (RFC 6901). What one of the two has not is None."""

    path: str
    stored: Any
    computed: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """What a decision comes to today, by what it rested on then.

    ``differences`` are at most a hundred.
    """

    verdict: Verdict
    engine: str
    differences: Sequence[Difference]

    @property
    def same(self) -> bool:
        return not self.differences


def replay_decision(
    session: Session, record: DecisionRecord, in_use: Library, keys: KeySet
) -> tuple[Replay, SignatureState]:
    """Work a stored decision out again, and tell what its signature is worth.

    ``in_use`` is asked if it is the very library of that time; else the one that was kept is.
    What came later (lines, facts, rules) makes no difference. Raises `CanNotReplay`.
    """
    signature = signature_of(record, keys)
    library, lines = _library(session, record, in_use), lines_of(session, record)
    review = None
    if record.review_id is not None:
        review = reviews.of(session, [record.review_id]).get(record.review_id)
    try:
        return replay(record, lines, library, review), signature
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        if signature is SignatureState.VALID:
            raise
        raise FactsUnreadable("The question that is stored can't be read.") from error


def lines_of(session: Session, record: DecisionRecord) -> list[Line]:
    """The lines of the person's ledger that were there when it was decided."""
    lines = ledger.lines(session, [record.person_id])[record.person_id]
    return [line for line in lines if line.seq <= record.ledger_seq]


def replay(
    record: DecisionRecord,
    lines: Sequence[Line],
    library: Library,
    review: Review | None = None,
) -> Replay:
    """Work a decision out again with these lines and packs, without any database.

    The visit's own place, if it had one, was never in its own way. What people said in a review is
    asked of ``review``, and taken as it was told without one. Of what nobody signed, anything may
    be wrong: then it raises whatever comes of that.
    """
    contact, residence = question_of(record.facts)
    subject = Subject(
        visit_id=record.visit_id,
        case_id=record.case_id,
        person_id=record.person_id,
        lender=record.lender,
        address_id=record.visit_id,  # no rule asks for it
        team=(),
    )
    own = str(record.visit_id)
    history = effective_history(line for line in lines if line.contact_id != own)
    asked = Asked(replace(contact, history=history), library, residence)
    packs = asked.packs()
    decision = asked.check()
    given = _beside_the_rules(record)
    if given:
        decision = replace(decision, obligations=())
        verdict = Verdict.DENY
    else:
        verdict = verdict_but_for(decision, record.overridden)
    again = unsigned_record(
        VisitRequest(subject, contact, residence, record.request_id, record.requested_by),
        asked,
        packs,
        decision,
        lines,
        record.decided_at,
        verdict=verdict,
        overridden=record.overridden,
        review_id=record.review_id,
        # Of a visit that has no place to move, nobody asks where it might go.
        with_times=not any(check["rule"] == "approval.state" for check in given),
    )
    again = replace(
        again,
        history=digest_of(map(line_data, lines)),
        checks=[*again.checks, *_given_again(given, contact, review)],
    )
    stored, computed = _compared(record), _compared(again)
    differences = list(islice(_differences(stored, computed, ""), _MOST))
    return Replay(verdict, ENGINE, differences)


def _beside_the_rules(record: DecisionRecord) -> list[Mapping[str, Any]]:
    """The checks that no pack gave: what people said in a review, or that an approval was over."""
    return [check for check in record.checks if "@" not in str(check.get("pack"))]


def _given_again(
    given: Sequence[Mapping[str, Any]], contact: Contact, review: Review | None
) -> Iterator[Mapping[str, Any]]:
    """What these checks say by what is there; that an approval was over nobody can see any more."""
    for check in given:
        again: Check | None
        if check["rule"] == "approval.debts":
            again = nothing_owed(contact.debts)
        elif check["pack"] == "review" and review is not None:
            again = denied_by_people(review) if review.state in _NO else None
        else:
            yield check
            continue
        if again is not None:
            yield dict(events.check_data(again))


def _library(session: Session, record: DecisionRecord, in_use: Library) -> Library:
    if record.library is None:
        raise PacksNotKept("This decision is older than the keeping of packs.")
    if record.library == in_use.digest:
        return in_use
    try:
        return load_library(session, record.library)
    except NotKept as error:
        raise PacksNotKept("The packs this decision was made by are not kept here.") from error
    except SpoiltText as error:
        raise PacksSpoilt("The packs kept are not those this decision was made by.") from error
    except BrokenPack as error:
        raise PacksUnreadable(
            "This version of the engine can't read the packs this decision was made by."
        ) from error


def _compared(record: DecisionRecord) -> dict[str, Any]:
    """What is compared, as it is signed: both sides through the same writing."""
    said = json.loads(statement(record))
    return {name: said[name] for name in _COMPARED}


def _differences(stored: Any, computed: Any, path: str) -> Iterator[Difference]:
    if isinstance(stored, dict) and isinstance(computed, dict):
        for name in sorted(stored.keys() | computed.keys()):
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _differences(stored.get(name), computed.get(name), f"{path}/{step}")
    elif isinstance(stored, list) and isinstance(computed, list):
        for index, (one, other) in enumerate(zip_longest(stored, computed)):
            yield from _differences(one, other, f"{path}/{index}")
    elif stored != computed or type(stored) is not type(computed):
        yield Difference(path, stored, computed)
