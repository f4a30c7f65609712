"""Telling of contacts: one, an array of them, or a stream of a hundred thousand lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from shared.auth import Caller, Role, allow
from shared.db import transaction
from shared.http import Answer
from shared.idempotency import Once, once_streamed
from shared.problems import (
    FieldError,
    Language,
    Problem,
    Words,
    invalid,
    invalid_fields,
    not_found,
    say,
)
from starlette.responses import Response

from contact_rules.api.contact_body import (
    NotYours,
    body_schema,
    read,
    shown_id,
)
from contact_rules.api.contact_stream import (
    JSON,
    NDJSON,
    Content,
    document_of,
    streaming_slot,
)
from contact_rules.api.served import ContactRulesService, Served, Spoken
from contact_rules.domain.ledger import EntryKind
from contact_rules.domain.recording import (
    ContactRefused,
    Status,
    ToldOfAnother,
    ToldOtherwise,
    TookPlace,
    WasWithdrawn,
)
from contact_rules.handlers.record_contacts import Recorded, Told, record_contacts

router = APIRouter(tags=["contacts"])

WRITERS: Final = (Role.LENDER, Role.OPS, Role.COMPLIANCE, Role.SERVICE)
MOST_IN_ARRAY: Final = 1_000
MOST_ERRORS_SHOWN: Final = 1_000
_BATCH: Final = 500

_LENDER: Final = Words("lender", "机构")
_CONFLICTS: Final = (ToldOtherwise, ToldOfAnother, TookPlace, WasWithdrawn)


class RecordedAnswer(Answer):
    """What became of a contact."""

    contact_id: UUID = Field(description="Always the same for the same `lender` and `id`.")
    status: Status = Field(
        description="`duplicate`: the very same was told before, and nothing was written."
    )
    kind: EntryKind = Field(description="Of the line of the ledger that stands for it now.")


class FaultAnswer(Answer):
    """One thing that is wrong."""

    pointer: str
    code: str
    message: str

    @classmethod
    def of(cls, error: FieldError, language: Language) -> "FaultAnswer":
        return cls(pointer=error.pointer, code=error.code, message=say(error.message, language))


class RejectedAnswer(Answer):
    """A contact that was not taken."""

    line: int = Field(description="From 1: of the NDJSON, or the place in the array.")
    id: str | None
    errors: list[FaultAnswer]


class TallyAnswer(Answer):
    """What became of many contacts. Those rejected are not in, all others are."""

    received: int
    recorded: int
    planned: int
    corrected: int
    withdrawn: int
    duplicates: int
    rejected: int
    errors: list[RejectedAnswer] = Field(
        description=f"The first {MOST_ERRORS_SHOWN} of those rejected."
    )


@dataclass(slots=True)
class _Tally:
    """How many came to what."""

    language: Language
    statuses: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))
    rejected: int = 0
    errors: list[RejectedAnswer] = field(default_factory=list)

    def reject(self, line: int, id_: str | None, errors: Sequence[FieldError]) -> None:
        self.rejected += 1
        if len(self.errors) < MOST_ERRORS_SHOWN:
            faults = [FaultAnswer.of(each, self.language) for each in errors]
            self.errors.append(RejectedAnswer(line=line, id=id_, errors=faults))

    def answer(self) -> TallyAnswer:
        statuses = self.statuses
        return TallyAnswer(
            received=sum(statuses.values()) + self.rejected,
            recorded=statuses[Status.RECORDED],
            planned=statuses[Status.PLANNED],
            corrected=statuses[Status.CORRECTED],
            withdrawn=statuses[Status.WITHDRAWN],
            duplicates=statuses[Status.DUPLICATE],
            rejected=self.rejected,
            errors=sorted(self.errors, key=lambda each: each.line),
        )


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": (
            f"One contact, or an array of at most {MOST_IN_ARRAY:,} (JSON, at most 4 MiB); or"
            " NDJSON of up to 2,000,000 lines of at most 64 KiB, read as it comes. Either as it is,"
            " or with `Content-Encoding: gzip`."
        ),
        "content": {
            JSON: {
                "schema": {
                    "anyOf": [
                        body_schema(),
                        {"type": "array", "items": body_schema(), "maxItems": MOST_IN_ARRAY},
                    ]
                }
            },
            NDJSON: {"schema": {"type": "string", "description": "One JSON object a line."}},
        },
    }
}


@router.post(
    "/v1/contacts",
    status_code=201,
    response_model=RecordedAnswer,
    responses={
        200: {
            "model": TallyAnswer | RecordedAnswer,
            "description": "An array or NDJSON was read; or one contact, and it was a duplicate.",
        },
    },
    openapi_extra=_BODY,
)
def tell_contacts(
    request: Request,
    service: Served,
    caller: Annotated[Caller, Depends(allow(*WRITERS))],
    spoken: Spoken,
    once: Annotated[Once, Depends(once_streamed)],
    _slot: Annotated[None, Depends(streaming_slot)],
) -> Response:
    """Tell of contacts that took place, or are planned, by whatever means but visits of ours.

    They count at once: visits still planned are asked again, and what turns out to have been
    unlawful is reported (`GET /v1/breaches`).

    **Idempotent by `lender` and `id`**: the same again is a `duplicate` and changes nothing, so
    whatever broke off can be sent again. Something else under an `id` is `told_otherwise`, unless
    `correction` says that what was told was wrong. What had no outcome (a plan, a call that goes
    on) is told again with its outcome. `{"id", "withdrawn": true, "correction": {"reason"}}` says
    that it never happened, or that a plan is given up. A correction of an earlier correction needs
    another `reason` where all else is the same as once before.

    **Many**: good rows go in, bad ones are reported, each by itself. An array is one transaction;
    NDJSON one for each 500 lines, so if the connection breaks, those that came whole are in.

    **Persons**: a lender tells of persons it has an account of; of others nobody learns whether
    they exist.
    """
    content = Content(request)
    teller = _Teller(service, caller, spoken)
    if content.streamed:
        return _stream(content, teller, once)
    document = content.whole()
    once = once.of_body(content.digest())
    if isinstance(document, list):
        return _array(document, teller, once)
    return _one(document, teller, once)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Who tells, and where it is written down."""

    service: ContactRulesService
    caller: Caller
    language: Language

    @property
    def any_person(self) -> bool:
        """The house's own people may tell of everybody that is known."""
        return self.caller.lender_scope() is None

    def read(self, document: Any) -> Told | list[FieldError]:
        """The contact a document tells of, or everything wrong with it."""
        return read(document, owner=self._owner, told_by=self.caller.subject)

    def _owner(self, named: str | None) -> str:
        scope = self.caller.lender_scope()
        if scope is not None and named not in (None, scope):
            raise NotYours(FieldError("/lender", "not_found", _NO_SUCH_LENDER))
        found = scope or named
        if found is None:
            raise NotYours(FieldError("/lender", "missing", _WHOSE))
        return found


