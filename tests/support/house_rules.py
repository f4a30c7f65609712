"""The rules of the house that an import graph can't show, read off the syntax of each module.

Each rule takes a `Source` and yields what it finds wrong. The tests run every rule over the whole
tree, and over a twin: a few lines that break it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "shared": "shared/src",
    "cases": "services/cases/src",
    "contact_rules": "services/contact-rules/src",
    "plans": "services/plans/src",
    "console": "services/console/src",
    "doorstep": "deploy/doorstep/src",
}
SERVICES: Final = ("cases", "contact_rules", "plans")


@dataclass(frozen=True, slots=True)
class Source:
    """One module: its dotted name, its text and its syntax tree."""

    module: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, module: str, text: str) -> Source:
        """The source of a module out of its text."""
        return cls(module, text, ast.parse(text))

    @property
    def package(self) -> str:
        """The service or package that the module belongs to."""
        return self.module.partition(".")[0]

    @property
    def layer(self) -> str:
        """What follows the package's name: `store` for `cases.store.visits`; may be empty."""
        return self.module.partition(".")[2].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Offence:
    """A place that breaks a rule."""

    module: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.says}"


Rule = Callable[[Source], Iterator[Offence]]


def sources(root: Path) -> list[Source]:
    """Every module of the house, generated and versioned migrations among them."""
    found = []
    for package, folder in PACKAGES.items():
        for path in sorted((root / folder / package).rglob("*.py")):
            parts = path.relative_to(root / folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Source.of(name, path.read_text(encoding="utf-8")))
    return found


# --- who may commit ------------------------------------------------------------------------------

# Rule 1 of the house: one request or one batch of messages is one transaction, committed in one
# place. The bodies of `api` are one such place, the loops of `shared` another, the bodies of the
# operators' commands the third.
MAY_COMMIT: Final = re.compile(
    r"shared\.(db|housekeeping|idempotency|inbox|migrate|outbox)|(cases|contact_rules|plans)\.api(\..+)?"
    r"|doorstep\.commands\..+"
    r"|contact_rules\.handlers\.lapse_reviews"
    r"|contact_rules\.handlers\.expire_approvals"
    r"|contact_rules\.store\.packs_kept"
    r"|contact_rules\.store\.shelf"
    r"|contact_rules\.handlers\.(activate_packs|run_simulation|start_simulations)"
)
_COMMITS: Final = {"commit", "begin"}  # a savepoint (begin_nested) commits nothing


def who_may_commit(source: Source) -> Iterator[Offence]:
    """Only bodies of `api` and of commands, and loops of `shared`, open or end a transaction."""
    if MAY_COMMIT.fullmatch(source.module) or ".migrations." in source.module:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = _dotted(node.func)
        last = called.rpartition(".")[2]
        if last == "transaction" or (last in _COMMITS and "." in called) or last == "rollback":
            yield Offence(source.module, node.lineno, f"{called}() commits; its caller should")


# --- who may ask the time ------------------------------------------------------------------------

_CLOCKS: Final = re.compile(
    r"(.*\.)?(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime|ctime)"
    r"|func\.(now|current_timestamp|current_date|clock_timestamp))"
)
_CLOCK_NAMES: Final = {"time", "time_ns", "localtime", "gmtime", "ctime"}
_SQL_CLOCK: Final = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\bcurrent_(timestamp|date|time)\b|\blocaltimestamp\b",
    re.IGNORECASE,
)


def who_may_ask_the_time(source: Source) -> Iterator[Offence]:
    """Only `shared.clock` does; everyone else is given the time. Waiting is measured by
    `time.monotonic`, which tells no time."""
    if source.module == "shared.clock":
        return
    prose = _docstrings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and _CLOCKS.fullmatch(_dotted(node)):
            yield Offence(source.module, node.lineno, f"{_dotted(node)} asks the time")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for name in node.names:
                if name.name in _CLOCK_NAMES:
                    yield Offence(source.module, node.lineno, f"time.{name.name} asks the time")
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in prose
            and (said := _SQL_CLOCK.search(node.value))
        ):
            yield Offence(source.module, node.lineno, f"SQL asks the time: {said.group()}")


