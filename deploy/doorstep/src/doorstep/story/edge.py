"""The house as outsiders see it: HTTP with a token, and questions asked again until answered."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from shared.clock import monotonic
from shared.ids import new_id
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential_jitter

from doorstep.story.otherwise import StoryWentOtherwise
from doorstep.trouble import Trouble

T = TypeVar("T")
Json = dict[str, Any]

PATIENCE: Final = 60.0
"""Seconds until what should happen by itself must have happened. It takes a fraction of one."""

_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)


# What a gateway says while a service is being restarted.
_RESTARTING: Final = frozenset({502, 503, 504})
_RETRYING: Final = Retrying(
    retry=retry_if_result(lambda answer: answer.status_code in _RESTARTING),
    wait=wait_exponential_jitter(multiplier=0.05, max=1.0),
    stop=stop_after_delay(30),
    # Out of patience, the last answer is the answer.
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
)


class Edge:
    """One caller of the house, with one token and one language. Close it after use."""

    def __init__(self, url: str, token: str, language: str) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept-Language": language},
            timeout=_TIMEOUT,
            # The house is on this machine or named by its address: no proxy stands between.
            trust_env=False,
        )

    def get(self, path: str, **query: str) -> Json:
        """The answer to a read. Raises StoryWentOtherwise unless it is 200."""
        return self._sent("GET", path, 200, params=query)

    def try_get(self, path: str, **query: str) -> Json | None:
        """As `get`, but None for a 404: what is asked for may not have arrived yet."""
        answer = self._send("GET", path, params=query)
        return None if answer.status_code == 404 else self._read(answer, "GET", path, 200)

    def post(self, path: str, body: Mapping[str, object], *, expect: int) -> Json:
        """Posts a body."""
        return self._sent("POST", path, expect, json=body, headers=_keyed())

    def post_rows(self, path: str, rows: bytes, *, expect: int) -> Json:
        """Posts NDJSON."""
        headers = {"Content-Type": "application/x-ndjson", **_keyed()}
        return self._sent("POST", path, expect, content=rows, headers=headers)

    def put(self, path: str, body: Mapping[str, object], *, expect: tuple[int, ...]) -> Json:
        return self._sent("PUT", path, *expect, json=body)

    def until(
        self, ask: Callable[[], T], good: Callable[[T], bool], expected: str, *, show: str = ""
    ) -> T:
        """Asks until the answer is good. Raises StoryWentOtherwise when patience ends."""
        give_up = monotonic() + PATIENCE
        pause = 0.02
        while not good(answer := ask()):
            if monotonic() > give_up:
                raise StoryWentOtherwise(
                    expected, f"after {PATIENCE:.0f} seconds still: {_short(answer)} {show}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        return answer

    def _sent(self, method: str, path: str, *expect: int, **how: Any) -> Json:
        return self._read(self._send(method, path, **how), method, path, *expect)

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        # Reads and keyed requests have their effect once, however often they are sent.
        return _RETRYING(self._send_once, method, path, **how)

    def _send_once(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **how)
        except httpx.TransportError as error:
            raise Trouble(
                f"No answer from {str(self._client.base_url).rstrip('/')}{path}: {error}.",
                "Is the house running there? Start it with `make run` or `make up`.",
            ) from error

    def _read(self, answer: httpx.Response, method: str, path: str, *expect: int) -> Json:
        if answer.status_code not in expect:
            wanted = " or ".join(str(status) for status in expect)
            raise StoryWentOtherwise(
                f"{method} {path} to answer {wanted}", f"{answer.status_code} {_short(answer.text)}"
            )
        found: Json = answer.json() if answer.content else {}
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()


def _keyed() -> dict[str, str]:
    return {"Idempotency-Key": f"story-{new_id()}"}


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 600 else text[:600] + " …"
