"""The house opened for a person at the terminal: started, its story told, served until stopped."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.text import Text
from shared.auth import Role
from shared.clock import utc_now

from doorstep import house, ports
from doorstep.commands.options import DEFAULT_HOME, DEFAULT_PORT, Language
from doorstep.home import Home, open_home
from doorstep.house import House
from doorstep.rooms import ROOMS
from doorstep.screen import Screen, report
from doorstep.signals import Stopped, stop_on_signals
from doorstep.story import callers, story_tokens, tell
from doorstep.story.otherwise import StoryWentOtherwise
from doorstep.trouble import Trouble

_TOKEN_DAYS: Final = 7


class HouseFell(Trouble):
    """Something the house cannot live without has died."""

    exit_code = 1


class CutShort(Trouble):
    """A signal ended the demo before the story did."""

    exit_code = 130


def run(home: Path, port: int, *, with_story: bool, language: Language) -> None:
    """Opens the house in `home` on `port` and serves until a signal; raises Trouble.

    The story is told the first time only.
    """
    os.umask(0o077)  # whatever is written in the home is the owner's alone
    screen = Screen()
    with stop_on_signals():
        try:
            with _standing(home, port, screen) as standing:
                if with_story and not standing.home.story_was_told():
                    _tell_once(standing, screen, language)
                _show_what_next(standing, screen)
                _serve(standing)
        except Stopped:
            screen.say("Stopped. Nothing is left running; the data is kept.")


def demo(language: Language) -> None:
    """Opens a house of its own, tells the story and takes the house away; raises Trouble.

    A house whose story went otherwise is kept, to find out why.
    """
    screen = Screen()
    directory = Path(tempfile.mkdtemp(prefix="doorstep-demo-"))
    keep = False
    with stop_on_signals():
        try:
            with _standing(directory, 0, screen) as standing:
                _tell(standing, screen, language)
        except StoryWentOtherwise as otherwise:
            keep = True
            otherwise.advice = f"To look into it: the house is kept in {directory}, logs and all."
            raise
        except Stopped:
            raise CutShort("Stopped before the story ended.") from None
        finally:
            if not keep:
                shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _standing(directory: Path, port: int, screen: Screen) -> Iterator[House]:
    """A house in that home on that port. What can be refused is refused before anything slow."""
    home = open_home(directory)
    with home.locked() as lock, ports.reserve(port) as reserved:
        screen.title("Doorstep")
        with house.running(home, lock, reserved, screen) as standing:
            try:
                yield standing
            finally:
                screen.say("Stopping …")


def _tell_once(standing: House, screen: Screen, language: Language) -> None:
    """A story that goes otherwise is shown and the house serves on, to look into it."""
    try:
        _tell(standing, screen, language)
    except StoryWentOtherwise as otherwise:
        otherwise.advice = f"To look into it: the services' log is {standing.home.log}."
        report(otherwise)
    else:
        standing.home.note_story_told(utc_now())


def _tell(standing: House, screen: Screen, language: Language) -> None:
    with callers(standing.url, story_tokens(standing.home.token_key), language) as both:
        tell(both, screen, utc_now())


def _serve(standing: House) -> None:
    while (ailment := standing.ailing()) is None:
        time.sleep(0.5)
    raise HouseFell(ailment)


def _show_what_next(standing: House, screen: Screen) -> None:
    url, home = standing.url, standing.home
    screen.title("The house is open")
    addresses = [("console", f"{url}/")]
    addresses += [(room.name, f"{url}{room.prefix}/docs") for room in ROOMS]
    for name, address in addresses:
        screen.say(Text.assemble(f"  {name:15}", (address, "cyan")))
    screen.title(f"A token for operations, valid for {_TOKEN_DAYS} days")
    lifetime = timedelta(days=_TOKEN_DAYS)
    screen.raw(home.token(Role.OPS, now=utc_now(), lifetime=lifetime))
    screen.title("Try next, in another terminal")
    command = _command()
    where = "" if _is_default(home) else f" --home {_shown(home.directory)}"
    at = "" if url.endswith(f":{DEFAULT_PORT}") else f" --url {url}"
    for line in (
        f"TOKEN=$({command} token --role ops{where})",
        f'curl -H "Authorization: Bearer $TOKEN" "{url}/cases/v1/cases?limit=3"',
        f'curl -H "Authorization: Bearer $TOKEN" {url}/contact-rules/v1/packs',
        f"{command} push FILE --lender my-bank{at}{where}",
        f"{command} packs show tw",
    ):
        screen.raw(f"  {line}")
    screen.say()
    screen.say(
        Text.assemble(
            ("Serving", "bold green"),
            f" at {url}; data and logs in {_shown(home.directory)}. ",
            ("Ctrl-C", "bold"),
            " stops it.",
        )
    )


def _command() -> str:
    return _shown(Path(sys.argv[0])) if Path(sys.argv[0]).name == "doorstep" else "doorstep"


def _is_default(home: Home) -> bool:
    return home.directory == DEFAULT_HOME.absolute()


def _shown(path: Path) -> str:
    """As short as it can be typed here."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
