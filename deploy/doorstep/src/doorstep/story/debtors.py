"""The people of the story: the sample is pushed, and each scene takes a debtor not yet visited."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.ids import new_id

from doorstep import sample
from doorstep.screen import Screen
from doorstep.story.edge import Edge, Json
from doorstep.story.names import masked
from doorstep.story.otherwise import StoryWentOtherwise, expect

_BANK: Final = ZoneInfo("Asia/Taipei")


@dataclass(frozen=True, slots=True)
class Debtor:
    """One debtor with an open case, at home at a known address."""

    external_id: str
    case_id: str
    person_id: str
    address_id: str
    name: str
    country: str
    zone: ZoneInfo | None
    owed: Decimal
    currency: str

    @property
    def shown(self) -> str:
        return masked(self.name)

    def local(self, moment: str | datetime) -> datetime:
        """That moment on the clock at the debtor's door (UTC where nobody knows its zone)."""
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return moment.astimezone(self.zone or ZoneInfo("UTC"))


def push_sample(lender: Edge, now: datetime, screen: Screen) -> list[Json]:
    """Pushes the sample's accounts as one file, waits until all are in, and returns them.

    Pushed again on the same day nothing changes, on another day they are updated.
    """
    accounts = list(sample.accounts(now.astimezone(_BANK).date()))
    rows = "".join(json.dumps(account, ensure_ascii=False) + "\n" for account in accounts)
    with screen.step(
        f"pushing {len(accounts)} accounts", f"{len(accounts)} accounts pushed in one file"
    ):
        pushed = lender.post_rows("/cases/v1/imports", rows.encode(), expect=202)
        done = lender.until(
            lambda: lender.get(f"/cases/v1/imports/{pushed['id']}"),
            lambda answer: answer["status"] in ("done", "failed"),
            "the import to be done",
        )
    expect("the import to end well", done["status"], "done")
    if done["rejected"]:
        errors = lender.get(f"/cases/v1/imports/{pushed['id']}/errors")
        raise StoryWentOtherwise("no row of the sample to be rejected", str(errors["items"][:3]))
    expect("every row to be counted", done["processed"], len(accounts))
    screen.say(
        f"    {done['created']} new, {done['updated']} updated, {done['unchanged']} unchanged; "
        "amounts and histories are real (UCI, Yeh 2009, CC BY 4.0), the persons are generated."
    )
    return accounts


class Fresh:
    """Hands out debtors with an open case on which no work was begun, each once."""

    def __init__(self, lender: Edge, accounts: Iterable[Json]) -> None:
        self._lender = lender
        self._by_country: dict[str, Iterator[Json]] = {}
        waiting: dict[str, list[Json]] = {}
        for account in accounts:
            waiting.setdefault(account["addresses"][0]["country"], []).append(account)
        self._by_country = {country: iter(found) for country, found in waiting.items()}

    def debtor(self, country: str) -> Debtor:
        """The next debtor at home in that country. Raises StoryWentOtherwise if none is left."""
        return self.debtor_in_one_of([country])

    def debtor_in_one_of(self, countries: Sequence[str]) -> Debtor:
        """The next debtor at home in the first of the countries that has one left.

        Raises StoryWentOtherwise if none has.
        """
        for country in countries:
            for account in self._by_country.get(country, iter(())):
                case = case_of(self._lender, account["external_id"])
                if case["status"] == "open":
                    return _debtor(account, case)
        raise StoryWentOtherwise(
            f"a debtor in {' or '.join(countries)} on whom no work was begun",
            "all of the sample's have been visited by now; start with another home",
        )


def nobody_knows_where(lender: Edge, now: datetime) -> Debtor:
    """A debtor at an address whose time zone nothing settles: a country of many, and no more."""
    external_id = f"STORY-{new_id()}"
    account: dict[str, Any] = {
        "as_of": now.replace(microsecond=0).isoformat(),
        "product": "consumer_loan",
        "currency": "IDR",
        "balance": {"principal": "9600000", "interest": "384000", "fees": "100000"},
        "overdue": "1640000",
        "due_since": date(now.year - 1, now.month, 1).isoformat(),
        "annual_rate": "0.18",
        "debtor": {"name": "Siti Rahmawati", "language": "id"},
        # There is a village of this name in every part of Indonesia.
        "addresses": [{"kind": "home", "text": "Desa Sukamaju, RT 02 RW 05", "country": "ID"}],
        "extra": {"generated": True},
    }
    lender.put(f"/cases/v1/accounts/{external_id}", account, expect=(201,))
    return _debtor({"external_id": external_id, **account}, case_of(lender, external_id))


def case_of(lender: Edge, external_id: str) -> Json:
    """The case that an account of the lender belongs to."""
    found = lender.get("/cases/v1/cases", external_id=external_id)["items"]
    expect(f"one case for account {external_id}", len(found), 1)
    return lender.get(f"/cases/v1/cases/{found[0]['id']}")


def _debtor(account: Json, case: Json) -> Debtor:
    home = account["addresses"][0]
    return Debtor(
        external_id=account["external_id"],
        case_id=case["id"],
        person_id=case["person_id"],
        address_id=_home_of(case),
        name=account["debtor"]["name"],
        country=home["country"],
        zone=ZoneInfo(home["timezone"]) if "timezone" in home else None,
        owed=sum((Decimal(part) for part in account["balance"].values()), Decimal(0)),
        currency=account["currency"],
    )


def _home_of(case: Json) -> str:
    for address in case["addresses"]:
        if address["kind"] == "home":
            return str(address["id"])
    raise StoryWentOtherwise("the case to have a home address", str(case["addresses"]))
