"""Tables in the guides say what the code says: settings, metrics, routes, roles, libraries."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from cases.settings import CasesSettings
from console.settings import ConsoleSettings
from contact_rules.settings import ContactRulesSettings
from plans.settings import PlansSettings
from pydantic_core import PydanticUndefined
from shared.auth import Role
from shared.metrics import REGISTRY
from shared.settings import ServiceSettings, SiteSettings

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ("cases", "contact-rules", "plans")

# Under which heading a class's own settings are, and what stands before their names there.
SETTINGS: Final[list[tuple[str, str, type[SiteSettings], type[SiteSettings] | None]]] = [
    ("All of them", "…", SiteSettings, None),
    ("Services with a database", "…", ServiceSettings, SiteSettings),
    ("Cases", "CASES_", CasesSettings, ServiceSettings),
    ("Contact rules", "CONTACT_RULES_", ContactRulesSettings, ServiceSettings),
    ("Plans", "PLANS_", PlansSettings, ServiceSettings),
    ("Console", "CONSOLE_", ConsoleSettings, SiteSettings),
]


@pytest.mark.parametrize(
    ("heading", "prefix", "settings", "above"), SETTINGS, ids=[each[0] for each in SETTINGS]
)
def test_every_setting_is_explained_and_none_that_is_not_one(
    heading: str,
    prefix: str,
    settings: type[SiteSettings],
    above: type[SiteSettings] | None,
    guide: Callable[[str], Any],
) -> None:
    fields = {
        name: field
        for name, field in settings.model_fields.items()
        if above is None or name not in above.model_fields
    }
    expected = {
        f"`{prefix}{name.upper()}`": (_default(field.default), field.description)
        for name, field in fields.items()
    }
    explained = {name: rest for name, *rest in guide("docs/operators.md").table(heading)}
    assert explained.keys() == expected.keys()
    for name, (default, description) in expected.items():
        assert explained[name][0] == default, name
        assert explained[name][1] == description or (not description and explained[name][1]), name


def _default(value: object) -> str:
    if value is PydanticUndefined:
        return "needed"
    return "none" if value is None else f"`{value}`"


def test_every_class_of_settings_is_there() -> None:
    def below(one: type[SiteSettings]) -> set[type[SiteSettings]]:
        return {one}.union(*(below(each) for each in one.__subclasses__()))

    houses = {each for each in below(SiteSettings) if "tests" not in each.__module__}
    named = {each.__module__.partition(".")[0] for each in houses}
    assert {"shared", "cases", "contact_rules", "plans", "console"} <= named
    ours = {each for each in houses if each.__module__.endswith(".settings")}
    assert ours == {settings for _, _, settings, _ in SETTINGS}


def test_every_metric_is_explained(guide: Callable[[str], Any]) -> None:
    for package in ("cases", "contact_rules", "plans", "console"):
        import_module(f"{package}.service")  # each part registers its own
    exported = {
        f"`{metric.name}{'_total' if metric.type == 'counter' else ''}`"
        for metric in REGISTRY.collect()
    }
    assert {row[0] for row in guide("docs/operators.md").table("Metrics")} == exported


def routes() -> set[str]:
    """Every route the committed contracts have, as `GET /cases/v1/…`."""
    found = set()
    for service in SERVICES:
        text = (ROOT / f"shared/contracts/openapi/{service}.json").read_text(encoding="utf-8")
        for path, operations in json.loads(text)["paths"].items():
            found |= {f"{method.upper()} /{service}{path}" for method in operations}
    return found


def test_every_route_is_listed_and_none_that_is_not_there(guide: Callable[[str], Any]) -> None:
    listed = {row[0].strip("`") for row in guide("docs/lenders.md").table("All routes")}
    assert listed == routes()


def test_every_route_named_in_a_sentence_is_one(guide: Callable[[str], Any]) -> None:
    named = {
        " ".join(text.split())
        for name in ("README.md", "docs/lenders.md", "docs/operators.md", "docs/rule-writers.md")
        for _, text in guide(name).code
        if re.match(r"(GET|PUT|POST|PATCH|DELETE)\s+/", text)
    }
    assert named
    assert named <= routes()


def test_filters_of_lists_are_those_of_the_contract(guide: Callable[[str], Any]) -> None:
    for path, filters, sorts in guide("docs/lenders.md").table("Lists"):
        service, _, rest = path.strip("`/").partition("/")
        text = (ROOT / f"shared/contracts/openapi/{service}.json").read_text(encoding="utf-8")
        parameters = {
            each["name"]: each["schema"]
            for each in json.loads(text)["paths"][f"/{rest}"]["get"]["parameters"]
            if each["in"] == "query"
        }
        named = set(re.findall(r"`(\w+)`", filters))
        # A lender's token names its lender.
        assert named == parameters.keys() - {"limit", "cursor", "sort", "lender"}, path
        orders = {each.partition(":")[0] for each in parameters["sort"]["enum"]}
        assert set(re.findall(r"`(\w+)`", sorts)) == orders, path


def test_the_kinds_that_stop_every_visit_are_those_of_the_pack(guide: Callable[[str], Any]) -> None:
    from contact_rules.domain import load, shipped

    (pack,) = load(shipped()).named(["person-protection"])
    judges: list[Any] = [rule.judge for rule in pack.rules if rule.kind == "gate"]
    told = [
        set(_names(row[0]))
        for row in guide("docs/lenders.md").table("Tell what you learn of a person")
    ]
    assert told == [set(judge.state.values) for judge in judges]


def test_every_role_is_explained(guide: Callable[[str], Any]) -> None:
    text = guide("docs/lenders.md").text
    listed = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?:everything|the same|see|read)", text, re.M)
    assert {role for row in listed for role in re.findall(r"\w+", row)} == {*Role}


def test_every_library_has_its_reason(guide: Callable[[str], Any]) -> None:
    decision = guide("docs/decisions/0010-libraries.md")
    tables = ("In the services and the command", "In the house of one process only")
    run = {name for heading in tables for row in decision.table(heading) for name in _names(row[0])}
    build = {name for row in decision.table("To build and to test") for name in _names(row[0])}
    assert run == _libraries(development=False)
    assert build == _libraries(development=True)


def _names(cell: str) -> set[str]:
    return set(re.findall(r"`([\w.-]+)`", cell))


def _libraries(*, development: bool) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "pyproject.toml", *ROOT.glob("*/pyproject.toml"), *_packages()):
        project = tomllib.loads(path.read_text(encoding="utf-8"))
        groups = project.get("dependency-groups", {})
        extras = project["project"].get("optional-dependencies", {})
        lists = groups.values() if development else [project["project"]["dependencies"]]
        for each in [*lists, *([] if development else extras.values())]:
            found |= {re.split(r"[\[<>=!~; ]", need, maxsplit=1)[0].lower() for need in each}
    return {name for name in found if not name.startswith("doorstep")}


def _packages() -> list[Path]:
    return [*ROOT.glob("services/*/pyproject.toml"), *ROOT.glob("deploy/*/pyproject.toml")]


def test_the_story_in_the_readme_is_what_the_packs_say(guide: Callable[[str], Any]) -> None:
    """Laws, and the sentences around what a rule measured, word for word."""
    from contact_rules.domain import load, shipped

    rules = {rule.id: rule for pack in load(shipped()) for rule in pack.rules}
    drawn = [line for _, line in guide("README.md").code if line.startswith("│")]
    told = re.sub(r"\s", "", "".join(line.split("│")[3] for line in drawn))
    named = re.findall(r"\[([a-z0-9-]+\.[a-z0-9-]+)\]", told)
    assert named
    for name in named:
        assert re.sub(r"\s", "", rules[name].citation) in told, name
        for piece in re.split(r"\{\w+\}", rules[name].message.en):
            assert re.sub(r"\s", "", piece) in told, f"{name}: {piece}"
