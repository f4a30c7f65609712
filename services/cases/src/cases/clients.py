"""Questions to contact-rules: one try, a short time in all, and no answer is a no."""

import json
import re
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import httpx
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, StrictBool, ValidationError
from shared.clock import monotonic
from shared.keys import BadKeys

from cases.domain.recheck import Instead, Recheck, Rechecked

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 16
"""Questions in flight. In the house of one process the asker and the asked share forty threads:
were all of them to ask, nobody would be left to answer."""
_LARGEST_ANSWER: Final = 1024 * 1024
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1


class RulesUnreachable(Exception):
    """Contact-rules gave no answer that can be used, in time. Nobody goes."""


class TokenFile:
    """A bearer token in a file, read again when the file changes, so that it can be rotated."""

    def __init__(self, path: Path) -> None:
        """Raises `BadKeys` if it can't be read or holds no token: every question would fail."""
        self._path = path
        self._version: object = None
        self._token = ""
        try:
            self._reread()
        except OSError as error:
            raise BadKeys(f"the service token {path} can't be read: {error.strerror}") from None
        except ValueError:
            raise BadKeys(f"the file of the service token {path} holds no token") from None

    def token(self) -> str:
        """The token now; while the file can't be read or holds none, the one before."""
        try:
            self._reread()
        except (OSError, ValueError):
            _log.warning("service_token_unreadable", path=str(self._path))
        return self._token

    def _reread(self) -> None:
        found = self._path.stat()
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        if version != self._version:
            text = self._path.read_text(encoding="ascii").strip()
            if not _TOKEN.fullmatch(text):
                raise ValueError("no bearer token")
            self._token, self._version = text, version


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Instead(_Part):
    do: Literal["wait", "reschedule", "leave", "cancel"]
    not_before: AwareDatetime | None = None
    next_lawful: list[dict[str, Any]] = []


class _Answer(_Part):
    """What contact-rules answers, as far as we read it."""

    # Only a true is a yes: no word, no number.
    go: StrictBool
    state: str
    checks: list[dict[str, Any]]
    instead: _Instead | None = None


class ContactRules:
    """Contact-rules as cases asks it. Safe to share between threads; close it."""

    def __init__(self, url: str, token: TokenFile, *, seconds: float) -> None:
        """``seconds`` is what a question may take in all, however slowly the answer trickles."""
        self._url = url.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(AT_ONCE)
        # A thread of its own for each question: httpx bounds every step, not their sum.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ask-contact-rules")
        self._client = httpx.Client(
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
        )

    def recheck(self, question: Recheck) -> Rechecked:
        """May that visit still take place? Network: never inside a transaction.

        Raises `RulesUnreachable` when there is no answer in time, or none that makes sense.
        """
        if not self._places.acquire(blocking=False):
            raise RulesUnreachable("too many questions at once")
        try:
            asked = self._threads.submit(self._ask, question)
        except RuntimeError:
            self._places.release()
            raise RulesUnreachable("closed") from None
        # The place is free when the question ends, which may be after nobody waits for it.
        asked.add_done_callback(lambda _: self._places.release())
        try:
            status, content = asked.result(self._seconds)
        except TimeoutError:
            asked.cancel()
            raise self._unreachable("no answer in time") from None
        except (httpx.HTTPError, CancelledError, RuntimeError) as error:
            # The latter two: it was closed meanwhile.
            raise self._unreachable(type(error).__name__) from None
        if status != httpx.codes.OK:
            raise self._unreachable(f"answered {status}")
        return self._understood(content, question.approval_id)

    def _ask(self, question: Recheck) -> tuple[int, bytes]:
        give_up = monotonic() + self._seconds
        with self._client.stream(
            "POST",
            f"{self._url}/v1/approvals/{question.approval_id}/recheck",
            json=_document(question),
            headers={"Authorization": f"Bearer {self._token.token()}"},
        ) as answer:
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > _LARGEST_ANSWER or monotonic() > give_up:
                    raise httpx.ReadTimeout("too much, or too slow")
            return answer.status_code, bytes(content)

    def _understood(self, content: bytes, approval_id: UUID) -> Rechecked:
        try:
            found = _Answer.model_validate(json.loads(content))
        except (ValueError, RecursionError, ValidationError):
            raise self._unreachable("an answer that makes no sense") from None
        if found.go and found.state != "reserved":
            raise self._unreachable(f"go, with an approval that is {found.state}")
        instead = found.instead
        return Rechecked(
            go=found.go,
            state=found.state,
            checks=found.checks,
            instead=(
                None
                if instead is None
                else Instead(instead.do, instead.not_before, instead.next_lawful)
            ),
        )

    def _unreachable(self, why: str) -> RulesUnreachable:
        _log.warning("contact_rules_unreachable", why=why)
        return RulesUnreachable(why)

    def close(self) -> None:
        """Let go of the connections. Tolerates being called twice."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def _document(question: Recheck) -> dict[str, Any]:
    # What happens now is judged at contact-rules' now: its clock may be a second behind ours.
    moment = {} if question.at is None else {"at": question.at.isoformat()}
    return {
        "visit_id": str(question.visit_id),
        "step": question.step.value,
        **moment,
        "team": [
            {
                "id": str(each.id),
                "credentials": list(each.credentials),
                "employer": each.employer,
            }
            for each in question.team
        ],
    }
