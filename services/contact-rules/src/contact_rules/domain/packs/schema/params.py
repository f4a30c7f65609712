"""The parameters of each kind of rule as the schema knows them."""

from __future__ import annotations

from typing import Final

from contact_rules.domain.contact import (
    Channel,
    ConsentScope,
    FactKind,
    Form,
    PlaceKind,
    Weekday,
)
from contact_rules.domain.duties import Act, Entry, Evidence, Moment
from contact_rules.domain.kinds.consent import WITHDRAWALS
from contact_rules.domain.kinds.party import Disclosure
from contact_rules.domain.kinds.selection import GROUPS
from contact_rules.domain.kinds.staffing import CREDENTIALS
from contact_rules.domain.packs.schema.parts import (
    TEXT,
    TRUE_OR_FALSE,
    Schema,
    just_one,
    list_of,
    mapping,
    matching,
    number,
    one_of,
    said,
    some_of,
)
from contact_rules.domain.packs.schema.selectors import (
    EXCLUDED,
    MATCH,
    OVER_RATE,
    SOME_MATCH,
    STATES,
)
from contact_rules.domain.selector.vocabulary import VOCABULARY

_SLOTS: Final = some_of(
    (
        FactKind.WAKING_HOURS,
        FactKind.WORKING_HOURS,
        FactKind.PREFERRED_SLOT,
        FactKind.EXCLUDED_SLOT,
    )
)
_CALENDAR: Final = said(
    matching("place|[A-Z]{2}"), "Whose public holidays: place, or a country as TW."
)
_DAY: Final = "|".join(Weekday)
_HOURS: Final[Schema] = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {
        "pattern": f"^(every_day|holiday|makeup|({_DAY})(-({_DAY}))?)$",
    },
    "additionalProperties": {
        "anyOf": [
            one_of(("closed",)),
            list_of({"type": "string", "pattern": r"^[0-2]\d:[0-5]\d-[0-2]\d:[0-5]\d$"}),
        ]
    },
    "description": "By day: every_day, mon … sun, stretches as mon-fri; holiday; makeup.",
}

_WINDOW: Final = mapping(
    {
        "hours": _HOURS,
        "holidays": _CALENDAR,
        "closed_on": mapping(
            {"country": matching("[A-Z]{2}"), "names": list_of(TEXT)},
            required=("country", "names"),
        ),
        "bounds": said(one_of(("open", "closed")), "Do the hours hold their own ends?"),
        "test": said(one_of(("start", "whole_interval")), "What must lie in the hours."),
        "override_by": mapping({"consent": some_of(ConsentScope), "state": _SLOTS}),
        "closed_by": _SLOTS,
    },
    required=("hours",),
)

_AGE: Final = {
    "days": number(),
    "business_days": number(),
    "clear_days": TRUE_OR_FALSE,
    "at_most_days": number(least=1),
}
_PERIOD: Final[Schema] = {
    "anyOf": [
        one_of(("calendar_day", "calendar_month", "ever")),
        mapping(
            {
                "rolling_days": number(least=1),
                "rolling_business_days": number(least=1),
                "rolling_minutes": number(least=1),
                "calendar_week": one_of(Weekday),
                "since": MATCH,
                "age": mapping(_AGE),
                "last": number(least=1),
                "day_one": one_of(("inclusive", "exclusive")),
            },
            least=1,
        ),
    ]
}
_WHAT: Final = {
    "match": said(MATCH, "What is counted."),
    "exclude": said({"type": "array", "items": EXCLUDED}, "What is not."),
    "group_by": said(some_of(GROUPS), "Apart for each of these; together if none is named."),
}
_COUNTED: Final = {
    **_WHAT,
    "count_distinct": one_of(("channel",)),
    "window": _PERIOD,
    "armed_after": said(MATCH, "It applies only after the first of these."),
    "holidays": _CALENDAR,
}
_EVENT_COUNT: Final = mapping(
    {
        **_COUNTED,
        "bound": {
            "anyOf": [
                one_of(("zero",)),
                just_one({"max": number(least=1), "min": number(least=1)}),
            ]
        },
    },
    required=("bound", "window"),
)
_CAP: Final = mapping({**_COUNTED, "max": number(least=1)}, required=("max", "window"))
_COOLDOWN: Final = mapping(
    {
        "after": MATCH,
        "days": number(least=1),
        "day_one": one_of(("inclusive", "exclusive")),
        "exclude": _WHAT["exclude"],
        "group_by": _WHAT["group_by"],
    },
    required=("after", "days"),
)
_SPACING: Final = mapping({**_WHAT, "days": number(least=1)}, required=("days",))
_NOTICE: Final = mapping({**_WHAT, **_AGE, "holidays": _CALENDAR}) | {
    "oneOf": [{"required": ["days"]}, {"required": ["business_days"]}]
}
_LADDER: Final = mapping({**_WHAT, "in_a_row": number(least=1)}, required=("match", "in_a_row"))
_ONE_CHANNEL: Final = mapping({**_WHAT, "week_begins": one_of(Weekday), "armed_after": MATCH})

