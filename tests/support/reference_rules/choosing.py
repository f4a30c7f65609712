"""Does a selector of a pack fit the asked contact, or something in its past? Yes, no, or None."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from reference_rules.asked import Asked, Fact, Past

Selector = Mapping[str, Any]
Maybe = bool | None

ROLES = [
    *("debtor", "co_debtor", "guarantor", "spouse", "debt_related", "family", "household", "minor"),
    *("employer", "colleague", "neighbour", "reference", "attorney", "representative", "other"),
]
LIABLE = ["debtor", "co_debtor", "guarantor"]
WORDS = {
    "liable": LIABLE,
    "third_party": [role for role in ROLES if role not in LIABLE],
    "failed": ["not_connected", "no_answer", "voicemail", "nobody_met"],
    "reached": ["answered", "conversation", "refused", "person_met", "debtor_met"],
}


def all_of(answers: Iterable[Maybe]) -> Maybe:
    answers = list(answers)
    if False in answers:
        return False
    return None if None in answers else True


def any_of(answers: Iterable[Maybe]) -> Maybe:
    answers = list(answers)
    if True in answers:
        return True
    return None if None in answers else False


def opposite(answer: Maybe) -> Maybe:
    return None if answer is None else not answer


def spelled_out(values: Iterable[str]) -> list[str]:
    """With `liable`, `failed` and the like written out."""
    return [word for value in values for word in WORDS.get(value, [value])]


def _among(value: str | None, values: Collection[str]) -> Maybe:
    if value is None:
        return None
    return value in values or any(value in WORDS.get(word, ()) for word in values)


def fits_contact(selector: Selector | None, asked: Asked, outcome: bool = True) -> Maybe:
    """`outcome`: what a test of the outcome says, which nobody can know before the contact."""
    answers: list[Maybe] = []
    for key, wanted in (selector or {}).items():
        name = key.removeprefix("not_")
        if name == "outcome":
            answers.append(outcome)
            continue
        answer = _fits_contact(name, wanted, asked)
        answers.append(opposite(answer) if key.startswith("not_") else answer)
    return all_of(answers)


def _fits_contact(name: str, wanted: Any, asked: Asked) -> Maybe:
    match name:
        case "channel":
            return asked.channel in wanted
        case "direction":
            return asked.direction in wanted
        case "purpose":
            return asked.purpose in wanted
        case "party":
            return _among(asked.role, wanted)
        case "place":
            return _among(asked.place.get("kind"), wanted)
        case "collector":
            return asked.collector["class"] in wanted
        case "product":
            return any_of(_among(debt.get("product"), wanted) for debt in asked.debts)
        case "state":
            return state_holds(wanted, asked)
        case "consent":
            return consent_covers(wanted, asked)
        case "days_past_due" | "annual_rate":
            return debts_exceed(name, wanted, asked)
    raise AssertionError(f"no property of a contact: {name}")


def state_holds(wanted: Any, asked: Asked) -> Maybe:
    """Is there such a fact on the day of the contact, whosever it is?"""
    kinds, forms = kinds_and_forms(wanted, "kind")
    today = asked.today()
    return any_of(form_fits(fact, forms) for fact in asked.facts_of(kinds) if fact.holds_on(today))


def kinds_and_forms(wanted: Any, key: str) -> tuple[list[str], list[str] | None]:
    """The short way of writing a state or a consent, or the long way with forms."""
    if isinstance(wanted, Mapping):
        return list(wanted[key]), (list(wanted["form"]) if wanted.get("form") else None)
    return list(wanted), None


def form_fits(fact: Fact, forms: list[str] | None) -> Maybe:
    if forms is None:
        return True
    return None if fact.form is None else fact.form in forms


def consent_covers(wanted: Any, asked: Asked) -> bool:
    """Is it proven that such a consent covers the whole contact?"""
    scopes, forms = kinds_and_forms(wanted, "scope")
    return any(
        consent.covers(asked.start, asked.end) and (forms is None or consent.form in forms)
        for consent in asked.sure_consents_of(scopes)
    )


def debts_exceed(name: str, wanted: Mapping[str, Any], asked: Asked) -> Maybe:
    """`over`: is any of the debts? `at_most`: are all of them?"""
    answers = []
    for bound, limit in wanted.items():
        over = any_of(
            None if debt.get(name) is None else Decimal(str(debt[name])) > Decimal(str(limit))
            for debt in asked.debts
        )
        answers.append(over if bound == "over" else opposite(over))
    return all_of(answers)


def fits_past(selector: Selector | None, past: Past, asked: Asked, outcome: bool) -> Maybe:
    """`outcome`: what a test of the outcome says where the outcome is not known yet."""
    answers: list[Maybe] = []
    for key, wanted in (selector or {}).items():
        negated, name = key.startswith("not_"), key.removeprefix("not_")
        if name == "outcome" and past.outcome is None:
            answers.append(outcome)
            continue
        value = _role(past, asked) if name == "party" else getattr(past, name)
        answer = _among(value, wanted)
        answers.append(opposite(answer) if negated else answer)
    return all_of(answers)


def _role(past: Past, asked: Asked) -> str | None:
    """As the ledger says; of the very person asked about, the role she has now."""
    if past.role is not None:
        return past.role
    return asked.role if past.party == asked.party["id"] else None
