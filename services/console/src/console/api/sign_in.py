"""Signing in with a token, out again, and the choice of language."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from console.api.page import LANGUAGE_COOKIE, TOKEN_COOKIE, language_of, render
from console.clients import NotAllowed, NotSignedIn, Services
from console.words import LANGUAGES, Language

router = APIRouter(include_in_schema=False)

_LARGEST_TOKEN = 4000  # bytes; browsers keep no larger cookie


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body).items()}


Form = Annotated[dict[str, str], Depends(_form)]


@router.get("/console/sign-in")
def show_sign_in(request: Request, refused: bool = False) -> Response:
    """The form."""
    return render(request, "sign_in", {"refused": refused}, status=401 if refused else 200)


@router.post("/console/sign-in")
def sign_in(request: Request, form: Form) -> Response:
    """Keep a token that the services accept in a cookie that no script can read."""
    token = form.get("token", "").strip()
    if not token or len(token) > _LARGEST_TOKEN or not token.isascii() or not token.isprintable():
        return render(request, "sign_in", {"refused": True}, status=401)
    services: Services = request.app.state.service.services
    try:
        services.reader(token, language_of(request)).one("cases", "cases", limit=1)
    except NotSignedIn:
        return render(request, "sign_in", {"refused": True}, status=401)
    except NotAllowed:
        pass  # a good token of a role with other pages
    answer = RedirectResponse("/console/cases", status_code=303)
    answer.set_cookie(
        TOKEN_COOKIE,
        token,
        httponly=True,
        samesite="strict",
        secure=request.app.state.service.settings.secure_cookies,
    )
    return answer


@router.post("/console/sign-out")
def sign_out(_request: Request) -> Response:
    """Forget the token."""
    answer = RedirectResponse("/console/sign-in", status_code=303)
    answer.delete_cookie(TOKEN_COOKIE)
    return answer


@router.get("/console/language/{language}")
def choose_language(language: Language, to: str = "/") -> Response:
    """Remember the language and go back to a page of ours, never to another site."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\"))
    answer = RedirectResponse(to if ours else "/", status_code=303)
    answer.set_cookie(LANGUAGE_COOKIE, LANGUAGES[LANGUAGES.index(language)], samesite="strict")
    return answer