_PARTY: Final = mapping(
    {
        "allow": some_of(VOCABULARY["party"]),
        "deny": some_of(VOCABULARY["party"]),
        "disclosure": said(one_of(Disclosure), "How much of the debt this person may learn."),
        "purposes": some_of(VOCABULARY["purpose"]),
        "age_min": number(least=1),
        "age_max": number(least=1),
        "age_unknown": one_of(("passes", "needs_review")),
        "refusal": said(one_of(("final",)), "Who refused once is not contacted again."),
    },
    least=1,
)
_STAFFING: Final = mapping(
    {
        "min": number(),
        "max": number(least=1),
        "credentials": mapping({"each": some_of(CREDENTIALS), "one": some_of(CREDENTIALS)}),
        "employer": said(one_of(("collector",)), "Who employs each of them."),
        "announced": said({"const": True}, "The debtor was told of each of them."),
    },
    least=1,
)
_PLACE: Final = mapping(
    {
        "allow": some_of(PlaceKind),
        "deny": some_of(PlaceKind),
        "order": said(
            {**some_of(PlaceKind), "minItems": 2, "uniqueItems": True},
            "One after the other: home before work.",
        ),
        "attempts": said(number(least=1), "So many failed visits at each place before the next."),
        "entry": one_of(Entry),
    },
    least=1,
)
_GATE: Final = mapping(
    {
        "always": {"const": True},
        "state": STATES,
        "annual_rate": OVER_RATE,
        "whose": one_of(("party", "anyone")),
        "lifts": just_one(
            {
                "after_days": number(least=1),
                "after_months": number(least=1),
                "after": SOME_MATCH,
            }
        ),
        "reroute_to": said(some_of(VOCABULARY["party"]), "Contacts with these pass."),
        "only_channels": said(some_of(Channel), "Contacts by these pass."),
    }
) | {"oneOf": [{"required": [cause]} for cause in ("always", "state", "annual_rate")]}
_CONSENT: Final = mapping(
    {
        "scope": some_of(ConsentScope),
        "form": some_of(Form),
        "days": said(number(least=1), "Good for so many days, the first included."),
        "uses": said(number(least=1), "Good for so many contacts."),
        "withdrawn_by": some_of(WITHDRAWALS),
    },
    required=("scope",),
)
_OBLIGATION: Final = mapping(
    {
        "what": one_of(Act),
        "when": one_of(Moment),
        "evidence": some_of(Evidence),
        "keep_days": number(least=1),
        "keep_years": number(least=1),
        "impossible_when": some_of(FactKind),
        "needs": mapping({"consent": some_of(ConsentScope)}, required=("consent",)),
        "otherwise": one_of(Act),
    },
    required=("what", "when"),
) | {
    "not": {"required": ["keep_days", "keep_years"]},
    "dependencies": {"otherwise": ["needs"]},
}

PARAMS: Final[dict[str, Schema]] = {
    "window": _WINDOW,
    "event_count": _EVENT_COUNT,
    "cap": _CAP,
    "cooldown": _COOLDOWN,
    "spacing": _SPACING,
    "notice": _NOTICE,
    "ladder": _LADDER,
    "one_channel_per_week": _ONE_CHANNEL,
    "party": _PARTY,
    "place": _PLACE,
    "gate": _GATE,
    "consent": _CONSENT,
    "staffing": _STAFFING,
    "obligation": _OBLIGATION,
}
"""By the name a pack gives the kind."""
