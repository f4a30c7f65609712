"""Addresses, parameters, bodies and methods: what is refused before any endpoint sees it."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from credentials import TokenMint
from fastapi.testclient import TestClient
from shared.service import Service
from toy_service import served

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/kettles/%00",
        "/v1/kettles/a%00b",
        "/v1/kettles/%0a",
        "/v1/kettles/%7f",
        "/v1/kettles/%ff",
        "/v1/kettles/%ed%a0%80",
        "/v1/kettles/%c0%80",
        "/v1/kettles/2026%2F0001",
    ],
)
def test_an_address_that_can_not_be_read_alike_is_400(client: TestClient, path: str) -> None:
    answer = client.put(path)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "malformed_address"


@pytest.mark.parametrize(
    "query", ["colour=%00", "colour=%ff", "colour=%zz", "colour=%", "%00=1", "colour=%e4%b8"]
)
def test_a_query_that_can_not_be_read_alike_is_400(real: HTTPConnection, query: str) -> None:
    real.request("GET", f"/v1/teas?{query}")
    answer = real.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["code"] == "malformed_address"


def test_a_name_in_any_script_is_an_address(client: TestClient) -> None:
    assert client.put("/v1/kettles/壶-七").json() == {"letters": 3}
    assert client.put("/v1/kettles/a%20b%2Bc").json() == {"letters": 5}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("limitt=5", "?limitt", "unknown_parameter"),
        ("Limit=5", "?Limit", "unknown_parameter"),
        ("limit=5&limit=6", "?limit", "repeated_parameter"),
        ("access_token=abc", "?access_token", "unknown_parameter"),
        ("limit=0", "?limit", "greater_than_equal"),
        ("limit=201", "?limit", "less_than_equal"),
        ("limit=many", "?limit", "int_parsing"),
        ("limit=", "?limit", "int_parsing"),
        ("limit=" + "9" * 5000, "?limit", "int_parsing_size"),
        ("colour=red", "?colour", "literal_error"),
        ("cursor=", "?cursor", "not_a_cursor"),
        ("cursor=nonsense", "?cursor", "not_a_cursor"),
        ("%F0%9F%8D%B5=1", "?🍵", "unknown_parameter"),
    ],
)
def test_a_parameter_that_is_unknown_or_wrong_is_422(
    client: TestClient, query: str, pointer: str, code: str
) -> None:
    answer = client.get(f"/v1/teas?{query}")
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


def test_a_parameter_that_may_be_repeated_may_be(client: TestClient) -> None:
    assert client.get("/v1/teas?flag=a&flag=b&limit=2").status_code == 200


def test_a_route_added_late_must_name_its_roles_too(toy: Service, client: TestClient) -> None:
    assert client.get("/v1/cellar").status_code == 200

    @toy.app.get("/v1/late")
    def late() -> str:
        return "secret"

    assert client.get("/v1/late").status_code == 500


def test_routes_without_parameters_take_none(client: TestClient) -> None:
    assert client.post("/v1/teas?dry_run=true", json={"name": "a"}).status_code == 422
    assert client.get("/v1/cellar?x").status_code == 422


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=big5",
        "nonsense",
        "application/json/extra",
    ],
)
def test_a_body_of_another_type_is_415(client: TestClient, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post("/v1/teas", content=b'{"name": "a"}', headers=headers)
    assert answer.status_code == 415, answer.text
    assert answer.json()["code"] == "unsupported_media_type"
    assert answer.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/vnd.tea+json",
    ],
)
def test_json_by_any_of_its_names_is_taken(client: TestClient, kind: str) -> None:
    body = '{"name": "烏龍"}'.encode()
    assert client.post("/v1/teas", content=body, headers={"Content-Type": kind}).status_code == 201


def test_a_compressed_body_is_415_where_none_is_expected(client: TestClient) -> None:
    answer = client.post(
        "/v1/teas",
        content=gzip.compress(b'{"name": "a"}'),
        headers={**JSON, "Content-Encoding": "gzip"},
    )
    assert answer.status_code == 415


def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not(client: TestClient) -> None:
    large = b'{"name": "' + b"a" * 10_000 + b'"}'

    def chunks() -> Iterator[bytes]:
        yield from (large[start : start + 1000] for start in range(0, len(large), 1000))

    for content in (large, chunks()):
        answer = client.post("/v1/teas", content=content, headers=JSON)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"


def test_a_body_at_the_limit_is_read(client: TestClient) -> None:
    body = b'{"name": "a"' + b" " * (10_000 - 13) + b"}"
    assert len(body) == 10_000
    assert client.post("/v1/teas", content=body, headers=JSON).status_code == 201


def test_a_path_without_limit_streams_what_it_likes(client: TestClient) -> None:
    content = b'{"not": json' * 10_000
    answer = client.post("/v1/streams", content=content, headers=JSON)
    assert answer.json() == {"bytes": len(content)}


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 19, "١"])
def test_a_length_that_is_none_is_refused(client: TestClient, length: str) -> None:
    headers = {**JSON, "Content-Length": length.encode("utf-8")}
    assert client.post("/v1/teas", content=b"{}", headers=headers).status_code in {400, 413}


def test_an_unknown_address_is_404(client: TestClient) -> None:
    for path in ("/", "/v1", "/v1/teas/", "//v1/teas", "/V1/teas"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


def test_another_method_is_405_and_all_that_are_taken_are_named(client: TestClient) -> None:
    answer = client.delete("/v1/teas")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"
    assert "GET, POST" in answer.json()["detail"]
    assert client.request("BREW", "/v1/teas").status_code == 405


def test_head_of_a_list_is_405_without_a_body(real: HTTPConnection) -> None:
    real.request("HEAD", "/v1/teas")
    answer = real.getresponse()
    assert answer.status == 405
    assert answer.read() == b""


@pytest.fixture
def real(toy: Service, token: TokenMint) -> Iterator[HTTPConnection]:
    """A plain connection to a real server, which sends a token with each request."""
    with served(toy.app) as (host, port):
        connection = _Authorized(host, port, timeout=5)
        connection.authorization = token.header("ops")["Authorization"]
        yield connection
        connection.close()


class _Authorized(HTTPConnection):
    authorization = ""

    def putrequest(self, *given: object, **options: object) -> None:
        super().putrequest(*given, **options)  # type: ignore[arg-type]
        self.putheader("Authorization", self.authorization)


def test_a_server_answers_413_before_it_has_read_ten_megabytes(real: HTTPConnection) -> None:
    real.putrequest("POST", "/v1/teas")
    real.putheader("Content-Type", "application/json")
    real.putheader("Content-Length", str(10 * 1024 * 1024))
    real.endheaders()
    answer = real.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["code"] == "body_too_large"


def test_a_client_that_sends_ten_megabytes_at_once_still_reads_the_413(
    real: HTTPConnection,
) -> None:
    body = b'{"name": "' + b"a" * (10 * 1024 * 1024) + b'"}'
    real.request("POST", "/v1/teas", body=body, headers=JSON)
    answer = real.getresponse()
    assert answer.status == 413
    answer.read()
    # And the same connection serves the next request.
    real.request("GET", "/healthz")
    assert real.getresponse().status == 200


def test_a_client_that_asks_first_need_not_send_ten_megabytes(
    toy: Service, token: TokenMint
) -> None:
    with served(toy.app) as address, socket.create_connection(address, timeout=5) as plain:
        plain.sendall(
            b"POST /v1/teas HTTP/1.1\r\nHost: house\r\nContent-Type: application/json\r\n"
            b"Authorization: " + token.header()["Authorization"].encode() + b"\r\n"
            b"Content-Length: 10485760\r\nExpect: 100-continue\r\n\r\n"
        )
        answer = b""
        while received := plain.recv(65_536):
            answer += received
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"connection: close" in answer.lower()


def test_ten_megabytes_without_a_token_are_401_on_a_connection_that_lives(toy: Service) -> None:
    with served(toy.app) as (host, port):
        connection = HTTPConnection(host, port, timeout=5)
        connection.request("POST", "/v1/streams", body=b"a" * (10 * 1024 * 1024))
        answer = connection.getresponse()
        assert answer.status == 401
        answer.read()
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()


def test_chunks_over_the_limit_are_413_before_the_last_one(real: HTTPConnection) -> None:
    real.putrequest("POST", "/v1/teas")
    real.putheader("Content-Type", "application/json")
    real.putheader("Transfer-Encoding", "chunked")
    real.endheaders()
    chunk = b"a" * 4_000
    for _ in range(4):
        real.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    assert real.getresponse().status == 413


def test_a_client_that_hangs_up_half_way_leaves_the_server_well(
    toy: Service, token: TokenMint
) -> None:
    with served(toy.app) as address:
        for _ in range(3):
            with socket.create_connection(address, timeout=5) as half:
                half.sendall(
                    b"POST /v1/teas HTTP/1.1\r\nHost: house\r\nContent-Type: application/json\r\n"
                    b"Authorization: " + token.header()["Authorization"].encode() + b"\r\n"
                    b'Content-Length: 100\r\n\r\n{"name": '
                )
        connection = HTTPConnection(*address, timeout=5)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: house\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: house\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/teas HTTP/1.1\r\nHost: house\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_never_brings_a_5xx(toy: Service, raw: bytes) -> None:
    with served(toy.app) as address, socket.create_connection(address, timeout=5) as plain:
        plain.sendall(raw)
        plain.shutdown(socket.SHUT_WR)
        answer = plain.recv(65_536)
        assert not answer.startswith(b"HTTP/1.1 5"), answer
