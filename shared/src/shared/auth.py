"""Who is calling: bearer tokens, the roles in them, and which routes a role may use.

Every route needs a token. The application authenticates each request before it routes it, and a
service whose route names no roles does not start (`shared.http.closed`), so nothing is open by
having been forgotten.
"""

import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from shared.clock import Clock
from shared.ids import new_id
from shared.keys import BadKeys, BadToken, KeySet, Signer, UnknownKey, Verified, verified
from shared.problems import Problem, Words, forbidden

_log = structlog.get_logger(__name__)

CALLER_KEY: Final = "shared.caller"
"""Where the authenticated caller is in the ASGI scope."""

_MOST_SEEN: Final = 1000
_LONGEST_SUBJECT: Final = 200
_LONGEST_LENDER: Final = 64


class Role(StrEnum):
    """What a caller is."""

    LENDER = "lender"
    OPS = "ops"
    AGENT = "agent"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as its token says."""

    subject: str
    role: Role
    lender: str | None
    agent: UUID | None
    token_id: str

    def lender_scope(self) -> str | None:
        """The lender whose rows alone this caller may see, None = all.

        Any token that names a lender is bound to it, whatever its role.
        """
        return self.lender


class TokenSettings(Protocol):
    """The settings that say whose tokens are taken."""

    @property
    def token_keys(self) -> str: ...
    @property
    def token_issuer(self) -> str: ...
    @property
    def token_audience(self) -> str: ...
    @property
    def revoked_tokens(self) -> Path | None: ...


class Tokens:
    """Reads bearer tokens: signature, times, revocation, and the claims we need."""

    def __init__(
        self,
        keys: KeySet,
        *,
        clock: Clock,
        issuer: str = "doorstep",
        audience: str = "doorstep",
        revoked: Path | None = None,
    ) -> None:
        """``revoked`` is a file of token ids (`jti`), one a line, read again when it changes.

        Raises `BadKeys` if it can't be read: without it a revoked token would be accepted.
        """
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._revoked = _Revoked(revoked) if revoked else None
        self._lock = threading.Lock()
        # Verifying a signature takes longer than all else that is done before an endpoint.
        self._seen: dict[str, tuple[Verified, Caller]] = {}

    @classmethod
    def from_settings(cls, settings: TokenSettings, clock: Clock) -> "Tokens":
        """As a service's settings say. Raises `BadKeys`. No network."""
        return cls(
            KeySet(settings.token_keys),
            clock=clock,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            revoked=settings.revoked_tokens,
        )

    def caller(self, token: str) -> Caller:
        """Who holds this token. Never touches the network.

        Raises `UnknownKey` if the key set lacks its key, else `BadToken`.
        """
        caller = self._known(token) or self._verified(token)
        if self._revoked is not None and caller.token_id in self._revoked:
            raise BadToken("revoked")
        return caller

    def _known(self, token: str) -> Caller | None:
        """The holder of a token seen before, if its key and its time still hold."""
        with self._lock:
            known = self._seen.get(token)
        if known is None or not known[0].still_holds(self._keys, self._clock()):
            return None
        return known[1]

    def _verified(self, token: str) -> Caller:
        found = verified(
            token, self._keys, audience=self._audience, issuer=self._issuer, now=self._clock()
        )
        caller = _caller_of(found.claims)
        with self._lock:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[token] = (found, caller)
        return caller

    async def authenticated(self, token: str) -> Caller:
        """As `authenticate`, in a thread of its own where it has to wait for the network."""
        if not self._keys.wants_refresh:
            try:
                return self.caller(token)
            except UnknownKey:
                pass
            except BadToken as error:
                raise self._refused(error) from None
        return await run_in_threadpool(self.authenticate, token)

    def authenticate(self, token: str) -> Caller:
        """As `caller`, fetching the keys anew if that may help: network, so not in a transaction.

        Raises Problem 401, or 503 if the issuer's keys have never been reached.
        """
        try:
            if self._keys.wants_refresh:
                self._refresh()
            try:
                return self.caller(token)
            except UnknownKey:
                if not self._keys.may_refresh:
                    raise
                self._refresh()
                return self.caller(token)
        except BadToken as error:
            raise self._refused(error) from None

    def _refused(self, error: BadToken) -> Problem:
        if isinstance(error, UnknownKey) and len(self._keys) == 0:
            return _keys_unreachable()
        _log.info("token_refused", why=str(error))
        return unauthorized("invalid_token")

    def _refresh(self) -> None:
        try:
            self._keys.refresh()
        except BadKeys as error:
            _log.warning("keys_unreachable", why=str(error))


