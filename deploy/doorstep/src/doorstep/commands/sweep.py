"""`doorstep sweep`: forgets what has served its time. Run it daily; twice changes nothing."""

from datetime import date, datetime, time
from typing import Annotated

import typer
from shared.clock import utc_now

from doorstep.commands.options import DEFAULT_HOME, HomeOption
from doorstep.databases import ServiceName, engines
from doorstep.screen import Screen
from doorstep.trouble import Trouble
from shared import housekeeping


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
                f"{count} {what}" for what, count in housekeeping.sweep(engine, moment).items()
            ]
            screen.say(f"{name.value}: forgot {', '.join(counts)}.")


def _end_of(day: date, now: datetime) -> datetime:
    moment = datetime.combine(day, time.max, now.tzinfo)
    if day > now.date():
        raise Trouble(f"{day} is still to come; what it would forget may yet be needed.")
    return min(moment, now)
