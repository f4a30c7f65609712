"""The generated persons: a debtor with contacts, addresses and people around them.

Everything here is made up by Faker and our own tables from a seed, so the same client is the same
person on every machine (with the same version of Faker). Nobody of them exists.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from faker import Faker

from doorstep.sample import numbers
from doorstep.sample.places import MAINLAND, TAIWAN, Country, District

SEED: Final = 2005

# Not the middle of a district for everybody: about 400 m around it.
_SPREAD: Final = 0.004


def person(
    client: int, country: Country, *, female: bool, age: int, married: bool, today: date
) -> dict[str, Any]:
    """The debtor, contacts, addresses and related persons of one account, as the contract has them.

    ``client`` decides who it is. Birthdays are counted back from ``today``.
    """
    faker = _faker(country.locale)
    faker.seed_instance(SEED * 100_000 + client)
    maker = _Maker(faker, faker.random, country, today)
    home = maker.random.choice(country.districts)
    debtor = maker.debtor(home, female=female, age=age)
    return {
        "debtor": debtor,
        "contacts": [
            {"channel": "phone", "value": maker.phone()},
            {"channel": "email", "value": f"client{client}@example.com"},
        ],
        "addresses": [maker.address("home", home), maker.address("work", home)],
        "related": maker.around(home, female=female, age=age, married=married),
    }


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


class _Maker:
    """Makes what belongs to one person, in one order, out of one stream of chance."""

    def __init__(self, faker: Faker, random: Random, country: Country, today: date) -> None:
        self.faker = faker
        self.random = random
        self.country = country
        self.today = today

    def debtor(self, home: District, *, female: bool, age: int) -> dict[str, Any]:
        born_on = self._born_on(age)
        number = self._id_number(home, born_on, female=female)
        return {
            "name": self._name(female=female),
            **({"id_number": number} if number else {}),
            "born_on": born_on.isoformat(),
            "language": self.country.language,
        }

    def phone(self) -> str:
        return numbers.phone(self.random, self.country.mobile)

    def address(self, kind: str, district: District) -> dict[str, Any]:
        """A home says its time zone; a work address leaves it to its coordinates or country."""
        address = {
            "kind": kind,
            "text": _ADDRESS_TEXTS[self.country.code](self, district),
            "country": district.country,
            "region": district.region,
            "latitude": round(district.latitude + self.random.uniform(-_SPREAD, _SPREAD), 5),
            "longitude": round(district.longitude + self.random.uniform(-_SPREAD, _SPREAD), 5),
        }
        return address | ({"timezone": self.country.timezone} if kind == "home" else {})

    def around(
        self, home: District, *, female: bool, age: int, married: bool
    ) -> list[dict[str, Any]]:
        """A neighbour, a colleague, one of the family, and for one in six a guarantor."""
        family = "spouse" if married else "family"
        related = [
            self._related(family, female=not female if married else self._chance(2)),
            self._related("neighbour", female=self._chance(2)),
            self._related("colleague", female=self._chance(2)),
        ]
        if self._chance(6):
            guarantor_is_female = self._chance(2)
            born_on = self._born_on(max(25, age + self.random.randrange(-10, 20)))
            guarantor = self._related("guarantor", female=guarantor_is_female)
            number = self._id_number(home, born_on, female=guarantor_is_female)
            if number:
                guarantor["id_number"] = number
            related.append(guarantor | {"born_on": born_on.isoformat()})
        return related

    def _related(self, role: str, *, female: bool) -> dict[str, Any]:
        return {"role": role, "name": self._name(female=female), "phone": self.phone()}

    def _name(self, *, female: bool) -> str:
        name: str = self.faker.name_female() if female else self.faker.name_male()
        return name

    def _born_on(self, age: int) -> date:
        # At least a day past the birthday, and nobody is born on 29 February.
        past = timedelta(days=self.random.randrange(1, 360))
        day = self.today - past
        return day.replace(year=day.year - age, day=min(day.day, 28))

    def _id_number(self, home: District, born_on: date, *, female: bool) -> str | None:
        """None for clients abroad: this bank does not know their country's number."""
        if self.country is TAIWAN:
            return numbers.taiwanese(self.random, letter=home.id_area, female=female)
        if self.country is MAINLAND:
            return numbers.mainland(self.random, area=home.id_area, born_on=born_on, female=female)
        return None

    def _chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0


def _taiwanese(maker: _Maker, at: District) -> str:
    return f"{at.city}{at.name}{maker.faker.street_address()}{maker.random.randint(1, 12)}樓"


def _mainland(maker: _Maker, at: District) -> str:
    number, room = maker.random.randint(1, 400), maker.random.randint(101, 2804)
    return f"{at.city}{at.name}{maker.faker.street_name()}{number}号{room}室"


def _western(maker: _Maker, at: District) -> str:
    return f"{maker.faker.street_address()}, {at.name}, {at.city}"


_ADDRESS_TEXTS: Final[Mapping[str, Callable[[_Maker, District], str]]] = {
    "TW": _taiwanese,
    "CN": _mainland,
    "IT": _western,
    "ID": _western,
    "CL": _western,
}
