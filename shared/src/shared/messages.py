"""Messages between services: CloudEvents 1.0 in JSON, and the models events are written in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json

SPEC_VERSION: Final = "1.0"


class BrokenMessage(ValueError):
    """The bytes are no CloudEvent of ours; trying again can't help."""


class Event(BaseModel):
    """What a service announces. Its publisher owns the schema; a change of meaning is a new type.

    ``EXAMPLE`` is the data of one such event: contract tests and the AsyncAPI document use it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str]
    EXAMPLE: ClassVar[dict[str, Any]]


class Received(BaseModel):
    """A consumer's own copy of somebody's event, with only the fields it reads."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Message:
    """One CloudEvent. ``subject`` is the key (a person): order is kept among equal keys."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]
    dataschema: str
    traceparent: str | None = None

    def to_json(self) -> bytes:
        """The message in CloudEvents' JSON format, UTF-8."""
        return to_json(_envelope(self) | {"data": self.data})

    @classmethod
    def from_json(cls, raw: bytes) -> "Message":
        """Read a message back; raises `BrokenMessage` for anything that is not one."""
        try:
            return cls(**_fields(from_json(raw)))
        except BrokenMessage:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BrokenMessage(f"not a CloudEvent: {type(error).__name__}") from error


def _envelope(message: Message) -> dict[str, Any]:
    envelope = {
        "specversion": SPEC_VERSION,
        "id": str(message.id),
        "type": message.type,
        "source": message.source,
        "subject": message.subject,
        "time": message.time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": message.dataschema,
    }
    if message.traceparent is not None:
        envelope["traceparent"] = message.traceparent
    return envelope


def _fields(envelope: dict[str, Any]) -> dict[str, Any]:
    if envelope["specversion"] != SPEC_VERSION:
        raise BrokenMessage(f"specversion is not {SPEC_VERSION}")
    time = datetime.fromisoformat(envelope["time"])
    if time.tzinfo is None:
        raise BrokenMessage("time has no offset")
    if not isinstance(envelope["data"], dict):
        raise BrokenMessage("data is not an object")
    return {
        "id": UUID(envelope["id"]),
        "type": str(envelope["type"]),
        "source": str(envelope["source"]),
        "subject": str(envelope["subject"]),
        "time": time,
        "data": envelope["data"],
        "dataschema": str(envelope.get("dataschema", "")),
        "traceparent": envelope.get("traceparent"),
    }


def message_of(
    event: Event,
    *,
    message_id: UUID,
    key: str,
    now: datetime,
    traceparent: str | None = None,
) -> Message:
    """The message that announces ``event`` under ``key``."""
    data = event.model_dump(mode="json")
    return _message(event, message_id, key, now, data, traceparent)


def sealed(
    event: Event,
    *,
    message_id: UUID,
    key: str,
    now: datetime,
    traceparent: str | None = None,
) -> str:
    """The text of the message that announces ``event`` under ``key``.

    The event is written as JSON at once, and not as Python's dictionaries before: 20 µs in place
    of 37 for an approval with its 26 checks.
    """
    message = _message(event, message_id, key, now, {}, traceparent)
    envelope = to_json(_envelope(message)).decode()
    return f'{envelope[:-1]},"data":{event.model_dump_json()}}}'


def _message(
    event: Event,
    message_id: UUID,
    key: str,
    now: datetime,
    data: dict[str, Any],
    traceparent: str | None,
) -> Message:
    return Message(
        id=message_id,
        type=event.TYPE,
        source=source_of(event.TYPE),
        subject=key,
        time=now,
        data=data,
        dataschema=schema_of(event.TYPE),
        traceparent=traceparent,
    )


def source_of(event_type: str) -> str:
    """The CloudEvents source of a type: ``/cases`` for ``cases.visit-requested.v1``."""
    return "/" + event_type.partition(".")[0]


def schema_of(event_type: str) -> str:
    """The name of the schema of a type's data; the file is in ``shared/contracts/events``."""
    return f"urn:doorstep:event:{event_type}"
