"""The pages: what each address of the console shows, and nothing else."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from shared.http import make_app
from starlette.staticfiles import StaticFiles

from console.api import cases, packs, plans, reviews, sign_in, trouble, visits

_STATIC: Final = Path(__file__).parents[1] / "static"


def make() -> FastAPI:
    """The console's application. Each page asks for the token itself, by its cookie.

    All pages but the entrance are below ``/console``: the services' prefixes have names that a page
    would like to have, too.
    """
    app = make_app(
        name="console",
        title="Doorstep console",
        version="1",
        description="Pages for people; the data is the services'.",
        prefix="",
        open_paths=("/*",),
    )
    trouble.add_pages(app)
    for part in (sign_in, cases, visits, reviews, plans, packs):
        app.include_router(part.router)
    app.mount("/console/static", StaticFiles(directory=_STATIC), name="static")
    return app