# --- no network inside a transaction -------------------------------------------------------------

_NETWORK: Final = re.compile(
    r"(httpx|requests|urllib3|urllib\.request|http\.client|socket|ssl|smtplib|pika|aiohttp)(\..+)?"
    r"|shared\.(rabbit|bus)(\..+)?|[a-z_]+\.clients(\..+)?"
)
_SLEEPS: Final = {"time.sleep", "sleep"}
_INSIDE: Final = ("handlers", "store")


def no_network_in_a_transaction(source: Source) -> Iterator[Offence]:
    """Nothing that may wait for another machine is called between a BEGIN and its COMMIT: in a
    `with transaction(…)` block, nor in handlers and stores, which live inside one."""
    network = _names_of_network(source.tree)
    regions: list[ast.AST] = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.With) and any(_opens_transaction(item) for item in node.items)
    ]
    if source.package in SERVICES and source.layer in _INSIDE:
        regions = [source.tree]
    seen: set[ast.AST] = set()
    for region in regions:
        for node in ast.walk(region):
            if not isinstance(node, ast.Call) or node in seen:
                continue
            seen.add(node)
            called = _dotted(node.func)
            if called.partition(".")[0] in network or called in _SLEEPS:
                yield Offence(source.module, node.lineno, f"{called}() waits inside a transaction")


def _opens_transaction(item: ast.withitem) -> bool:
    called = item.context_expr
    return isinstance(called, ast.Call) and _dotted(called.func).endswith("transaction")


def _names_of_network(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if _NETWORK.fullmatch(name.name):
                    names.add(name.asname or name.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                if _NETWORK.fullmatch(node.module) or _NETWORK.fullmatch(whole):
                    names.add(name.asname or name.name)
    return names


# --- names and shapes ----------------------------------------------------------------------------

_EMPTY_NAMES: Final = re.compile(
    r"(utils?|helpers?|commons?|managers?|base|misc|tools|abstract.*|.*_(utils?|helpers?|manager|impl))"
)
LONGEST_FILE: Final = 450


def names_say_something(source: Source) -> Iterator[Offence]:
    """No module and no class is called utils, helpers, common, manager or base."""
    for part in source.module.split("."):
        if _EMPTY_NAMES.fullmatch(part):
            yield Offence(source.module, 1, f"{part!r} says nothing about what is inside")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and re.fullmatch(
            r"Abstract.*|.*(Impl|Manager|Helper|Utils?)|Base[A-Z].*", node.name
        ):
            yield Offence(
                source.module, node.lineno, f"{node.name!r} says nothing about what it is"
            )


def opens_with_a_sentence(source: Source) -> Iterator[Offence]:
    """A module says what it is for. An `__init__` that holds nothing may be silent."""
    if source.tree.body and ast.get_docstring(source.tree) is None:
        yield Offence(source.module, 1, "the module does not say what it is for")


def stays_short(source: Source) -> Iterator[Offence]:
    """A file is one idea; past about 400 lines it is two."""
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield Offence(source.module, lines, f"{lines} lines: make a folder of it, a file per idea")


def migrations_do_not_wait(source: Source) -> Iterator[Offence]:
    """Each migration's first statement bounds the wait for locks; behind a migration that waits
    for a lock, every request to that table waits too."""
    if ".migrations.versions." not in source.module:
        return
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in ("upgrade", "downgrade"):
            body = [each for each in node.body if not _is_docstring(each)]
            if node.name == "downgrade" and all(isinstance(each, ast.Raise) for each in body):
                continue  # there is no way back, and it says so
            if not body or "SET LOCAL lock_timeout" not in ast.unparse(body[0]):
                yield Offence(
                    source.module,
                    node.lineno,
                    f"{node.name} does not open with SET LOCAL lock_timeout",
                )


RULES: Final[tuple[Rule, ...]] = (
    who_may_commit,
    who_may_ask_the_time,
    no_network_in_a_transaction,
    names_say_something,
    opens_with_a_sentence,
    stays_short,
    migrations_do_not_wait,
)


def _dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain; what is no name in it becomes `?`."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
    return "?"


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _docstrings(tree: ast.Module) -> set[ast.Constant]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
