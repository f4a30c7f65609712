"""Logs are one JSON object a line, with ids, and never what somebody wrote."""

from __future__ import annotations

import json
import logging
from io import StringIO

import log_lines
import structlog
from pydantic import BaseModel, ValidationError

from shared import log


class Form(BaseModel):
    number: int


def test_a_line_has_its_service_level_time_and_ids() -> None:
    with log_lines.caught() as lines, log.correlated("abc"):
        structlog.get_logger("toy.kettle").info("boiled", cups=2)
    [line] = lines.of("boiled")
    assert line["cups"] == 2
    assert (line["service"], line["level"], line["logger"]) == ("toy", "info", "toy.kettle")
    assert line["timestamp"].endswith("Z")
    assert line["correlation_id"] == "abc"


def test_the_lines_of_libraries_come_out_the_same_way() -> None:
    with log_lines.caught() as lines:
        logging.getLogger("uvicorn.error").info("Started %s", "well")
        logging.getLogger("pika.connection").info("chatter")
        logging.getLogger("httpx2").info("GET /v1/accounts/A123456789")
    assert lines.of("Started well")[0]["logger"] == "uvicorn.error"
    assert "chatter" not in lines.text
    assert "A123456789" not in lines.text


def test_the_text_of_an_exception_is_never_logged() -> None:
    with log_lines.caught() as lines:
        try:
            Form.model_validate({"number": "A123456789"})
        except ValidationError as error:
            logging.getLogger("asyncio").exception("it broke", exc_info=error)
            structlog.get_logger("toy").error("it broke too", raised=log.frames(error))
    assert "A123456789" not in lines.text
    [line] = lines.of("it broke")
    assert line["raised"][0]["type"] == "pydantic_core._pydantic_core.ValidationError"
    assert "test_log.py" in line["raised"][0]["at"][0]


def test_frames_go_from_the_first_cause_to_what_was_raised_last() -> None:
    error = ValueError("A123456789")
    error.__cause__ = KeyError("A123456789")
    found = log.frames(error)
    assert [each["type"] for each in found] == ["builtins.KeyError", "builtins.ValueError"]
    assert "A123456789" not in json.dumps(found)


def test_an_exception_that_is_its_own_cause_ends() -> None:
    error = ValueError()
    error.__cause__ = error
    assert len(log.frames(error)) == 1


def test_the_console_is_for_people() -> None:
    stream = StringIO()
    with log_lines.kept():
        log.configure(service="toy", style="console", stream=stream)
        structlog.get_logger("toy").info("boiled", cups=2)
    assert "boiled" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    with log_lines.kept():
        log.configure(service="toy", style="auto", stream=(plain := StringIO()))
        structlog.get_logger("toy").info("boiled")
    assert json.loads(plain.getvalue())["event"] == "boiled"


def test_configuring_twice_logs_once() -> None:
    with log_lines.caught() as lines:
        log.configure(service="again", style="json", stream=lines.stream)
        structlog.get_logger("toy").info("boiled")
    assert len(lines.of("boiled")) == 1
    assert lines.of("boiled")[0]["service"] == "again"
