"""Committed contracts are what the code says, and every consumer can read every publisher."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from doorstep import contracts
from shared.messages import Event, Received

CONTRACTS = Path(__file__).parents[2] / "shared" / "contracts"

EVENTS = {
    event.TYPE: event for service in contracts.PACKAGES for event in contracts.published(service)
}
COPIES = [(service, copy) for service in contracts.PACKAGES for copy in contracts.received(service)]
EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))


def test_the_committed_contracts_are_what_the_code_says() -> None:
    assert contracts.drift(CONTRACTS) == [], "run `make contracts` and commit what changed"


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_an_event_carries_the_name_of_its_service_and_a_version(kind: str) -> None:
    service, noun, version = kind.split(".")
    assert service in contracts.PACKAGES
    assert "-" in noun
    assert version.startswith("v")
    assert version[1:].isdigit()


@pytest.mark.parametrize("event", EVENTS.values(), ids=sorted(EVENTS, key=list(EVENTS).index))
def test_the_example_of_an_event_is_one(event: type[Event]) -> None:
    read = event.model_validate(event.EXAMPLE)
    assert read.model_dump(mode="json") == event.EXAMPLE
    jsonschema.validate(event.EXAMPLE, contracts.event_schema(event))


@pytest.mark.parametrize(("service", "copy"), COPIES, ids=[f"{s} {c.TYPE}" for s, c in COPIES])
def test_a_consumers_copy_reads_the_publishers_example(service: str, copy: type[Received]) -> None:
    assert copy.TYPE in EVENTS, "nobody announces it"
    copy.model_validate(EVENTS[copy.TYPE].EXAMPLE)


@pytest.mark.parametrize(("service", "copy"), COPIES, ids=[f"{s} {c.TYPE}" for s, c in COPIES])
def test_a_consumers_copy_asks_for_nothing_the_publisher_may_leave_out(
    service: str, copy: type[Received]
) -> None:
    published = contracts.event_schema(EVENTS[copy.TYPE])
    required = set(copy.model_json_schema().get("required", ()))
    assert required <= set(published["required"])


def test_a_service_does_not_listen_to_itself() -> None:
    assert [copy.TYPE for service, copy in COPIES if copy.TYPE.startswith(f"{service}.")] == []


def test_there_is_an_example_of_every_released_event() -> None:
    assert {path.stem for path in EXAMPLES} == set(EVENTS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_was_announced_once_can_be_read_for_ever(path: Path) -> None:
    envelope: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    asyncapi = json.loads((CONTRACTS / "asyncapi.json").read_text(encoding="utf-8"))
    jsonschema.validate(envelope, asyncapi["components"]["schemas"]["CloudEvent"])
    assert envelope["type"] == path.stem
    jsonschema.validate(
        envelope["data"], json.loads((CONTRACTS / "events" / path.name).read_text(encoding="utf-8"))
    )
    for _, copy in COPIES:
        if path.stem == copy.TYPE:
            copy.model_validate(envelope["data"])


def test_a_changed_event_is_noticed(tmp_path: Path) -> None:
    contracts.write(tmp_path)
    assert contracts.drift(tmp_path) == []
    changed = next((tmp_path / "events").glob("*.json"))
    changed.write_text(changed.read_text(encoding="utf-8").replace("person_id", "person"))
    (tmp_path / "events" / "cases.ghost-seen.v1.json").write_text("{}")
    assert contracts.drift(tmp_path) == sorted(
        [f"events/{changed.name}", "events/cases.ghost-seen.v1.json"]
    )
    contracts.write(tmp_path)
    assert contracts.drift(tmp_path) == []
