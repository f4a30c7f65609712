"""Pages for when there is nothing to show, said in words, with the right status."""

from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from shared.problems import Problem
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.api.page import TOKEN_COOKIE, language_of, render
from console.clients import NotAllowed, NotSignedIn, NotThere, NotUnderstood, Unreachable
from console.words import Words

_PAGES: Final[dict[type[Exception], tuple[int, str]]] = {
    NotThere: (404, "not_found"),
    NotAllowed: (403, "not_allowed"),
    NotUnderstood: (400, "not_understood"),
    RequestValidationError: (400, "not_understood"),
}


def add_pages(app: FastAPI) -> None:
    """Answer what the pages raise with pages; machines still get problems where they ask."""
    for kind in _PAGES:
        app.add_exception_handler(kind, _said)
    app.add_exception_handler(NotSignedIn, _to_sign_in)
    app.add_exception_handler(Unreachable, _unreachable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Problem, _problem)


async def _said(request: Request, error: Exception) -> Response:
    status, key = _PAGES[type(error)]
    return _page(request, status, key)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    key = "not_found" if status in {404, 405} else "not_understood"
    answer = _page(request, status, key)
    for name, value in (getattr(error, "headers", None) or {}).items():
        answer.headers[name] = value
    return answer


async def _problem(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Problem) else 500
    key = "not_understood" if status < 500 else "failed"
    return _page(request, status, key)


async def _unreachable(request: Request, error: Exception) -> Response:
    service = error.service if isinstance(error, Unreachable) else ""
    return _page(request, 503, "unreachable", service=service)


def _page(request: Request, status: int, key: str, **blanks: str) -> HTMLResponse:
    message = str(getattr(Words(language_of(request)), key)).format(**blanks)
    return render(request, "trouble", {"message": message}, status=status)


async def _to_sign_in(request: Request, error: Exception) -> Response:
    answer = RedirectResponse("/console/sign-in", status_code=303)
    if TOKEN_COOKIE in request.cookies:
        answer = RedirectResponse("/console/sign-in?refused=true", status_code=303)
        answer.delete_cookie(TOKEN_COOKIE)
    answer.headers["Content-Language"] = language_of(request)
    return answer
