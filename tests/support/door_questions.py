"""Contacts, pasts and small packs for tests of the rules: say only what the test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import Any
from zoneinfo import ZoneInfo

from contact_rules.domain import (
    Channel,
    Check,
    Collector,
    CollectorClass,
    Contact,
    Debt,
    Direction,
    Member,
    Outcome,
    Pack,
    Party,
    PastContact,
    Place,
    PlaceKind,
    Product,
    Purpose,
    Result,
    Role,
    check,
)
from contact_rules.domain.packs.loading import read_pack

TAIPEI = "Asia/Taipei"
GOOD_PACK = """\
id: test
version: 2026-01-01
title: {en: Test, zh: 测试}
applies: named
rules:
  - id: test.team
    kind: staffing
    severity: policy
    source_quality: text
    citation: house rule
    params: {min: 2}
    message: {en: "{measured} of {least}", zh: "{measured}/{least}"}
"""
"""A pack of one rule; tests break it in one place."""

BOTH_PAPERS = frozenset({"work_id", "authorisation_letter"})


def when(text: str, zone: str = TAIPEI) -> datetime:
    """`when("2026-04-08 10:00")`: local time in a zone; of a repeated hour the first."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def visit(at: str | datetime = "2026-04-08 10:00", **changes: Any) -> Contact:
    """A visit in Taipei, by day, by two people with their papers, to a debtor at home."""
    zone = changes.pop("zone", TAIPEI)
    country = changes.pop("country", "TW")
    facts: dict[str, Any] = {
        "starts_at": when(at, zone or "UTC") if isinstance(at, str) else at,
        "duration": timedelta(minutes=changes.pop("minutes", 30)),
        "channel": Channel.VISIT,
        "direction": Direction.OUTBOUND,
        "purpose": Purpose.COLLECT,
        "place": Place(PlaceKind.HOME, zone, country, changes.pop("region", None)),
        "party": Party("lin", changes.pop("role", Role.DEBTOR)),
        "debts": (Debt("card", Product.CREDIT_CARD),),
        "collector": Collector("swift-agency", CollectorClass.AGENCY),
        "team": (Member("chang", BOTH_PAPERS), Member("wu", frozenset({"work_id"}))),
        "point": "+886912345678",
        "lender": "river-bank",
    }
    return Contact(**(facts | changes))


def past(at: str | datetime, outcome: Outcome | None = None, **changes: Any) -> PastContact:
    """An earlier visit (or, without an outcome, one whose outcome is not known) to that debtor."""
    zone = changes.pop("zone", TAIPEI)
    facts: dict[str, Any] = {
        "channel": Channel.VISIT,
        "direction": Direction.OUTBOUND,
        "starts_at": when(at, zone) if isinstance(at, str) else at,
        "outcome": outcome,
        "party": "lin",
        "debts": ("card",),
        "collector": "swift-agency",
        "lender": "river-bank",
        "place": PlaceKind.HOME,
        "point": "+886912345678",
    }
    return PastContact(**(facts | changes))


def reserved(at: str | datetime, **changes: Any) -> PastContact:
    return past(at, reserved=True, **changes)


def pack_of(*rules: str, head: str = "applies: named") -> Pack:
    """A pack "test" of rules given as YAML; what a rule leaves out and must say is filled in."""
    text = f"id: test\nversion: 2026-01-01\ntitle: {{en: Test, zh: 测试}}\n{head}\nrules:\n"
    for number, rule in enumerate(rules):
        lines = rule.strip("\n")
        for key, value in (
            ("id", f"test.rule-{number}"),
            ("severity", "policy"),
            ("source_quality", "text"),
            ("citation", "a test"),
            ("message", "{en: Kept or not., zh: 是否遵守。}"),
        ):
            if f"{key}:" not in [line.strip().split(" ")[0] for line in lines.splitlines()]:
                lines += f"\n{key}: {value}"
        text += "  -\n" + indent(lines, "    ") + "\n"
    return read_text(text)


def read_text(text: str, name: str = "test.yaml") -> Pack:
    with TemporaryDirectory() as directory:
        file = Path(directory) / name
        file.write_text(text, encoding="utf-8")
        return read_pack(file)


def only(contact: Contact, pack: Pack) -> Check:
    """What a pack of one rule says."""
    (found,) = check(contact, [pack]).checks
    return found


def result(contact: Contact, pack: Pack) -> Result:
    return only(contact, pack).result


def utc(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
