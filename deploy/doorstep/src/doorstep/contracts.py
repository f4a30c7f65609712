"""What the system promises, as data: OpenAPI, AsyncAPI and event schemas out of the code.

`write` generates the files of ``shared/contracts``; `drift` says which of the committed ones no
longer are what the code says. The hand-written ``examples`` beside them are never generated.
"""

import json
import pkgutil
import tempfile
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from shared.bus import LocalBus
from shared.clock import utc_now
from shared.messages import Event, Received, schema_of

from doorstep.home import open_home
from doorstep.rooms import ROOMS
from doorstep.service_token import renew

Described = TypeVar("Described", bound=BaseModel)

# Package of each service, in the order in which an event travels.
PACKAGES: Final = {"cases": "cases", "contact-rules": "contact_rules", "plans": "plans"}

EXCHANGE: Final = "doorstep"


def published(service: str) -> list[type[Event]]:
    """The events a service announces, by type."""
    return _models(f"{PACKAGES[service]}.events", Event)


def received(service: str) -> list[type[Received]]:
    """A service's own copies of others' events, by type."""
    return _models(f"{PACKAGES[service]}.consumers", Received)


def generate() -> dict[str, str]:
    """Path below ``shared/contracts`` → text, for every generated file."""
    files: dict[str, Any] = {}
    for service in PACKAGES:
        files[f"openapi/{service}.json"] = openapi(service)
        for event in published(service):
            files[f"events/{event.TYPE}.json"] = event_schema(event)
    files["asyncapi.json"] = asyncapi()
    return {path: _text(document) for path, document in files.items()}


def write(directory: Path) -> list[str]:
    """Write what differs and remove what nothing generates; returns the paths that changed."""
    changed = drift(directory)
    files = generate()
    for path in changed:
        target = directory / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(files[path], encoding="utf-8")
        else:
            target.unlink()
    return changed


def drift(directory: Path) -> list[str]:
    """The generated files that are missing, differ from the code, or nothing generates any more."""
    files = generate()
    present = {
        str(path.relative_to(directory))
        for pattern in ("openapi/*.json", "events/*.json", "asyncapi.json")
        for path in directory.glob(pattern)
    }
    differing = {
        path
        for path, text in files.items()
        if path not in present or (directory / path).read_text(encoding="utf-8") != text
    }
    return sorted(differing | (present - files.keys()))


def openapi(service: str) -> dict[str, Any]:
    """The OpenAPI document of a service as its ``/openapi.json`` gives it."""
    room = next(room for room in ROOMS if room.name == service)
    with tempfile.TemporaryDirectory() as directory:
        home = open_home(Path(directory))
        with home.locked():
            # Nothing is asked of the database or the bus: the document is made of the routes.
            renew(home, utc_now())
            nowhere = ("http://localhost", "postgresql://nobody@localhost/none")
            built = room.build(home, *nowhere, LocalBus())
            try:
                return dict(built.app.openapi())
            finally:
                built.close()


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data (what stands in ``data`` of the CloudEvent)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_of(event.TYPE),
        **event.model_json_schema(mode="serialization"),
        "examples": [event.EXAMPLE],
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: who announces what, and who listens."""
    events = {event.TYPE: event for service in PACKAGES for event in published(service)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doorstep events",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in JSON on one durable topic exchange; the routing key is the "
                "type. Delivery is at least once; order holds among messages of one `subject` "
                "(a person). A change of meaning is a new version of the type."
            ),
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {kind: _channel(kind) for kind in sorted(events)},
        "operations": dict(_operations(events)),
        "components": {
            "messages": {kind: _message(events[kind]) for kind in sorted(events)},
            "schemas": {"CloudEvent": _ENVELOPE},
        },
    }


def _channel(kind: str) -> dict[str, Any]:
    return {
        "address": kind,
        "messages": {"event": {"$ref": f"#/components/messages/{kind}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": EXCHANGE, "type": "topic", "durable": True},
            }
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    summary, _, rest = (event.__doc__ or event.TYPE).strip().partition("\n")
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": summary,
        **({"description": " ".join(rest.split())} if rest.strip() else {}),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": event.TYPE},
                        "data": {"$ref": f"./events/{event.TYPE}.json"},
                    },
                },
            ]
        },
    }


def _operations(events: Mapping[str, type[Event]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in PACKAGES:
        for event in published(service):
            yield f"{service} announces {event.TYPE}", _operation("send", event.TYPE)
    for service in PACKAGES:
        for copy in received(service):
            if copy.TYPE in events:
                yield f"{service} listens to {copy.TYPE}", _operation("receive", copy.TYPE)


def _operation(action: str, kind: str) -> dict[str, Any]:
    # A channel's name has no slash or tilde, so it needs no escaping in a pointer.
    return {"action": action, "channel": {"$ref": f"#/channels/{kind}"}}


_ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "type", "source", "subject", "time", "dataschema", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "type": {"type": "string"},
        "source": {"type": "string", "format": "uri-reference"},
        "subject": {"type": "string", "description": "The key whose order is kept: a person."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri"},
        "traceparent": {"type": "string", "description": "W3C Trace Context."},
        "data": {"type": "object"},
    },
}


def _models(module_name: str, kind: type[Described]) -> list[type[Described]]:
    found: dict[str, type[Described]] = {}
    for module in _with_submodules(import_module(module_name)):
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, kind)
                and value.__module__ == module.__name__
                and isinstance(getattr(value, "TYPE", None), str)
            ):
                found[value.TYPE] = value  # type: ignore[attr-defined]
    return [found[name] for name in sorted(found)]


def _with_submodules(module: ModuleType) -> Iterator[ModuleType]:
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield import_module(f"{module.__name__}.{info.name}")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
