"""Reading a lender's file as it arrives: what a row is, what refuses a file, and lines.

Nothing here holds more of a file than one row: every reader takes an iterator of chunks of bytes
and gives an iterator of rows. `cases.domain.import_json` and `cases.domain.import_csv` know the
formats.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar, Final, NamedTuple

from cases.domain.refusal import Fault, Refusal

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one import may be. Sizes in bytes; a compressed file is held to them both ways."""

    file: int = 1024 * MIB
    row: int = MIB
    rows: int = 2_000_000


class Row(NamedTuple):
    """One row as JSON text without a line feed in it. Nobody has judged it yet."""

    line: int
    content: bytes


class BadRow(NamedTuple):
    """A row that can't be read at all, where it stands and why."""

    line: int
    fault: Fault


class FileRefused(Refusal):
    """The file as a whole can't be read; no row of it is taken."""

    code: ClassVar[str] = "unreadable_file"


class FileTooLarge(FileRefused):
    """The file passes a limit."""

    code = "file_too_large"


class WrongEncoding(FileRefused):
    """The file is text, but not UTF-8."""

    code = "wrong_encoding"


class StillCompressed(FileRefused):
    """The file is compressed and was not announced as such."""

    code = "still_compressed"


_BOM: Final = b"\xef\xbb\xbf"
_OTHER_ENCODINGS: Final = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\x00\x00\xfe\xff": "UTF-32",
}
_GZIP: Final = b"\x1f\x8b"


def opened(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks without a UTF-8 byte order mark; refuses what is plainly not UTF-8 text."""
    rest = iter(chunks)
    head = b""
    for chunk in rest:
        head += chunk
        if len(head) >= len(b"\x00\x00\xfe\xff"):
            break
    for mark, name in _OTHER_ENCODINGS.items():
        if head.startswith(mark):
            raise WrongEncoding(
                f"The file is {name}; send UTF-8.", f"文件编码为 {name}，请使用 UTF-8。"
            )
    if head.startswith(_GZIP):
        raise StillCompressed(
            "The file is compressed; send it with Content-Encoding: gzip.",
            "文件已压缩，请附上请求头 Content-Encoding: gzip。",
        )
    return chain([head.removeprefix(_BOM)], rest)


def lines(chunks: Iterable[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number from 1, without its line end; None for one longer than ``longest``.

    A line that is too long is passed over as it comes, so it never stands in memory.
    """
    number = 0
    rest = b""
    passing_over = False
    for chunk in chunks:
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            number += 1
            if passing_over or len(piece) > longest:
                passing_over = False
                yield number, None
            else:
                yield number, piece.removesuffix(b"\r")
        if passing_over or len(rest) > longest:
            passing_over, rest = True, b""
    if passing_over:
        yield number + 1, None
    elif rest:
        yield number + 1, rest.removesuffix(b"\r")


def too_long(line: int, longest: int) -> BadRow:
    """The report of a row that is longer than a row may be."""
    return BadRow(
        line,
        Fault(
            "",
            "row_too_long",
            f"The row is longer than {longest:,} bytes.",
            f"该行长于 {longest:,} 字节。",
        ),
    )
