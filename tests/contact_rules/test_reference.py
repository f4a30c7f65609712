"""The engine equals a slow, obvious reader of the same rules, which shares no code with it.

More than a hundred thousand contacts, made from seeds. A difference is printed with its seed and
with a small case that still shows it; `compare_random(seed)` replays it.
"""

from __future__ import annotations

import ast
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import reference_rules
from contact_rules.domain import Contact, Pack, shipped
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.public_holidays import HolidayCalendar
from contact_rules.domain.question import Question
from contact_rules.domain.zones import Zone
from reference_rules import random_packs
from reference_rules.comparing import (
    Asking,
    Engine,
    Report,
    asking,
    compare_examples,
    compare_random,
    compare_resolved,
    compare_seeds,
    compare_shipped,
)

CHUNKS = range(42)
SEEDS_EACH = 16
SHIPPED = sorted(shipped().glob("*.yaml"))
FOR_EACH_RULE = 8
PERSON_PROTECTION = shipped() / "person-protection.yaml"

Rule = dict[str, Any]


def _name(value: Any) -> str | None:
    return value.stem if isinstance(value, Path) else getattr(value, "__name__", None)


def _agree(report: Report) -> None:
    assert not report.different, f"{report.different} of {report.cases}\n\n" + "\n\n".join(
        report.first
    )


@pytest.fixture(scope="module")
def running() -> Iterator[dict[int, Future[Report]]]:
    """All chunks, on every core there is; each test waits for its own."""
    pool = ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))
    seeds = {chunk: [chunk * 1000 + n for n in range(SEEDS_EACH)] for chunk in CHUNKS}
    try:
        yield {chunk: pool.submit(compare_seeds, seeds[chunk]) for chunk in CHUNKS}
    finally:
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_random_contacts_are_judged_alike(chunk: int, running: dict[int, Future[Report]]) -> None:
    _agree(running[chunk].result())


def test_random_contacts_are_many_and_of_every_sort(running: dict[int, Future[Report]]) -> None:
    report = sum((future.result() for future in running.values()), Report())
    assert report.cases >= 100_000
    for kind in KINDS:
        for result in ("pass", "fail", "unknown", "not_applicable"):
            # What must be done is in doubt only where it is impossible and may not even apply.
            few = 5 if (kind, result) == ("obligation", "unknown") else 100
            assert report.found[kind, result] >= few, (kind, result)


@pytest.mark.parametrize("file", SHIPPED, ids=_name)
def test_contacts_under_a_pack_that_ships_are_judged_alike(file: Path) -> None:
    _agree(compare_shipped(file, PERSON_PROTECTION, FOR_EACH_RULE))


@pytest.mark.parametrize("file", SHIPPED, ids=_name)
def test_worked_examples_are_judged_alike(file: Path) -> None:
    report = compare_examples(file)
    assert report.cases
    _agree(report)


@pytest.mark.parametrize("seed", range(20))
def test_packs_are_found_and_answer_together_alike(seed: int) -> None:
    _agree(compare_resolved(seed))


def test_random_packs_are_of_every_kind() -> None:
    assert set(random_packs.KINDS) == set(KINDS)


def test_the_reference_shares_no_code_with_the_engine() -> None:
    folder = Path(str(reference_rules.__file__)).parent
    for module in folder.glob("*.py"):
        imported = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        if module.name != "comparing.py":
            assert "contact_rules" not in imported, module.name


# --- twins of the engine, broken on purpose ------------------------------------------------------


class Misreads(Engine):
    """Reads each rule as another one."""

    def __init__(self, spoil: Callable[[Rule], Rule]) -> None:
        super().__init__()
        self._spoil = spoil
        self._spoiled: dict[int, tuple[Asking, Pack]] = {}

    def pack(self, pack: Asking) -> Pack:
        if id(pack) not in self._spoiled:
            rules = [self._spoil(rule) for rule in pack.plain["rules"]]
            self._spoiled[id(pack)] = pack, asking({**pack.plain, "rules": rules}).read
        return self._spoiled[id(pack)][1]


class Overlooks(Engine):
    """Does not see all of the contact."""

    def __init__(self, spoil: Callable[[Contact], Contact]) -> None:
        super().__init__()
        self._spoil = spoil

    def contact(self, body: dict[str, Any]) -> Contact:
        return self._spoil(super().contact(body))


def _with(rule: Rule, **params: Any) -> Rule:
    return {**rule, "params": {**rule["params"], **params}}


def _without(*names: str) -> Callable[[Rule], Rule]:
    """Rules whose parameters, or the rules themselves, lack these."""

    def spoil(rule: Rule) -> Rule:
        kept = {key: value for key, value in rule["params"].items() if key not in names}
        params = kept or rule["params"]
        return {key: value for key, value in rule.items() if key not in names} | {"params": params}

    return spoil


def one_more_is_allowed(rule: Rule) -> Rule:
    return _with(rule, max=rule["params"]["max"] + 1) if rule["kind"] == "cap" else rule


