"""The composition root of the console: its pages, and the services they are read from."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from shared.clock import Clock, utc_now
from shared.service import Site

from console import api
from console.clients import Services, open_services
from console.settings import ConsoleSettings

NAME: Final = "console"


@dataclass(kw_only=True, eq=False)
class Console(Site):
    """The console: an application and a pool of connections, nothing kept."""

    settings: ConsoleSettings
    services: Services

    def close(self) -> None:
        self.services.client.close()


def build(settings: ConsoleSettings, clock: Clock = utc_now) -> Console:
    """The console over the services named in ``settings``. Asks none of them yet.

    It is ready when they can be reached: a page without its data is no page.
    """
    services = open_services(settings)
    return Console(
        name=NAME,
        settings=settings,
        app=api.make(),
        clock=clock,
        checks={name: partial(services.ready, name) for name in services.addresses},
        services=services,
    )
