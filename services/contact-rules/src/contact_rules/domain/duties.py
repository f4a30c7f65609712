"""What a rule can ask of those who go, besides being kept: acts, when, and what proves them."""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    SHOW_IDENTIFICATION = "show_identification"
    STATE_IDENTITY_AND_PURPOSE = "state_identity_and_purpose"
    SHOW_AUTHORITY = "show_authority"
    NAME_THE_CREDITOR = "name_the_creditor"
    SAY_IT_IS_DEBT_COLLECTION = "say_it_is_debt_collection"
    DO_NOT_REVEAL_THE_DEBT = "do_not_reveal_the_debt"
    RECORD_VISIT = "record_visit"
    RECORD_CALL = "record_call"
    RECORD_OUTSIDE_ONLY = "record_outside_only"
    STAY_OUTSIDE = "stay_outside"
    ENTER_ONLY_IF_INVITED = "enter_only_if_invited"
    ENTER_AS_AGREED = "enter_as_agreed"
    LEAVE_WHEN_ASKED = "leave_when_asked"
    LEAVE_WHEN_REFUSED = "leave_when_refused"
    TAKE_NO_PAYMENT = "take_no_payment"
    HAND_OVER_NOTICE = "hand_over_notice"
    GIVE_COPY = "give_copy"
    TELL_HOW_TO_COMPLAIN = "tell_how_to_complain"
    TELL_HOW_TO_OPT_OUT = "tell_how_to_opt_out"
    OFFER_BRANCH_MEETING = "offer_branch_meeting"
    SUGGEST_THIRD_PARTY_PRESENT = "suggest_third_party_present"
    REPORT_VISIT = "report_visit"
    KEEP_RECORDS = "keep_records"
    NO_REASON_FOR_DEFAULT = "no_reason_for_default"  # must not ask why


class Moment(StrEnum):
    BEFORE = "before"
    AT_START = "at_start"
    DURING = "during"
    ON_REFUSAL = "on_refusal"
    AFTER = "after"


class Evidence(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"
    PHOTO = "photo"
    DOCUMENT = "document"
    LOG = "log"


class Entry(StrEnum):
    """Whether those who visit may come in."""

    NEVER = "never"
    IF_INVITED = "if_invited"
    WITH_CONSENT = "with_consent"
