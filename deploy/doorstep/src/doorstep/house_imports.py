"""The imports of a house, over HTTP: send a file, wait for its rows, fetch those refused."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import uuid4

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
    wait_fixed,
)

from doorstep.trouble import Trouble

_PAGE: Final = 200
_LOOK_EVERY: Final = 0.3
_ATTEMPTS: Final = 3
_PATIENCE: Final = 120  # seconds that the house may be away while the rows are worked off

Import = dict[str, Any]
"""An import as the house tells it (`ImportAnswer` of cases)."""


def _unavailable(answer: httpx.Response) -> bool:
    return answer.is_server_error


def _last(state: RetryCallState) -> httpx.Response:
    """What the last attempt gave or raised."""
    assert state.outcome is not None
    answer: httpx.Response = state.outcome.result()
    return answer


_MAY_PASS: Final = retry_if_exception_type(httpx.TransportError) | retry_if_result(_unavailable)


class HouseImports:
    """The imports of one house. ``base`` is their address, ``…/cases/v1/imports``."""

    def __init__(self, client: httpx.Client, base: str) -> None:
        self._client = client
        self._base = base

    def greet(self) -> None:
        """See that a house answers and takes our token, before a large file is under way.

        Raises Trouble.
        """
        try:
            answer = self._client.get(self._base, params={"limit": 1})
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Trouble(
                f"No house answers at {self._base} ({type(error).__name__}).",
                "Start one with `doorstep run`, or say where it is with --url.",
            ) from error
        expect(answer, 200)

    def send(
        self,
        content: Callable[[], Iterator[bytes]],
        headers: Mapping[str, str],
        *,
        lender: str,
        dry_run: bool,
    ) -> Import:
        """The import as it stands when all of the file is received.

        ``content`` gives the file anew each time it is called: a connection that broke is tried
        again under the same key, so the house takes the file once. Raises Trouble.
        """
        key = str(uuid4())

        def once() -> httpx.Response:
            return self._client.post(
                self._base,
                params={"lender": lender, "dry_run": "true" if dry_run else "false"},
                headers={**headers, "Idempotency-Key": key},
                content=content(),
            )

        trying = Retrying(
            retry=_MAY_PASS,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(max=10),
            retry_error_callback=_last,
        )
        try:
            answer: httpx.Response = trying(once)
        except httpx.TransportError as error:
            raise Trouble(
                f"The connection broke {_ATTEMPTS} times ({type(error).__name__}); nothing of the"
                " file was taken."
            ) from error
        return expect(answer, 202)

    def wait(self, answer: Import, watch: Callable[[Import], None]) -> Import:
        """The import when it is over; ``watch`` sees it each time it is asked for.

        The house may be away for two minutes. Raises Trouble if it stays away or the import failed.
        """
        watch(answer)
        while answer["status"] not in {"done", "failed"}:
            time.sleep(_LOOK_EVERY)
            answer = self._ask(f"{self._base}/{answer['id']}", {})
            watch(answer)
        if answer["status"] == "failed":
            raise Trouble(answer["failure"]["message"])
        return answer

    def errors(self, import_id: str) -> Iterator[dict[str, Any]]:
        """The refused rows, in the order of the file. Raises Trouble."""
        cursor: str | None = None
        while True:
            params = {"limit": str(_PAGE), **({"cursor": cursor} if cursor else {})}
            page = self._ask(f"{self._base}/{import_id}/errors", params)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _ask(self, address: str, params: Mapping[str, str]) -> dict[str, Any]:
        asking = Retrying(
            retry=_MAY_PASS,
            stop=stop_after_delay(_PATIENCE),
            wait=wait_fixed(1),
            retry_error_callback=_last,
        )
        try:
            answer: httpx.Response = asking(self._client.get, address, params=params)
        except httpx.TransportError as error:
            raise Trouble(
                "The house has the file but answers no more; it goes on when it is back.",
                f"Ask it then for {address}.",
            ) from error
        return expect(answer, 200)


def expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The JSON of an answer with that status; any other is a Trouble in the house's own words."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if answer.status_code == status and isinstance(document, dict):
        return document
    advice = None
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        advice = "Make one with `doorstep token --role lender --lender ID`; give it with --token."
    if not isinstance(document, dict) or "detail" not in document:
        raise Trouble(
            f"{answer.url.copy_with(query=None)} answers {answer.status_code}, as no house does.",
            advice,
        )
    errors = [f"  {each['pointer']} {each['message']}" for each in document.get("errors", [])]
    raise Trouble("\n".join([document["detail"], *errors]), advice)
