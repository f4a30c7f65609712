"""`doorstep packs`: rule packs for those who write and read them: show, check, run the examples."""

import json
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
    """Run the worked examples inside the packs.

    Fails if one comes out otherwise, or if a rule has none that it denies or none that it lets
    pass.
    """
    from contact_rules.domain import BrokenPack, run_examples
    from contact_rules.domain.packs.coverage import untried

    screen = Screen()
    library = _library(directory)
    wanted = _named(library, packs) if packs else list(library)
    run = failed = bare = 0
    for pack in wanted:
        try:
            results = run_examples(pack, library)
        except BrokenPack as broken:
            raise PacksFail(f"The examples cannot be read:\n{broken}") from broken
        bad = [result for result in results if not result.passed]
        missing = untried(pack, [result.decision for result in results])
        run, failed, bare = run + len(results), failed + len(bad), bare + len(missing)
        sign, style = ("✗", "red") if bad or missing else ("✓", "green")
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
        for rule in missing:
            lacks = [] if rule.broken else ["none that it denies"]
            lacks += [] if rule.kept else ["none that it lets pass"]
            said = f"      {rule.rule} has no full examples: {' and '.join(lacks)}"
            screen.say(Text(said, "red"))
    if failed:
        raise PacksFail(f"{failed} of {_counted(run, 'example')} {_otherwise(failed)}.")
    if bare:
        raise PacksFail(
            f"{_counted(bare, 'rule')} without an example of each sort.",
            "Give each a contact that it denies, and one that it lets pass.",
        )
    come = "comes out as it says" if run == 1 else "come out as they say"
    screen.say(f"{_counted(run, 'example')} of {_counted(len(wanted), 'pack')} {come}.")


@app.command()
def show(
    pack: Annotated[str, typer.Argument(help="The id of a pack, such as tw.")],
    lang: LanguageOption = "en",
    directory: DirectoryOption = None,
) -> None:
    """Print a pack for reading: each rule, what it asks, its law, and how sure we are of it.

    All its versions are shown; to see one, name it: tw@2026-11-21.
    """
    from contact_rules.domain import show as shown

    library = _library(directory)
    for found in _named(library, [pack]):
        Screen().raw(shown(found, lang))


@app.command()
def lint(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Pack files (YAML); all of the directory if left out.", metavar="[FILE]…"
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            help="The packs that stand beside these; if left out those in the same directory, if"
            " it has a person-protection.yaml, else the shipped ones.",
        ),
    ] = None,
) -> None:
    """Check pack files before they are used: each for itself, then together with the others."""
    from contact_rules.domain import shipped
    from contact_rules.domain.packs import linting
    from contact_rules.domain.packs.library import pack_files

    screen = Screen()
    beside = directory or _directory_of(files or []) or shipped()
    given = {file.name: file for file in files or map(_from_here, pack_files(beside))}
    if not given:
        raise Trouble(f"There are no packs in {beside}.")
    if files and len(given) < len(files):
        raise Trouble("Two of these files have one name, so they can't stand beside each other.")
    others = {file.name: file for file in pack_files(beside) if file.name not in given}
    linted = linting.lint([*given.values(), *others.values()])
    broken = {complaint.file for complaint in linted.complaints}
    for name, file in {**given, **others}.items():
        for each in linted.complaints:
            if each.file == name:
                screen.raw(f"  ✗ {each._replace(file=str(file))}")
        if name not in broken and name in given:
            pack = linted.packs[name]
            screen.raw(f"  ✓ {file}: {pack.name}, {_counted(len(pack.rules), 'rule')}")
    for each in linted.complaints:
        if each.file not in given and each.file not in others:
            screen.raw(f"  ✗ {each}")
    if count := len(broken & given.keys()):
        are = "is no pack" if count == 1 else "are no packs"
        raise PacksFail(f"{count} of {_counted(len(given), 'file')} {are}.")
    if broken:
        raise PacksFail("The packs beside are broken, so nobody knows whether these fit.")


@app.command()
def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Print nothing; fail if the shipped file differs.")
    ] = False,
) -> None:
    """Print the JSON Schema of the pack format, by which editors complete and check packs."""
    from contact_rules.domain import shipped
    from contact_rules.domain.packs.schema import FILE, pack_schema

    text = json.dumps(pack_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    file = shipped() / FILE
    if not check:
        typer.echo(text, nl=False)
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        raise PacksFail(
            f"{file} is not what the code says.",
            f"doorstep packs schema > {file}, look at the difference, and commit it.",
        )
    else:
        Screen().say(f"{FILE} is what the code says.")


def _directory_of(files: list[Path]) -> Path | None:
    """The directory of the files, if it is one of packs that stand on their own."""
    from contact_rules.domain.packs.person_protection import ID

    parents = {file.parent for file in files}
    if len(parents) == 1 and ((parent := parents.pop()) / f"{ID}.yaml").is_file():
        return parent
    return None


def _from_here(file: Path) -> Path:
    """As short as it can be typed here."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def _otherwise(failed: int) -> str:
    if failed == 1:
        return "comes out otherwise than it says"
    return "come out otherwise than they say"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _library(directory: Path | None) -> "Library":
    from contact_rules.domain import BrokenPack, load, shipped

    try:
        return load(directory or shipped())
    except BrokenPack as error:
        raise Trouble(f"The packs cannot be used:\n{error}") from error
    except OSError as error:
        raise Trouble(f"The packs cannot be read: {error.strerror} ({error.filename}).") from error


def _named(library: "Library", ids: list[str]) -> list["Pack"]:
    from contact_rules.domain import UnknownPack

    try:
        return list(library.named(ids))
    except UnknownPack as error:
        raise Trouble(str(error)) from error
