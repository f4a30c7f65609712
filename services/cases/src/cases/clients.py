"""Questions to contact-rules: one try, a short time in all, and no answer is a no."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import httpx
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError
from shared.clock import monotonic
from shared.keys import BadKeys

from cases.domain.planning import Lawful
from cases.domain.recheck import Instead, Recheck, Rechecked

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 16
"""Questions in flight. In the house of one process the asker and the asked share forty threads:
were all of them to ask, nobody would be left to answer."""
PLANNERS_AT_ONCE: Final = 4
"""Calendars in flight. They have places of their own: a planner must never keep a team waiting."""
_LARGEST_ANSWER: Final = 1024 * 1024
_LARGEST_CALENDAR: Final = 16 * 1024 * 1024
_MOST_QUESTIONS: Final = 100
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


class _Lapse(_Part):
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime


class _Calendar(_Part):
    """When one contact may begin, as contact-rules answers."""

    id: str
    windows: list[_Lapse]
    why_not: list[dict[str, Any]]


class _Calendars(_Part):
    answers: list[_Calendar]


class _Lane:
    """A bounded number of questions at once, each with a bounded time in all."""

    def __init__(self, at_once: int, seconds: float, largest: int, name: str) -> None:
        self.seconds = seconds
        self.largest = largest
        self.places = threading.BoundedSemaphore(at_once)
        # A thread of its own for each question: httpx bounds every step, not their sum.
        self.threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)


class ContactRules:
    """Contact-rules as cases asks it. Safe to share between threads; close it."""

    def __init__(
        self, url: str, token: TokenFile, *, seconds: float, planning_seconds: float = 8.0
    ) -> None:
        """``seconds`` is what a question before a team goes may take in all, however slowly the
        answer trickles, ``planning_seconds`` a hundred calendars."""
        self._url = url.rstrip("/")
        self._token = token
        self._going = _Lane(AT_ONCE, seconds, _LARGEST_ANSWER, "ask-contact-rules")
        self._planning = _Lane(
            PLANNERS_AT_ONCE, planning_seconds, _LARGEST_CALENDAR, "plan-by-contact-rules"
        )
        at_once = AT_ONCE + PLANNERS_AT_ONCE
        self._client = httpx.Client(
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once),
        )

    def recheck(self, question: Recheck) -> Rechecked:
        """May that visit still take place? Network: never inside a transaction.

        Raises `RulesUnreachable` when there is no answer in time, or none that makes sense.
        """
        path = f"/v1/approvals/{question.approval_id}/recheck"
        return self._understood(self._asked(self._going, path, _document(question)))

    def windows(
        self,
        from_: datetime,
        to: datetime,
        questions: Sequence[Mapping[str, Any]],
        *,
        language: str,
    ) -> dict[str, Lawful]:
        """When may these contacts with stored persons begin? By the ids of the questions.

        A hundred questions go in one call. Network: never inside a transaction. Raises
        `RulesUnreachable` when there is no answer in time, or none that makes sense.
        """
        found: dict[str, Lawful] = {}
        for first in range(0, len(questions), _MOST_QUESTIONS):
            some = questions[first : first + _MOST_QUESTIONS]
            content = self._asked(
                self._planning,
                "/v1/persons/windows",
                {"from": from_.isoformat(), "to": to.isoformat(), "questions": list(some)},
                {"Accept-Language": language},
            )
            try:
                answers = _Calendars.model_validate(json.loads(content)).answers
            except (ValueError, RecursionError, ValidationError):
                raise self._unreachable("an answer that makes no sense") from None
            if [each.id for each in answers] != [each["id"] for each in some]:
                raise self._unreachable("answers to other questions")
            for each in answers:
                windows = [(window.from_, window.to) for window in each.windows]
                found[each.id] = Lawful(windows, each.why_not)
        return found

    def _asked(
        self,
        lane: _Lane,
        path: str,
        document: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        if not lane.places.acquire(blocking=False):
            raise RulesUnreachable("too many questions at once")
        try:
            asked = lane.threads.submit(self._ask, lane, path, document, headers or {})
        except RuntimeError:
            lane.places.release()
            raise RulesUnreachable("closed") from None
        # The place is free when the question ends, which may be after nobody waits for it.
        asked.add_done_callback(lambda _: lane.places.release())
        try:
            status, content = asked.result(lane.seconds)
        except TimeoutError:
            asked.cancel()
            raise self._unreachable("no answer in time") from None
        except (httpx.HTTPError, CancelledError, RuntimeError) as error:
            # The latter two: it was closed meanwhile.
            raise self._unreachable(type(error).__name__) from None
        if status != httpx.codes.OK:
            raise self._unreachable(f"answered {status}")
        return content

    def _ask(
        self, lane: _Lane, path: str, document: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        give_up = monotonic() + lane.seconds
        with self._client.stream(
            "POST",
            f"{self._url}{path}",
            json=document,
            headers={"Authorization": f"Bearer {self._token.token()}", **headers},
            timeout=lane.seconds,
        ) as answer:
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > lane.largest or monotonic() > give_up:
                    raise httpx.ReadTimeout("too much, or too slow")
            return answer.status_code, bytes(content)

    def _understood(self, content: bytes) -> Rechecked:
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
        for lane in (self._going, self._planning):
            lane.threads.shutdown(wait=False, cancel_futures=True)
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
