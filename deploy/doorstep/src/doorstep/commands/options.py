"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from doorstep import home

HomeOption = Annotated[
    Path,
    typer.Option("--home", help="Where the house keeps its keys and data.", metavar="DIR"),
]
DEFAULT_HOME = home.DEFAULT
DEFAULT_PORT = 8000
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"

UrlOption = Annotated[
    str,
    typer.Option("--url", help="Where the house answers.", metavar="URL", envvar="DOORSTEP_URL"),
]

Language = Literal["en", "zh"]
LanguageOption = Annotated[
    Language, typer.Option("--lang", help="Language of the rules' messages.")
]
