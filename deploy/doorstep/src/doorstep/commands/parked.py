"""`doorstep parked`: messages that kept failing, and what waits behind them."""

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table
from shared.clock import utc_now
from shared.db import transaction
from shared.parking import NotParked, ParkedMessage

from doorstep.commands.options import DEFAULT_HOME, HomeOption
from doorstep.databases import ServiceName, engines
from doorstep.screen import Screen
from doorstep.trouble import Trouble
from shared import parking

_PAGE = 200
_ID_LENGTH = 36

app = typer.Typer(no_args_is_help=True)

OneService = Annotated[ServiceName, typer.Option("--service", help="Whose message it is.")]
MessageId = Annotated[UUID, typer.Argument(help="The message's id, as `list` shows it.")]


@app.callback()
def _about() -> None:
    """Messages that kept failing, by service: look at them, try again, give them up.

    A parked message holds back all later ones of the same key, so that order holds.
    """


@app.command("list")
def list_(
    service: Annotated[
        ServiceName | None, typer.Option("--service", help="Only of this service.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what is parked, oldest first."""
    screen = Screen()
    wanted = [service] if service else list(ServiceName)
    found: list[tuple[ServiceName, ParkedMessage]] = []
    with engines(home, *wanted) as by_service:
        for name, engine in by_service.items():
            with transaction(engine) as session:
                after = 0
                while page := parking.list_parked(session, after=after, limit=_PAGE):
                    found += [(name, message) for message in page]
                    after = page[-1].seq
    if not found:
        screen.say("Nothing is parked.")
        return
    table = Table(show_lines=True)
    table.add_column("service")
    # Whole, however narrow the terminal is: it is what the other commands want.
    table.add_column("message", min_width=_ID_LENGTH, no_wrap=True)
    for column in ("type", "parked (UTC)", "tries", "error"):
        table.add_column(column, overflow="fold")
    for name, message in found:
        table.add_row(
            name.value,
            str(message.message_id),
            message.type,
            f"{message.parked_at:%Y-%m-%d %H:%M:%S}",
            "waits" if message.attempts == 0 else str(message.attempts),
            message.error.splitlines()[0] if message.error else "",
        )
    screen.console.print(table)


@app.command()
def show(message: MessageId, service: OneService, home: HomeOption = DEFAULT_HOME) -> None:
    """Print one parked message with its whole error, as JSON."""
    with engines(home, service) as by_service, transaction(by_service[service]) as session:
        try:
            found = parking.show(session, message)
        except NotParked as error:
            raise Trouble(_sentence(error)) from error
    typer.echo(
        json.dumps(
            {
                "message_id": str(found.message_id),
                "type": found.type,
                "key": found.key,
                "attempts": found.attempts,
                "parked_at": found.parked_at.isoformat(),
                "requeued_at": found.requeued_at and found.requeued_at.isoformat(),
                "error": found.error,
                "body": _parsed(found.body),
            },
            ensure_ascii=False,
            indent=2,
        )
    )


@app.command()
def requeue(message: MessageId, service: OneService, home: HomeOption = DEFAULT_HOME) -> None:
    """Try a message again, and in order all that waits behind it."""
    with engines(home, service) as by_service, transaction(by_service[service]) as session:
        try:
            count = parking.requeue(session, message, now=utc_now())
        except NotParked as error:
            raise Trouble(_sentence(error)) from error
    Screen().say(f"{count} message(s) of its key will be worked off again by the worker.")


@app.command()
def drop(
    message: MessageId,
    service: OneService,
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
    by: Annotated[str, typer.Option(help="Who decides this.", envvar="USER")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give a message up for good: it never has its effect. What waits behind it goes on."""
    if not reason.strip() or not by.strip():
        raise Trouble("A dropped message needs a reason and a name: --reason TEXT --by NAME.")
    with engines(home, service) as by_service, transaction(by_service[service]) as session:
        try:
            parking.drop(session, message, by=by.strip(), reason=reason.strip(), now=utc_now())
        except NotParked as error:
            raise Trouble(_sentence(error)) from error
    Screen().say(f"Message {message} is given up.")


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _parsed(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body
