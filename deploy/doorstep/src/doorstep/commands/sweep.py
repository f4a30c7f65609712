"""`doorstep sweep`: forgets what has served its time. Run it daily; twice changes nothing."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

import typer
from shared.clock import utc_now
from shared.db import transaction
from sqlalchemy import Engine
from sqlmodel import Session

from doorstep.commands.options import DEFAULT_HOME, HomeOption
from doorstep.databases import ServiceName, engines
from doorstep.screen import Screen
from doorstep.trouble import Trouble
from shared import idempotency, inbox, outbox

# A client that retries does so within a day. Broker and relay hold a message for hours at most;
# the inbox must remember far longer, or a late copy would have its effect again.
_KEEP: Final[dict[str, tuple[Callable[[Session, datetime], int], timedelta]]] = {
    "answers to idempotency keys": (idempotency.purge, timedelta(days=7)),
    "published events": (outbox.purge, timedelta(days=30)),
    "marks of received messages": (inbox.purge, timedelta(days=90)),
}


def sweep(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As if today were this day; never a later one."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Forget stored answers after 7 days, published events after 30, received marks after 90.

    Nothing that is evidence is touched: ledgers, decisions and histories stay.
    """
    now = utc_now()
    moment = now if as_of is None else _end_of(as_of.date(), now)
    screen = Screen()
    with engines(home, *ServiceName) as by_service:
        for name, engine in by_service.items():
            counts = [
                f"{_all(engine, purge, moment - kept)} {what}"
                for what, (purge, kept) in _KEEP.items()
            ]
            screen.say(f"{name.value}: forgot {', '.join(counts)}.")


def _end_of(day: date, now: datetime) -> datetime:
    moment = datetime.combine(day, time.max, now.tzinfo)
    if day > now.date():
        raise Trouble(f"{day} is still to come; what it would forget may yet be needed.")
    return min(moment, now)


def _all(engine: Engine, purge: Callable[[Session, datetime], int], before: datetime) -> int:
    """Small transactions until nothing is left, so that no request waits for a long one."""
    total = 0
    while True:
        with transaction(engine) as session:
            count = purge(session, before)
        total += count
        if not count:
            return total
