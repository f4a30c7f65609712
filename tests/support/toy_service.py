"""A small service with a route of each kind, for the tests of what all services share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from threading import Thread
from typing import Annotated, Any, Literal
from uuid import UUID

from credentials import Keys
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.auth import Caller, Role, allow
from shared.bus import LocalBus
from shared.clock import Clock
from shared.db import make_engine, transaction
from shared.etags import IfMatch, etag, if_match
from shared.http import Answer, AwareTime, Body, Code, Day, Flag, Text, Whole, language, make_app
from shared.idempotency import Once, once, once_streamed
from shared.paging import Listing, Page, page
from shared.problems import Language, Words, conflict, not_found
from shared.service import Service, api_server, bound_socket, current_service
from shared.settings import ServiceSettings
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

# Nothing listens there: for tests that must not need a database.
NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/nowhere?connect_timeout=1"

TEAPOT = UUID("01900000-0000-7000-8000-00000000cafe")

Anyone = Annotated[Caller, Depends(allow(*Role))]


class KettleBoiledDry(Exception):
    """The kettle has no water left."""

    code = "kettle_boiled_dry"
    zh = "水壶已烧干。"

    def __init__(self) -> None:
        super().__init__("The kettle has no water left.")


class KettleMissing(KettleBoiledDry):
    """A refusal whose parent has the status."""

    code = "kettle_missing"


class Lid(Body):
    colour: Literal["blue", "green"]
    grams: Whole = Field(ge=1, le=500)


class ByBag(Body):
    kind: Literal["bag"]
    bags: Whole


class ByLeaf(Body):
    kind: Literal["leaf"]
    spoons: Whole


class Tea(Body):
    name: Text
    code: Code = "assam"
    brewed_at: AwareTime | None = None
    picked_on: Day | None = None
    sugar: Flag = False
    lids: list[Lid] = Field(default=[], max_length=3)
    made: Annotated[ByBag | ByLeaf, Field(discriminator="kind")] | None = None


class TeaAnswer(Answer):
    name: str
    brewed_at: AwareTime | None


router = APIRouter()


@router.post("/v1/teas", status_code=201)
def brew_tea(tea: Tea, _caller: Anyone) -> TeaAnswer:
    return TeaAnswer(name=tea.name, brewed_at=tea.brewed_at)


@router.get("/v1/teas")
def list_teas(
    _caller: Anyone,
    wanted: Annotated[Page, Depends(page)],
    flag: Annotated[list[str] | None, Query()] = None,
    colour: Literal["blue", "green"] | None = None,
) -> Listing[int]:
    after = wanted.after(int)
    first = 0 if after is None else after[0] + 1
    rows = list(range(first, min(first + wanted.fetch, 120)))
    shown, following = wanted.cut(rows, lambda row: (row,))
    return Listing(items=list(shown), next=following)


@router.get("/v1/teas/{tea_id}")
def read_tea(
    tea_id: UUID, caller: Anyone, speaks: Annotated[Language, Depends(language)]
) -> dict[str, Any]:
    if tea_id != TEAPOT:
        raise not_found(Words("tea", "茶"))
    return {"id": tea_id, "speaks": speaks, "caller": caller.subject, "lender": caller.lender}


@router.patch("/v1/teas/{tea_id}")
def sweeten_tea(
    tea_id: UUID, _caller: Anyone, condition: Annotated[IfMatch, Depends(if_match)]
) -> Response:
    condition.check(etag(tea_id, 7), required=True)
    return Response(status_code=204)


@router.put("/v1/kettles/{external_id}")
def fill_kettle(external_id: str, _caller: Anyone) -> dict[str, int]:
    return {"letters": len(external_id)}


@router.get("/v1/cellar")
def read_cellar(_caller: Annotated[Caller, Depends(allow(Role.OPS, Role.LENDER))]) -> str:
    return "cool"


@router.post("/v1/cups")
def pour_cup(
    request: Request,
    _caller: Anyone,
    service: Annotated[Service, Depends(current_service)],
    once: Annotated[Once, Depends(once)],
    tea: Tea,
) -> Response:
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        poured = session.connection().execute(
            text("INSERT INTO cup (name) VALUES (:name) RETURNING id"), {"name": tea.name}
        )
        if tea.name == "spilt":
            raise conflict("spilt", "The cup was spilt.")
        if hold := getattr(request.app.state, "hold", None):
            hold()
        return once.answer(session, 202, {"cup": poured.scalar_one()}, {"X-Saucer": "blue"})


@router.post("/v1/barrels")
async def fill_barrel(
    request: Request,
    _caller: Anyone,
    service: Annotated[Service, Depends(current_service)],
    once: Annotated[Once, Depends(once_streamed)],
) -> Response:
    digest = sha256()
    async for chunk in request.stream():
        digest.update(chunk)
    arrived = once.of_body(digest.digest())
    with transaction(service.engine) as session:
        if (stored := arrived.answered(session)) is not None:
            return stored
        return arrived.answer(session, 202, {"litres": Decimal("1.10")})


@router.post("/v1/breakages/{kind}")
def break_something(kind: str, _caller: Anyone) -> None:
    raise BREAKAGES[kind]()


@router.post("/v1/streams")
async def take_stream(request: Request, _caller: Anyone) -> dict[str, int]:
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
    return {"bytes": total}


class SecretText(Exception):
    """What a debtor wrote ends up in exceptions: none of it may leave or be logged."""

    def __init__(self) -> None:
        super().__init__("my number is A123456789")


class _Refused(Exception):
    """Looks like what psycopg raises."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("DETAIL: Key (id_number)=(A123456789) already exists.")
        self.sqlstate = sqlstate


