"""What the person at the terminal sees: steps as they are done, sentences, troubles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.padding import Padding
from rich.text import Text
from shared.clock import monotonic

from doorstep.trouble import Trouble

_PLAIN_WIDTH = 110  # where there is no terminal to ask: a log file or a pipe


@dataclass(frozen=True)
class Screen:
    """Writes for people: on a terminal with colour and motion, elsewhere as plain lines."""

    console: Console = field(default_factory=lambda: _console(to_stderr=False))

    @contextmanager
    def step(self, doing: str, done: str | None = None) -> Iterator[None]:
        """Shows that something is being done, then that it is done and how long it took."""
        began = monotonic()
        if self.console.is_terminal:
            with self.console.status(f"{doing} …", spinner="dots"):
                yield
        else:
            yield
        took = monotonic() - began
        line = Text.assemble(("  ✓ ", "green"), done or doing)
        if took >= 0.05:
            line.append(f"  {took:.1f} s", "dim")
        self.console.print(line)

    def say(self, text: str | Text = "") -> None:
        """One paragraph, as it is (no markup). Leading spaces indent all its lines."""
        said = text if isinstance(text, Text) else Text(text)
        indent = len(said.plain) - len(said.plain.lstrip(" "))
        if indent:
            self.console.print(Padding(said[indent:], (0, 0, 0, indent), expand=False))
        else:
            self.console.print(said)

    def raw(self, text: str) -> None:
        """A line to be copied: never wrapped, however narrow the terminal is."""
        self.console.print(Text(text), soft_wrap=True)

    def title(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, "bold"))


def report(trouble: Trouble) -> None:
    """Prints a trouble to the standard error output."""
    console = _console(to_stderr=True)
    console.print(Text(trouble.sentence, "red"))
    if trouble.advice:
        console.print(Text(trouble.advice))


def _console(*, to_stderr: bool) -> Console:
    console = Console(stderr=to_stderr, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(
            stderr=to_stderr,
            highlight=False,
            width=_PLAIN_WIDTH,
            no_color=True,
            legacy_windows=False,
        )
    return console
