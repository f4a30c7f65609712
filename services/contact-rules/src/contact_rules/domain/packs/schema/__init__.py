"""The pack format as JSON Schema, for editors: they complete the words and underline what is none.

Made of the vocabularies in the code, so it can't fall behind them. It knows shapes and words; what
a pack means, and how it stands to the others, only loading it tells.
"""

from __future__ import annotations

from typing import Any, Final

from contact_rules.domain.contact import CollectorClass, Product
from contact_rules.domain.decision import Severity, SourceQuality, Verdict
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs.loading import (
    COUNTRY,
    COVERS_FIELDS,
    PACK_FIELDS,
    PACK_ID,
    RULE_FIELDS,
    RULE_NAME,
)
from contact_rules.domain.packs.pack import CITY, REGION, Applies
from contact_rules.domain.packs.schema.examples import EXAMPLES
from contact_rules.domain.packs.schema.params import PARAMS
from contact_rules.domain.packs.schema.parts import (
    DATE,
    TEXT,
    Schema,
    list_of,
    mapping,
    matching,
    one_of,
    reference,
    said,
    some_of,
)
from contact_rules.domain.packs.schema.selectors import DEFINITIONS, SELECTOR

FILE: Final = "pack.schema.json"
"""What it is called, beside the packs that name it in their first line."""

_ON_FAIL: Final = one_of([Verdict.DENY, Verdict.NEEDS_REVIEW])
_SOFTER: Final = [severity for severity in Severity if severity is not Severity.PROHIBITION]
_SENTENCES: Final = said(
    mapping({"en": TEXT, "zh": TEXT}, required=("en", "zh")), "In English and in Chinese."
)
_ZONE: Final = said(
    TEXT, "place, all_candidates, or the zone that the law itself fixes, as Asia/Shanghai."
)

_COVERS: Final = mapping(
    {
        "country": said(matching(COUNTRY), "ISO 3166-1: two capital letters, as TW."),
        "region": said(matching(REGION), "ISO 3166-2 without the country, as MA."),
        "city": said(matching(CITY), "UN/LOCODE without the country, as NYC."),
        "collectors": some_of(CollectorClass),
        "products": some_of(Product),
    },
    required=("country",),
    names=COVERS_FIELDS,
) | {"dependencies": {"city": ["region"]}}

_PACK: Final = {
    "id": said(matching(PACK_ID), "As the file is called, without its version."),
    "version": said(DATE, "The date of this wording."),
    "title": _SENTENCES,
    "applies": said(
        one_of(Applies),
        "When it is asked: in a jurisdiction, as fallback where there is none, always, only where"
        " it is named, or as the overlay of one lender.",
    ),
    "covers": said(_COVERS, "Whose law it is; all collectors and products if none are named."),
    "lender": said(TEXT, "The id of the lender whose overlay it is."),
    "extends": said(list_of(matching(PACK_ID)), "Packs that are asked wherever this one is."),
    "zone": _ZONE,
    "on_fail": said(
        mapping(dict.fromkeys(_SOFTER, _ON_FAIL)),
        "What a rule that fails comes to, by severity; deny if nothing is said.",
    ),
    "effective_from": said(DATE, "The first day on which it is in force."),
    "effective_to": said(DATE, "The last day on which it is in force."),
    "verify": said({"type": "array", "items": TEXT}, "What nobody has read or settled yet."),
    "rules": {"type": "array", "minItems": 1, "items": reference("rule")},
    "examples": EXAMPLES,
}

_RULE: Final = {
    "id": said(
        matching(rf"{PACK_ID.pattern}\.{RULE_NAME.pattern}"), "The pack's id, a dot and a name."
    ),
    "kind": one_of(KINDS),
    "severity": said(
        one_of(Severity), "How hard it is; policy is our own, where the law is silent or vague."
    ),
    "on_fail": said(_ON_FAIL, "What it comes to where it fails; a prohibition is a deny."),
    "tightens": said(TEXT, "In an overlay: the rule of another pack it is at least as strict as."),
    "applies_when": said(SELECTOR, "Which contacts it is about; all if nothing is said."),
    "exceptions": said(
        {"type": "array", "items": SELECTOR}, "It is not about contacts that fit one of these."
    ),
    "zone": _ZONE,
    "params": {"type": "object"},
    "citation": said(TEXT, "Where it is written, as a lawyer would cite it."),
    "source_quality": said(
        one_of(SourceQuality), "The text was read; it is known from reports; or from memory only."
    ),
    "effective_from": said(DATE, "The first day on which it is in force."),
    "effective_to": said(DATE, "The last day on which it is in force."),
    "message": said(_SENTENCES, "What the person at the door reads; {blanks} are filled in."),
}
_RULE_NEEDS: Final = ("id", "kind", "severity", "params", "citation", "source_quality", "message")


def pack_schema() -> dict[str, Any]:
    """The schema of a pack's file, in the draft that editors of YAML know best."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A pack of contact rules",
        **mapping(
            _PACK, required=("id", "version", "title", "applies", "rules"), names=PACK_FIELDS
        ),
        "allOf": [
            _if("applies", Applies.JURISDICTION, {"required": ["covers"]}),
            _if("applies", Applies.OVERLAY, {"required": ["lender"]}, _only_there("lender")),
            *(
                _if("applies", applies, _only_there("covers"))
                for applies in (Applies.FALLBACK, Applies.ALWAYS, Applies.NAMED)
            ),
        ],
        "definitions": {
            **DEFINITIONS,
            "rule": mapping(_RULE, required=_RULE_NEEDS, names=RULE_FIELDS)
            | {"allOf": [*_params_by_kind(), _HARD]},
            **{f"params-{kind}": params for kind, params in PARAMS.items()},
        },
    }


_HARD: Final[Schema] = {
    "if": {"properties": {"severity": {"const": Severity.PROHIBITION}}, "required": ["severity"]},
    "then": {"properties": {"on_fail": {"const": Verdict.DENY}}},
}


def _params_by_kind() -> list[Schema]:
    return [
        _if("kind", kind, {"properties": {"params": reference(f"params-{kind}")}}) for kind in KINDS
    ]


def _if(field: str, value: str, then: Schema, otherwise: Schema | None = None) -> Schema:
    found: Schema = {
        "if": {"properties": {field: {"const": value}}, "required": [field]},
        "then": then,
    }
    return found if otherwise is None else found | {"else": otherwise}


def _only_there(field: str) -> Schema:
    return {"properties": {field: False}}