class _Revoked:
    """The ids of revoked tokens, as their file says now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: object = None
        self._ids: frozenset[str] = frozenset()
        try:
            self._reread()
        except OSError as error:
            raise BadKeys(
                f"the file of revoked tokens {path} can't be read: {error.strerror}"
            ) from None

    def __contains__(self, token_id: str) -> bool:
        try:
            self._reread()
        except OSError:
            # Those revoked before stay revoked.
            _log.warning("revoked_tokens_unreadable", path=str(self._path))
        return token_id in self._ids

    def _reread(self) -> None:
        found = self._path.stat()
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version != self._version:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
            self._ids = frozenset(stripped for line in lines if (stripped := line.strip()))
            self._version = version


def _caller_of(claims: dict[str, Any]) -> Caller:
    try:
        role = Role(str(claims.get("role")))
    except ValueError:
        raise BadToken("no known role") from None
    subject = _text(claims, "sub", _LONGEST_SUBJECT)
    token_id = _text(claims, "jti", _LONGEST_SUBJECT)
    lender = _text(claims, "lender", _LONGEST_LENDER) if claims.get("lender") is not None else None
    agent: UUID | None = None
    if claims.get("agent") is not None:
        try:
            agent = UUID(_text(claims, "agent", 36))
        except ValueError:
            raise BadToken("agent is not an id") from None
    if role is Role.LENDER and lender is None:
        raise BadToken("a lender's token without a lender")
    if role is Role.AGENT and agent is None:
        raise BadToken("an agent's token without an agent")
    return Caller(subject=subject, role=role, lender=lender, agent=agent, token_id=token_id)


def _text(claims: dict[str, Any], name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise BadToken(f"{name} is missing or not usable")
    return value


def unauthorized(error: str | None = None) -> Problem:
    """401 with the challenge RFC 6750 asks for; why a token is not valid is only logged."""
    challenge = 'Bearer realm="doorstep"' + (f', error="{error}"' if error else "")
    detail = (
        Words("The token is not valid, expired or revoked.", "令牌无效、已过期或已被吊销。")
        if error
        else Words(
            "Send a token in the header `Authorization: Bearer …`.",
            "请在请求头 `Authorization: Bearer …` 中提供令牌。",
        )
    )
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def _keys_unreachable() -> Problem:
    detail = Words(
        "Tokens can't be verified now: the issuer's keys can't be reached.",
        "暂时无法验证令牌：签发方的公钥不可用。",
    )
    return Problem(503, "unavailable", detail, headers={"Retry-After": "5"})


def bearer_token(authorization: Iterable[str]) -> str:
    """The token in the ``Authorization`` headers of a request. Raises Problem 401.

    There is exactly one such header: with two, a proxy and we might each believe another.
    """
    headers = list(authorization)
    if not headers:
        raise unauthorized()
    scheme, _, token = headers[0].strip().partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or " " in token:
        raise unauthorized("invalid_request")
    return token


def allow(*roles: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that gives the `Caller` if its role is one of ``roles`` or ADMIN.

    Raises Problem 403 for other roles, 401 where nobody was authenticated. Use it on every route:
    ``caller: Annotated[Caller, Depends(allow(Role.LENDER, Role.OPS))]``.
    """
    if not roles:
        raise ValueError("name the roles that may use the route")
    allowed = frozenset({*roles, Role.ADMIN})

    # async, so that no thread is taken for what takes a microsecond.
    async def caller(request: Request) -> Caller:
        found = request.scope.get(CALLER_KEY)
        if not isinstance(found, Caller):
            raise unauthorized()
        if found.role not in allowed:
            raise forbidden(Words("Your role may not do this.", "您的角色无权进行此操作。"))
        return found

    caller.roles = allowed  # type: ignore[attr-defined]
    return caller


def roles_of(dependency: object) -> frozenset[Role] | None:
    """The roles a dependency made by `allow` lets pass; None for any other."""
    return getattr(dependency, "roles", None)


def mint(
    signer: Signer,
    *,
    subject: str,
    role: Role,
    now: datetime,
    lifetime: timedelta,
    lender: str | None = None,
    agent: UUID | None = None,
    issuer: str = "doorstep",
    audience: str = "doorstep",
    token_id: str | None = None,
) -> str:
    """A new bearer token, valid from ``now`` for ``lifetime`` (whole seconds).

    Raises ValueError for what no service would accept: a lender's token without a lender, an
    agent's without an agent, a lifetime that is not positive.
    """
    if lifetime <= timedelta(0):
        raise ValueError("the lifetime must be positive")
    issued = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "role": role.value,
        "jti": token_id or str(new_id()),
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    if lender is not None:
        claims["lender"] = lender
    if agent is not None:
        claims["agent"] = str(agent)
    try:
        _caller_of(claims)
    except BadToken as error:
        raise ValueError(str(error)) from None
    return signer.sign(claims)
