"""Selectors as the schema knows them: of the contact asked about, and of those in its history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contact_rules.domain.contact import ConsentScope, FactKind, Form
from contact_rules.domain.packs.schema.parts import (
    Schema,
    just_one,
    mapping,
    number,
    reference,
    some_of,
)
from contact_rules.domain.selector import CONTACT_PROPERTIES, PAST_PROPERTIES
from contact_rules.domain.selector.vocabulary import VOCABULARY

_RATE: Final[Schema] = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,10})?$"},
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1000},
    ]
}

STATES: Final[Schema] = {
    "anyOf": [
        some_of(FactKind),
        mapping({"kind": some_of(FactKind), "form": some_of(Form)}, required=("kind",)),
    ]
}
CONSENTS: Final[Schema] = {
    "anyOf": [
        some_of(ConsentScope),
        mapping({"scope": some_of(ConsentScope), "form": some_of(Form)}, required=("scope",)),
    ]
}
DAYS: Final = just_one({"over": number(), "at_most": number()})
RATE: Final = just_one({"over": _RATE, "at_most": _RATE})
OVER_RATE: Final = mapping({"over": _RATE}, required=("over",))


def _selector(properties: Iterable[str]) -> Schema:
    fields: dict[str, Schema] = {}
    for name in properties:
        match name:
            case "days_past_due":
                fields[name] = DAYS
            case "annual_rate":
                fields[name] = RATE
            case "state":
                fields[name] = fields["not_state"] = STATES
            case "consent":
                fields[name] = fields["not_consent"] = CONSENTS
            case _:
                fields[name] = fields[f"not_{name}"] = some_of(VOCABULARY[name])
    return mapping(fields)


DEFINITIONS: Final = {
    "selector": _selector(CONTACT_PROPERTIES),
    "match": _selector(dict.fromkeys((*PAST_PROPERTIES, "outcome"))),
    "states": STATES,
}
SELECTOR: Final = reference("selector")
MATCH: Final = reference("match")
"""Contacts of the history."""
SOME_MATCH: Final[Schema] = {"allOf": [MATCH], "minProperties": 1}


EXCLUDED: Final[Schema] = {
    "anyOf": [
        SOME_MATCH,
        mapping(
            {
                "consent": CONSENTS["anyOf"][1],
                "days": number(least=1),
                "ends_with": SOME_MATCH,
            },
            required=("consent",),
        ),
    ]
}
