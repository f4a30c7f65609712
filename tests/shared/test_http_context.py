"""Ids, headers, logs and metrics of every request, and what happens when something breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import log_lines
import pytest
from credentials import TokenMint
from fastapi import FastAPI
from fastapi.testclient import TestClient
from log_lines import LogLines
from settable_clock import SettableClock
from shared.service import Service
from starlette.applications import Starlette
from starlette.routing import Mount
from toy_service import TEAPOT, toy_app

from shared import log

READ = f"/v1/teas/{TEAPOT}"


@pytest.fixture
def logged() -> Iterator[LogLines]:
    """What is logged meanwhile."""
    with log_lines.caught() as lines:
        yield lines


def test_an_answer_has_the_correlation_id_it_was_asked_with(client: TestClient) -> None:
    answer = client.get(READ, headers={"X-Correlation-Id": "case-7/visit.2"})
    assert answer.headers["X-Correlation-Id"] == "case-7/visit.2"


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "a b", "a\tb", "<script>", '"', "é", "-a", "a;b", "{}"]
)
def test_an_unsafe_correlation_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get(READ, headers={"X-Correlation-Id": given.encode("utf-8")})
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Correlation-Id"])


def test_without_an_id_the_trace_is_the_correlation(client: TestClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get(READ, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["X-Correlation-Id"] == trace


@pytest.mark.parametrize(
    "parent",
    [
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
def test_a_malformed_trace_is_replaced(client: TestClient, parent: str) -> None:
    answer = client.get(READ, headers={"traceparent": parent})
    assert answer.headers["X-Correlation-Id"] not in parent


def test_within_a_correlation_a_trace_goes_on_with_a_span_of_its_own() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with log.correlated("abc", f"00-{trace}-{span}-01") as chosen:
        assert chosen == log.correlation_id() == "abc"
        assert log.traceparent() is not None
        assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", log.traceparent() or "")
        assert span not in (log.traceparent() or "")
        with log.correlated():
            assert log.correlation_id() != "abc"
        assert log.correlation_id() == "abc"
    assert log.correlation_id() is None
    assert log.traceparent() is None


@pytest.mark.parametrize("path", [READ, "/nowhere", "/healthz", "/v1/breakages/unforeseen"])
def test_every_answer_has_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Correlation-Id"]
    assert "Server" not in headers


def test_what_nobody_foresaw_is_a_500_that_tells_nothing(
    client: TestClient, logged: LogLines
) -> None:
    answer = client.post(
        "/v1/breakages/unforeseen", headers={"X-Correlation-Id": "find-me-by-this"}
    )
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert answer.json()["correlation_id"] == "find-me-by-this"
    assert "A123456789" not in answer.text
    [line] = logged.of("unforeseen")
    assert line["correlation_id"] == "find-me-by-this"
    raised = json.dumps(line["raised"])
    assert "SecretText" in raised
    assert "break_something" in raised


def test_nothing_that_anybody_wrote_is_logged(client: TestClient, logged: LogLines) -> None:
    secret = "A123456789"
    client.put(f"/v1/kettles/{secret}")
    client.post("/v1/teas", json={"name": secret, secret: secret})
    client.post("/v1/teas", content=secret, headers={"Content-Type": "application/json"})
    client.get("/v1/teas", params={secret: secret, "cursor": secret})
    client.get(f"/{secret}", headers={"Authorization": f"Bearer {secret}"})
    for kind in ("unforeseen", "database-away", "unstorable", "collision", "bad-sql"):
        client.post(f"/v1/breakages/{kind}")
    assert len(logged.of("request")) == 10
    assert secret not in logged.text


def test_a_request_is_logged_with_its_route_and_caller(
    client: TestClient, logged: LogLines
) -> None:
    client.put("/v1/kettles/copper")
    [line] = logged.of("request")
    assert line["route"] == "/v1/kettles/{external_id}"
    assert (line["method"], line["status"], line["service"]) == ("PUT", 200, "toy")
    assert (line["caller"], line["role"]) == ("house ops", "ops")
    assert isinstance(line["milliseconds"], float)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("database-away", 503, "unavailable"),
        ("deadlock", 503, "unavailable"),
        ("unstorable", 422, "invalid"),
        ("collision", 409, "conflict"),
        ("bad-sql", 500, "internal"),
    ],
)
def test_errors_of_the_database_are_told_apart(
    client: TestClient, kind: str, status: int, code: str
) -> None:
    answer = client.post(f"/v1/breakages/{kind}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "A123456789" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_database_that_is_away_is_a_503(client: TestClient) -> None:
    answer = client.post("/v1/cups", json={"name": "a"})
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"


def test_an_answer_that_breaks_off_is_cut_and_logged_without_its_text(
    toy: Service, logged: LogLines
) -> None:
    from shared.http.context import AnswerBroken
    from starlette.responses import StreamingResponse

    def half() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("A123456789")

    app = toy_app(open_paths=["/v1/half"])

    @app.get("/v1/half")
    def halve() -> StreamingResponse:
        return StreamingResponse(half())

    with TestClient(app) as client, pytest.raises(AnswerBroken) as raised:
        client.get("/v1/half")
    assert raised.value.__cause__ is None
    assert logged.of("answer_broken")
    assert "A123456789" not in logged.text


def test_metrics_are_counted_by_route_never_by_address(client: TestClient) -> None:
    client.put("/v1/kettles/brass")
    client.get("/nowhere/brass")
    shown = client.get("/metrics").text
    assert (
        'doorstep_requests_total{method="PUT",route="/v1/kettles/{external_id}",'
        'service="toy",status="200"}' in shown
    )
    assert 'route="none"' in shown
    assert "brass" not in shown


@pytest.mark.parametrize("path", ["/toy/v1/cellar", "/v1/cellar"])
def test_a_service_answers_with_its_prefix_and_with_it_stripped(
    client: TestClient, path: str
) -> None:
    assert client.get(path).json() == "cool"


def test_a_service_mounted_under_its_prefix_is_the_same(toy: Service, token: TokenMint) -> None:
    house = Starlette(routes=[Mount("/toy", toy.app)])
    with TestClient(house) as client:
        assert client.get("/toy/healthz").status_code == 200
        assert client.get("/toy/v1/cellar").status_code == 401
        assert client.get("/toy/v1/cellar", headers=token.header()).json() == "cool"
        assert client.get("/toy/nowhere", headers=token.header()).status_code == 404
        assert client.get("/toy/v1/teas?x=1", headers=token.header()).status_code == 422
        large = client.post(
            "/toy/v1/teas", content=b" " * 10_001,
            headers={**token.header(), "Content-Type": "application/json"},
        )  # fmt: skip
        assert large.status_code == 413
        streamed = client.post("/toy/v1/streams", content=b" " * 10_001, headers=token.header())
        assert streamed.json() == {"bytes": 10_001}
        assert "/toy/openapi.json" in client.get("/toy/docs").text
        assert client.get("/toy/openapi.json").json()["servers"] == [{"url": "/toy"}]


def test_a_gateway_that_strips_the_prefix_shows_the_same_documentation(
    client: TestClient,
) -> None:
    assert "/toy/openapi.json" in client.get("/docs").text
    assert client.get("/openapi.json").json()["servers"] == [{"url": "/toy"}]


@pytest.fixture
def described(client: TestClient) -> dict[str, dict[str, object]]:
    document = client.get("/openapi.json").json()
    return dict(document)


def test_every_operation_tells_of_problems_and_the_token(
    described: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]],
) -> None:
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert len(operations) == 10
    for operation in operations:
        assert {"4XX", "5XX"} <= set(operation["responses"])
        assert "422" not in operation["responses"]
        assert operation["security"] == [{"bearer": []}]
        assert "admin" in operation["x-roles"]
    assert described["paths"]["/v1/cellar"]["get"]["x-roles"] == ["admin", "lender", "ops"]
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "Problem" in described["components"]["schemas"]
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_operations_are_named_by_their_functions(
    described: dict[str, dict[str, dict[str, dict[str, object]]]],
) -> None:
    assert described["paths"]["/v1/teas"]["post"]["operationId"] == "brew_tea"


def test_the_document_is_the_same_each_time() -> None:
    assert json.dumps(toy_app().openapi()) == json.dumps(toy_app().openapi())


def test_the_open_operations_are_not_in_the_document(
    described: dict[str, dict[str, object]],
) -> None:
    assert not {"/healthz", "/readyz", "/metrics"} & set(described["paths"])


def test_the_service_is_alive_but_not_ready_while_its_database_is_away(
    anonymous: TestClient,
) -> None:
    assert anonymous.get("/healthz").json() == {"status": "alive"}
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failing"]["database"] == "failed"


def test_head_of_health_is_for_probes(anonymous: TestClient) -> None:
    assert anonymous.head("/healthz").status_code == 200


def test_an_application_without_its_service_is_not_ready(clock: SettableClock) -> None:
    app: FastAPI = toy_app()
    with TestClient(app) as client:
        assert client.get("/readyz").status_code == 503
        assert client.get("/v1/cellar", headers={"Authorization": "Bearer x"}).status_code == 401
