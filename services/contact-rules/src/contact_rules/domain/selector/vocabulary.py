"""The words a selector may use for each property, and those that stand for several at once."""

from __future__ import annotations

from typing import Final

from contact_rules.domain.contact import (
    Channel,
    CollectorClass,
    ConsentScope,
    Direction,
    FactKind,
    Outcome,
    PlaceKind,
    Product,
    Purpose,
    Role,
)

LIABLE: Final = (Role.DEBTOR, Role.CO_DEBTOR, Role.GUARANTOR)
ROLE_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "liable": LIABLE,
    "third_party": tuple(role for role in Role if role not in LIABLE),
}
OUTCOME_CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "failed": (
        Outcome.NOT_CONNECTED,
        Outcome.NO_ANSWER,
        Outcome.VOICEMAIL,
        Outcome.NOBODY_MET,
    ),
    "reached": (
        Outcome.ANSWERED,
        Outcome.CONVERSATION,
        Outcome.REFUSED,
        Outcome.PERSON_MET,
        Outcome.DEBTOR_MET,
    ),
}
"""`failed`: nobody was reached; `reached`: somebody was, whether they talked or not."""

GROUPS: Final = {"party": ROLE_GROUPS, "outcome": OUTCOME_CLASSES}
VOCABULARY: Final[dict[str, list[str]]] = {
    "channel": list(Channel),
    "direction": list(Direction),
    "party": [*Role, *ROLE_GROUPS],
    "place": list(PlaceKind),
    "purpose": list(Purpose),
    "collector": list(CollectorClass),
    "product": list(Product),
    "state": list(FactKind),
    "consent": list(ConsentScope),
    "outcome": [*Outcome, *OUTCOME_CLASSES],
}
