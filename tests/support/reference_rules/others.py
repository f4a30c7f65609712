"""The kinds that do not count and have no hours: party, staffing, place, gate, consent, obligation.

Each takes the parameters of its rule and gives a result; `place` and `obligation` also say what
must be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from reference_rules.asked import DAY, SECOND, Asked, Consent, Fact, day_of, local_date
from reference_rules.choosing import (
    ROLES,
    Maybe,
    all_of,
    any_of,
    fits_past,
    form_fits,
    kinds_and_forms,
    spelled_out,
)

Params = Mapping[str, Any]


def worst(results: Iterable[str]) -> str:
    results = list(results)
    return next((r for r in ("fail", "unknown") if r in results), "pass")


def required(answer: Maybe) -> str:
    return {True: "pass", False: "fail", None: "unknown"}[answer]


def forbidden(answer: Maybe) -> str:
    return {True: "fail", False: "pass", None: "unknown"}[answer]


# --- party ---------------------------------------------------------------------------------------


def party(params: Params, basis: str | None, asked: Asked) -> str:
    roles = set(spelled_out(params["allow"])) if "allow" in params else set(ROLES)
    roles -= set(spelled_out(params.get("deny") or []))
    results = [required(asked.role in roles)]
    by_disclosure = {"location_only": ["locate"], "none": ["relay"]}
    purposes = params.get("purposes") or by_disclosure.get(params.get("disclosure", "full"))
    if purposes is not None:
        results.append(required(asked.purpose in purposes))
    age = asked.party.get("age")
    if "age_min" in params or "age_max" in params:
        if age is not None:
            fits = params.get("age_min", 0) <= age <= params.get("age_max", 999)
            results.append(required(fits))
        elif params.get("age_unknown") != "passes":
            results.append("unknown")
    if params.get("refusal") == "final":
        results.append(forbidden(_refused(asked)))
    return worst(results)


def _refused(asked: Asked) -> Maybe:
    """Did this person say no, once and for all? None: somebody did, and nobody knows who."""
    told = [
        fact.party
        for fact in asked.facts_of(["third_party_refused"])
        if fact.holds_on(asked.today())
    ]
    said = [
        past.party
        for past in asked.history
        if past.outcome == "refused" and past.start < asked.start
    ]
    return any_of(None if who is None else who == asked.party["id"] for who in told + said)


# --- staffing ------------------------------------------------------------------------------------


def staffing(params: Params, basis: str | None, asked: Asked) -> str:
    team = asked.team
    size = len({member["id"] for member in team})
    results = [required(params.get("min", 0) <= size <= params.get("max", 999))]
    papers = params.get("credentials") or {}
    held: list[set[str]] = [set(member.get("credentials") or []) for member in team]
    results.append(required(all(set(papers.get("each") or []) <= each for each in held)))
    if papers.get("each"):
        results.append(required(bool(team)))
    held_by_one: set[str] = set().union(*held)
    results.append(required(set(papers.get("one") or []) <= held_by_one))
    if params.get("employer") == "collector":
        ours = asked.collector["id"]
        employers = [member.get("employer") for member in team]
        results.append(required(all_of(None if e is None else e == ours for e in employers)))
    if params.get("announced") is True:
        today = asked.today(basis)
        told = [member.get("announced_on") for member in team]
        results.append(required(all_of(None if d is None else day_of(d) <= today for d in told)))
    return worst(results)


# --- place ---------------------------------------------------------------------------------------


def place(params: Params, basis: str | None, asked: Asked) -> str:
    kind = asked.place.get("kind")
    if kind is None:
        return "unknown"
    results = []
    if "allow" in params:
        results.append(required(kind in params["allow"]))
    if "deny" in params:
        results.append(forbidden(kind in params["deny"]))
    order = list(params.get("order") or [])
    if kind in order:
        attempts = params.get("attempts", 1)
        for earlier in order[: order.index(kind)]:
            tried = [_tried_in_vain(past, earlier, asked) for past in asked.history]
            certain, possible = tried.count(True), len(tried) - tried.count(False)
            results.append(
                required(True if certain >= attempts else None if possible >= attempts else False)
            )
    return worst(results)


def _tried_in_vain(past: Any, where: str, asked: Asked) -> Maybe:
    if past.reserved or past.start >= asked.start:
        return False
    return all_of(
        [
            past.channel == "visit",
            past.direction == "outbound",
            None if past.place is None else past.place == where,
            None if past.party is None else past.party == asked.party["id"],
            None if past.outcome is None else past.outcome in spelled_out(["failed"]),
        ]
    )


def place_duty(params: Params, asked: Asked) -> tuple[str, str] | None:
    """What must be done at the door."""
    match params.get("entry"):
        case "never":
            return "stay_outside", "at_start"
        case "if_invited":
            return "enter_only_if_invited", "at_start"
        case "with_consent":
            agreed = any(
                c.covers(asked.start, asked.end) for c in asked.sure_consents_of(["entry"])
            )
            return ("enter_as_agreed" if agreed else "stay_outside"), "at_start"
    return None


# --- gate ----------------------------------------------------------------------------------------


def gate(params: Params, basis: str | None, asked: Asked) -> str:
    if asked.role in (params.get("reroute_to") or []):
        return "pass"
    if asked.channel in (params.get("only_channels") or []):
        return "pass"
    if params.get("always"):
        return "fail"
    if "annual_rate" in params:
        limit = Decimal(str(params["annual_rate"]["over"]))
        rates = [debt.get("annual_rate") for debt in asked.debts]
        return forbidden(any_of(None if r is None else Decimal(str(r)) > limit for r in rates))
    kinds, forms = kinds_and_forms(params["state"], "kind")
    anyone = params.get("whose", "party") == "anyone"
    return forbidden(
        any_of(
            all_of([form_fits(fact, forms), _blocks(fact, params.get("lifts") or {}, basis, asked)])
            for fact in asked.facts_of(kinds)
            if anyone or fact.party in (None, asked.party["id"])
        )
    )


def _blocks(fact: Fact, lifts: Params, basis: str | None, asked: Asked) -> Maybe:
    today = asked.today(basis)
    if not fact.holds_on(today):
        return False
    if fact.since is None:
        return True
    if "after_days" in lifts:
        return today < fact.since + int(lifts["after_days"]) * DAY
    if "after_months" in lifts:
        return today < _months_later(fact.since, lifts["after_months"])
    if "after" in lifts:
        zone = asked.date_zone(basis)
        came = any_of(
            fits_past_or_doubt(lifts["after"], past, asked)
            for past in asked.history
            if not past.reserved
            and past.start < asked.start
            and local_date(past.start, zone) >= fact.since
        )
        return None if came is None else not came
    return True


def fits_past_or_doubt(selector: Params, past: Any, asked: Asked) -> Maybe:
    """Like `fits_past`, but an outcome nobody knows is a doubt as any other."""
    if any("outcome" in key for key in selector) and past.outcome is None:
        without = {key: value for key, value in selector.items() if "outcome" not in key}
        return all_of([None, fits_past(without, past, asked, outcome=True)])
    return fits_past(selector, past, asked, outcome=True)


def _months_later(day: date, months: int) -> date:
    """The same day of the month, or the last one of a month that is shorter."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + (day.day - 1) * DAY, following - DAY)


