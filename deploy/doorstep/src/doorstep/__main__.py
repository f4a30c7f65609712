"""The `doorstep` command: `doorstep --help` lists what it can do."""

import io
import sys
from typing import NoReturn

import typer
from sqlalchemy.exc import DBAPIError

from doorstep.commands import contracts, decision, packs, parked, run, story, sweep, token
from doorstep.databases import DatabaseFails
from doorstep.push import push
from doorstep.screen import report
from doorstep.signals import Stopped
from doorstep.trouble import Trouble

app = typer.Typer(
    name="doorstep",
    help="Doorstep: compliant field collections. Runs the whole house, pushes files, operates it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    run.run,
    run.demo,
    story.story,
    push,
    token.token,
    sweep.sweep,
    contracts.contracts,
):
    app.command()(command)
app.add_typer(parked.app, name="parked")
app.add_typer(packs.app, name="packs")
app.add_typer(decision.app, name="decision")


@app.callback()
def _root() -> None:
    """Doorstep: compliant field collections. Runs the whole house, pushes files, operates it."""


def main() -> None:
    """Runs the command line. A trouble becomes a sentence and an exit code, no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in a script that the terminal cannot show is no reason to end.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="doorstep")
    except Trouble as trouble:
        _end(trouble)
    except DBAPIError as error:
        _end(DatabaseFails(error))
    except Stopped:
        sys.exit(0)
    except BrokenPipeError:
        # `doorstep … | head`: nobody reads on, and that is no error of ours.
        sys.stderr.close()
        sys.exit(0)


def _end(trouble: Trouble) -> NoReturn:
    report(trouble)
    sys.exit(trouble.exit_code)


if __name__ == "__main__":
    main()
