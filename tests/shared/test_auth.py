"""Nothing answers without a token but what is open; a token gives what its claims say, no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
import shared.keys
from credentials import Keys, TokenMint
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from settable_clock import SettableClock
from shared.auth import Caller, Role, Tokens, allow, mint
from shared.http import make_app
from shared.http.routes import OpenRoute, routes_of
from shared.ids import new_id
from shared.keys import BadKeys, KeySet
from shared.service import Service
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from toy_service import TEAPOT, ToySettings, toy_app, toy_service

READ = f"/v1/teas/{TEAPOT}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json", "/metrics"])
def test_operations_and_documentation_are_open(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", READ),
        ("POST", "/v1/teas"),
        ("GET", "/nowhere"),
        ("GET", "/"),
        ("OPTIONS", "/v1/teas"),
        ("TRACE", "/v1/teas"),
        ("GET", "/docs/"),
        ("GET", "/healthz/../v1/cellar"),
        ("GET", "/openapi.json/x"),
    ],
)
def test_nothing_else_answers_without_a_token(
    anonymous: TestClient, method: str, path: str
) -> None:
    answer = anonymous.request(method, path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="doorstep"'
    if method != "TRACE":
        assert answer.json()["code"] == "unauthorized"


def test_a_body_is_not_read_without_a_token(anonymous: TestClient) -> None:
    answer = anonymous.post("/v1/teas", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401


def test_a_token_in_the_query_or_a_cookie_is_none(anonymous: TestClient, token: TokenMint) -> None:
    assert anonymous.get(READ, params={"access_token": token()}).status_code == 401
    anonymous.cookies.set("access_token", token())
    assert anonymous.get(READ).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Token abc", "bearer a b", "Bearer a,b", "Bearer é"],
)
def test_a_header_that_is_no_bearer_token_is_401(anonymous: TestClient, header: str) -> None:
    answer = anonymous.get(READ, headers={"Authorization": header.encode()})
    assert answer.status_code == 401


def test_the_scheme_may_be_written_in_any_case(anonymous: TestClient, token: TokenMint) -> None:
    assert anonymous.get(READ, headers={"authorization": f"bEaReR {token()}"}).status_code == 200


def test_two_tokens_are_none(anonymous: TestClient, token: TokenMint) -> None:
    both = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
    assert anonymous.get(READ, headers=both).status_code == 401


def test_an_expired_token_is_401(
    anonymous: TestClient, token: TokenMint, clock: SettableClock
) -> None:
    headers = _bearer(token(lifetime=timedelta(minutes=5)))
    assert anonymous.get(READ, headers=headers).status_code == 200
    clock.advance(minutes=5, seconds=9)
    assert anonymous.get(READ, headers=headers).status_code == 200
    clock.advance(seconds=1)
    answer = anonymous.get(READ, headers=headers)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_foreign_token_is_401(
    anonymous: TestClient, clock: SettableClock, tmp_path: Path
) -> None:
    foreign = TokenMint(Keys.make(tmp_path), clock)
    assert anonymous.get(READ, headers=foreign.header()).status_code == 401


def test_an_approval_is_no_bearer_token(
    anonymous: TestClient, keys: Keys, clock: SettableClock
) -> None:
    claims = {
        "iss": "doorstep/contact-rules", "aud": "doorstep/approval", "sub": "x", "role": "admin",
        "jti": "x", "exp": clock().timestamp() + 60,
    }  # fmt: skip
    for signer in (keys.approvals, keys.tokens):
        assert anonymous.get(READ, headers=_bearer(signer.sign(claims))).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"role": None},
        {"role": "root"},
        {"role": "ADMIN"},
        {"role": ["admin"]},
        {"role": "lender"},
        {"role": "lender", "lender": ""},
        {"role": "lender", "lender": ["northbank"]},
        {"role": "lender", "lender": "x" * 65},
        {"role": "lender", "lender": "a\nb"},
        {"role": "agent"},
        {"role": "agent", "agent": "seven"},
        {"role": "agent", "agent": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 201},
        {"sub": "a\x00b"},
        {"jti": None},
        {"jti": ""},
        {"iss": "doorstep2"},
        {"aud": "console"},
        {"exp": None},
    ],
    ids=str,
)
def test_a_token_that_lacks_what_we_need_is_401(
    anonymous: TestClient, keys: Keys, clock: SettableClock, changed: dict[str, Any]
) -> None:
    claims = {
        "iss": "doorstep", "aud": "doorstep", "sub": "x", "role": "ops", "jti": "x",
        "exp": clock().timestamp() + 60, **changed,
    }  # fmt: skip
    token = keys.tokens.sign({name: each for name, each in claims.items() if each is not None})
    assert anonymous.get(READ, headers=_bearer(token)).status_code == 401


def test_a_role_that_is_not_allowed_is_403(anonymous: TestClient, token: TokenMint) -> None:
    statuses = {
        role: anonymous.get("/v1/cellar", headers=_bearer(token(role))).status_code for role in Role
    }
    assert {role for role, status in statuses.items() if status == 200} == {
        Role.OPS,
        Role.LENDER,
        Role.ADMIN,
    }
    assert set(statuses.values()) == {200, 403}


def test_a_caller_is_what_its_token_says(anonymous: TestClient, token: TokenMint) -> None:
    answer = anonymous.get(READ, headers=_bearer(token("lender", lender="southbank")))
    assert answer.json()["caller"] == "southbank lender"
    assert answer.json()["lender"] == "southbank"


def test_a_token_that_names_a_lender_is_bound_to_it_in_any_role() -> None:
    def scope(role: Role, lender: str | None) -> str | None:
        return Caller("x", role, lender, None, "x").lender_scope()

    assert scope(Role.LENDER, "northbank") == "northbank"
    assert scope(Role.OPS, "northbank") == "northbank"
    assert scope(Role.OPS, None) is None


def test_a_revoked_token_is_401_from_the_moment_its_id_is_in_the_file(
    keys: Keys, clock: SettableClock, token: TokenMint, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text("somebody-else\n")
    tokens = Tokens(KeySet(keys.token_jwks), clock=clock, revoked=revoked)
    stolen = token(token_id="stolen-7")
    assert tokens.caller(stolen).token_id == "stolen-7"
    revoked.write_text("somebody-else\n\n  stolen-7  \n")
    with pytest.raises(shared.keys.BadToken, match="revoked"):
        tokens.caller(stolen)
    revoked.unlink()
    with pytest.raises(shared.keys.BadToken, match="revoked"):
        tokens.caller(stolen)
    revoked.write_text("")
    assert tokens.caller(stolen)


def test_a_token_seen_before_is_still_refused_when_its_key_or_time_is_gone(
    keys: Keys, clock: SettableClock, token: TokenMint, tmp_path: Path
) -> None:
    other = Keys.make(tmp_path)
    jwks = tmp_path / "keys.json"
    jwks.write_text(json.dumps(other.tokens.public_jwks(keys.tokens.public_jwks())))
    tokens = Tokens(KeySet(jwks), clock=clock)
    seen = token(lifetime=timedelta(hours=1))
    assert tokens.caller(seen) is tokens.caller(seen)
    jwks.write_text(json.dumps(other.tokens.public_jwks()))
    with pytest.raises(shared.keys.UnknownKey):
        tokens.caller(seen)
    jwks.write_text(json.dumps(keys.tokens.public_jwks()))
    assert tokens.caller(seen)
    clock.advance(hours=1, seconds=10)
    with pytest.raises(shared.keys.BadToken, match="expired"):
        tokens.caller(seen)


def test_many_tokens_are_not_remembered_for_ever(
    keys: Keys, clock: SettableClock, token: TokenMint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.auth._MOST_SEEN", 3)
    tokens = Tokens(KeySet(keys.token_jwks), clock=clock)
    for _ in range(7):
        assert tokens.caller(token())
    assert len(tokens._seen) <= 3


def test_a_file_of_revoked_tokens_that_is_missing_stops_the_start(
    keys: Keys, clock: SettableClock, tmp_path: Path
) -> None:
    with pytest.raises(BadKeys, match="revoked tokens"):
        Tokens(KeySet(keys.token_jwks), clock=clock, revoked=tmp_path / "none")


@pytest.fixture
def fetching(clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What the issuer answers, in order; each answer is used once, the last for ever."""
    answers: list[object] = []

    def fetch(_url: str) -> bytes:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()

    monkeypatch.setattr("shared.keys.key_set._fetch", fetch)
    return answers


