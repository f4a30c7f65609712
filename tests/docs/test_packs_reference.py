"""The reference of the pack format explains what the code knows: all of it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from contact_rules.domain import Result, Severity, SourceQuality, load, shipped
from contact_rules.domain.duties import Act
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs import Applies
from contact_rules.domain.packs.loading import COVERS_FIELDS, PACK_FIELDS, RULE_FIELDS
from contact_rules.domain.packs.schema import pack_schema
from contact_rules.domain.packs.schema.params import PARAMS
from contact_rules.domain.question import ALL_CANDIDATES
from contact_rules.domain.selector import (
    CONTACT_PROPERTIES,
    OUTCOME_CLASSES,
    PAST_PROPERTIES,
    ROLE_GROUPS,
)
from contact_rules.domain.selector.vocabulary import VOCABULARY
from contact_rules.domain.wording import word

EIGHT: Final = [name for name, kind in KINDS.items() if name == kind.name]
ALIASES: Final = [name for name, kind in KINDS.items() if name != kind.name]
SCHEMA: Final = pack_schema()
OF_HISTORY: Final = {*PAST_PROPERTIES, "outcome"}
SELECTING: Final = {*CONTACT_PROPERTIES, *OF_HISTORY}
"""The properties of selectors, which stand in a table of their own."""
TURNED_ROUND: Final = {f"not_{name}" for name in SELECTING}
IN_PATTERNS: Final = {"every_day", "holiday", "makeup"}
"""Words that the schema has in a pattern only."""
WHAT: Final = "`what`, `otherwise`"


def names(rows: Sequence[Sequence[Any]]) -> list[str]:
    """What is in code type in the first cells."""
    return [name for row in rows for name in row[0].code]


@pytest.mark.parametrize(
    ("heading", "known", "schema"),
    [("A pack", PACK_FIELDS, SCHEMA), ("A rule", RULE_FIELDS, SCHEMA["definitions"]["rule"])],
    ids=["pack", "rule"],
)
def test_all_fields_are_explained(
    heading: str, known: Sequence[str], schema: Mapping[str, Any], reference: Any
) -> None:
    rows = reference.table(heading, "field")
    assert sorted(names(rows)) == sorted(known)
    assert {name for name, needed, _ in rows if needed == "yes"} == {
        f"`{name}`" for name in schema["required"]
    }


@pytest.mark.parametrize(
    ("heading", "first", "known"),
    [
        ("When it is asked", "`applies`", Applies),
        ("When it is asked", "`covers`", COVERS_FIELDS),
        ("A rule", "`severity`", Severity),
        ("A rule", "`source_quality`", SourceQuality),
        ("What it comes to", "a rule finds", Result),
        ("The eight kinds", "kind", EIGHT),
        ("Aliases", "alias", ALIASES),
        ("Messages", "kind", KINDS),
        ("obligation", WHAT, Act),
    ],
)
def test_all_words_are_explained(
    heading: str, first: str, known: Sequence[str], reference: Any
) -> None:
    assert sorted(names(reference.table(heading, first))) == sorted(known)


def test_obligations_mean_what_people_are_told(reference: Any) -> None:
    told = {name.code[0]: means for name, means in reference.table("obligation", WHAT)}
    assert told == {act: word(act).en for act in Act}


def test_all_properties_of_selectors_are_explained(reference: Any) -> None:
    properties = SCHEMA["definitions"]["selector"]["properties"]
    rows = reference.table("Selectors", "property")
    assert sorted(names(rows)) == sorted(SELECTING)
    for said, contact, history, values in rows:
        (name,) = said.code
        assert (contact == "yes") is (name in CONTACT_PROPERTIES), name
        assert (history == "yes") is (name in OF_HISTORY), name
        if name in VOCABULARY:
            assert sorted(values.code) == sorted(VOCABULARY[name]), name
        else:
            assert f"not_{name}" not in properties
            assert "has no `not_`" in values


def test_words_for_several_values_stand_for_these(reference: Any) -> None:
    values = {row[0].code[0]: row[-1] for row in reference.table("Selectors", "property")}
    assert "`liable` for the first three, `third_party` for all others" in values["party"]
    assert tuple(values["party"].code[:3]) == ROLE_GROUPS["liable"]
    classes = {
        found[2]: tuple(re.findall(r"`(\w+)`", found[1]))
        for part in values["outcome"].split(";")
        if (found := re.search(r"^(.*): all of these are `(\w+)`", part))
    }
    assert classes == OUTCOME_CLASSES


@pytest.mark.parametrize("kind", EIGHT)
def test_all_parameters_of_a_kind_are_explained(kind: str, reference: Any) -> None:
    rows = reference.table(kind, "parameter")
    assert sorted(names(rows)) == sorted(PARAMS[kind]["properties"])
    needed = {name.code[0] for name, says in rows if says.startswith("needed")}
    assert needed == {*PARAMS[kind].get("required", ())}
    assert {*_fields(PARAMS[kind])} - SELECTING - TURNED_ROUND <= reference.words(kind)


def test_all_parameters_of_aliases_are_explained(reference: Any) -> None:
    of_all = {"match", "exclude", "group_by"}
    explained = {
        alias.code[0]: {*beside.code} for alias, beside in reference.table("Aliases", "an alias")
    }
    assert explained.keys() == {*ALIASES}
    for alias in ALIASES:
        shared = of_all - ({"match"} if alias == "cooldown" else set())
        assert explained[alias] | shared == {*PARAMS[alias]["properties"]}


def test_all_of_the_format_is_mentioned_and_nothing_else(reference: Any) -> None:
    """Names and words of the schema, all of them in code type; and whatever looks like one is."""
    known = {*_fields(SCHEMA), *_enumerated(SCHEMA)} | IN_PATTERNS
    assert sorted(known - TURNED_ROUND - reference.words()) == []
    # What blanks and examples have is compared where they are used.
    elsewhere = reference.words("Messages") | reference.words("Examples")
    others = {*Result, ALL_CANDIDATES, "checks", "not_", "true"}
    assert sorted(_single_words(reference) - known - elsewhere - others) == []


def _single_words(reference: Any) -> set[str]:
    """Code type that holds one word, and no YAML, path or command."""
    return {
        child.content
        for token in reference.tokens
        for child in token.children or ()
        if child.type == "code_inline" and re.fullmatch(r"[a-z_]+", child.content)
    }


def _fields(schema: Any) -> Iterator[str]:
    """Names of fields that a schema knows, wherever they stand in it."""
    for each in _mappings(schema):
        yield from each.get("properties", ())


def _enumerated(schema: Any) -> Iterator[str]:
    """Words that a schema knows as values."""
    for each in _mappings(schema):
        yield from (value for value in each.get("enum", ()) if isinstance(value, str))


def _mappings(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for value in schema:
            yield from _mappings(value)


def test_the_person_is_protected_as_said(reference: Any) -> None:
    (pack,) = load(shipped()).named(["person-protection"])
    (said,) = re.findall(r"\*\*`person-protection`\*\* \((.*?)\)", reference.text, re.S)
    a_day, in_days, days, in_more, more = (int(number) for number in re.findall(r"\d+", said))
    caps: list[Any] = [rule.judge for rule in pack.rules if ".visits-" in rule.id]
    limits = {(judge.limit, judge.period.length) for judge in caps}
    assert limits == {(a_day, 1), (in_days, days), (in_more, more)}
    others = {rule.id.partition(".")[2] for rule in pack.rules if ".visits-" not in rule.id}
    said = " ".join(said.split())
    for name, words in {
        "left-in-peace": "left in peace",
        "dispute": "disputed",
        "collection-stopped": "collection has stopped",
        "mandate": "mandate has ended",
        "spoken-today": "spoken with them",
    }.items():
        others.remove(name)
        assert words in said, name
    assert not others