def days_are_one_too_many(rule: Rule) -> Rule:
    window = rule["params"].get("window")
    if not isinstance(window, dict) or "rolling_days" not in window:
        return rule
    return _with(rule, window={**window, "rolling_days": window["rolling_days"] + 1})


def day_one_does_not_count(rule: Rule) -> Rule:
    window = rule["params"].get("window")
    if not isinstance(window, dict) or "rolling_days" not in window:
        return rule
    return _with(rule, window={**window, "day_one": "exclusive"})


def bounds_are_closed(rule: Rule) -> Rule:
    return _with(rule, bounds="closed") if rule["kind"] == "window" else rule


def only_the_start_counts(rule: Rule) -> Rule:
    return _with(rule, test="start") if rule["kind"] == "window" else rule


COUNTS = ("cap", "event_count", "one_channel_per_week")
MISREADINGS: dict[str, tuple[tuple[str, ...], Callable[[Rule], Rule]]] = {
    "exceptions are ignored": ((), _without("exceptions")),
    "rules apply to everybody": ((), _without("applies_when")),
    "rules never end": ((), _without("effective_to")),
    "rules were always in force": ((), _without("effective_from")),
    "the zone of the law is ignored": ((), _without("zone")),
    "groups are ignored": (COUNTS, _without("group_by")),
    "exclusions are ignored": (COUNTS, _without("exclude")),
    "rules are armed from the beginning": (COUNTS, _without("armed_after")),
    "one more is allowed": (("cap",), one_more_is_allowed),
    "days are one too many": (("cap",), days_are_one_too_many),
    "day one does not count": (("cap",), day_one_does_not_count),
    "excluded slots are ignored": (("window",), _without("closed_by")),
    "consent to other hours is ignored": (("window",), _without("override_by")),
    "special days are ignored": (("window",), _without("closed_on")),
    "bounds are closed": (("window",), bounds_are_closed),
    "only the start counts": (("window",), only_the_start_counts),
    "gates never lift": (("gate",), _without("lifts")),
    "places have no order": (("place",), _without("attempts", "order")),
    "nobody withdraws a consent": (("consent",), _without("withdrawn_by")),
    "a consent is never used up": (("consent",), _without("uses")),
    "the impossible is asked": (("obligation",), _without("impossible_when")),
}


def _history(keeps: Callable[[Contact, Any], bool]) -> Callable[[Contact], Contact]:
    def spoil(contact: Contact) -> Contact:
        return replace(
            contact, history=tuple(past for past in contact.history if keeps(contact, past))
        )

    return spoil


OVERSIGHTS: dict[str, Callable[[Contact], Contact]] = {
    "plans": _history(lambda _, past: not past.reserved),
    "what comes later": _history(lambda contact, past: past.starts_at < contact.starts_at),
    "what nobody knows the outcome of": _history(lambda _, past: past.outcome is not None),
    "what is in doubt": _history(lambda _, past: past.party is not None and bool(past.debts)),
    "the last second": lambda contact: replace(
        contact, duration=max(contact.duration - timedelta(seconds=1), timedelta(0))
    ),
    "all debts but one": lambda contact: replace(contact, debts=contact.debts[:1]),
    "other zones": lambda contact: replace(contact, party=replace(contact.party, timezones=())),
    "the end of a consent": lambda contact: replace(
        contact, consents=tuple(replace(consent, until=None) for consent in contact.consents)
    ),
    "the form of a fact": lambda contact: replace(
        contact, facts=tuple(replace(fact, form=None) for fact in contact.facts)
    ),
    "whose a fact is": lambda contact: replace(
        contact, facts=tuple(replace(fact, party=None) for fact in contact.facts)
    ),
}


def _tells(twin: Engine, kinds: tuple[str, ...] = ()) -> bool:
    """Does the comparison tell this engine from the reference?"""
    return any(compare_random(seed, twin, kinds).different for seed in range(60))


@pytest.mark.parametrize("misreading", MISREADINGS)
def test_an_engine_that_misreads_its_rules_is_told(misreading: str) -> None:
    kinds, spoil = MISREADINGS[misreading]
    assert _tells(Misreads(spoil), kinds)


@pytest.mark.parametrize("oversight", OVERSIGHTS)
def test_an_engine_that_overlooks_something_is_told(oversight: str) -> None:
    assert _tells(Overlooks(OVERSIGHTS[oversight]))


@pytest.mark.parametrize(
    ("where", "name", "broken"),
    [
        (Zone, "day", lambda self, at: at // 86400),
        (HolidayCalendar, "holiday", lambda self, day: False),
        (Question, "zone_for_dates", lambda self, basis: Zone("UTC")),
    ],
    ids=["days are those of Greenwich", "no holidays", "dates are those of Greenwich"],
)
def test_an_engine_without_a_calendar_is_told(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str, broken: Callable[..., Any]
) -> None:
    monkeypatch.setattr(where, name, broken)
    assert _tells(Engine())
