"""The sample is real debts of generated persons: well formed, late today, the same every time."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
import tzfpy
from cases.api.import_row import GoodRow, csv_shape, judge
from cases.domain.import_csv import read_csv
from cases.domain.import_file import MIB, Row
from contact_rules.domain import CollectorClass, Place, PlaceKind, Product, load, shipped
from doorstep import sample
from doorstep.sample import numbers
from doorstep.sample.debts import figure
from doorstep.sample.export import write_csv, write_ndjson
from doorstep.sample.places import COUNTRIES, ITALY

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def accounts() -> list[dict[str, Any]]:
    return list(sample.accounts(TODAY))


def test_it_is_a_few_hundred_accounts_of_different_clients(accounts: list[dict[str, Any]]) -> None:
    assert 250 <= len(accounts) <= 400
    assert len({account["external_id"] for account in accounts}) == len(accounts)
    names = [account["debtor"]["name"] for account in accounts]
    assert len(set(names)) > len(names) * 0.9


def test_the_same_day_gives_the_same_accounts_and_fewer_are_the_first_of_more(
    accounts: list[dict[str, Any]],
) -> None:
    assert list(sample.accounts(TODAY)) == accounts
    assert list(sample.accounts(TODAY, 25)) == accounts[:25]
    assert list(sample.accounts(TODAY, 0)) == []


def test_another_day_moves_the_dates_and_keeps_who_it_is(accounts: list[dict[str, Any]]) -> None:
    later = list(sample.accounts(TODAY + timedelta(days=100), 30))
    for now, then in zip(later, accounts, strict=False):
        assert now["due_since"] > then["due_since"]
        assert now["debtor"]["name"] == then["debtor"]["name"]
        assert now["addresses"] == then["addresses"]


@pytest.mark.parametrize("today", [TODAY, date(2027, 3, 1), date(2028, 2, 29), date(2026, 12, 31)])
def test_cases_takes_every_account(today: date) -> None:
    now = datetime.fromisoformat(f"{today}T01:00:00+00:00")
    for account in sample.accounts(today):
        judged = judge(Row(1, json.dumps(account).encode()), now)
        assert isinstance(judged, GoodRow), judged
        home = judged.account.home
        assert home is not None
        assert home.timezone is not None
        assert judged.account.debtor.born_on is not None


def test_all_are_late_by_about_thirty_days_a_month(accounts: list[dict[str, Any]]) -> None:
    rows = _source()
    for account in accounts:
        months = int(rows[account["extra"]["source_client"]]["PAY_0"])
        late = (TODAY - date.fromisoformat(account["due_since"])).days
        assert 30 * months - 20 <= late <= 31 * months + 20
        balance = sum(int(part) for part in account["balance"].values())
        assert 0 < int(account["overdue"]) <= balance
        days = [date.fromisoformat(line["due_on"]) for line in account["history"]]
        assert len(days) == 6
        assert days == sorted(days)
        assert all(27 < (one - other).days < 32 for other, one in pairwise(days))
        assert days[-1] < TODAY
        if months <= 6:
            assert date.fromisoformat(account["due_since"]) in days


def test_balances_and_payments_are_the_sources(accounts: list[dict[str, Any]]) -> None:
    rows = _source()
    for account in accounts:
        row = rows[account["extra"]["source_client"]]
        assert sum(int(part) for part in account["balance"].values()) == figure(row["BILL_AMT1"])
        paid = [line["paid"] for line in reversed(account["history"])]
        assert paid == [str(figure(row[f"PAY_AMT{month}"])) for month in range(1, 7)]
        assert account["currency"] == "TWD"


def test_every_account_says_that_its_person_is_generated_and_where_its_debt_is_from(
    accounts: list[dict[str, Any]],
) -> None:
    for account in accounts:
        assert account["extra"]["generated"] is True
        assert "10.24432/C55S3H" in account["extra"]["source"]
    attribution = (files(sample) / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for word in ("Yeh", "CC BY 4.0", "10.24432/C55S3H", "generated"):
        assert word in attribution
        assert word in (sample.__doc__ or "").replace("**", "")


def test_most_live_in_taiwan_some_on_the_mainland_a_few_where_no_pack_is(
    accounts: list[dict[str, Any]],
) -> None:
    countries = [account["addresses"][0]["country"] for account in accounts]
    assert countries.count("TW") > 0.8 * len(accounts)
    assert countries.count("CN") > 0.05 * len(accounts)
    assert 0 < countries.count("IT") < 0.05 * len(accounts)
    first_ten = accounts[:10]
    assert sample.in_taiwan(first_ten)["addresses"][0]["timezone"] == "Asia/Taipei"
    assert sample.on_the_mainland(first_ten)["addresses"][0]["timezone"] == "Asia/Shanghai"
    assert sample.without_pack(first_ten)["addresses"][0]["country"] not in {"TW", "CN"}
    with pytest.raises(LookupError):
        sample.first_in("AQ", accounts)


def test_italys_law_alone_has_no_pack() -> None:
    packs = load(shipped())
    for country in COUNTRIES:
        for district in country.districts:
            home = Place(PlaceKind.HOME, country.timezone, district.country, district.region)
            found = packs.resolve(
                home, None, CollectorClass.CREDITOR, [Product.CREDIT_CARD], None, TODAY
            )
            assert ("default-policy" in {pack.id for pack in found}) == (country is ITALY), district


def test_everybody_has_a_neighbour_and_a_colleague(accounts: list[dict[str, Any]]) -> None:
    for account in accounts:
        roles = {related["role"] for related in account["related"]}
        assert {"neighbour", "colleague"} <= roles
        assert "spouse" in roles or "family" in roles
    assert any(
        related["role"] == "guarantor" for account in accounts for related in account["related"]
    )


def test_districts_lie_where_their_time_zone_says() -> None:
    for country in COUNTRIES:
        for district in country.districts:
            found = tzfpy.get_tz(district.longitude, district.latitude)
            assert found == country.timezone, district


def test_identity_numbers_are_well_formed(accounts: list[dict[str, Any]]) -> None:
    for account in accounts:
        country = account["addresses"][0]["country"]
        debtor = account["debtor"]
        if country == "TW":
            assert _taiwanese_is_right(debtor["id_number"])
        elif country == "CN":
            assert _mainland_is_right(debtor["id_number"])
            assert debtor["id_number"][6:14] == debtor["born_on"].replace("-", "")
        else:
            assert "id_number" not in debtor


def test_the_checks_of_this_test_know_a_right_number_from_a_wrong_one() -> None:
    # Examples printed on specimen cards and in the standard.
    assert _taiwanese_is_right("A123456789")
    assert not _taiwanese_is_right("A123456788")
    assert _mainland_is_right("11010519491231002X")
    assert not _mainland_is_right("110105194912310021")


def test_a_phone_number_fills_its_pattern() -> None:
    assert numbers.phone(Random(1), "+8869########").startswith("+8869")
    assert len(numbers.phone(Random(1), "+8869########")) == 13


def test_files_hold_the_same_accounts(accounts: list[dict[str, Any]], tmp_path: Path) -> None:
    assert write_ndjson(tmp_path / "all.ndjson", accounts) == len(accounts)
    lines = (tmp_path / "all.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == accounts

    assert write_csv(tmp_path / "all.csv", accounts) == len(accounts)
    rows = list(read_csv([(tmp_path / "all.csv").read_bytes()], MIB, csv_shape()))
    for row, account in zip(rows, accounts, strict=True):
        assert isinstance(row, Row)
        again = json.loads(row.content)
        # A cell is text; everything else is as it was.
        assert again["extra"].pop("generated") == "true"
        assert again == {
            **account,
            "extra": {name: value for name, value in account["extra"].items() if value is not True},
        }


def _source() -> dict[str, dict[str, str]]:
    text = (files(sample) / "clients.csv").read_text(encoding="utf-8")
    return {row["ID"]: row for row in csv.DictReader(text.splitlines())}


def _taiwanese_is_right(number: str) -> bool:
    """The official rule, written down another way than in the code."""
    area = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))[number[0]]
    figures = [area // 10, area % 10, *map(int, number[1:])]
    weights = [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]
    total = sum(figure * weight for figure, weight in zip(figures, weights, strict=True))
    return total % 10 == 0 and number[1] in "12"


def _mainland_is_right(number: str) -> bool:
    """ISO 7064 MOD 11-2 over all eighteen signs leaves 1."""
    figures = [10 if sign == "X" else int(sign) for sign in number]
    return sum(f * pow(2, 17 - place, 11) for place, f in enumerate(figures)) % 11 == 1
