"""The JSON Schema of packs: every shipped pack fits it, broken ones do not, and it is current."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from contact_rules.domain import BrokenPack, examples, examples_reading, shipped
from contact_rules.domain.kinds import KINDS
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.schema import FILE, pack_schema
from contact_rules.domain.packs.schema.params import PARAMS
from contact_rules.domain.yaml_nodes import parse
from door_questions import GOOD_PACK
from jsonschema import Draft7Validator

SCHEMA = pack_schema()
VALIDATOR = Draft7Validator(SCHEMA)
FILES = sorted(shipped().glob("*.yaml"))


class AsEditorsRead(yaml.CSafeLoader):
    """YAML 1.2: numbers, true and false, and nothing; dates and `NO` are texts."""


AsEditorsRead.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    AsEditorsRead.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def errors(text: str) -> list[str]:
    read = yaml.load(text, AsEditorsRead)
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(read)]


def test_it_is_a_schema_and_the_committed_one() -> None:
    Draft7Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    committed = (shipped() / FILE).read_text(encoding="utf-8")
    assert committed == text, "run `doorstep packs schema > …/packs/pack.schema.json`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_pack_fits(file: Any) -> None:
    assert errors(file.read_text(encoding="utf-8")) == []


def test_a_good_pack_fits() -> None:
    assert errors(GOOD_PACK) == []


def _known_to_the_reader(kind: str) -> set[str]:
    """The parameters that the code takes, as it lists them to whoever writes another."""
    with pytest.raises(BrokenPack) as broken:
        KINDS[kind].read(parse("x", b"{zzzzzzzzzz: 1}\n"), "")
    (complaint,) = broken.value.complaints
    listed = complaint.suggestion.removeprefix("one of: ")
    assert listed != complaint.suggestion
    return set(listed.split(", "))


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_of_each_kind_are_those_the_code_takes(kind: str) -> None:
    assert PARAMS.keys() == KINDS.keys()
    assert set(PARAMS[kind]["properties"]) == _known_to_the_reader(kind)


def test_examples_say_what_the_code_reads() -> None:
    cases = SCHEMA["properties"]["examples"]["properties"]["cases"]["items"]["properties"]
    past = cases["given"]["properties"]["history"]["items"]["properties"]
    for said, read in (
        (cases, examples._CASE),
        (cases["proposed"]["properties"], examples_reading._CONTACT),
        (past, examples_reading._PAST),
    ):
        assert set(said) == set(read)


def _mappings(schema: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from _mappings(value, f"{path}/{key}")
    if isinstance(schema, list):
        for place, value in enumerate(schema):
            yield from _mappings(value, f"{path}/{place}")


def test_no_mapping_takes_words_it_does_not_know() -> None:
    for path, schema in _mappings(SCHEMA):
        if path.endswith("/properties/params"):
            continue  # its kind says what belongs there
        assert schema.get("additionalProperties") is not None, path


HOURS = "kind: window\n    params: {hours: {every_day: closed}}"
TEAM = "kind: staffing"
PARAMETERS = "params: {min: 2}"
BROKEN: list[tuple[str, str]] = [
    ("id: test\n", ""),
    ("id: test\n", "id: Test\n"),
    ("version: 2026-01-01", "version: yesterday"),
    ("title: {en: Test, zh: 测试}", "title: {en: Test}"),
    ("title: {en: Test, zh: 测试}", "title: Test"),
    ("applies: named", "applies: sometimes"),
    ("applies: named", "applies: jurisdiction"),
    ("applies: named", "applies: named\ncovers: {country: TW}"),
    ("applies: named", "applies: jurisdiction\ncovers: {country: Taiwan}"),
    ("applies: named", "applies: jurisdiction\ncovers: {country: US, city: NYC}"),
    ("applies: named", "applies: jurisdiction\ncovers: {country: US, collectors: agency}"),
    ("applies: named", "applies: overlay"),
    ("applies: named", "applies: always\nlender: river-bank"),
    ("applies: named", "applies: named\nextends: tw"),
    ("applies: named", "applies: named\non_fail: {prohibition: deny}"),
    ("applies: named", "applies: named\ncolour: red"),
    ("rules:", "rulez:"),
    (TEAM, "kind: stafing"),
    ("kind: staffing", "knid: staffing"),
    ("severity: policy", "severity: polite"),
    ("severity: policy", "severity: prohibition\n    on_fail: needs_review"),
    ("source_quality: text", "source_quality: rumour"),
    ("    citation: house rule\n", ""),
    ("id: test.team", "id: team"),
    ("message: {en", "message: {fr"),
    (PARAMETERS, "params: {min: two}"),
    (PARAMETERS, "params: {min: -2}"),
    (PARAMETERS, "params: {}"),
    (PARAMETERS, "params: {size: 2}"),
    (PARAMETERS, "params: {credentials: {each: [wrok_id]}}"),
    (PARAMETERS, "params: {credentials: {each: []}}"),
    (PARAMETERS, "params: {employer: lender}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{chanel: [visit]}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{channel: visit}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{channel: [pigeon]}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{outcome: [reached]}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{state: {{form: [written]}}}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{days_past_due: {{over: 1, at_most: 2}}}}"),
    (PARAMETERS, f"{PARAMETERS}\n    applies_when: {{not_annual_rate: {{over: 0.2}}}}"),
    (PARAMETERS, f"{PARAMETERS}\n    exceptions: [{{purpose: [steal]}}]"),
    (PARAMETERS, f"{PARAMETERS}\n    exceptions: {{purpose: [plan]}}"),
    (PARAMETERS, f"{PARAMETERS}\n    effective_from: soon"),
]
BROKEN_PARAMS = [
    "window, {bounds: open}",
    'window, {hours: {every_day: ["8-21"]}}',
    "window, {hours: {someday: closed}}",
    "window, {hours: {every_day: shut}}",
    "window, {hours: {every_day: closed}, override_by: {state: [cease]}}",
    "window, {hours: {every_day: closed}, closed_on: {country: TW}}",
    "cap, {window: ever}",
    "cap, {max: 0, window: ever}",
    "cap, {max: 1, window: fortnight}",
    "cap, {max: 1, window: {}}",
    "cap, {max: 1, window: ever, group_by: [debtor]}",
    "cap, {match: {outcome: [met]}, max: 1, window: ever}",
    "cap, {max: 1, window: ever, exclude: [{}]}",
    "cap, {max: 1, window: ever, exclude: [{consent: {form: [written]}}]}",
    "event_count, {bound: {max: 1, min: 1}, window: ever}",
    "event_count, {bound: some, window: ever}",
    "notice, {match: {channel: [letter]}}",
    "notice, {days: 3, business_days: 2}",
    "ladder, {in_a_row: 3}",
    "cooldown, {days: 7}",
    "spacing, {match: {channel: [visit]}}",
    "one_channel_per_week, {week_begins: monday}",
    "party, {}",
    "party, {allow: [debter]}",
    "party, {refusal: maybe}",
    "place, {allow: [castle]}",
    "place, {order: [home]}",
    "place, {entry: sometimes}",
    "gate, {}",
    "gate, {always: false}",
    "gate, {always: true, state: [cease]}",
    'gate, {annual_rate: {at_most: "0.1"}}',
    "gate, {state: [cease], lifts: {after_days: 1, after_months: 1}}",
    "gate, {state: [cease], lifts: {after: {}}}",
    "consent, {form: [written]}",
    "consent, {scope: [visit], days: 0}",
    "obligation, {what: dance, when: during}",
    "obligation, {what: give_copy}",
    "obligation, {what: give_copy, when: after, keep_days: 1, keep_years: 1}",
    "obligation, {what: give_copy, when: after, otherwise: record_call}",
]


@pytest.mark.parametrize(("old", "new"), BROKEN)
def test_a_broken_pack_does_not_fit(old: str, new: str) -> None:
    assert old in GOOD_PACK
    text = GOOD_PACK.replace(old, new, 1)
    assert errors(text) != []
    with pytest.raises(BrokenPack):  # nor does the code take it
        parse_pack("test.yaml", text.encode())


@pytest.mark.parametrize("said", BROKEN_PARAMS)
def test_broken_parameters_do_not_fit(said: str) -> None:
    kind, _, params = said.partition(", ")
    text = GOOD_PACK.replace(TEAM, f"kind: {kind}").replace(PARAMETERS, f"params: {params}")
    text = re.sub(r"message: .*", "message: {en: x, zh: x}", text)
    assert errors(text) != []
    with pytest.raises(BrokenPack):
        parse_pack("test.yaml", text.encode())


EXAMPLES = "examples:\n  contact: {place: {timezone: Asia/Taipei}}\n  cases: [%s]\n"


@pytest.mark.parametrize(
    "case",
    [
        "{why: x}",
        "{proposed: {at: 2026-04-08 10:00}}",
        "{why: x, proposed: {at: tomorrow}}",
        "{why: x, proposed: {at: 2026-04-08 10:00, team: [{name: a}]}}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, given: {histroy: []}}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, given: {facts: [{kind: sad}]}}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, given: {consents: [{scope: hours}]}}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, given: {history: [{outcome: sent}]}}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, verdict: perhaps}",
        "{why: x, proposed: {at: 2026-04-08 10:00}, next: soon}",
    ],
)
def test_a_broken_example_does_not_fit(case: str) -> None:
    assert errors(GOOD_PACK + EXAMPLES % case) != []


FULL = """\
examples:
  cases:
    - why: it says all that can be said
      packs: [tw]
      given:
        facts:
          - {kind: excluded_slot, slots: [{days: [mon], from: "09:00", to: "10:00"}]}
        consents: [{scope: channel, channel: phone, given_at: 2026-04-08 10:00}]
        history: [{at: 2026-04-01 10:00:30, outcome: sent, debts: [1]}]
      proposed:
        at: 2026-04-08T10:00:00+08:00
        place: {timezone: ~, city: NYC}
        team: [{id: a, employer: b, announced_on: 2026-04-01}]
        debts: [{id: 1, annual_rate: "0.24"}]
      next: never
"""


def test_a_full_example_fits() -> None:
    assert errors(GOOD_PACK + FULL) == []
