"""P6 and P8: the rules alone, beside the ZEN engine, and a calendar of 30 days beside one check.

Both engines are asked the same questions, 50 past contacts in each, and must say the same of every
rule before their speed is compared.
"""

import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import zen_rules
from contact_rules.domain import (
    Channel,
    Contact,
    Direction,
    Outcome,
    Pack,
    PastContact,
    check,
    load,
    shipped,
    windows,
)
from contact_rules.domain.packs.loading import read_pack
from door_questions import visit
from measure import Ratio, compare
from servers import Servers

CONTACTS = 200
HISTORY = 50
LOOPS = 10
CALENDARS = 50
_ZONE = ZoneInfo("Asia/Taipei")
_FIRST = datetime(2026, 3, 1, tzinfo=_ZONE)
_ENDINGS = {
    Channel.VISIT: (Outcome.DEBTOR_MET, Outcome.PERSON_MET, Outcome.NOBODY_MET),
    Channel.PHONE: (Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.ANSWERED, Outcome.CONVERSATION),
    Channel.LETTER: (Outcome.SENT, Outcome.NOTICE_GIVEN),
    Channel.SMS: (Outcome.SENT,),
}
"""How past contacts may end."""


def run(servers: Servers) -> list[Ratio]:
    """Needs no server: plain Python beside plain Rust."""
    contacts = _contacts(random.Random(6))
    return [_beside_zen(contacts), _calendar_beside_check(contacts)]


def _beside_zen(contacts: Sequence[Contact]) -> Ratio:
    pack = read_pack(Path(__file__).parent / "rules" / "bench.yaml")
    decision = zen_rules.decision()
    contexts = [zen_rules.context(contact) for contact in contacts]
    verdicts = _compare_answers(contacts, pack)

    def real() -> float:
        return _rate(lambda: [check(contact, (pack,)) for contact in contacts], len(contacts))

    def bare() -> float:
        return _rate(lambda: [decision.evaluate(each) for each in contexts], len(contacts))

    ratio = compare(
        Ratio("P6", "rules with all reasons, 50 past contacts ÷ ZEN", 5, "checks/s"),
        bare=bare,
        real=real,
    )
    ratio.remarks.append(
        f"{len(pack.rules)} rules, {len(contacts)} contacts, same result of every rule;"
        f" {verdicts} differing verdict patterns"
    )
    return ratio


def _calendar_beside_check(contacts: Sequence[Contact]) -> Ratio:
    library = load(shipped())
    packs = (*library.named(["tw"]), *library.named(["person-protection"]))
    asked = contacts[:CALENDARS]
    month = timedelta(days=30)

    def calendars() -> float:
        return _rate(
            lambda: [windows(c, packs, c.starts_at, c.starts_at + month) for c in asked],
            len(asked),
            loops=8,
        )

    rules = sum(len(pack.rules) for pack in packs)
    ratio = compare(
        Ratio("P8", "lawful windows of 30 days ÷ one check", 0.1, "questions/s"),
        bare=lambda: _rate(lambda: [check(c, packs) for c in asked], len(asked), loops=40),
        real=calendars,
    )
    ratio.remarks.append(f"one calendar costs {1 / ratio.median:.1f} checks of {rules} rules")
    return ratio


def _rate(work: Callable[[], object], count: int, loops: int = LOOPS) -> float:
    work()  # what is worked out once a year or once a pack is not the question
    gc.collect()  # nor is what others left lying about
    begun = time.perf_counter()
    for _ in range(loops):
        work()
    return count * loops / (time.perf_counter() - begun)


def _compare_answers(contacts: Sequence[Contact], pack: Pack) -> int:
    decision = zen_rules.decision()
    patterns = set()
    for contact in contacts:
        ours = {
            check.rule.removeprefix("bench.").replace("-", "_"): str(check.result)
            for check in check(contact, (pack,)).checks
        }
        theirs = {
            rule: said["result"]
            for rule, said in decision.evaluate(zen_rules.context(contact))["result"].items()
        }
        if ours != theirs:
            raise AssertionError(f"the engines differ: {ours} and {theirs}")
        patterns.add(tuple(sorted(ours.items())))
    return len(patterns)


def _contacts(random: random.Random) -> list[Contact]:
    found = []
    for _ in range(CONTACTS):
        starts_at = _FIRST + timedelta(
            days=random.randrange(30, 60), minutes=random.randrange(1440)
        )
        contact = replace(
            visit(starts_at, minutes=random.choice((10, 30, 60))),
            channel=random.choice((Channel.VISIT, Channel.VISIT, Channel.PHONE)),
        )
        found.append(replace(contact, history=tuple(_history(random, contact))))
    return found


def _history(random: random.Random, contact: Contact) -> list[PastContact]:
    history = []
    for _ in range(HISTORY):
        channel = random.choice(list(_ENDINGS))
        history.append(
            PastContact(
                channel=channel,
                direction=random.choice(
                    (Direction.OUTBOUND, Direction.OUTBOUND, Direction.INBOUND)
                ),
                starts_at=_FIRST + timedelta(minutes=random.randrange(60 * 1440)),
                outcome=random.choice(_ENDINGS[channel]),
                party=random.choice((contact.party.id, "somebody else")),
                debts=tuple(debt.id for debt in contact.debts),
                collector=contact.collector.id,
                lender=contact.lender,
                place=contact.place and contact.place.kind,
                point=contact.point,
            )
        )
    return history
