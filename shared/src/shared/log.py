"""Structured logs, and the correlation id and trace that each line and message carries.

Ids, codes, counts and durations are logged; nothing that a lender or debtor wrote. An exception's
text may quote a row or a body, so `frames` gives where it happened and never what it said.
"""

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TextIO

import structlog

Format = Literal["auto", "json", "console"]

_CORRELATION: Final[ContextVar[str | None]] = ContextVar("correlation_id", default=None)
_TRACE: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)

_LIBRARIES: Final = "site-packages/"

_SAFE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@-]{0,127}")
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def correlation_id() -> str | None:
    """The id that joins all log lines and messages of one request, None outside of any."""
    return _CORRELATION.get()


def traceparent() -> str | None:
    """The W3C trace context to send on, None outside of any request or message."""
    return _TRACE.get()


def trace_id(header: str | None) -> str | None:
    """The trace id inside a ``traceparent``, None if it is missing or malformed."""
    match = _TRACEPARENT.fullmatch(header or "")
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return None
    return match[1]


@contextmanager
def correlated(
    correlation: str | None = None, parent: str | None = None, **facts: str
) -> Iterator[str]:
    """Within the block every line and message carries one correlation id and one trace.

    ``correlation`` is used if it is at most 128 safe characters; else the trace id of ``parent``
    (a ``traceparent``); else a new one. A malformed id is replaced, not refused: it is a
    courtesy to the caller and must not cost him his request. ``facts`` are in every line too.
    Yields the id.
    """
    trace = trace_id(parent)
    match = _TRACEPARENT.fullmatch(parent or "") if trace else None
    trace = trace or secrets.token_hex(16)
    flags = match[3] if match else "00"
    chosen = correlation if correlation and _SAFE_ID.fullmatch(correlation) else trace
    tokens = (
        _CORRELATION.set(chosen),
        _TRACE.set(f"00-{trace}-{secrets.token_hex(8)}-{flags}"),
    )
    try:
        with structlog.contextvars.bound_contextvars(
            correlation_id=chosen, trace_id=trace, **facts
        ):
            yield chosen
    finally:
        _CORRELATION.reset(tokens[0])
        _TRACE.reset(tokens[1])


def frames(error: BaseException) -> list[dict[str, object]]:
    """Where an exception and its causes were raised: type and frames, outermost cause first.

    Never the exception's text: a database error or a validation error quotes what was written.
    """
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain:
        chain.append(each)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return [
        {
            "type": f"{type(link).__module__}.{type(link).__qualname__}",
            **_database_facts(link),
            "at": _places(link),
        }
        for link in reversed(chain)
    ]


def _places(error: BaseException) -> list[str]:
    """Our own frames, and the two innermost of whatever library we called."""
    found = traceback.extract_tb(error.__traceback__)
    shown = [
        frame
        for position, frame in enumerate(found)
        if _LIBRARIES not in frame.filename or position >= len(found) - 2
    ]
    return [
        f"{frame.filename.rpartition(_LIBRARIES)[2]}:{frame.lineno} {frame.name}" for frame in shown
    ]


def _database_facts(error: BaseException) -> dict[str, object]:
    """Code and constraint of a database error: names from our schema, no values."""
    facts: dict[str, object] = {}
    if state := getattr(error, "sqlstate", None):
        facts["sqlstate"] = str(state)
    constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
    if constraint:
        facts["constraint"] = str(constraint)
    return facts


def configure(
    *, service: str, style: Format = "auto", level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Write structlog's and the standard library's logs to one stream (stderr if not given).

    ``auto`` is for people on a terminal and JSON, one line each, everywhere else. Uvicorn's,
    pika's and alembic's lines come out the same way. May be called again; the last call counts.
    """
    target = stream or sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    console = style == "console" or (style == "auto" and target.isatty())
    facts: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
    ]
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=target.isatty())
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    # Ours go straight to the stream: through the standard library a line costs five times as much.
    structlog.configure(
        processors=[*facts, render],
        logger_factory=lambda *names: _Line(target, str(names[0]) if names else ""),
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*facts, _without_text],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(threshold)
    # Too talkative, and the clients of HTTP log addresses.
    for noisy in ("pika", "httpx", "httpcore", "httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, threshold))


class _Line(structlog.WriteLogger):
    """Writes lines to a stream, and has the name that `add_logger_name` looks for."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__(stream)
        self.name = name


def _name_service(service: str) -> structlog.typing.Processor:
    def name(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        return event

    return name


def _without_text(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A library's own traceback becomes frames: its text may quote what somebody wrote."""
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and isinstance(raised[1], BaseException):
        event["raised"] = frames(raised[1])
    return event
