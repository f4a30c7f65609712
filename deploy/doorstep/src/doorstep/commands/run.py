"""`doorstep run` and `doorstep demo`: the whole house in one process, and its story."""

from typing import Annotated

import typer

from doorstep.commands.options import DEFAULT_HOME, DEFAULT_PORT, HomeOption, LanguageOption


def run(
    home: HomeOption = DEFAULT_HOME,
    port: Annotated[
        int, typer.Option(help="The port on the loopback address; 0 takes a free one.")
    ] = DEFAULT_PORT,
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="Start empty: no sample accounts, no story.")
    ] = False,
    lang: LanguageOption = "en",
) -> None:
    """Run the whole house in this process until Ctrl-C.

    The first time on a home the story is told: sample accounts are pushed, visits planned,
    approved and denied. Later starts serve what is there.
    """
    # Here: it takes all services along, which other commands need not wait for.
    from doorstep import open_house

    open_house.run(home, port, with_story=not no_demo, language=lang)


def demo(lang: LanguageOption = "en") -> None:
    """Tell the story once in a house of its own, then take that away; fails if it goes otherwise.

    To tell it to a house that runs already: `doorstep story`.
    """
    from doorstep import open_house

    open_house.demo(lang)
