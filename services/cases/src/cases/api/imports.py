"""Routes of imports: a file of accounts in, its progress and its refused rows out."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from shared.auth import Caller, allow
from shared.clock import monotonic
from shared.db import transaction
from shared.http import Answer
from shared.idempotency import Once, once_streamed
from shared.paging import Listing
from shared.problems import Language, Words, not_found
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from cases.api.fields import Lender
from cases.api.import_loop import ImportLoop
from cases.api.import_row import csv_shape
from cases.api.import_upload import CSV, JSON, NDJSON, receive_file, upload_slot
from cases.api.served import (
    READERS,
    WRITERS,
    OfLender,
    Part,
    Served,
    Spoken,
    lender_named,
    lenders_seen,
    place,
)
from cases.domain.account_import import AccountImport, ImportStatus, RefusedRow
from cases.domain.refusal import Fault
from cases.handlers import imports
from cases.store import imports as store

router = APIRouter(tags=["imports"])

_EVENT_STREAM: Final = "text/event-stream"
_LOOK_EVERY_SECONDS: Final = 0.5
# Shorter than a stopping server waits for its answers; every client of such streams comes back.
_STREAM_SECONDS: Final = 20.0
_QUIET_SECONDS: Final = 5.0

_IMPORT: Final = Words("import", "导入任务")


class FaultAnswer(Answer):
    """One thing that is wrong."""

    pointer: str
    code: str
    message: str

    @classmethod
    def of(cls, fault: Fault, language: Language) -> "FaultAnswer":
        words = fault.zh if language == "zh" else fault.en
        return cls(pointer=fault.pointer, code=fault.code, message=words)


class ImportAnswer(Answer):
    """How far an import is. It is over when its status is `done` or `failed`."""

    id: UUID
    lender: str
    status: ImportStatus
    dry_run: bool
    received: int
    created: int
    updated: int
    unchanged: int
    stale: int
    rejected: int
    processed: int
    failure: FaultAnswer | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, one: AccountImport, language: Language) -> "ImportAnswer":
        return cls(
            id=one.id,
            lender=one.lender,
            status=one.status,
            dry_run=one.dry_run,
            received=one.received,
            created=one.tally.created,
            updated=one.tally.updated,
            unchanged=one.tally.unchanged,
            stale=one.tally.stale,
            rejected=one.tally.rejected,
            processed=one.tally.processed,
            failure=None if one.failure is None else FaultAnswer.of(one.failure, language),
            created_at=one.created_at,
            finished_at=one.finished_at,
        )


class RefusedRowAnswer(Answer):
    """A row that was not taken."""

    line: int
    external_id: str | None
    errors: list[FaultAnswer]

    @classmethod
    def of(cls, row: RefusedRow, language: Language) -> "RefusedRowAnswer":
        return cls(
            line=row.line,
            external_id=row.external_id,
            errors=[FaultAnswer.of(fault, language) for fault in row.faults],
        )


_Reader = Annotated[Caller, Depends(allow(*READERS))]

_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": (
            "Up to 1 GiB and 2,000,000 rows in UTF-8, each row at most 1 MiB, as it is or with"
            " `Content-Encoding: gzip`. A row is the body of `PUT /v1/accounts/{external_id}` with"
            " `external_id` inside. In CSV the first line names the columns by their place in the"
            " account, with dots and numbers from 0: `debtor.name`, `balance.principal`,"
            " `addresses.0.country`, `extra.branch`; an empty cell says nothing."
        ),
        "content": {
            NDJSON: {"schema": {"type": "string", "description": "One JSON object a line."}},
            CSV: {"schema": {"type": "string", "description": "RFC 4180: commas, double quotes."}},
            JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    },
    "responses": {
        "202": {
            "headers": {
                "Location": {
                    "description": "Where its progress is.",
                    "schema": {"type": "string", "format": "uri-reference"},
                }
            }
        }
    },
}


@router.post("/v1/imports", status_code=202, response_model=ImportAnswer, openapi_extra=_FILE)
def create_import(
    request: Request,
    service: Served,
    caller: Annotated[Caller, Depends(allow(*WRITERS))],
    spoken: Spoken,
    once: Annotated[Once, Depends(once_streamed)],
    _slot: Annotated[None, Depends(upload_slot)],
    lender: Annotated[
        Lender | None, Query(description="Whose accounts; needless with a lender's own token.")
    ] = None,
    dry_run: Annotated[
        bool, Query(description="Judge and count the rows, and change nothing.")
    ] = False,
) -> Response:
    """Push a file of accounts. Good rows go in, bad rows are reported, none is lost.

    The answer comes when all of the file is received; its rows are then worked off in their order
    (`GET /v1/imports/{id}`). A file that breaks off changes nothing. The same file again changes
    nothing. A row of an account that came before in the same file counts like a later push. Where
    a JSON array breaks, the rows before the break count and the break is reported as a row. A dry
    run compares each row with what is stored now, some hundreds of rows at a time, so an account
    that is twice in the file may count as created twice.
    """
    owner = lender_named(caller, lender)
    begun, digest = receive_file(
        service.engine,
        service.clock,
        request,
        lender=owner,
        sent_by=caller.subject,
        dry_run=dry_run,
        shape=csv_shape(),
        key=once.key,
    )
    once = once.of_body(digest)
    try:
        with transaction(service.engine) as session:
            if (stored := once.answered(session)) is not None:
                imports.forget_import(session, begun.id)
                return stored
            received = imports.finish_receiving(session, begun.id, service.clock())
            where = {"Location": place(request, f"/v1/imports/{begun.id}")}
            answer = once.answer(session, 202, ImportAnswer.of(received, spoken), headers=where)
    except Exception:
        # Another request has the key, or the commit failed; if all the same it did not, it runs.
        with suppress(Exception), transaction(service.engine) as session:
            imports.forget_import(session, begun.id)
        raise
    for loop in service.loops:
        if isinstance(loop, ImportLoop):
            loop.wake()
    return answer


@router.get("/v1/imports", response_model=Listing[ImportAnswer])
def list_imports(
    service: Served,
    caller: _Reader,
    spoken: Spoken,
    page: Part,
    lender: OfLender = None,
) -> Listing[ImportAnswer]:
    """Imports, the newest first."""
    seen = lenders_seen(caller, lender)
    after = page.after(UUID)
    with transaction(service.engine) as session:
        found = store.newest(
            session,
            lender=seen,
            before=None if after is None else after[0],
            limit=page.fetch,
        )
    shown, following = page.cut(found, lambda one: (one.id,))
    return Listing(items=[ImportAnswer.of(one, spoken) for one in shown], next=following)


@router.get(
    "/v1/imports/{import_id}",
    response_model=ImportAnswer,
    responses={
        200: {
            "description": "How far it is; with `Accept: text/event-stream` as events named"
            " `import`, one at each change, until it is over or 20 s have passed.",
            "content": {_EVENT_STREAM: {"schema": {"type": "string"}}},
        }
    },
)
def get_import(
    request: Request, import_id: UUID, service: Served, caller: _Reader, spoken: Spoken
) -> Response | ImportAnswer:
    """How far an import is, once or as server-sent events."""
    scope = caller.lender_scope()
    one = _load(service.engine, import_id, scope)
    if _wants_events(request):
        return StreamingResponse(
            _progress(service.engine, one, scope, spoken),
            media_type=_EVENT_STREAM,
            headers={"X-Accel-Buffering": "no"},
        )
    return ImportAnswer.of(one, spoken)


@router.get("/v1/imports/{import_id}/errors", response_model=Listing[RefusedRowAnswer])
def list_import_errors(
    import_id: UUID,
    service: Served,
    caller: _Reader,
    spoken: Spoken,
    page: Part,
) -> Listing[RefusedRowAnswer]:
    """The rows that were refused so far, in the order of the file.

    `line` is the line a row begins on, counted from 1; in a JSON array, the place of the element.
    """
    after = page.after(int)
    with transaction(service.engine) as session:
        if store.load(session, import_id, lender=caller.lender_scope()) is None:
            raise not_found(_IMPORT)
        found = store.errors(
            session, import_id, after=0 if after is None else after[0], limit=page.fetch
        )
    shown, following = page.cut(found, lambda row: (row.line,))
    return Listing(items=[RefusedRowAnswer.of(row, spoken) for row in shown], next=following)


def _load(engine: Engine, import_id: UUID, scope: str | None) -> AccountImport:
    with transaction(engine) as session:
        one = store.load(session, import_id, lender=scope)
    if one is None:
        raise not_found(_IMPORT)
    return one


def _wants_events(request: Request) -> bool:
    accepted = ",".join(request.headers.getlist("accept")).split(",")
    return any(each.partition(";")[0].strip().lower() == _EVENT_STREAM for each in accepted)


async def _progress(
    engine: Engine, one: AccountImport, scope: str | None, spoken: Language
) -> AsyncIterator[str]:
    """The import as events. No thread and no connection is held between two looks."""
    began = spoke = monotonic()
    yield "retry: 500\n\n"
    yield _event(one, spoken)
    while not one.ended and monotonic() - began < _STREAM_SECONDS:
        await anyio.sleep(_LOOK_EVERY_SECONDS)
        now = await run_in_threadpool(_load, engine, one.id, scope)
        if now != one:
            one, spoke = now, monotonic()
            yield _event(one, spoken)
        elif monotonic() - spoke > _QUIET_SECONDS:
            spoke = monotonic()
            yield ": still here\n\n"


def _event(one: AccountImport, spoken: Language) -> str:
    return f"event: import\ndata: {ImportAnswer.of(one, spoken).model_dump_json()}\n\n"
