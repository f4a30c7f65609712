"""Persons: recognised across accounts and lenders without keeping their numbers."""

import pytest
from cases.domain.person import Identities, IdKind, IdNumber, NotAnIdNumber, id_number

KEY = b"a key of thirty-two bytes, or so"
ours = Identities(KEY)


def national(number: str, country: str = "TW") -> IdNumber:
    return id_number(IdKind.NATIONAL, country, number)


@pytest.mark.parametrize(
    "written", ["A123456789", "a123456789", " A12345-6789 ", "Ａ１２３４５６７８９"]
)
def test_one_number_however_written_is_one_person(written: str) -> None:
    assert ours.of_number(national(written)) == ours.of_number(national("A123456789"))


def test_the_same_number_of_another_kind_or_country_is_another_person() -> None:
    hashes = {
        ours.of_number(national("12340000")),
        ours.of_number(national("12340000", "PE")),
        ours.of_number(id_number(IdKind.COMPANY, "TW", "12340000")),
    }
    assert len(hashes) == 3


def test_another_key_knows_nobody() -> None:
    theirs = Identities(KEY[::-1])
    assert theirs.of_number(national("A123456789")) != ours.of_number(national("A123456789"))


def test_a_debtor_without_number_is_one_account_of_one_lender() -> None:
    assert ours.of_account("northbank", "YS-1") == ours.of_account("northbank", "YS-1")
    assert ours.of_account("northbank", "YS-1") != ours.of_account("southbank", "YS-1")
    assert ours.of_account("northbank", "YS-1") != ours.of_account("northbank", "YS-2")


def test_parts_of_an_identity_can_not_run_into_each_other() -> None:
    assert ours.of_account("north", "bank-1") != ours.of_account("northbank", "-1")


@pytest.mark.parametrize(
    "placeholder",
    ["0000000000", "N/A", "unknown", "-", "", "  ", "XXXXXXXX", "123456789", "999", "無"],
)
def test_placeholders_that_would_make_one_person_of_many_are_refused(placeholder: str) -> None:
    with pytest.raises(NotAnIdNumber):
        national(placeholder)


def test_of_a_number_only_its_ending_is_shown() -> None:
    assert national("A123456789").ending == "6789"
    assert national("AB12").ending == "2"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Identities(b"short")
