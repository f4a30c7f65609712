"""How a visit can end: every outcome code with what it means for the ledger, the address and after.

Facts of the field as data; nothing here decides. Contact rules count by `ContactOutcome`: of two
that fit, the code carries the one that counts more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Outcome(StrEnum):
    """What came of a visit, in the words of the field."""

    PAID_FULL = "paid_full"
    PAID_PART = "paid_part"
    PROMISE = "promise"
    PLAN_AGREED = "plan_agreed"
    CLAIMS_PAID = "claims_paid"
    NEGOTIATING = "negotiating"
    REFUSED = "refused"
    DISPUTES_DEBT = "disputes_debt"
    HARDSHIP = "hardship"
    ASKED_OTHER_TIME = "asked_other_time"
    HOSTILE = "hostile"
    MESSAGE_LEFT_NO_DISCLOSURE = "message_left_no_disclosure"
    THIRD_PARTY_REFUSED = "third_party_refused"
    GUARANTOR_MET = "guarantor_met"
    THIRD_PARTY_MET = "third_party_met"
    NOT_HOME = "not_home"
    DOOR_LOCKED = "door_locked"
    NO_ACCESS = "no_access"
    ADDRESS_NOT_FOUND = "address_not_found"
    UNRELATED = "unrelated"
    MOVED = "moved"
    SOLD = "sold"
    LET_OUT = "let_out"
    VACANT = "vacant"
    WORKPLACE_LEFT = "workplace_left"
    DECEASED = "deceased"
    IMPRISONED = "imprisoned"
    HOSPITAL = "hospital"
    INCAPACITATED = "incapacitated"
    UNREACHABLE = "unreachable"
    CANCELLED_BY_RULE = "cancelled_by_rule"
    CANCELLED_BY_PAYMENT = "cancelled_by_payment"
    UNSAFE = "unsafe"
    DEBTOR_ENDED_VISIT = "debtor_ended_visit"
    RESCHEDULED = "rescheduled"


class ContactOutcome(StrEnum):
    """The class an outcome counts as in the contact ledger."""

    NOBODY_MET = "nobody_met"
    PERSON_MET = "person_met"
    DEBTOR_MET = "debtor_met"
    CONVERSATION = "conversation"
    REFUSED = "refused"


class AddressVerdict(StrEnum):
    """What a visit says about its address."""

    CONFIRMED = "confirmed"
    WRONG = "wrong"
    UNCLEAR = "unclear"


class Next(StrEnum):
    """What the field does after such an outcome."""

    WAIT_FOR_PAYMENT = "wait_for_payment"
    WAIT_FOR_PROMISE = "wait_for_promise"
    WATCH_PLAN = "watch_plan"
    CHECK_PAYMENT = "check_payment"
    KEEP_TALKING = "keep_talking"
    LETTER_OR_LAW = "letter_or_law"
    ANSWER_DISPUTE = "answer_dispute"
    OFFER_FORBEARANCE = "offer_forbearance"
    OTHER_HOUR = "other_hour"
    RETHINK_SAFETY = "rethink_safety"
    NEVER_AGAIN_THERE = "never_again_there"
    TRACE = "trace"
    STOP = "stop"
    NEW_PLAN = "new_plan"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an outcome code says.

    ``right_party``: a liable person was reached. ``conversation``: the debt was talked about.
    ``person_met``: anybody was met. ``promise``: a promise to pay was made.
    """

    right_party: bool
    conversation: bool
    person_met: bool
    contact: ContactOutcome
    address: AddressVerdict
    promise: bool
    next: Next


def _debtor(
    comes: Next,
    contact: ContactOutcome = ContactOutcome.CONVERSATION,
    *,
    promise: bool = False,
) -> Meaning:
    return Meaning(
        right_party=True,
        conversation=contact is ContactOutcome.CONVERSATION,
        person_met=True,
        contact=contact,
        address=AddressVerdict.CONFIRMED,
        promise=promise,
        next=comes,
    )


def _other(
    comes: Next,
    contact: ContactOutcome = ContactOutcome.PERSON_MET,
    address: AddressVerdict = AddressVerdict.UNCLEAR,
    *,
    liable: bool = False,
) -> Meaning:
    return Meaning(
        right_party=liable,
        conversation=contact is ContactOutcome.CONVERSATION,
        person_met=True,
        contact=contact,
        address=address,
        promise=False,
        next=comes,
    )


