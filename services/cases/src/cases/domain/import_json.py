"""Accounts as JSON: one a line (NDJSON), or the elements of one array.

The array is cut into its elements by the scanner of the standard library, so an element reaches
the judge of rows as the very text the lender wrote: duplicate fields, NaN and long numbers are
still to be seen there, and a row means the same in both formats. A streaming parser that builds
values (ijson) was tried for it: it folds duplicate fields together, and its rows would have to be
written out again.
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from cases.domain.import_file import BadRow, FileRefused, Row, lines, too_long
from cases.domain.refusal import Fault

_SPACE: Final = " \t\r\n"


class NotAnArray(FileRefused):
    """The JSON is no array."""

    code = "not_an_array"


def read_ndjson(chunks: Iterable[bytes], longest: int) -> Iterator[Row | BadRow]:
    """One row a line; blank lines are passed over, LF and CRLF both end a line."""
    for number, line in lines(chunks, longest):
        if line is None:
            yield too_long(number, longest)
        elif content := line.strip():
            yield Row(number, content)


def read_json_array(chunks: Iterable[bytes], longest: int) -> Iterator[Row | BadRow]:
    """One row an element; a row's ``line`` is the element's place in the array, from 1.

    Where the text stops being JSON the reading ends: the elements before it are rows, and the
    last thing given is a `BadRow` with the line and column of the break. Raises `NotAnArray` if
    there is no array to begin with.
    """
    text = _Text(chunks)
    if text.next_sign() != "[":
        raise NotAnArray("The file is not a JSON array.", "文件不是 JSON 数组。")
    text.skip(1)
    place = 1
    try:
        if text.next_sign() == "]":
            text.skip(1)
        else:
            while True:
                yield Row(place, text.element(longest))
                sign, place = text.next_sign(), place + 1
                if sign not in {",", "]"}:
                    text.broken("Expecting ',' or ']' after an element")
                text.skip(1)
                if sign == "]":
                    break
        text.end()
    except _Broken as broken:
        yield BadRow(place, broken.fault)


class _Broken(Exception):
    """The text is not JSON from here on."""

    def __init__(self, why: str, line: int, column: int) -> None:
        super().__init__(why)
        self.fault = Fault(
            "",
            "broken_json",
            f"{why}: line {line}, column {column}. Nothing after it was read.",
            f"第 {line} 行第 {column} 列不是有效的 JSON，其后的内容未读取。",
        )


# Numbers stay text: this is about where an element ends, not about what it says.
_LONGEST_WORD: Final = 16  # "-Infinity", an escape of a surrogate pair: cut off, they look wrong
_SCANNER: Final = json.JSONDecoder(parse_int=str, parse_float=str)


class _Text:
    """A text read piece by piece, with a place in it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._line = 1  # of the first character held
        self._column = 1
        self._not_utf8 = False
        self._ended = False

    def next_sign(self) -> str:
        """The next character that is no white space, without taking it; "" at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        self._at += count

    def end(self) -> None:
        """See that nothing but white space is left."""
        if self.next_sign() or self._not_utf8:
            self.broken("Text after the end of the array")

    def element(self, longest: int) -> bytes:
        """The text of the next JSON value, in one line."""
        self.next_sign()
        wanted = 0
        while True:
            error = ""
            try:
                _, end = _SCANNER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as problem:
                error, end = problem.msg, problem.pos
            except RecursionError:
                self.broken("The element is nested too deeply")
            if error and self._ended:
                self.broken(error, end)
            # A number that ends where the text ends may go on in the next piece.
            if not error and (end < len(self._text) or self._ended):
                content = self._text[self._at : end].encode()
                if len(content) > longest:
                    self.broken(f"The element is longer than {longest:,} bytes")
                self._at = end
                # A line feed inside a string would not be JSON, so here it is white space.
                return content.replace(b"\n", b" ")
            # An error this far before the end of the text is no matter of more text.
            if error and end < len(self._text) - _LONGEST_WORD and "Unterminated" not in error:
                self.broken(error, end)
            held = len(self._text) - self._at
            if held > longest:
                self.broken(f"The element is longer than {longest:,} bytes")
            # Ask for twice as much each time, so that a long element is not scanned often.
            wanted = min(max(wanted, 2 * held), longest + 1)
            while self._more() and len(self._text) - self._at < wanted:
                pass

    def broken(self, message: str, where: int | None = None) -> NoReturn:
        """Raise `_Broken` with ``message`` and the line and column it is about."""
        where = self._at if where is None else where
        if self._not_utf8 and ("Unterminated" in message or where >= len(self._text.rstrip())):
            message, where = "The text is not UTF-8", len(self._text)
        before = self._text[:where]
        line = self._line + before.count("\n")
        last_feed = before.rfind("\n")
        column = where - last_feed if last_feed >= 0 else self._column + where
        raise _Broken(message, line, column)

    def _more(self) -> bool:
        """Take in another piece of the text; False when there is none."""
        if self._ended:
            return False
        self._forget()
        chunk = next(self._chunks, None)
        try:
            self._text += self._decoder.decode(chunk or b"", final=chunk is None)
        except UnicodeDecodeError as error:
            # What stands before the bad byte is still text.
            self._text += error.object[: error.start].decode()
            self._not_utf8 = self._ended = True
        if chunk is None:
            self._ended = True
        return True

    def _forget(self) -> None:
        """Let go of the text before the place."""
        if self._at:
            gone = self._text[: self._at]
            feeds = gone.count("\n")
            self._line += feeds
            self._column = len(gone) - gone.rfind("\n") if feeds else self._column + len(gone)
            self._text = self._text[self._at :]
            self._at = 0
