"""`gate` and `consent`: the first and the last day, or second, of what holds."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from contact_rules.domain import Channel, Consent, ConsentScope, Fact, FactKind, Form, Role
from reference_rules.choosing import spelled_out

from rule_boundaries.fitting import Fit, all_fits, past_profile
from rule_boundaries.local_days import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    anchors,
    first_second,
    last_second,
    ordinary_day,
)
from rule_boundaries.papers import Case, Json, NotHandled, Paper

_GATE = ("always", "state", "annual_rate", "whose", "lifts", "reroute_to", "only_channels")
_CONSENT = ("scope", "form", "days", "uses", "withdrawn_by")
_MINUTES = 30


def gates(paper: Paper) -> Iterator[Case]:
    """Every day on which a state begins or ceases to block."""
    if paper.kind != "gate":
        return
    yield from _let_through(paper)
    if "annual_rate" in paper.only(_GATE):
        yield from _rates(paper)
    if "state" not in paper.params:
        return
    state = paper.params["state"]
    kinds = state["kind"] if isinstance(state, dict) else state
    lifts = paper.params.get("lifts", {})
    reach = _reach(lifts)
    for kind in kinds:
        fit = _blocked(paper, kind)
        days = anchors(paper, 1, reach + 40)
        for since in days if reach else days[:1]:
            until = since + 35 * DAY
            yield from _blocks(fit, kind, since, None, _lifted_on(lifts, since))
            free = _lifted_on(lifts, since) or date.max
            yield from _blocks(fit, kind, since, until, min(free, until + DAY))
        if "after" in lifts:
            yield from _lifted_after(fit, kind, lifts["after"])


def _let_through(paper: Paper) -> Iterator[Case]:
    """Whom and by which channel it lets pass, whatever is known."""
    at = first_second(ordinary_day(paper, 5, 5), paper.zone) + 12 * HOUR
    roles, channels = (paper.params.get(key, ()) for key in ("reroute_to", "only_channels"))
    state = paper.params.get("state")
    kind = None if state is None else (state["kind"] if isinstance(state, dict) else state)[0]
    facts = () if kind is None else (_fact(paper, kind, at.date() - DAY, None),)
    for fixed in (
        *({"party": role} for role in spelled_out(roles)),
        *({"channel": channel} for channel in channels),
    ):
        for fit in _perhaps(paper, fixed)[:1]:
            yield Case("let through", fit.contact(at, facts=facts), "pass")
    if "always" in paper.params:
        yield Case("always", _blocked(paper, "anything").contact(at), "fail")


def _perhaps(paper: Paper, fixed: Json) -> list[Fit]:
    """The contacts of that sort which the rule is about; none if it is about none."""
    try:
        fits = all_fits(paper, **{k: v for k, v in fixed.items() if k != "channel"})
    except NotHandled:
        return []
    return [fit for fit in fits if fit.channel == fixed.get("channel", fit.channel)]


def _rates(paper: Paper) -> Iterator[Case]:
    """At the limit, and just over it; of any debt."""
    at = first_second(ordinary_day(paper, 5, 5), paper.zone) + 12 * HOUR
    fit, limit = _blocked(paper, "a rate"), Decimal(str(paper.params["annual_rate"]["over"]))
    low, high = (replace(fit.debt(id_), annual_rate=limit) for id_ in ("card", "car"))
    above = replace(high, annual_rate=limit + Decimal("0.0001"))
    unknown = replace(high, annual_rate=None)
    for debts, result in (
        ((low, high), "pass"),
        ((low, above), "fail"),
        ((low, unknown), "unknown"),
        ((above, replace(low, annual_rate=None)), "fail"),
    ):
        yield Case("rates", fit.contact(at, debts=debts), result)


def _reach(lifts: Json) -> int:
    unknown = set(lifts) - {"after_days", "after_months", "after"}
    if unknown:
        raise NotHandled(f"lifts {unknown}")
    return max(int(lifts.get("after_days", 0)), 31 * int(lifts.get("after_months", 0)))


def _lifted_on(lifts: Json, since: date) -> date | None:
    """The first day on which time alone has lifted it."""
    if "after_days" in lifts:
        return since + int(lifts["after_days"]) * DAY
    if "after_months" in lifts:
        month = since.month - 1 + int(lifts["after_months"])
        year, month = since.year + month // 12, month % 12 + 1
        return date(year, month, min(since.day, monthrange(year, month)[1]))
    return None


def _blocked(paper: Paper, kind: str) -> Fit:
    """A contact that the gate is about, and that is not rerouted."""
    params = paper.params
    let_through = spelled_out(params.get("reroute_to", ()))
    for role in (role for role in Role if role not in let_through):
        for fit in _perhaps(paper, {"party": role}):
            if fit.channel not in params.get("only_channels", ()):
                return fit
    raise NotHandled(f"{paper.id}: nobody is blocked by {kind}")


def _fact(paper: Paper, kind: str, since: date, until: date | None, **more: Any) -> Fact:
    state = paper.params["state"]
    form = Form(state["form"][0]) if isinstance(state, dict) and "form" in state else None
    return Fact(FactKind(kind), since=since, until=until, **({"form": form} | more))


def _blocks(
    fit: Fit, kind: str, since: date, until: date | None, free: date | None
) -> Iterator[Case]:
    """Blocked from `since` to the day before `free`."""
    zone = fit.paper.zone
    fact = _fact(fit.paper, kind, since, until)
    told = f"{kind} since {since}, until {until}"
    edges = [(last_second(since - DAY, zone), "pass"), (first_second(since, zone), "fail")]
    edges += [(last_second(since, zone), "fail")]
    if free is None:
        edges.append((last_second(since + 39 * DAY, zone), "fail"))
    else:
        edges += [(last_second(free - DAY, zone), "fail"), (first_second(free, zone), "pass")]
    for at, result in edges:
        yield Case(told, fit.contact(at, facts=(fact,)), result)
    for person, result in (("lin", "fail"), ("hsu", _of_another(fit.paper))):
        about = _fact(fit.paper, kind, since, until, party=person)
        yield Case(f"{told}, about {person}", fit.contact(edges[1][0], facts=(about,)), result)
    state = fit.paper.params["state"]
    wanted = state.get("form") if isinstance(state, dict) else None
    for form in (*Form, None):
        said = _fact(fit.paper, kind, since, until, form=form)
        result = "fail" if wanted is None or form in wanted else "pass" if form else "unknown"
        yield Case(f"{told}, {form}", fit.contact(edges[1][0], facts=(said,)), result)
    others = [channel for channel in Channel if channel is not fit.channel]
    for channel, result in ((fit.channel, "fail"), (others[0], "pass")):
        by = _fact(fit.paper, kind, since, until, channel=channel)
        yield Case(f"{told}, by {channel}", fit.contact(edges[1][0], facts=(by,)), result)


def _of_another(paper: Paper) -> str:
    return "fail" if paper.params.get("whose") == "anyone" else "pass"


def _lifted_after(fit: Fit, kind: str, after: Json) -> Iterator[Case]:
    """A contact like that lifts it, from one second after it began."""
    zone, since = fit.paper.zone, ordinary_day(fit.paper, 5, 5)
    profile = past_profile(fit, after, [])
    if profile is None:
        raise NotHandled(f"{fit.paper.id}: nothing fits {after}")
    fact = _fact(fit.paper, kind, since, None)
    begun = first_second(since, zone)
    for at, result in (
        (begun - SECOND, "fail"),
        (begun, "pass"),
        (begun + 30 * HOUR, "pass"),
    ):
        history = (fit.past(profile, at),)
        asked = fit.contact(max(at + SECOND, begun), facts=(fact,), history=history)
        yield Case("lifted by what came since", asked, result)
    lifting = begun + 30 * HOUR
    planned = fit.past(profile, lifting, reserved=True)
    asked = fit.contact(lifting + SECOND, facts=(fact,), history=(planned,))
    yield Case("not lifted by a plan", asked, "fail")
    for off, result in ((-1, "fail"), (0, "fail"), (1, "pass")):
        history = (fit.past(profile, lifting),)
        asked = fit.contact(lifting + off * SECOND, facts=(fact,), history=history)
        yield Case("lifted at that second", asked, result)


def consents(paper: Paper) -> Iterator[Case]:
    """From the second it is given to the last one it covers, or that of its last day."""
    if paper.kind != "consent":
        return
    params = paper.only(_CONSENT)
    for scope in params["scope"]:
        for fit in all_fits(paper):
            for day in anchors(paper, 1, 5 + int(params.get("days", 0))):
                yield from _given(fit, scope, day)
            yield from _used_up(fit, scope)
            yield from _withdrawn(fit, scope)


def _consent(fit: Fit, scope: str, given_at: datetime, **more: Any) -> Consent:
    forms = fit.paper.params.get("form")
    said: Json = {
        "form": Form(forms[0]) if forms else None,
        "channel": fit.channel if scope == "channel" else None,
    }
    return Consent(ConsentScope(scope), given_at, **(said | more))


def _given(fit: Fit, scope: str, day: date) -> Iterator[Case]:
    zone, length = fit.paper.zone, _MINUTES * MINUTE
    given_at = first_second(day, zone) + 12 * HOUR
    until = given_at + 2 * HOUR

    def asked(edge: str, at: datetime, result: str, **more: Any) -> Case:
        given = _consent(fit, scope, **({"given_at": given_at} | more))
        return Case(f"{scope}: {edge}", fit.contact(at, _MINUTES, consents=(given,)), result)

    for off, result in ((-1, "fail"), (0, "pass"), (1, "pass")):
        yield asked("given", given_at + off * SECOND, result)
    for off, result in ((-1, "pass"), (0, "pass"), (1, "fail")):
        yield asked("ends", until - length + off * SECOND, result, until=until)
    if "days" in fit.paper.params:
        last = last_second(day + (fit.paper.params["days"] - 1) * DAY, zone)
        for off, result in ((-1, "pass"), (0, "pass"), (1, "fail")):
            yield asked("last day", last - length + off * SECOND, result)
    for form in (*Form, None):
        forms = fit.paper.params.get("form")
        fine = forms is None or form in forms
        result = "pass" if fine else "unknown" if form is None else "fail"
        yield asked(f"form {form}", given_at, result, form=form)
    others = [channel for channel in Channel if channel is not fit.channel]
    yield asked("for another channel", given_at, "fail", channel=others[0])
    result = "unknown" if scope == "channel" else "pass"
    yield asked("for no channel", given_at, result, channel=None)


def _used_up(fit: Fit, scope: str) -> Iterator[Case]:
    uses = fit.paper.params.get("uses")
    if uses is None:
        return
    given_at = first_second(ordinary_day(fit.paper, 5, 5), fit.paper.zone)
    given = _consent(fit, scope, given_at)
    profile = fit.profile | {"direction": "outbound", "outcome": "no_answer"}
    for used, result in ((uses - 1, "pass"), (uses, "fail")):
        for reserved in (False, True):
            past = [
                fit.past(profile, given_at + n * SECOND, reserved=reserved) for n in range(used)
            ]
            past.append(fit.past(profile, given_at - SECOND))
            contact = fit.contact(given_at + HOUR, history=tuple(past), consents=(given,))
            yield Case(f"{scope}: used {used} times", contact, result)


def _withdrawn(fit: Fit, scope: str) -> Iterator[Case]:
    zone = fit.paper.zone
    day = ordinary_day(fit.paper, 5, 20)
    given = _consent(fit, scope, first_second(day, zone) + 12 * HOUR)
    until = day + DAY
    if fit.paper.params.get("days", 9) <= 2:
        raise NotHandled(f"{fit.paper.id}: a consent that ends before its withdrawal does")
    for kind in fit.paper.params.get("withdrawn_by", ()):
        for since, at, result in (
            (day - DAY, first_second(day + DAY, zone), "pass"),
            (day, first_second(day + DAY, zone), "unknown"),
            (day + DAY, last_second(day, zone), "pass"),
            (day + DAY, first_second(day + DAY, zone), "fail"),
            (day + DAY, last_second(until, zone), "fail"),
            (day + DAY, first_second(until + DAY, zone), "pass"),
        ):
            fact = Fact(FactKind(kind), since=since, until=until)
            contact = fit.contact(at, 0, facts=(fact,), consents=(given,))
            yield Case(f"{scope}: {kind} since {since}", contact, result)
