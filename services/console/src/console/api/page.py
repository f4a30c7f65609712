"""One page: who reads it, in which language, and the template it is made of."""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from shared.http.language import preferred
from starlette.responses import HTMLResponse

from console import shown
from console.clients import NotSignedIn, Reader, Services
from console.words import LANGUAGES, Language, Words

TOKEN_COOKIE: Final = "doorstep_token"  # noqa: S105  a cookie's name
LANGUAGE_COOKIE: Final = "doorstep_language"

# Nothing from elsewhere, no scripts, no frames: what a debtor's name contains can do nothing.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)


def language_of(request: Request) -> Language:
    """What the reader chose, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    return preferred(request.headers.get("accept-language"))


def signed_in(request: Request) -> Reader:
    """Dependency: reads the services as the person signed in. Raises `NotSignedIn`."""
    token = request.cookies.get(TOKEN_COOKIE)
    if not token:
        raise NotSignedIn
    services: Services = request.app.state.service.services
    return services.reader(token, language_of(request))


SignedIn = Annotated[Reader, Depends(signed_in)]


def render(
    request: Request, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200
) -> HTMLResponse:
    """A page out of ``templates/<template>.html``, in the reader's language."""
    language = language_of(request)
    page = _templates().get_template(f"{template}.html")
    text = page.render(
        {
            "words": Words(language),
            "language": language,
            "path": request.url.path,
            "signed_in": TOKEN_COOKIE in request.cookies,
            "moment": partial(_in_language, shown.moment, language),
            "day": partial(_in_language, shown.day, language),
            "percent": partial(_in_language, shown.percent, language),
            "number": partial(_in_language, shown.number, language),
            "money": lambda value, currency: shown.money(value, currency, language),
            **(values or {}),
        }
    )
    headers = {"Content-Security-Policy": _POLICY, "Content-Language": language}
    return HTMLResponse(text, status_code=status, headers=headers)


def _in_language(show: Any, language: Language, value: Any, *more: Any) -> str:
    return str(show(value, language, *more))


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