def _nobody(comes: Next, address: AddressVerdict = AddressVerdict.UNCLEAR) -> Meaning:
    return Meaning(
        right_party=False,
        conversation=False,
        person_met=False,
        contact=ContactOutcome.NOBODY_MET,
        address=address,
        promise=False,
        next=comes,
    )


MEANINGS: Final[Mapping[Outcome, Meaning]] = MappingProxyType(
    {
        # The debtor was met.
        Outcome.PAID_FULL: _debtor(Next.WAIT_FOR_PAYMENT),
        Outcome.PAID_PART: _debtor(Next.KEEP_TALKING),
        Outcome.PROMISE: _debtor(Next.WAIT_FOR_PROMISE, promise=True),
        Outcome.PLAN_AGREED: _debtor(Next.WATCH_PLAN, promise=True),
        Outcome.CLAIMS_PAID: _debtor(Next.CHECK_PAYMENT),
        Outcome.NEGOTIATING: _debtor(Next.KEEP_TALKING),
        Outcome.REFUSED: _debtor(Next.LETTER_OR_LAW),
        Outcome.DISPUTES_DEBT: _debtor(Next.ANSWER_DISPUTE),
        Outcome.HARDSHIP: _debtor(Next.OFFER_FORBEARANCE),
        Outcome.ASKED_OTHER_TIME: _debtor(Next.OTHER_HOUR, ContactOutcome.DEBTOR_MET),
        Outcome.HOSTILE: _debtor(Next.RETHINK_SAFETY),
        # Somebody else was met.
        Outcome.MESSAGE_LEFT_NO_DISCLOSURE: _other(Next.OTHER_HOUR),
        # The ledger keeps the refusal: what a third party refused is never asked again.
        Outcome.THIRD_PARTY_REFUSED: _other(Next.NEVER_AGAIN_THERE, ContactOutcome.REFUSED),
        Outcome.GUARANTOR_MET: _other(Next.KEEP_TALKING, ContactOutcome.CONVERSATION, liable=True),
        Outcome.THIRD_PARTY_MET: _other(Next.OTHER_HOUR),
        # Nobody was met.
        Outcome.NOT_HOME: _nobody(Next.OTHER_HOUR),
        Outcome.DOOR_LOCKED: _nobody(Next.OTHER_HOUR),
        Outcome.NO_ACCESS: _nobody(Next.OTHER_HOUR),
        # About the address. Somebody there must have said so, but for what the eye sees.
        Outcome.ADDRESS_NOT_FOUND: _nobody(Next.TRACE, AddressVerdict.WRONG),
        Outcome.UNRELATED: _other(Next.TRACE, address=AddressVerdict.WRONG),
        Outcome.MOVED: _other(Next.TRACE, address=AddressVerdict.WRONG),
        Outcome.SOLD: _other(Next.TRACE, address=AddressVerdict.WRONG),
        Outcome.LET_OUT: _other(Next.TRACE, address=AddressVerdict.WRONG),
        Outcome.VACANT: _nobody(Next.TRACE, AddressVerdict.WRONG),
        Outcome.WORKPLACE_LEFT: _other(Next.TRACE, address=AddressVerdict.WRONG),
        # About the person; somebody else must have said so.
        Outcome.DECEASED: _other(Next.STOP),
        Outcome.IMPRISONED: _other(Next.STOP),
        Outcome.HOSPITAL: _other(Next.STOP),
        Outcome.INCAPACITATED: _other(Next.STOP),
        Outcome.UNREACHABLE: _nobody(Next.TRACE),
        # Stopped before or during.
        Outcome.CANCELLED_BY_RULE: _nobody(Next.NEW_PLAN),
        Outcome.CANCELLED_BY_PAYMENT: _nobody(Next.CHECK_PAYMENT),
        Outcome.UNSAFE: _nobody(Next.RETHINK_SAFETY),
        Outcome.DEBTOR_ENDED_VISIT: _debtor(Next.OTHER_HOUR, ContactOutcome.DEBTOR_MET),
        Outcome.RESCHEDULED: _nobody(Next.NEW_PLAN),
    }
)
