"""`doorstep push`: sends a file of accounts to a house and waits until every row is judged."""

import gzip
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text
from shared.auth import Role
from shared.clock import utc_now

from doorstep.commands.options import DEFAULT_HOME, DEFAULT_URL, HomeOption, UrlOption
from doorstep.home import existing_home
from doorstep.house_imports import HouseImports, Import
from doorstep.screen import Screen
from doorstep.trouble import Trouble

_MEDIA_TYPES: Final = {
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".json": "application/json",
}
_PIECE: Final = 64 * 1024
_TOKEN_LIFETIME: Final = timedelta(hours=12)
_LANGUAGE: Final = "en"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a file. ``rejected_rows`` is where the refused rows were written, if any."""

    import_id: str
    dry_run: bool
    received: int
    created: int
    updated: int
    unchanged: int
    stale: int
    rejected: int
    rejected_rows: Path | None


def push(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, NDJSON (.ndjson, .jsonl) or a JSON array, as it is or with .gz behind.",
            metavar="FILE",
        ),
    ],
    lender: Annotated[str, typer.Option(help="Whose accounts these are.", metavar="ID")],
    url: UrlOption = DEFAULT_URL,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge every row and change nothing.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DOORSTEP_TOKEN",
            help="A lender's token or one of ops. Left out: one is signed with the home's key.",
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Push a file of accounts: good rows go in, refused rows are written beside the file.

    Ends with 0 when every row went in, 1 when some were refused, 2 when it could not be done. The
    same file again changes nothing.
    """
    bearer = token or existing_home(home).token(
        Role.LENDER, now=utc_now(), lifetime=_TOKEN_LIFETIME, lender=lender
    )
    pushed = push_file(file, lender=lender, url=url, token=bearer, dry_run=dry_run)
    if pushed.rejected:
        raise typer.Exit(1)


def push_file(
    file: Path,
    *,
    lender: str,
    url: str,
    token: str,
    dry_run: bool = False,
    screen: Screen | None = None,
) -> Pushed:
    """Push ``file``, show how it goes, write refused rows beside it as ``FILE.rejected.ndjson``.

    Returns when every row has come to something. A broken connection is tried again; the house
    takes the file once. Raises Trouble.
    """
    screen = screen or Screen()
    source = _Source.of(file)
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": _LANGUAGE}
    with (
        httpx.Client(headers=headers, timeout=httpx.Timeout(30.0, read=180.0)) as client,
        _bars(screen) as bars,
    ):
        house = HouseImports(client, f"{url.rstrip('/')}/cases/v1/imports")
        house.greet()
        try:
            answer = house.send(
                lambda: source.pieces(bars), source.headers, lender=lender, dry_run=dry_run
            )
        except OSError as error:
            raise Trouble(f"{file} can't be read on: {error.strerror}.") from error
        answer = house.wait(answer, bars.judged)
        refused = source.beside
        if answer["rejected"]:
            _write_refused(refused, house.errors(answer["id"]), source)
        else:
            refused.unlink(missing_ok=True)
    pushed = Pushed(
        import_id=answer["id"],
        dry_run=answer["dry_run"],
        received=answer["received"],
        created=answer["created"],
        updated=answer["updated"],
        unchanged=answer["unchanged"],
        stale=answer["stale"],
        rejected=answer["rejected"],
        rejected_rows=refused if answer["rejected"] else None,
    )
    _show(pushed, screen)
    return pushed


