"""Sample accounts: real balances and payment histories, with generated persons around them.

The figures are a part of *Default of Credit Card Clients* (I-Cheng Yeh, 2009, UCI Machine Learning
Repository, doi 10.24432/C55S3H, CC BY 4.0; see ``ATTRIBUTION.md``): clients of a Taiwanese bank
who were late in September 2005. Amounts are New Taiwan dollars wherever the client lives. The
persons are **generated**: names, numbers, addresses and relations belong to nobody, and each
account says so in ``extra.generated``.

What the source does not say is worked out in `doorstep.sample.debts` and stated there.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.resources import files
from itertools import islice
from typing import Any, Final

from doorstep.sample.debts import debt, figure
from doorstep.sample.persons import person
from doorstep.sample.places import ITALY, MAINLAND, TAIWAN, country_of

_FEMALE: Final = "2"
_MARRIED: Final = "1"


def accounts(today: date, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The accounts in the shape of ``PUT /cases/v1/accounts``, with ``external_id`` inside.

    All are late on ``today``. The same day gives the same accounts, and the first ``limit`` of
    them are the same whatever the limit. Of the first ten at least one lives in Taiwan, one on
    the mainland and one where no pack is.
    """
    text = (files(__package__) / "clients.csv").read_text(encoding="utf-8")
    for place, row in enumerate(islice(csv.DictReader(text.splitlines()), limit)):
        client, country = int(row["ID"]), country_of(place)
        owed = debt(row, today=today)
        someone = person(
            client,
            country,
            female=row["SEX"] == _FEMALE,
            age=int(row["AGE"]),
            married=row["MARRIAGE"] == _MARRIED,
            today=today,
        )
        extra = {
            "generated": True,
            "branch": f"{client % 40 + 1:03d}",
            "credit_limit": str(figure(row["LIMIT_BAL"])),
            "source": "doi:10.24432/C55S3H",
            "source_client": row["ID"],
        }
        yield {"external_id": f"CARD-{client:05d}", **owed, **someone, "extra": extra}


def first_in(country: str, some: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The first of ``some`` accounts whose home is in ``country`` (ISO 3166-1).

    Raises LookupError if there is none.
    """
    for account in some:
        if account["addresses"][0]["country"] == country:
            return account
    raise LookupError(f"no account lives in {country}")


def in_taiwan(some: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The first of ``some`` accounts at home in Taiwan."""
    return first_in(TAIWAN.code, some)


def on_the_mainland(some: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The first of ``some`` accounts at home on the mainland."""
    return first_in(MAINLAND.code, some)


def without_pack(some: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The first of ``some`` accounts at home where no jurisdiction pack exists."""
    return first_in(ITALY.code, some)
