"""The services of the house: where each is found, and what it must be told to run in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cases.service import build as build_cases
from cases.settings import CasesSettings
from console.service import build as build_console
from console.settings import ConsoleSettings
from contact_rules.service import build as build_contact_rules
from contact_rules.settings import ContactRulesSettings
from plans.service import build as build_plans
from plans.settings import PlansSettings
from shared.bus import Bus
from shared.service import Service, Site
from shared.settings import BadSettings, ServiceSettings, load

from doorstep.home import Home
from doorstep.trouble import Trouble

_POOL: Final = 10  # connections of one service: those of its requests and of its loops


@dataclass(frozen=True, slots=True)
class Room:
    """One service in the house. Its package names its database and its role there, too."""

    name: str
    prefix: str
    package: str
    settings: type[ServiceSettings]
    make: Callable[[Any, Bus], Service]
    told: Callable[[Home, str], dict[str, Any]]
    """What it alone is told, of the home and of the address of the house."""

    def build(self, home: Home, url: str, database_url: str, bus: Bus) -> Service:
        """The service, ready to serve in the house at `url`.

        Raises Trouble for settings that are no good.
        """
        given: dict[str, Any] = {
            "database_url": database_url,
            "database_pool": _POOL,
            "token_keys": str(home.token_keys),
            "revoked_tokens": home.revoked_tokens,
            **self.told(home, url),
        }
        try:
            return self.make(load(self.settings, **given), bus)
        except BadSettings as error:
            raise Trouble(f"The service {self.name} does not start: {error}") from error


ROOMS: Final = (
    Room(
        name="cases",
        prefix="/cases",
        package="cases",
        settings=CasesSettings,
        make=build_cases,
        told=lambda home, url: {
            "identity_key": home.identity_secret.read_text(),
            "approval_keys": str(home.approval_keys),
            "contact_rules_url": f"{url}/contact-rules",
            "service_token_file": home.service_token,
        },
    ),
    Room(
        name="contact-rules",
        prefix="/contact-rules",
        package="contact_rules",
        settings=ContactRulesSettings,
        make=build_contact_rules,
        told=lambda home, _url: {
            "approval_key": home.approval_key,
            "approval_older_keys": home.approval_keys,
        },
    ),
    Room(
        name="plans",
        prefix="/plans",
        package="plans",
        settings=PlansSettings,
        make=build_plans,
        told=lambda _home, _url: {},
    ),
)


def console(url: str) -> Site:
    """The console over the services of the house at `url`; it keeps nothing."""
    settings = {f"{room.package}_url": f"{url}{room.prefix}" for room in ROOMS}
    return build_console(load(ConsoleSettings, **settings))
