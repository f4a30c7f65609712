"""Every outcome code carries what it means."""

import pytest
from cases.domain.outcome import MEANINGS, AddressVerdict, ContactOutcome, Next, Outcome

CODES = [
    "paid_full",
    "paid_part",
    "promise",
    "plan_agreed",
    "claims_paid",
    "negotiating",
    "refused",
    "disputes_debt",
    "hardship",
    "asked_other_time",
    "hostile",
    "message_left_no_disclosure",
    "third_party_refused",
    "guarantor_met",
    "third_party_met",
    "not_home",
    "door_locked",
    "no_access",
    "address_not_found",
    "unrelated",
    "moved",
    "sold",
    "let_out",
    "vacant",
    "workplace_left",
    "deceased",
    "imprisoned",
    "hospital",
    "incapacitated",
    "unreachable",
    "cancelled_by_rule",
    "cancelled_by_payment",
    "unsafe",
    "debtor_ended_visit",
    "rescheduled",
]


def test_every_code_of_the_field_is_known_and_has_a_meaning() -> None:
    assert [outcome.value for outcome in Outcome] == CODES
    assert set(MEANINGS) == set(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_meaning_does_not_contradict_itself(outcome: Outcome) -> None:
    meaning = MEANINGS[outcome]
    if meaning.conversation:
        assert meaning.contact is ContactOutcome.CONVERSATION
        assert meaning.person_met
    if meaning.right_party:
        assert meaning.person_met
    assert meaning.person_met == (meaning.contact is not ContactOutcome.NOBODY_MET)
    if meaning.promise:
        assert meaning.right_party


def test_what_the_field_does_next() -> None:
    assert MEANINGS[Outcome.MOVED].next is Next.TRACE
    assert MEANINGS[Outcome.MOVED].address is AddressVerdict.WRONG
    assert MEANINGS[Outcome.PROMISE].next is Next.WAIT_FOR_PROMISE
    assert MEANINGS[Outcome.REFUSED].next is Next.LETTER_OR_LAW
    assert MEANINGS[Outcome.NOT_HOME].next is Next.OTHER_HOUR
    assert MEANINGS[Outcome.THIRD_PARTY_REFUSED].contact is ContactOutcome.REFUSED
