"""Check and calendar never disagree; history only ever forbids; order never matters."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import (
    Channel,
    Consent,
    ConsentScope,
    Contact,
    Debt,
    Direction,
    Fact,
    FactKind,
    Form,
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
    Slot,
    TooLong,
    Verdict,
    Weekday,
    check,
    earliest_allowed_at,
    load,
    shipped,
    windows,
)
from door_questions import BOTH_PAPERS, pack_of, past, reserved, utc, visit, when
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHIPPED = load(shipped())

EVERYTHING = pack_of(
    'kind: window\nparams: {hours: {every_day: ["08:00-21:00"]}, bounds: open}',
    'kind: window\nparams: {hours: {every_day: ["00:30-02:30", "05:00-24:00"]}, test: start}',
    """
kind: window
zone: all_candidates
params:
  hours: {mon-fri: ["06:00-12:00", "13:00-24:00"], sat: ["00:00-20:00"], sun: closed}
  override_by: {consent: [hours], state: [waking_hours]}
  closed_by: [excluded_slot]
""",
    """
kind: window
params: {hours: {every_day: ["00:00-24:00"], holiday: closed}}
effective_from: 2026-02-25
effective_to: 2026-03-10
""",
    "kind: cap\nparams: {match: {channel: [visit]}, max: 2, window: {rolling_days: 7}}",
    "kind: cap\nparams: {match: {outcome: [reached]}, max: 2, window: {rolling_days: 3},"
    " group_by: [debt]}",
    "kind: cap\nparams: {match: {not_channel: [phone]}, max: 1, window: calendar_day,"
    " group_by: [person, creditor]}",
    "kind: cap\nparams: {match: {party: [debtor]}, max: 3, window: {calendar_week: sun}}",
    "kind: cap\nparams: {match: {direction: [outbound]}, max: 5, window: calendar_month}",
    "kind: cap\nparams: {max: 1, window: {rolling_minutes: 300}, group_by: [contact_point]}",
    "kind: cap\nparams: {match: {outcome: [failed]}, max: 2,"
    " window: {since: {outcome: [reached]}}}",
    "kind: cap\nparams: {max: 2, window: {rolling_business_days: 3}, holidays: US}",
    "kind: cap\nparams: {match: {channel: [visit]}, max: 2, window: {rolling_days: 9},"
    " armed_after: {outcome: [conversation]}}",
    "kind: cooldown\nparams: {after: {outcome: [conversation]}, days: 4, day_one: exclusive}",
    "kind: spacing\nparams: {match: {place: [home]}, days: 1, group_by: [person]}",
    "kind: notice\nparams: {match: {outcome: [notice_given]}, business_days: 2, holidays: US,"
    " at_most_days: 12}",
    "kind: notice\nparams: {match: {outcome: [notice_given]}, days: 3, clear_days: true}",
    "kind: ladder\nparams: {match: {channel: [phone], outcome: [failed]}, in_a_row: 2}",
    "kind: one_channel_per_week\nparams: {match: {direction: [outbound]}}",
    "kind: party\nparams: {refusal: final}",
    "kind: staffing\napplies_when: {state: [hardship]}\nparams: {min: 3}",
    "kind: staffing\nexceptions: [{consent: [visit]}]\nparams: {min: 3}",
    "kind: staffing\napplies_when: {not_consent: [visit_frequency], not_state: [dispute]}\n"
    "params: {min: 3}",
    "kind: staffing\nparams: {min: 3}\neffective_from: 2026-03-05",
    "kind: staffing\napplies_when: {state: {kind: [hardship, cease], form: [written]},"
    " not_consent: {scope: [visit], form: [oral]}}\nparams: {min: 3}",
    "kind: staffing\nexceptions: [{not_state: {kind: [dispute], form: [written]}},"
    " {days_past_due: {over: 15}}]\nparams: {min: 3}",
    "kind: place\nparams: {deny: [public], order: [home, work], attempts: 2, entry: with_consent}",
    "kind: place\nparams: {order: [agreed, home, work]}",
    "kind: gate\nparams: {state: [cease, represented], reroute_to: [neighbour]}",
    "kind: gate\nparams: {state: {kind: [cease], form: [written]}, lifts: {after_days: 3},"
    " whose: anyone}",
    "kind: gate\nparams: {state: [cease, dispute],"
    " lifts: {after: {channel: [visit], outcome: [reached]}}}",
    "kind: gate\nparams: {state: [dispute], lifts: {after_months: 1}, only_channels: [phone]}",
    "kind: consent\nparams: {scope: [visit, visit_frequency], form: [written], days: 3, uses: 2,"
    " withdrawn_by: [cease]}",
    "kind: consent\nparams: {scope: [channel], withdrawn_by: [cease]}",
    "kind: cap\nparams: {match: {channel: [visit]}, max: 1, window: {rolling_days: 7},"
    " exclude: [{consent: {scope: [visit_frequency], form: [written]}, days: 3,"
    " ends_with: {outcome: [conversation]}}, {outcome: [failed], place: [home]}]}",
    "kind: cap\nparams: {max: 1, window: {rolling_minutes: 600},"
    " exclude: [{consent: {scope: [channel, visit]}, days: 2}]}",
    "kind: cap\nparams: {match: {place: [work]}, max: 1, window: {calendar_week: mon},"
    " exclude: [{purpose: [relay]}]}",
    "kind: cap\nparams: {max: 2, window: {rolling_business_days: 2, day_one: exclusive}}",
    "kind: cap\nparams: {count_distinct: channel, max: 1, window: {rolling_days: 3},"
    " group_by: [debt]}",
    "kind: event_count\nparams: {match: {place: [home]}, bound: {min: 1}, window: ever,"
    " armed_after: {outcome: [reached]}}",
    "kind: staffing\nparams: {announced: true, employer: collector}",
    "kind: window\nparams: {hours: {every_day: ['00:00-02:00', '20:00-24:00'], holiday: closed,"
    " makeup: ['09:00-12:00']}, bounds: open, closed_by: [excluded_slot],"
    " override_by: {consent: [visit, channel]}}",
    "kind: obligation\nparams: {what: record_visit, when: during, needs: {consent: [visit]},"
    " impossible_when: [cannot_record]}",
)

DAYTIME = pack_of('kind: window\nparams: {hours: {every_day: ["07:00-22:00"]}}')

ZONES = ["Asia/Taipei", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]
BEGIN = datetime(2026, 2, 24, tzinfo=UTC)
SPAN = timedelta(days=18)  # over the change of clocks in New York on 8 March

moments = st.integers(-6 * 86_400, 20 * 86_400).map(lambda s: BEGIN + timedelta(seconds=s))
round_moments = st.integers(-6 * 24, 20 * 24).map(lambda h: BEGIN + timedelta(hours=h))
times = st.one_of(moments, round_moments)
days = st.one_of(st.none(), st.dates(date(2026, 2, 20), date(2026, 3, 20)))


OUTCOMES = [
    None,
    Outcome.NO_ANSWER,
    Outcome.CONVERSATION,
    Outcome.REFUSED,
    Outcome.NOBODY_MET,
    Outcome.NOTICE_GIVEN,
]


@st.composite
def pasts(draw: st.DrawFn) -> PastContact:
    return past(
        draw(times),
        draw(st.sampled_from(OUTCOMES)),
        channel=draw(st.sampled_from([Channel.VISIT, Channel.VISIT, Channel.PHONE, Channel.SMS])),
        direction=draw(st.sampled_from(list(Direction))),
        party=draw(st.sampled_from(["lin", "lin", "lin", "hsu", None])),
        role=draw(st.sampled_from([None, Role.DEBTOR, Role.NEIGHBOUR])),
        debts=draw(st.sampled_from([("card",), ("car",), ("card", "car"), ()])),
        lender=draw(st.sampled_from(["river-bank", "hill-bank", None])),
        place=draw(st.sampled_from([PlaceKind.HOME, PlaceKind.WORK, None])),
        point=draw(st.sampled_from(["+886912345678", "+886999999999", None])),
        reserved=draw(st.booleans()),
    )


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    kind = draw(
        st.sampled_from(
            [
                FactKind.WAKING_HOURS,
                FactKind.EXCLUDED_SLOT,
                FactKind.HARDSHIP,
                FactKind.DISPUTE,
                FactKind.THIRD_PARTY_REFUSED,
                FactKind.CEASE,
                FactKind.CANNOT_RECORD,
            ]
        )
    )
    clock = st.sampled_from([time(0), time(1, 30), time(2, 15), time(9), time(13), time(22, 45)])
    slot = st.builds(Slot, st.frozensets(st.sampled_from(list(Weekday)), min_size=1), clock, clock)
    return Fact(
        kind,
        since=draw(days),
        until=draw(days),
        slots=tuple(draw(st.lists(slot, max_size=2))),
        party=draw(st.sampled_from([None, "lin", "hsu"])),
        form=draw(st.sampled_from([None, Form.WRITTEN, Form.ORAL])),
        channel=draw(st.sampled_from([None, None, Channel.VISIT])),
    )


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    return Consent(
        draw(
            st.sampled_from(
                [
                    ConsentScope.HOURS,
                    ConsentScope.VISIT,
                    ConsentScope.VISIT_FREQUENCY,
                    ConsentScope.CHANNEL,
                ]
            )
        ),
        draw(times),
        until=draw(st.one_of(st.none(), times)),
        form=draw(st.sampled_from([None, Form.WRITTEN, Form.ORAL])),
        channel=draw(st.sampled_from([None, None, Channel.VISIT, Channel.PHONE])),
    )


members = st.builds(
    Member,
    st.sampled_from(["chang", "wu"]),
    st.sampled_from([frozenset(), BOTH_PAPERS]),
    st.sampled_from(["swift-agency", "swift-agency", "temps-and-co", None]),
    days,
)


@st.composite
def contacts(draw: st.DrawFn) -> Contact:
    zone = draw(st.sampled_from(ZONES))
    remote = draw(st.booleans())
    place = Place(
        draw(st.sampled_from([PlaceKind.HOME, PlaceKind.WORK, PlaceKind.WORK, PlaceKind.PUBLIC])),
        zone,
        draw(st.sampled_from(["US", "TW", "ZZ"])),
        draw(st.sampled_from([None, "MA"])),
    )
    return visit(
        draw(times),
        minutes=draw(st.sampled_from([0, 1, 30, 600, 1500])),
        channel=Channel.PHONE if remote else Channel.VISIT,
        place=place,
        party=Party(
            "lin",
            draw(st.sampled_from([Role.DEBTOR, Role.NEIGHBOUR])),
            timezones=("Asia/Kathmandu",) if remote and draw(st.booleans()) else (),
        ),
        purpose=draw(st.sampled_from([Purpose.COLLECT, Purpose.LOCATE])),
        debts=draw(
            st.sampled_from(
                [
                    (Debt("card", Product.CREDIT_CARD),),
                    (Debt("card"), Debt("car", Product.AUTO, days_past_due=16)),
                    (),
                ]
            )
        ),
        team=tuple(draw(st.lists(members, max_size=3))),
        facts=tuple(draw(st.lists(facts(), max_size=3))),
        consents=tuple(draw(st.lists(consents(), max_size=2))),
        history=tuple(draw(st.lists(pasts(), max_size=8))),
    )


choices = st.one_of(
    st.sampled_from(["tw", "cn", "default-policy", "person-protection"]),
    st.frozensets(st.integers(0, len(EVERYTHING.rules) - 1), min_size=1, max_size=3),
)
"""A pack that is shipped, beside person-protection, or some of all those rules."""


def _packs(choice: str | frozenset[int]) -> tuple[Pack, ...]:
    if isinstance(choice, str):
        return SHIPPED.named([choice, "person-protection"])
    return (replace(EVERYTHING, rules=tuple(EVERYTHING.rules[i] for i in choice)),)


def _telling_seconds(contact: Contact, first: int, last: int, chance: random.Random) -> set[int]:
    """Where an answer may change, found without asking the rules where theirs do."""
    found = {int(past.starts_at.timestamp()) for past in contact.history}
    length = int(contact.duration.total_seconds())
    for consent in contact.consents:
        for moment in filter(None, (consent.given_at, consent.until)):
            found |= {int(moment.timestamp()), int(moment.timestamp()) - length}
    zones = {contact.place.timezone, *contact.party.timezones}
    here = contact.place.timezone if contact.channel is Channel.VISIT else chance.choice([*zones])
    for day in chance.sample(range(SPAN.days), 6):
        midnight = datetime.combine(BEGIN.date() + timedelta(days=day), time(), ZoneInfo(here))
        found.add(int(midnight.timestamp()))
    found |= {chance.randint(first, last) for _ in range(6)} | {first, last}
    return {second + off for second in found for off in (-1, 0, 1)}


def _agree(contact: Contact, packs: tuple[Pack, ...], seed: int) -> None:
    """Check and calendar, about every second that might tell them apart."""
    first, last = int(BEGIN.timestamp()), int((BEGIN + SPAN).timestamp())
    open_ = windows(contact, packs, BEGIN, BEGIN + SPAN)
    edges = {int(edge.timestamp()) for window in open_ for edge in (window.from_, window.to)}
    asked = _telling_seconds(contact, first, last, random.Random(seed))
    asked |= {edge + off for edge in edges for off in (-1, 0, 1)}
    for at in (utc(second) for second in sorted(asked) if first <= second <= last):
        inside = any(window.from_ <= at <= window.to for window in open_)
        verdict = check(contact.at(at), packs).verdict
        assert inside is (verdict is Verdict.ALLOW), (at, verdict)


@pytest.mark.parametrize("number", range(len(EVERYTHING.rules)))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contacts(), st.integers())
def test_a_rule_allows_exactly_the_starts_in_its_calendar(
    number: int, contact: Contact, seed: int
) -> None:
    _agree(contact, _packs(frozenset({number})), seed)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contacts(), choices, st.integers())
def test_a_check_allows_exactly_the_starts_in_the_calendar(
    contact: Contact, choice: str | frozenset[int], seed: int
) -> None:
    _agree(contact, _packs(choice), seed)


@settings(max_examples=100, deadline=None)
@given(contacts(), choices)
def test_the_windows_are_apart_and_in_order(contact: Contact, choice: str | frozenset[int]) -> None:
    packs = _packs(choice)
    open_ = windows(contact, packs, BEGIN, BEGIN + SPAN)
    for window in open_:
        assert BEGIN <= window.from_ <= window.to <= BEGIN + SPAN
    for one, other in pairwise(open_):
        assert other.from_ - one.to > timedelta(seconds=1)


@settings(max_examples=100, deadline=None)
@given(contacts(), choices)
def test_the_earliest_is_the_first_of_the_calendar(
    contact: Contact, choice: str | frozenset[int]
) -> None:
    packs = _packs(choice)
    start = contact.starts_at
    open_ = windows(contact, packs, start, start + timedelta(days=90))
    assert earliest_allowed_at(contact, packs) == (open_[0].from_ if open_ else None)


@settings(max_examples=100, deadline=None)
@given(contacts(), choices, st.randoms())
def test_the_order_of_packs_and_of_what_is_known_does_not_matter(
    contact: Contact, choice: str | frozenset[int], chance: random.Random
) -> None:
    packs = _packs(choice)

    def shuffled(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(things, len(things)))

    other = replace(
        contact,
        history=shuffled(contact.history),
        facts=shuffled(contact.facts),
        consents=shuffled(contact.consents),
        team=shuffled(contact.team),
    )
    assert check(other, shuffled(packs + packs)) == check(contact, packs)


CAPS = [
    number
    for number, rule in enumerate(EVERYTHING.rules)
    if rule.kind == "event_count"
    and getattr(rule.judge, "bound", "") in ("max", "zero")
    # A new event may begin the count anew, or begin it at all.
    and rule.judge.since is None
    and rule.judge.armed_after is None
]


@settings(max_examples=200, deadline=None)
@given(contacts(), st.sampled_from(CAPS), pasts())
def test_more_history_never_turns_a_no_into_a_yes(
    contact: Contact, number: int, more: PastContact
) -> None:
    (cap,) = _packs(frozenset({number}))
    before = check(contact, [cap])
    after = check(replace(contact, history=(*contact.history, more)), [cap])
    if before.verdict is Verdict.DENY:
        assert after.verdict is Verdict.DENY
    if before.verdict is Verdict.NEEDS_REVIEW:
        assert after.verdict is not Verdict.ALLOW


@settings(max_examples=100, deadline=None)
@given(contacts(), st.sampled_from(["tw", "cn", "default-policy"]))
def test_removing_a_rule_never_denies_more(contact: Contact, name: str) -> None:
    packs = SHIPPED.named([name])
    order = [Verdict.ALLOW, Verdict.NEEDS_REVIEW, Verdict.DENY]
    whole = order.index(check(contact, packs).verdict)
    (pack,) = packs
    for rule in pack.rules:
        fewer = replace(pack, rules=tuple(r for r in pack.rules if r is not rule))
        assert order.index(check(contact, [fewer]).verdict) <= whole


@settings(max_examples=100, deadline=None)
@given(contacts(), choices)
def test_the_end_that_is_told_is_the_last_lawful_one(
    contact: Contact, choice: str | frozenset[int]
) -> None:
    packs = _packs(choice)
    decision = check(contact, packs)
    if decision.must_end_by is None:
        return
    latest = decision.must_end_by - contact.starts_at

    def late(duration: timedelta) -> bool:
        found = check(replace(contact, duration=duration), packs)
        return any(c.kind == "window" and c.result is Result.FAIL for c in found.checks)

    if contact.consents or contact.place.country == "ZZ":
        return  # a selector may ask for the whole interval; and a doubt is no fail
    assert not late(latest)
    assert late(latest + timedelta(seconds=1))


def test_a_calendar_spans_at_most_90_days_and_runs_forward() -> None:
    packs = (DAYTIME,)
    begin = when("2026-04-01 00:00")
    assert windows(visit(), packs, begin, begin + timedelta(days=90))
    with pytest.raises(TooLong):
        windows(visit(), packs, begin, begin + timedelta(days=90, seconds=1))
    with pytest.raises(TooLong):
        windows(visit(), packs, begin, begin - timedelta(seconds=1))
    (moment,) = windows(visit(), packs, when("2026-04-01 07:00"), when("2026-04-01 07:00"))
    assert moment.from_ == moment.to == when("2026-04-01 07:00")
    assert windows(visit(), packs, when("2026-04-01 06:59:59"), when("2026-04-01 06:59:59")) == ()


def test_a_calendar_holds_the_starts_of_a_week() -> None:
    contact = visit(history=(reserved("2026-04-09 10:00"),), minutes=60)
    packs = (DAYTIME, *SHIPPED.named(["person-protection"]))
    found = windows(contact, packs, when("2026-04-08 12:00"), when("2026-04-10 12:00"))
    assert [(w.from_, w.to) for w in found] == [
        (when("2026-04-08 12:00"), when("2026-04-08 21:00")),
        (when("2026-04-10 07:00"), when("2026-04-10 12:00")),
    ]
    assert found[0].from_.utcoffset() == timedelta(hours=8)


def test_fractions_of_a_second_at_the_ends_stay_inside() -> None:
    packs = (DAYTIME,)
    half = timedelta(microseconds=500_000)
    (found,) = windows(
        visit(), packs, when("2026-04-08 10:00") + half, when("2026-04-08 11:00") + half
    )
    assert (found.from_, found.to) == (when("2026-04-08 10:00:01"), when("2026-04-08 11:00"))
