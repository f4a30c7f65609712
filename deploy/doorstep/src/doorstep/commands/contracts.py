"""`doorstep contracts`: writes what the system promises as data, or checks what is committed."""

from pathlib import Path
from typing import Annotated

import typer

from doorstep.screen import Screen
from doorstep.trouble import Trouble


class Drifted(Trouble):
    """The committed files are not what the code says."""

    exit_code = 1


def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file would change.")
    ] = False,
    directory: Annotated[
        Path, typer.Option("--to", help="Where the files are.", metavar="DIR")
    ] = Path("shared/contracts"),
) -> None:
    """Write OpenAPI, AsyncAPI and event schemas from the code (for developers)."""
    # Only here: it builds every service to ask it.
    from doorstep import contracts as generated

    screen = Screen()
    if not check:
        directory.mkdir(parents=True, exist_ok=True)
        changed = generated.write(directory)
        for path in changed:
            screen.say(f"  {path}")
        screen.say(f"{len(changed)} file(s) written to {directory}.")
    elif drifted := generated.drift(directory):
        listed = "\n".join(f"  {path}" for path in drifted)
        raise Drifted(
            f"{len(drifted)} file(s) in {directory} are not what the code says:\n{listed}",
            "Run `make contracts`, look at the difference, and commit it.",
        )
    else:
        screen.say(f"{directory} is what the code says.")
