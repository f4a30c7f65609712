"""`Idempotency-Key`: the same request twice has one effect and one answer.

The stored answer is written in the transaction of the effect, so either both exist or neither.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Header, Request
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import LargeBinary, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session
from starlette.responses import Response

from shared.auth import CALLER_KEY, Caller, unauthorized
from shared.http.routes import declared_at, route_path
from shared.problems import Problem, Words, invalid

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_LONGEST: Final = 255

_TRY_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(:lock)")
_FIND: Final = text(
    "SELECT request_hash, status, headers, body FROM idempotency_key"
    " WHERE actor = :actor AND key = :key"
).columns(request_hash=LargeBinary, headers=JSONB, body=LargeBinary)
_STORE: Final = text(
    "INSERT INTO idempotency_key (actor, key, request_hash, status, headers, body, created_at)"
    " VALUES (:actor, :key, :request_hash, :status, :headers, :body, :now)"
).bindparams(bindparam("headers", type_=JSONB))
_PURGE: Final = text(
    "WITH gone AS (DELETE FROM idempotency_key WHERE (actor, key) IN"
    " (SELECT actor, key FROM idempotency_key WHERE created_at < :before LIMIT 10000) RETURNING 1)"
    " SELECT count(*) FROM gone"
)


@dataclass(frozen=True, slots=True)
class Once:
    """One request that may have been made before. From the dependency `once`.

    ::

        with transaction(service.engine) as session:
            if (stored := once.answered(session)) is not None:
                return stored
            …
            return once.answer(session, 202, answer)
    """

    key: str | None
    actor: str
    request_hash: bytes
    now: datetime

    def of_body(self, digest: bytes) -> "Once":
        """This request with the body whose digest is given."""
        return replace(self, request_hash=_hash(self.request_hash, digest))

    def answered(self, session: Session) -> Response | None:
        """The answer given before, byte for byte; None if this is the first time, or no key came.

        Call it first in the transaction. Until that ends, the same key elsewhere gets 409.
        Raises Problem 409 ``idempotency_in_progress`` or 422 ``idempotency_key_reused``.
        """
        if self.key is None:
            return None
        connection = session.connection()
        if not connection.execute(_TRY_LOCK, {"lock": self._lock()}).scalar_one():
            raise Problem(
                409, "idempotency_in_progress", _IN_PROGRESS, headers={"Retry-After": "1"}
            )
        found = connection.execute(_FIND, {"actor": self.actor, "key": self.key}).one_or_none()
        if found is None:
            return None
        if bytes(found.request_hash) != self.request_hash:
            raise Problem(422, "idempotency_key_reused", _REUSED)
        return Response(bytes(found.body), found.status, {**found.headers, REPLAYED: "true"})

    def answer(
        self,
        session: Session,
        status: int,
        body: BaseModel | Mapping[str, Any] | None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The answer to send, stored for the next time in the same transaction as the effect."""
        if isinstance(body, BaseModel):
            content = body.model_dump_json(by_alias=True).encode()
        elif body is None:
            content = b""
        else:
            # Not FastAPI's encoder: it makes floats of decimals.
            content = to_json(body)
        sent = dict(headers or {})
        if content:
            sent.setdefault("Content-Type", "application/json")
        if self.key is not None:
            session.connection().execute(
                _STORE,
                {
                    "actor": self.actor,
                    "key": self.key,
                    "request_hash": self.request_hash,
                    "status": status,
                    "headers": sent,
                    "body": content,
                    "now": self.now,
                },
            )
        return Response(content, status, sent)

    def _lock(self) -> int:
        digest = hashlib.blake2b(
            f"idempotency\0{self.actor}\0{self.key}".encode(), digest_size=8
        ).digest()
        return int.from_bytes(digest, "big", signed=True)


GivenKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description=(
            "Your name for this request, at most 255 printable ASCII characters. The same key and"
            " body again give the stored answer with `Idempotency-Replayed: true`."
        ),
        examples=["2026-11-20-visit-0001"],
    ),
]


async def once(request: Request, key: GivenKey = None) -> Once:
    """Dependency of every POST that changes something.

    Keys are the caller's own (its subject, role and lender) and the route's. They are kept for a
    day at least.
    """
    found = _once(request, key)
    return found if key is None else found.of_body(hashlib.sha256(await request.body()).digest())


async def once_streamed(request: Request, key: GivenKey = None) -> Once:
    """The same for a route that reads its body as it streams.

    Hash what came and go on with ``once.of_body(digest)``; without that, the same key with
    another body is not noticed.
    """
    return _once(request, key)


def _once(request: Request, key: str | None) -> Once:
    caller = request.scope.get(CALLER_KEY)
    if not isinstance(caller, Caller):
        raise unauthorized()
    if len(request.headers.getlist(HEADER)) > 1:
        raise invalid(f"#{HEADER}", "repeated_header", _ONCE_ONLY)
    if key is not None and not (0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise invalid(f"#{HEADER}", "not_a_key", _NOT_A_KEY)
    route = declared_at(request).path
    return Once(
        key=key,
        actor="\n".join((caller.role, caller.subject, caller.lender or "", route)),
        request_hash=_hash(
            request.method.encode(),
            route_path(request.scope).encode(),
            request.scope.get("query_string", b""),
        ),
        now=request.app.state.service.clock(),
    )


def _hash(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def purge(session: Session, before: datetime) -> int:
    """Forget the answers stored before ``before``, at most 10,000; returns how many.

    Keep a day at least.
    """
    return int(session.connection().execute(_PURGE, {"before": before}).scalar_one())


_ONCE_ONLY: Final = Words("may be given once only", "只能提供一次")
_NOT_A_KEY: Final = Words(
    f"must be 1 to {_LONGEST} printable ASCII characters",
    f"必须是 1 至 {_LONGEST} 个可打印的 ASCII 字符",
)
_IN_PROGRESS: Final = Words(
    "The first request with this key is still running; ask again in a moment.",
    "使用该键的首个请求仍在处理中，请稍后重试。",
)
_REUSED: Final = Words(
    "This key was used for another request; nothing was changed. Use a new key.",
    "该键已用于另一请求，未作任何更改。请使用新的键。",
)
