"""The commands of a service: ``python -m cases api | worker | migrate``."""

import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog
import typer
from sqlalchemy.exc import DBAPIError

from shared import log
from shared.bus import Bus, BusUnavailable
from shared.clock import Clock, utc_now
from shared.db import make_engine
from shared.http.routes import OpenRoute
from shared.keys import BadKeys
from shared.migrate import upgrade
from shared.service import Service, Site, run_api, run_worker
from shared.settings import (
    BadSettings,
    ServiceSettings,
    SiteSettings,
    load,
    unknown_variables,
)

_log = structlog.get_logger(__name__)

BAD_CONFIGURATION: Final = 2
FAILED: Final = 1

S = TypeVar("S", bound=ServiceSettings)
T = TypeVar("T", bound=SiteSettings)
Build = Callable[..., Service]
"""``build(settings, bus, clock)``, the composition root of a service."""


def run(name: str, settings_class: type[S], build: Build, migrations: str) -> None:
    """Do what the command line says, then exit: 0 done, 1 failed, 2 badly configured.

    ``migrations`` is the package whose ``migrations`` are the service's.
    """
    commands(name, settings_class, build, migrations)(prog_name=f"python -m {migrations}")


def commands(name: str, settings_class: type[S], build: Build, migrations: str) -> typer.Typer:
    """The same as a typer application, for other programs and tests."""
    app = _typer(name, settings_class)

    @app.command()
    def api() -> None:
        """Serve the HTTP API until SIGTERM."""
        _start(name, settings_class, lambda settings: run_api(_built(build, settings)))

    @app.command()
    def worker() -> None:
        """Publish and handle messages until SIGTERM."""
        _start(name, settings_class, lambda settings: run_worker(_built(build, settings)))

    @app.command()
    def migrate() -> None:
        """Bring database and queues to this version's; safe to run twice and at once.

        Run it for every service before any starts: a message to a queue that is not there yet
        would be nobody's.
        """
        _start(name, settings_class, lambda settings: _migrate(settings, build, migrations))

    return app


def run_site(name: str, settings_class: type[T], build: Callable[[T], Site], package: str) -> None:
    """The same for what has neither database nor queue: ``python -m <package> api``."""
    app = _typer(name, settings_class)

    @app.callback()
    def several() -> None:
        # With a callback typer keeps the command's name though it is the only one.
        pass

    @app.command()
    def api() -> None:
        """Serve the pages until SIGTERM."""
        _start(name, settings_class, lambda settings: run_api(build(settings)))

    app(prog_name=f"python -m {package}")


def _typer(name: str, settings_class: type[SiteSettings]) -> typer.Typer:
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=f"The service {name}. Settings come from the environment"
        f" ({settings_class.model_config.get('env_prefix', '').upper()}…).",
    )


def _built(build: Build, settings: ServiceSettings, clock: Clock = utc_now) -> Service:
    return build(settings, _bus(settings), clock)


def _bus(settings: ServiceSettings) -> Bus:
    if settings.bus_url is None:
        prefix = settings.model_config.get("env_prefix", "").upper()
        raise BadSettings(
            f"{prefix}BUS_URL is missing (RabbitMQ, as amqp://USER:PASSWORD@HOST/VHOST)"
        )
    from shared.rabbit import RabbitBus

    return RabbitBus(settings.bus_url)


def _migrate(settings: ServiceSettings, build: Build, package: str) -> None:
    engine = make_engine(settings.database_url, pool_size=1, application_name=f"{package} migrate")
    try:
        upgrade(engine, package)
    finally:
        engine.dispose()
    service = _built(build, settings)
    try:
        service.declare()
    finally:
        service.close()
    _log.info("migrated", package=package)


def _start(name: str, settings_class: type[T], work: Callable[[T], Any]) -> None:
    """Load the settings and do ``work``; what a person can mend is said in a sentence."""
    try:
        settings = load(settings_class)
        log.configure(service=name, style=settings.log_format, level=settings.log_level)
        for variable in unknown_variables(settings_class):
            _log.warning("unknown_setting", variable=variable)
        work(settings)
    except (BadSettings, BadKeys, OpenRoute) as error:
        _quit(name, str(error), BAD_CONFIGURATION, error)
    except DBAPIError as error:
        _log.error("failed", raised=log.frames(error))
        state = getattr(error.orig, "sqlstate", None)
        _quit(name, f"the database refused or can't be reached (SQLSTATE {state})", FAILED, error)
    except BusUnavailable as error:
        _quit(name, f"the broker can't be reached ({error})", FAILED, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _quit(name, where + (error.strerror or type(error).__name__), FAILED, error)
    except Exception as error:
        # Frames, not a traceback: its text may quote what somebody wrote.
        _log.error("unforeseen", raised=log.frames(error))
        _quit(name, f"ended by {type(error).__name__}; see the log", FAILED, error)


def _quit(name: str, words: str, status: int, error: Exception) -> None:
    for line in words.splitlines() or [type(error).__name__]:
        sys.stderr.write(f"{name}: {line}\n")
    raise typer.Exit(status) from error
