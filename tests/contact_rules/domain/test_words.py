"""Every word of the contract can be said to people, in English and in Chinese."""

from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from contact_rules.domain import contact, decision, duties
from contact_rules.domain.decision import Text
from contact_rules.domain.kinds.staffing import CREDENTIALS
from contact_rules.domain.selector import CONTACT_PROPERTIES, OUTCOME_CLASSES, ROLE_GROUPS
from contact_rules.domain.wording import WEEKDAYS, listed, percent, word
from contact_rules.domain.words import WORDS

ENUMS = [
    thing
    for module in (contact, decision, duties)
    for thing in vars(module).values()
    if isinstance(thing, type) and issubclass(thing, StrEnum) and thing is not StrEnum
]


@pytest.mark.parametrize("vocabulary", ENUMS, ids=lambda enum: enum.__name__)
def test_every_word_of_the_vocabulary_can_be_said(vocabulary: type[StrEnum]) -> None:
    of = {"FactKind": "state", "ConsentScope": "consent"}.get(vocabulary.__name__, "")
    missing = [m for m in vocabulary if m.value not in WORDS and f"{of}.{m.value}" not in WORDS]
    assert not missing


def test_the_vocabularies_are_all_there() -> None:
    names = {enum.__name__ for enum in ENUMS}
    assert {"Channel", "Product", "FactKind", "ConsentScope", "PlaceKind", "Outcome"} <= names
    assert {"Role", "Form", "Act", "Moment", "Evidence", "Entry", "Verdict", "Result"} <= names


@pytest.mark.parametrize(
    "code", [*CREDENTIALS, *ROLE_GROUPS, *OUTCOME_CLASSES, *CONTACT_PROPERTIES]
)
def test_so_can_the_words_that_are_no_enum(code: str) -> None:
    assert code in WORDS


@pytest.mark.parametrize("code", list(WORDS))
def test_a_word_is_said_in_both_languages(code: str) -> None:
    said: Any = WORDS[code]
    assert isinstance(said, Text)
    assert said.en.isascii()
    assert not said.zh.isascii()
    for text in said:
        assert text == text.strip() != ""
        assert not set("{}_") & set(text)


def test_one_code_may_mean_two_things() -> None:
    assert word("hospital", "place").en == "hospital"
    assert word("hospital", "state").en == "a stay in hospital"
    assert word("third_party", "party").en == "third parties"
    assert word("third_party", "consent").en == "contact with third parties"


def test_a_code_nobody_knows_is_said_as_written() -> None:
    assert word("sp3_card") == Text("sp3 card", "sp3_card")


def test_words_are_put_together() -> None:
    assert listed(map(word, ("home", "work"))) == Text("home, place of work", "住所、工作单位")
    assert [day.en[:3].lower() for day in WEEKDAYS] == list(contact.Weekday)


@pytest.mark.parametrize(
    ("rate", "said"),
    [("0.154", "15.4%"), ("1", "100%"), ("0.2", "20%"), ("0", "0%"), ("12.5", "1250%")],
)
def test_a_rate_is_said_in_percent(rate: str, said: str) -> None:
    assert percent(Decimal(rate)) == Text(said, said)