def _one(document: Any, teller: _Teller, once: Once) -> Response:
    service = teller.service
    told = teller.read(document)
    if isinstance(told, list):
        if any(each.pointer == "/lender" and each.code == "not_found" for each in told):
            raise not_found(_LENDER)
        raise invalid_fields(told)
    desk = service.desk()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        (found,) = record_contacts(
            session, [told], service.clock(), desk=desk, any_person=teller.any_person
        )
        if isinstance(found, ContactRefused):
            raise _problem(found)
        status = 200 if found.status is Status.DUPLICATE else 201
        answer = RecordedAnswer(contact_id=found.contact_id, status=found.status, kind=found.kind)
        return once.answer(session, status, answer)


def _array(documents: list[Any], teller: _Teller, once: Once) -> Response:
    if len(documents) > MOST_IN_ARRAY:
        raise invalid("", "too_long", _TOO_MANY)
    service = teller.service
    tally = _Tally(teller.language)
    rows = _read(enumerate(documents, 1), teller, tally)
    desk = service.desk()
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        told = [one for _, one in rows]
        found = record_contacts(
            session, told, service.clock(), desk=desk, any_person=teller.any_person
        )
        _count(rows, found, tally)
        return once.answer(session, 200, tally.answer())


def _stream(content: Content, teller: _Teller, once: Once) -> Response:
    """A transaction for each batch of lines; the answer, and the key, in one of their own."""
    tally = _Tally(teller.language)
    try:
        known = _key_is_known(teller.service, once)
        batch: list[tuple[int, bytes | None]] = []
        for numbered in content.lines():
            if known:
                continue  # read on for its digest, by which the key knows the body
            batch.append(numbered)
            if len(batch) == _BATCH:
                _take(batch, teller, tally)
                batch.clear()
        _take(batch, teller, tally)
    except Problem:
        content.drain()
        raise
    once = once.of_body(content.digest())
    with transaction(teller.service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        return once.answer(session, 200, tally.answer())


def _key_is_known(service: ContactRulesService, once: Once) -> bool:
    """Was there an answer under this key? Asked without the body, which is still to come."""
    if once.key is None:
        return False
    with transaction(service.engine) as session:
        try:
            return once.answered(session) is not None
        except Problem as problem:
            if problem.code == "idempotency_key_reused":
                return True
            raise


def _take(batch: Sequence[tuple[int, bytes | None]], teller: _Teller, tally: _Tally) -> None:
    """Write down the contacts of these lines, in one transaction."""
    if not batch:
        return
    service = teller.service
    documents = []
    for number, line in batch:
        document, errors = document_of(line)
        if errors:
            tally.reject(number, None, errors)
        else:
            documents.append((number, document))
    rows = _read(documents, teller, tally)
    desk = service.desk()
    with transaction(service.engine) as session:
        found = record_contacts(
            session,
            [one for _, one in rows],
            service.clock(),
            desk=desk,
            any_person=teller.any_person,
        )
    _count(rows, found, tally)


def _read(
    documents: Iterable[tuple[int, Any]], teller: _Teller, tally: _Tally
) -> list[tuple[int, Told]]:
    """The contacts that can be read, with their lines; the others are rejected."""
    rows: list[tuple[int, Told]] = []
    for line, document in documents:
        told = teller.read(document)
        if isinstance(told, list):
            tally.reject(line, shown_id(document), told)
        else:
            rows.append((line, told))
    return rows


def _count(
    rows: Sequence[tuple[int, Told]], found: Sequence[Recorded | ContactRefused], tally: _Tally
) -> None:
    for (line, told), one in zip(rows, found, strict=True):
        if isinstance(one, ContactRefused):
            tally.reject(line, told.external_id, [_error(one)])
        else:
            tally.statuses[one.status] += 1


def _problem(refused: ContactRefused) -> Problem:
    error = _error(refused)
    if isinstance(refused, _CONFLICTS):
        return Problem(409, refused.code, _NOT_TAKEN, errors=[error])
    return invalid_fields([error])


def _error(refused: ContactRefused) -> FieldError:
    return FieldError(refused.pointer, refused.code, Words(refused.en, refused.zh))


_NO_SUCH_LENDER: Final = Words("is no such lender", "没有此机构")
_WHOSE: Final = Words("is missing: say on whose behalf", "缺少该字段：请指明所属机构")
_TOO_MANY: Final = Words(
    f"must have at most {MOST_IN_ARRAY:,} entries: send more as NDJSON",
    f"最多 {MOST_IN_ARRAY:,} 项：更多请以 NDJSON 发送",
)
_NOT_TAKEN: Final = Words(
    "The contact was told before; nothing was changed.", "该联系此前已上报，未作任何更改。"
)