# --- consent -------------------------------------------------------------------------------------


def consent(params: Params, basis: str | None, asked: Asked) -> str:
    answers = [
        _suffices(each, params, basis, asked)
        for each in asked.consents_of(params["scope"])
        if each.covers(asked.start, asked.end)
    ]
    return required(any_of(answers))


def consent_ends(params: Params, basis: str | None, asked: Asked) -> set[datetime]:
    """The last seconds of the days for which consents of so many days are good."""
    if "days" not in params:
        return set()
    zone = asked.date_zone(basis)
    days = [local_date(each.given_at, zone) + params["days"] * DAY for each in asked.consents]
    return {datetime.combine(day, time(), zone).astimezone(UTC) - SECOND for day in days}


def _suffices(given: Consent, params: Params, basis: str | None, asked: Asked) -> Maybe:
    zone = asked.date_zone(basis)
    given_on = local_date(given.given_at, zone)
    answers: list[Maybe] = []
    if params.get("form"):
        answers.append(None if given.form is None else given.form in params["form"])
    if given.of_some_channel:
        answers.append(None)
    if "days" in params:
        answers.append((local_date(asked.end, zone) - given_on).days < params["days"])
    if "uses" in params:
        used = [
            past
            for past in asked.history
            if past.direction == "outbound"
            and past.channel == asked.channel
            and given.covers(past.start, past.start)
            and (
                "days" not in params
                or (local_date(past.start, zone) - given_on).days < params["days"]
            )
        ]
        answers.append(len(used) < params["uses"])
    answers += [
        _still_stands(fact, given_on)
        for fact in asked.facts_of(params.get("withdrawn_by") or [])
        if fact.party in (None, asked.party["id"]) and fact.holds_on(asked.today(basis))
    ]
    return all_of(answers)


def _still_stands(withdrawal: Fact, given_on: date) -> Maybe:
    if withdrawal.since is None or withdrawal.since == given_on:
        return None
    return withdrawal.since < given_on


# --- obligation ----------------------------------------------------------------------------------


def obligation(params: Params, basis: str | None, asked: Asked) -> str:
    impossible = any(
        fact.holds_on(asked.today(basis))
        for fact in asked.facts_of(params.get("impossible_when") or [])
    )
    return forbidden(impossible)


def duty(params: Params, asked: Asked) -> tuple[str, str] | None:
    what = params["what"]
    if "needs" in params:
        scopes = params["needs"]["consent"]
        if not any(c.covers(asked.start, asked.end) for c in asked.sure_consents_of(scopes)):
            what = params.get("otherwise")
    return None if what is None else (what, params["when"])
