"""What a check says: each rule for itself, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reference_rules import counting, hours, others
from reference_rules.asked import SECOND, Asked, day_of
from reference_rules.choosing import fits_contact

Pack = Mapping[str, Any]
Rule = Mapping[str, Any]

COUNTING = (
    "event_count",
    "cap",
    "cooldown",
    "spacing",
    "notice",
    "ladder",
    "one_channel_per_week",
)
OTHERS = {
    "party": others.party,
    "staffing": others.staffing,
    "place": others.place,
    "gate": others.gate,
    "consent": others.consent,
    "obligation": others.obligation,
}


@dataclass(frozen=True)
class Answer:
    """`obligations`: rule, what and when; of an answer other than deny. `must_end_by`: the last
    lawful end of a contact that is allowed, None where nothing in sight sets one."""

    verdict: str
    results: dict[str, str]
    obligations: list[tuple[str, str, str]]
    must_end_by: datetime | None


def reference_check(
    packs: Iterable[Pack], body: Mapping[str, Any], in_doubt: Iterable[str] = ()
) -> Answer:
    """The answer to the body of a check, from exactly these packs; of those `in_doubt` nobody
    knows whether they hold, so that they can't say no."""
    asked = Asked(body)
    in_doubt = set(in_doubt)
    rules = [
        (rule, pack, rule.get("zone") or pack.get("zone"))
        for pack in packs
        for rule in pack["rules"]
        if _in_force(rule, pack, asked.today(rule.get("zone") or pack.get("zone")))
    ]
    results = {rule["id"]: judge(rule, basis, asked) for rule, _, basis in rules}
    for rule, pack, _ in rules:
        if pack["id"] in in_doubt and results[rule["id"]] == "fail":
            results[rule["id"]] = "unknown"
    verdicts = [_verdict(results[rule["id"]], rule, pack) for rule, pack, _ in rules]
    verdict = next((v for v in ("deny", "needs_review") if v in verdicts), "allow")
    duties = sorted(
        (rule["id"], *due)
        for rule, _, _ in rules
        if (due := _duty(rule, results[rule["id"]], asked)) is not None
    )
    ends = [_last_end(rule, pack, basis, asked) for rule, pack, basis in rules]
    return Answer(
        verdict=verdict,
        results=results,
        obligations=[] if verdict == "deny" else duties,
        must_end_by=min((end for end in ends if end is not None), default=None)
        if verdict == "allow"
        else None,
    )


def _duty(rule: Rule, result: str, asked: Asked) -> tuple[str, str] | None:
    if result == "not_applicable":
        return None
    if rule["kind"] == "place":
        return others.place_duty(rule["params"], asked)
    if rule["kind"] == "obligation" and result == "pass":
        return others.duty(rule["params"], asked)
    return None


def _last_end(rule: Rule, pack: Pack, basis: str | None, asked: Asked) -> datetime | None:
    """The last end at which this rule still allows the contact: longer hours are tried, up to
    where hours or a consent end."""
    ends: set[datetime] = set()
    if rule["kind"] == "window":
        ends |= hours.ends(rule["params"], basis, asked)
    if rule["kind"] == "consent":
        ends |= others.consent_ends(rule["params"], basis, asked)
    if rule["kind"] == "consent" or _mentions_consent(rule):
        ends |= {consent.until for consent in asked.consents if consent.until is not None}
    for end in sorted(end for end in ends if end >= asked.end):
        longer = asked.ending(end + SECOND)
        if _verdict(judge(rule, basis, longer), rule, pack) != "allow":
            return end
    return None


def _mentions_consent(rule: Rule) -> bool:
    selectors = [rule.get("applies_when") or {}, *(rule.get("exceptions") or [])]
    return any("consent" in key for selector in selectors for key in selector)


def judge(rule: Rule, basis: str | None, asked: Asked) -> str:
    """One rule of the day: is it about this contact, and is it kept?"""
    applies = fits_contact(rule.get("applies_when"), asked)
    if applies is False:
        return "not_applicable"
    if any(fits_contact(exception, asked) is True for exception in rule.get("exceptions") or []):
        return "not_applicable"
    kind, params = rule["kind"], rule["params"]
    if kind in COUNTING:
        result = counting.judge(kind, params, basis, asked)
    elif kind == "window":
        result = hours.judge(params, basis, asked)
    else:
        result = OTHERS[kind](params, basis, asked)
    if applies is None and result == "fail":
        return "unknown"
    return result


def _in_force(rule: Rule, pack: Pack, today: date) -> bool:
    """A rule is in force on its own days, as far as its pack is."""
    return all(
        (each.get("effective_from") is None or day_of(each["effective_from"]) <= today)
        and (each.get("effective_to") is None or today <= day_of(each["effective_to"]))
        for each in (rule, pack)
    )


def _verdict(result: str, rule: Rule, pack: Pack) -> str:
    """What this rule alone decides."""
    if result == "unknown":
        return "needs_review"
    if result != "fail":
        return "allow"
    softened = (pack.get("on_fail") or {}).get(rule["severity"])
    return str(rule.get("on_fail") or softened or "deny")
