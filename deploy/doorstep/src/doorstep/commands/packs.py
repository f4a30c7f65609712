"""`doorstep packs`: rule packs for those who write and read them: show, check, run the examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from doorstep.commands.options import LanguageOption
from doorstep.screen import Screen
from doorstep.trouble import Trouble

if TYPE_CHECKING:
    from contact_rules.domain import Library, Pack

app = typer.Typer(no_args_is_help=True)

DirectoryOption = Annotated[
    Path | None,
    typer.Option("--dir", help="The directory of the packs; the shipped ones if left out."),
]
Names = Annotated[
    list[str] | None, typer.Argument(help="Ids of packs; all if left out.", metavar="[PACK]…")
]


class PacksFail(Trouble):
    """Packs whose examples do not come out as they say."""

    exit_code = 1


@app.callback()
def _about() -> None:
    """The rules of each jurisdiction as data, with their law and their worked examples."""


@app.command("test")
def check_examples(packs: Names = None, directory: DirectoryOption = None) -> None:
    """Run the worked examples inside the packs; fails if one comes out otherwise."""
    from contact_rules.domain import run_examples
    from contact_rules.domain.examples import untested

    screen = Screen()
    library = _library(directory)
    wanted = _named(library, packs) if packs else list(library)
    run = failed = 0
    for pack in wanted:
        results = run_examples(pack, library)
        bad = [result for result in results if not result.passed]
        run, failed = run + len(results), failed + len(bad)
        sign, style = ("✗", "red") if bad else ("✓", "green")
        screen.say(
            Text.assemble(
                (f"  {sign} ", style),
                (pack.name, "bold"),
                f"  {_counted(len(results), 'example')}",
            )
        )
        for result in bad:
            screen.say(Text(f"      line {result.line}: {result.why}", "red"))
            for problem in result.problems:
                screen.say(f"        {problem}")
        for rule in untested(pack, results):
            screen.say(Text(f"      no example both keeps and breaks {rule}", "yellow"))
    if failed:
        come = (
            "comes out otherwise than it says"
            if failed == 1
            else "come out otherwise than they say"
        )
        raise PacksFail(f"{failed} of {_counted(run, 'example')} {come}.")
    come = "comes out as it says" if run == 1 else "come out as they say"
    screen.say(f"{_counted(run, 'example')} of {_counted(len(wanted), 'pack')} {come}.")


@app.command()
def show(
    pack: Annotated[str, typer.Argument(help="The id of a pack, such as tw.")],
    lang: LanguageOption = "en",
    directory: DirectoryOption = None,
) -> None:
    """Print a pack for reading: each rule, what it asks, its law, and how sure we are of it."""
    from contact_rules.domain import show as shown

    library = _library(directory)
    for found in _named(library, [pack]):
        Screen().raw(shown(found, lang))


@app.command()
def lint(
    files: Annotated[list[Path], typer.Argument(help="Pack files (YAML).", metavar="FILE…")],
) -> None:
    """Check pack files before they are used: structure, words, references."""
    from contact_rules.domain import BrokenPack
    from contact_rules.domain.packs.loading import read_pack

    broken = 0
    for file in files:
        try:
            found = read_pack(file)
        except (BrokenPack, OSError) as error:
            broken += 1
            Screen().say(Text(f"  ✗ {file}: {error}", "red"))
        else:
            Screen().say(f"  ✓ {file}: {found.name}, {_counted(len(found.rules), 'rule')}")
    if broken:
        are = "is no pack" if broken == 1 else "are no packs"
        raise PacksFail(f"{broken} of {_counted(len(files), 'file')} {are}.")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _library(directory: Path | None) -> "Library":
    from contact_rules.domain import BrokenPack, load, shipped

    try:
        return load(directory or shipped())
    except BrokenPack as error:
        raise Trouble(f"The packs cannot be used: {error}.") from error
    except OSError as error:
        raise Trouble(f"The packs cannot be read: {error.strerror} ({error.filename}).") from error


def _named(library: "Library", ids: list[str]) -> list["Pack"]:
    from contact_rules.domain import UnknownPack

    try:
        return list(library.named(ids))
    except UnknownPack as error:
        raise Trouble(str(error)) from error
