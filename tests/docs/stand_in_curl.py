"""A stand-in for curl where the tests' machine has none: what the guides use of it, and no more.

Prints the status of the answer to the standard error output, as curl does with the settings the
tests give it. An option that is not here is an error, so no example passes by half.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

import httpx


def main() -> int:
    options = _options()
    headers = [tuple(part.strip() for part in each.split(":", 1)) for each in options.header]
    body = _body(options)
    if body is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    method = options.request or ("GET" if body is None else "POST")
    with (
        _opened(options.output) as out,
        httpx.Client(timeout=60, trust_env=False) as client,
        client.stream(method, options.url, headers=headers, content=body) as answer,
    ):
        if options.include:
            out.write(f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n".encode())
            for name, value in answer.headers.items():
                out.write(f"{name}: {value}\r\n".encode())
            out.write(b"\r\n")
        for piece in answer.iter_bytes():
            out.write(piece)
            out.flush()
    sys.stderr.write(f"{answer.status_code}\n")
    return 0


def _opened(name: str | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if name is None else Path(name).open("wb")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False, add_help=False)
    parser.add_argument("-s", dest="silent", action="store_true")
    parser.add_argument("-S", dest="show_error", action="store_true")
    parser.add_argument("-N", dest="no_buffer", action="store_true")
    parser.add_argument("-i", dest="include", action="store_true")
    parser.add_argument("-o", dest="output")
    parser.add_argument("-X", dest="request")
    parser.add_argument("-H", dest="header", action="append", default=[])
    parser.add_argument("-d", dest="data", action="append", default=[])
    parser.add_argument("--data-binary", dest="binary")
    parser.add_argument("url")
    return parser.parse_args()


def _body(options: argparse.Namespace) -> bytes | None:
    if options.binary is not None:
        return _given(options.binary)
    if options.data:
        # As curl does: several become one form, and a file's line ends are taken out.
        return b"&".join(
            _given(each).translate(None, b"\r\n") if each.startswith("@") else _given(each)
            for each in options.data
        )
    return None


def _given(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    return sys.stdin.buffer.read() if text == "@-" else Path(text[1:]).read_bytes()


if __name__ == "__main__":
    sys.exit(main())