@dataclass(frozen=True, slots=True)
class _Source:
    """The file to push: what it is, and its bytes."""

    path: Path
    media_type: str
    compressed: bool
    size: int

    @classmethod
    def of(cls, path: Path) -> "_Source":
        """Raises Trouble for what can't be read or is of no known kind."""
        suffixes = [suffix.lower() for suffix in path.suffixes]
        compressed = suffixes[-1:] == [".gz"]
        kind = next(iter(suffixes[-2:-1] if compressed else suffixes[-1:]), "")
        if kind not in _MEDIA_TYPES:
            raise Trouble(
                f"{path} is of no kind that can be pushed.",
                f"Name it FILE{', FILE'.join(_MEDIA_TYPES)}, with .gz behind if it is compressed.",
            )
        try:
            if not path.is_file():
                raise Trouble(f"{path} is no file.")
            with path.open("rb"):
                size = path.stat().st_size
        except OSError as error:
            raise Trouble(f"{path} can't be read: {error.strerror}.") from error
        return cls(path, _MEDIA_TYPES[kind], compressed, size)

    @property
    def beside(self) -> Path:
        """Where its refused rows go."""
        return self.path.with_name(f"{self.path.name}.rejected.ndjson")

    @property
    def headers(self) -> dict[str, str]:
        encoding = {"Content-Encoding": "gzip"} if self.compressed else {}
        return {"Content-Type": self.media_type, "Content-Length": str(self.size), **encoding}

    def pieces(self, bars: "_Bars") -> Iterator[bytes]:
        with self.path.open("rb") as file:
            bars.began_sending(self.size)
            while piece := file.read(_PIECE):
                yield piece
                bars.sent(len(piece))

    def lines(self, wanted: Iterator[int]) -> Iterator[str | None]:
        """The text of each wanted line, in ascending order; None where rows are not lines."""
        if self.media_type == "application/json":
            yield from (None for _ in wanted)
            return
        with self.path.open("rb") as raw:
            file = gzip.GzipFile(fileobj=raw) if self.compressed else raw
            at = 0
            for line in wanted:
                text = b""
                while at < line:
                    text, at = file.readline(), at + 1
                yield text.decode("utf-8-sig", errors="replace").rstrip("\r\n")


class _Bars:
    """Two bars: what was sent, and what was judged."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._sending = progress.add_task("sending", total=None, unit="bytes")
        self._judging = progress.add_task("judging", total=None, unit="rows", visible=False)

    def began_sending(self, size: int) -> None:
        """Also after a broken connection: from the beginning."""
        self._progress.reset(self._sending, total=size)

    def sent(self, size: int) -> None:
        self._progress.advance(self._sending, size)

    def judged(self, answer: Import) -> None:
        self._progress.update(
            self._judging, total=answer["received"], completed=answer["processed"], visible=True
        )


@contextmanager
def _bars(screen: Screen) -> Iterator[_Bars]:
    """On a terminal they move; elsewhere there are none."""
    progress = Progress(
        TextColumn("  {task.description:8}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} {task.fields[unit]}"),
        TimeElapsedColumn(),
        console=screen.console,
        disable=not screen.console.is_terminal,
    )
    with progress:
        yield _Bars(progress)


def _write_refused(path: Path, errors: Iterator[dict[str, Any]], source: _Source) -> None:
    """One JSON object a line: where the row is, why it was refused, and the line itself."""
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for error, text in _beside_each_other(errors, source):
                row = {} if text is None else {"row": text}
                file.write(json.dumps({**error, **row}, ensure_ascii=False) + "\n")
    except OSError as error:
        raise Trouble(
            f"The refused rows can't be written to {path}: {error.strerror}.",
            "The other rows went in; push the file again from a place you may write to.",
        ) from error


def _beside_each_other(
    errors: Iterator[dict[str, Any]], source: _Source
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each error with the line it is about; neither is read far ahead of the other."""
    ahead: deque[dict[str, Any]] = deque()

    def wanted() -> Iterator[int]:
        for error in errors:
            ahead.append(error)
            yield error["line"]

    for text in source.lines(wanted()):
        yield ahead.popleft(), text


def _show(pushed: Pushed, screen: Screen) -> None:
    table = Table("rows", "", box=None, show_header=False, padding=(0, 2))
    for what, count in (
        ("received", pushed.received),
        ("created", pushed.created),
        ("updated", pushed.updated),
        ("unchanged", pushed.unchanged),
        ("stale", pushed.stale),
        ("rejected", pushed.rejected),
    ):
        table.add_row(what, Text(f"{count:,}", justify="right"))
    screen.console.print(table)
    if pushed.dry_run:
        screen.say("A dry run: nothing was changed.")
    if pushed.rejected_rows is not None:
        screen.say("The refused rows, each with its reasons, are in")
        screen.raw(f"  {pushed.rejected_rows}")
