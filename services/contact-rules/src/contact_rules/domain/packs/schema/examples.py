"""A pack's worked examples as the schema knows them."""

from __future__ import annotations

from typing import Final

from contact_rules.domain.contact import (
    Channel,
    CollectorClass,
    ConsentScope,
    Direction,
    FactKind,
    Form,
    Outcome,
    PlaceKind,
    Product,
    Purpose,
    Role,
    Weekday,
)
from contact_rules.domain.decision import Verdict
from contact_rules.domain.duties import Act
from contact_rules.domain.packs.schema.parts import (
    DATE,
    MOMENT,
    NAME,
    TEXT,
    TRUE_OR_FALSE,
    Schema,
    list_of,
    mapping,
    number,
    one_of,
    said,
)

_NUMBER: Final[Schema] = {"type": ["string", "number"]}
_TIME: Final[Schema] = {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$"}


def _or_nothing(schema: Schema) -> Schema:
    """`~` takes away what all examples have in common, or says that it is not known."""
    return {"anyOf": [schema, {"type": "null"}]}


def _parts(fields: dict[str, Schema]) -> Schema:
    return mapping({name: _or_nothing(schema) for name, schema in fields.items()})


_WHERE: Final[dict[str, Schema]] = {
    "timezone": TEXT,
    "country": TEXT,
    "region": NAME,
    "city": TEXT,
}

_CONTACT: Final[dict[str, Schema]] = {
    "at": said(MOMENT, "Local to the place, as 2026-03-02 21:30, or with an offset."),
    "minutes": number(),
    "channel": one_of(Channel),
    "direction": one_of(Direction),
    "purpose": one_of(Purpose),
    "place": _parts({"kind": one_of(PlaceKind), **_WHERE}),
    "residence": _parts(_WHERE),
    "party": _parts(
        {"id": NAME, "role": one_of(Role), "age": number(), "timezones": list_of(TEXT)}
    ),
    "debts": list_of(
        mapping(
            {
                "id": NAME,
                "product": one_of(Product),
                "days_past_due": number(),
                "annual_rate": _NUMBER,
            },
            required=("id",),
        )
    ),
    "collector": _parts({"id": NAME, "class": one_of(CollectorClass)}),
    "team": {
        "type": "array",
        "items": mapping(
            {
                "id": NAME,
                "credentials": list_of(TEXT),
                "employer": NAME,
                "announced_on": DATE,
            },
            required=("id",),
        ),
    },
    "point": NAME,
    "lender": NAME,
}

_FACT: Final = mapping(
    {
        "kind": one_of(FactKind),
        "since": DATE,
        "until": DATE,
        "form": one_of(Form),
        "party": NAME,
        "channel": one_of(Channel),
        "slots": list_of(
            mapping(
                {"days": list_of(one_of(Weekday)), "from": _TIME, "to": _TIME},
                required=("days", "from", "to"),
            )
        ),
    },
    required=("kind",),
)
_AGREED: Final = mapping(
    {
        "scope": one_of(ConsentScope),
        "channel": one_of(Channel),
        "form": one_of(Form),
        "given_at": MOMENT,
        "until": MOMENT,
    },
    required=("scope", "given_at"),
)
_PAST: Final = mapping(
    {
        "id": NAME,
        "at": MOMENT,
        "channel": one_of(Channel),
        "direction": one_of(Direction),
        "purpose": _or_nothing(one_of(Purpose)),
        "outcome": one_of(Outcome),
        "party": _or_nothing(NAME),
        "role": one_of(Role),
        "debts": _or_nothing({"type": "array", "items": NAME}),
        "collector": _or_nothing(NAME),
        "place": _or_nothing(one_of(PlaceKind)),
        "point": _or_nothing(NAME),
        "lender": _or_nothing(NAME),
        "reserved": TRUE_OR_FALSE,
    },
    required=("at",),
)

CASE: Final = mapping(
    {
        "why": said(TEXT, "What it shows, in a few words."),
        "given": mapping(
            {
                "history": {"type": "array", "items": _PAST},
                "facts": {"type": "array", "items": _FACT},
                "consents": {"type": "array", "items": _AGREED},
            }
        ),
        "proposed": mapping(_CONTACT),
        "packs": said(list_of(TEXT), "Asked instead of this pack alone."),
        "verdict": said(one_of(Verdict), "allow, if nothing is said."),
        "fails": list_of(TEXT),
        "unknown": list_of(TEXT),
        "must_end_by": {"anyOf": [MOMENT, one_of(("never",))]},
        "next": {"anyOf": [MOMENT, one_of(("never",))]},
        "obligations": said({"type": "array", "items": one_of(Act)}, "All that must be done."),
    },
    required=("why", "proposed"),
)
EXAMPLES: Final = said(
    mapping(
        {
            "contact": said(mapping(_CONTACT), "What all examples have in common."),
            "cases": list_of(CASE),
        },
        required=("cases",),
    ),
    "Worked examples; `doorstep packs test` runs them.",
)
