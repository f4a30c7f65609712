"""`event_count`: consents that take contacts out of the count, on each of their days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from contact_rules.domain import Channel, Consent, ConsentScope, Form, PastContact

from rule_boundaries.counted import Counting, countings
from rule_boundaries.fitting import past_profile
from rule_boundaries.local_days import DAY, HOUR, SECOND, first_second, last_second, ordinary_day
from rule_boundaries.papers import Case, Json, NotHandled, Paper

_KNOWN = {"consent", "days", "ends_with"}


def agreed(paper: Paper) -> Iterator[Case]:
    """From the second it is given, to the last second of its last day, or of its own."""
    for counting in countings(paper):
        for item in counting.agreed:
            if set(item) - _KNOWN or set(item["consent"]) - {"scope", "form"}:
                raise NotHandled(f"{paper.id}: {item}")
            if not counting.itself or counting.least or counting.spec.window[0] == "ever":
                raise NotHandled(f"{paper.id}: a consent about others only")
            for scope in item["consent"]["scope"]:
                yield from _days(counting, item, scope)
                yield from _forms(counting, item, scope)
                yield from _endings(counting, item, scope)


def _given_at(counting: Counting) -> datetime:
    day = ordinary_day(counting.paper, 40, 40)
    return first_second(day, counting.paper.zone) + 10 * HOUR


def _consent(counting: Counting, item: Json, scope: str, **more: Any) -> Consent:
    forms = item["consent"].get("form")
    said: Json = {
        "form": Form(forms[0]) if forms else None,
        "channel": counting.fit.channel if scope == "channel" else None,
    }
    return Consent(ConsentScope(scope), _given_at(counting), **(said | more))


def _asked(
    counting: Counting, edge: str, at: datetime, others: list[PastContact], consent: Consent
) -> Case:
    """Fails if the asked contact counts, with just enough others beside it that do."""
    history = (*counting.prelude, *others)
    return Case(edge, counting.fit.contact(at, history=history, consents=(consent,)), "fail")


def _taken(case: Case) -> Case:
    """The same case, where the contact is taken out of the count."""
    return Case(case.edge, case.contact, "pass")


def _days(counting: Counting, item: Json, scope: str) -> Iterator[Case]:
    given_at, zone = _given_at(counting), counting.paper.zone
    consent = _consent(counting, item, scope)
    # Just enough before it was given: without it the contact would be one too many.
    before = counting.one_after_another(counting.breaking, given_at - SECOND)
    for off in (-1, 0, 1):
        case = _asked(counting, "consent is given", given_at + off * SECOND, before, consent)
        yield case if off < 0 else _taken(case)
    day = given_at.astimezone(zone).date()
    if "days" in item:
        last = last_second(day + (item["days"] - 1) * DAY, zone)
        after = [
            counting.other(n, last + (2 + n) * SECOND, reserved=True)
            for n in range(counting.breaking)
        ]
        yield _taken(_asked(counting, "last day of a consent", last, after, consent))
        yield _asked(counting, "day after a consent", last + SECOND, after, consent)
    until = given_at + HOUR
    short = _consent(counting, item, scope, until=until)
    for off in (-1, 0, 1):
        case = _asked(counting, "consent ends", until + off * SECOND, before, short)
        yield case if off > 0 else _taken(case)


def _forms(counting: Counting, item: Json, scope: str) -> Iterator[Case]:
    given_at = _given_at(counting)
    before = counting.one_after_another(counting.breaking, given_at - SECOND)
    at = given_at + timedelta(minutes=1)
    for form in (*Form, None):
        consent = _consent(counting, item, scope, form=form)
        case = _asked(counting, f"consent is {form}", at, before, consent)
        wanted = item["consent"].get("form")
        yield _taken(case) if wanted is None or form in wanted else case
    others = [each for each in Channel if each is not counting.fit.channel]
    elsewhere = _consent(counting, item, scope, channel=others[0])
    yield _asked(counting, "consent for another channel", at, before, elsewhere)
    if scope != "channel":
        here = _consent(counting, item, scope, channel=counting.fit.channel)
        yield _taken(_asked(counting, "consent for this channel", at, before, here))
    # What it covers does not count later either.
    day_after = given_at + DAY
    covered = counting.one_after_another(counting.breaking, given_at + HOUR)
    over = _consent(counting, item, scope, until=given_at + 2 * HOUR)
    yield _taken(_asked(counting, "others were covered", day_after, covered, over))


def _endings(counting: Counting, item: Json, scope: str) -> Iterator[Case]:
    if "ends_with" not in item:
        return
    given_at = _given_at(counting)
    consent = _consent(counting, item, scope)
    before = counting.one_after_another(counting.breaking, given_at - SECOND)
    profile = past_profile(counting.fit, item["ends_with"], [])
    if profile is None:
        raise NotHandled(f"{counting.paper.id}: nothing fits {item['ends_with']}")
    ended = given_at + HOUR
    for off, end in ((-1, False), (0, False), (1, True)):
        others = [*before, counting.past(profile, ended)]
        case = _asked(counting, "ended", ended + off * SECOND, others, consent)
        yield case if end else _taken(case)
    # One that came before the consent does not end it.
    earlier = [*before[1:], counting.past(profile, given_at - 2 * HOUR)]
    yield _taken(_asked(counting, "ended before", ended, earlier, consent))