BREAKAGES: dict[str, Any] = {
    "unforeseen": SecretText,
    "boiled-dry": KettleBoiledDry,
    "missing": KettleMissing,
    "database-away": lambda: OperationalError("SELECT", {}, _Refused("08006")),
    "deadlock": lambda: OperationalError("SELECT", {}, _Refused("40P01")),
    "unstorable": lambda: DataError("SELECT", {}, _Refused("22003")),
    "collision": lambda: IntegrityError("SELECT", {}, _Refused("23505")),
    "bad-sql": lambda: ProgrammingError("SELECT", {}, _Refused("42703")),
}


class ToySettings(ServiceSettings):
    """The settings of the toy, from variables that begin with TOY_."""

    model_config = SettingsConfigDict(env_prefix="TOY_")


def toy_app(**options: Any) -> FastAPI:
    """The application, with every route; ``options`` are those of `make_app`."""
    app = make_app(
        **{
            "name": "toy",
            "title": "Toy",
            "version": "1",
            "description": "Tea.",
            "prefix": "/toy",
            "refusals": {KettleBoiledDry: 409},
            "titles": {"kettle_boiled_dry": Words("Boiled dry", "烧干")},
            "max_body": 10_000,
            "unlimited_paths": ["/v1/streams", "/v1/barrels"],
            **options,
        }
    )
    app.include_router(router)
    return app


def toy_service(
    keys: Keys, clock: Clock, *, engine: Engine | None = None, app: FastAPI | None = None
) -> Service:
    """The service; without ``engine`` it has a database that is away."""
    return Service(
        name="toy",
        settings=ToySettings(database_url=NOWHERE, token_keys=str(keys.token_jwks)),
        app=app or toy_app(),
        engine=engine or make_engine(NOWHERE, pool_size=1),
        bus=LocalBus(),
        clock=clock,
    )


@contextmanager
def served(app: FastAPI) -> Iterator[tuple[str, int]]:
    """The application behind a real server on a free port of its own."""
    listening = bound_socket("127.0.0.1", 0)
    server = api_server(app)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[:2]
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
