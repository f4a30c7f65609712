"""Questions to the other services: short timeouts, and a named answer when there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from console.settings import ConsoleSettings
from console.words import Language

_TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)
_LARGEST_LIST: Final = 200


class NotSignedIn(Exception):
    """The token is missing, over, or not one of ours."""


class NotThere(Exception):
    """No such thing, or not for this token: another lender's rows do not exist."""


class NotAllowed(Exception):
    """The token's role may not see this."""


class NotUnderstood(Exception):
    """A service refused the question, as when somebody wrote nonsense into the address."""


class Unreachable(Exception):
    """A service gave no answer in time; the page says so and shows nothing that it would guess."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} can't be reached")
        self.service = service


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service said to something sent: done, or why not (a problem)."""

    status: int
    document: dict[str, Any]

    @property
    def done(self) -> bool:
        return self.status < httpx.codes.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Reader:
    """Asks the services in the name of one person: with their token, in their language."""

    client: httpx.Client
    services: Mapping[str, str]
    token: str
    language: Language

    def one(self, service: str, *path: str, **query: str | int | None) -> dict[str, Any]:
        """The resource at ``/v1/<path>`` of ``service``. Raises the exceptions of this module."""
        answer = self._asked(
            "GET",
            service,
            path,
            params={name: value for name, value in query.items() if value not in (None, "")},
        )
        refusal = _REFUSALS.get(answer.status_code)
        if refusal is not None:
            raise refusal
        if answer.status_code != httpx.codes.OK:
            raise Unreachable(service)
        return _document(answer, service)

    def send(self, service: str, *path: str, body: Mapping[str, str], key: str) -> Reply:
        """What ``service`` says to ``body``, posted to ``/v1/<path>``; the same ``key`` again has
        no further effect. A refusal that can be mended is an answer like any other; the others
        raise the exceptions of this module.
        """
        answer = self._asked(
            "POST", service, path, json=dict(body), headers={"Idempotency-Key": key}
        )
        if answer.status_code in _NO_USE:
            raise _REFUSALS[answer.status_code]
        if answer.is_server_error or answer.is_redirect:
            raise Unreachable(service)
        return Reply(answer.status_code, _document(answer, service))

    def _asked(
        self,
        method: str,
        service: str,
        path: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        address = "/".join(quote(part, safe="") for part in path)
        try:
            return self.client.request(
                method,
                f"{self.services[service]}/v1/{address}",
                headers={
                    "Authorization": f"Bearer {self.token}",
                    "Accept-Language": self.language,
                    **(headers or {}),
                },
                **more,
            )
        except httpx.HTTPError as error:
            raise Unreachable(service) from error

    def some(self, service: str, *path: str, **query: str | int | None) -> Sequence[dict[str, Any]]:
        """The first 200 of a list."""
        items = self.one(service, *path, limit=_LARGEST_LIST, **query)["items"]
        return list(items)


def _document(answer: httpx.Response, service: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise Unreachable(service) from error
    if not isinstance(found, dict):
        raise Unreachable(service)
    return found


_REFUSALS: Final[Mapping[int, type[Exception]]] = {
    400: NotUnderstood,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotThere,
    422: NotUnderstood,
}
_NO_USE: Final = (401, 404)
"""Refusals that nobody can mend by sending something else."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services the console reads, over one pool of connections."""

    client: httpx.Client
    addresses: Mapping[str, str]

    def reader(self, token: str, language: Language) -> Reader:
        """A reader for one request."""
        return Reader(self.client, self.addresses, token, language)

    def ready(self, service: str) -> str | None:
        """None if ``service`` is ready, else a few words."""
        try:
            answer = self.client.get(f"{self.addresses[service]}/readyz")
        except httpx.HTTPError:
            return "can't be reached"
        return None if answer.status_code == httpx.codes.OK else "is not ready"


def open_services(settings: ConsoleSettings) -> Services:
    """Open the pool; the caller closes ``client``. Redirects are not followed: none is expected."""
    return Services(
        httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False),
        {
            "cases": settings.cases_url.rstrip("/"),
            "contact-rules": settings.contact_rules_url.rstrip("/"),
            "plans": settings.plans_url.rstrip("/"),
        },
    )