def test_an_unknown_key_is_fetched_once_in_half_a_minute(
    keys: Keys,
    clock: SettableClock,
    token: TokenMint,
    tmp_path: Path,
    fetching: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present = 1000.0
    monkeypatch.setattr("shared.keys.key_set.monotonic", lambda: present)
    rotated = TokenMint(Keys.make(tmp_path), clock)
    old, new = keys.tokens.public_jwks(), rotated.keys.tokens.public_jwks()
    fetching += [old, new, BadKeys("asked too often")]
    app = toy_app()
    settings = ToySettings(database_url="postgresql://x/x", token_keys="http://issuer/jwks")
    service = toy_service(keys, clock, app=app)
    service.tokens = Tokens.from_settings(settings, clock)
    with TestClient(app) as client:
        assert client.get(READ, headers=token.header()).status_code == 200
        assert client.get(READ, headers=rotated.header()).status_code == 401
        present += 31
        assert client.get(READ, headers=rotated.header()).status_code == 200
        assert client.get(READ, headers=token.header()).status_code == 401
        assert len(fetching) == 1, "a made-up key name must not make us ask the issuer again"
    service.close()


def test_without_any_key_it_is_our_fault_not_the_tokens(
    keys: Keys, clock: SettableClock, token: TokenMint, fetching: list[object]
) -> None:
    fetching.append(BadKeys("away"))
    service = toy_service(keys, clock)
    settings = ToySettings(database_url="postgresql://x/x", token_keys="http://issuer/jwks")
    service.tokens = Tokens.from_settings(settings, clock)
    with TestClient(service.app) as client:
        for _ in range(2):
            answer = client.get(READ, headers=token.header())
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
    service.close()


def _bare() -> FastAPI:
    return make_app(name="toy", title="Toy", version="1", description="", prefix="")


def test_a_route_that_names_no_roles_stops_the_start(keys: Keys, clock: SettableClock) -> None:
    app = _bare()

    @app.get("/v1/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(OpenRoute, match="/v1/forgotten"):
        toy_service(keys, clock, app=app)


def test_a_route_that_names_no_roles_is_closed_even_so(keys: Keys, clock: SettableClock) -> None:
    app = _bare()

    @app.get("/v1/forgotten")
    def forgotten() -> str:
        return "secret"

    with TestClient(app) as client:
        assert client.get("/v1/forgotten").status_code == 401


def test_a_mounted_application_that_is_not_listed_as_open_stops_the_start(
    tmp_path: Path,
) -> None:
    app = _bare()
    app.router.routes.append(Mount("/files", StaticFiles(directory=tmp_path)))
    with pytest.raises(OpenRoute, match="/files"):
        routes_of(app).refuse_forgotten()


def test_what_is_listed_as_open_is_open_and_nothing_beside_it(
    keys: Keys, clock: SettableClock
) -> None:
    app = make_app(
        name="toy", title="Toy", version="1", description="", prefix="",
        open_paths=["/hello", "/static/*"],
    )  # fmt: skip

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/static/{name}")
    def asset(name: str) -> str:
        return name

    @app.get("/hellodarkness")
    def other(_caller: Annotated[Caller, Depends(allow(Role.OPS))]) -> str:
        return "friend"

    service = toy_service(keys, clock, app=app)
    with TestClient(app) as client:
        assert client.get("/hello").json() == "hello"
        assert client.get("/static/a.css").status_code == 200
        assert client.get("/hellodarkness").status_code == 401
        assert client.get("/static").status_code == 401
    service.close()


def test_two_routes_of_one_name_stop_the_start() -> None:
    app = _bare()
    for path in ("/v1/a", "/v1/b"):

        @app.get(path)
        def same(_caller: Annotated[Caller, Depends(allow(Role.OPS))]) -> None: ...

    with pytest.raises(OpenRoute, match="2 routes are named same"):
        routes_of(app).refuse_forgotten()


def test_roles_must_be_named() -> None:
    with pytest.raises(ValueError, match="name the roles"):
        allow()


def test_no_token_is_minted_that_no_service_would_take(keys: Keys, clock: SettableClock) -> None:
    def minted(**given: Any) -> str:
        options = {"subject": "x", "role": Role.OPS, "lifetime": timedelta(days=1), **given}
        return mint(keys.tokens, now=clock(), **options)

    assert minted()
    assert minted(role=Role.AGENT, agent=new_id())
    for wrong in (
        {"role": Role.LENDER},
        {"role": Role.AGENT},
        {"subject": ""},
        {"lifetime": timedelta(0)},
        {"lifetime": timedelta(days=-1)},
        {"role": Role.LENDER, "lender": "x" * 65},
    ):
        with pytest.raises(ValueError):
            minted(**wrong)


def test_no_websocket_is_open(toy: Service) -> None:
    from starlette.websockets import WebSocketDisconnect

    with (
        TestClient(toy.app) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/v1/teas"),
    ):
        pass
