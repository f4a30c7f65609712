"""What cases announces. No name, address or number of anybody: ids, codes, times and amounts.

Every event's key is the person's id. Times are UTC; amounts are decimal strings.
"""

from typing import Final

from shared.messages import Event

from cases.events.accounts import AccountRecalled, AccountReceived, AccountReturned
from cases.events.cases import (
    CaseClosed,
    CaseOpened,
    ComplaintClosed,
    ComplaintOpened,
    HoldLifted,
    HoldPlaced,
)
from cases.events.parts import Balance, Collector, Debt, Member, Party, Place, Residence
from cases.events.visit_changes import VisitAmended
from cases.events.visit_days import VisitCheckedIn, VisitDispatched, VisitInterrupted
from cases.events.visits import (
    RescheduleRequested,
    VisitCancelled,
    VisitCompleted,
    VisitRequested,
    VisitScheduled,
)

ALL: Final[tuple[type[Event], ...]] = (
    AccountReceived,
    AccountRecalled,
    AccountReturned,
    CaseOpened,
    CaseClosed,
    HoldPlaced,
    HoldLifted,
    ComplaintOpened,
    ComplaintClosed,
    VisitRequested,
    VisitScheduled,
    RescheduleRequested,
    VisitAmended,
    VisitDispatched,
    VisitCheckedIn,
    VisitInterrupted,
    VisitCancelled,
    VisitCompleted,
)
"""Every type of event this service publishes."""

__all__ = [
    "ALL",
    "AccountRecalled",
    "AccountReceived",
    "AccountReturned",
    "Balance",
    "CaseClosed",
    "CaseOpened",
    "Collector",
    "ComplaintClosed",
    "ComplaintOpened",
    "Debt",
    "HoldLifted",
    "HoldPlaced",
    "Member",
    "Party",
    "Place",
    "RescheduleRequested",
    "Residence",
    "VisitAmended",
    "VisitCancelled",
    "VisitCheckedIn",
    "VisitCompleted",
    "VisitDispatched",
    "VisitInterrupted",
    "VisitRequested",
    "VisitScheduled",
]
