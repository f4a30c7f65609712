"""How the story shows its visits: verdict, every reason with its law, the next lawful times."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from rich.table import Table
from rich.text import Text

from doorstep.story.debtors import Debtor
from doorstep.story.edge import Json
from doorstep.story.visits import MINUTES, Told

_VERDICTS: Final = {
    "allow": ("allow", "bold green"),
    "deny": ("deny", "bold red"),
    "needs_review": ("needs review", "bold yellow"),
}
# What a rule may rest on; it is never shown as verified law when it is not.
_QUALITIES: Final = {
    "text": "",
    "report": "known from reports",
    "memory": "not yet verified",
}
_SHOWN_TIMES: Final = 2
_SHOWN_LAWS: Final = 2


def visits_table(told: Sequence[Told]) -> Table:
    """One row a visit, in the order they were asked for. Readable from 80 columns on."""
    table = Table(show_lines=True, header_style="bold")
    table.add_column("visit", width=23, overflow="fold")
    table.add_column("verdict", width=7)
    # Fold: Chinese has no spaces, and of a law nothing may be cut off.
    table.add_column("why, and when it may be", overflow="fold")
    for one in told:
        table.add_row(_visit(one), _verdict(one), _why(one))
    return table


def _visit(told: Told) -> Text:
    debtor, starts_at = told.wanted.debtor, told.wanted.starts_at
    local = debtor.local(starts_at)
    ends = local + timedelta(minutes=MINUTES)
    zone = "" if debtor.zone else " UTC?"
    return Text.assemble(
        (told.wanted.title, "bold"),
        f"\n{debtor.shown}, {debtor.country}",
        (f"\n{local:%a %d %b %H:%M}–{ends:%H:%M}{zone}", "cyan"),
    )


def _verdict(told: Told) -> Text:
    return Text(*_VERDICTS[told.verdict])


def _why(told: Told) -> Text:
    if told.verdict == "allow":
        return _approval(told)
    lines: list[str | tuple[str, str]] = []
    for message, checks in _by_message(told.reasons).items():
        lines.append(message)
        if len(checks) <= _SHOWN_LAWS:
            lines += [(f"\n  {_law(check)}", "dim") for check in checks]
        else:
            rules = ", ".join(str(check["rule"]) for check in checks)
            lines.append((f"\n  asked by {len(checks)} rules: {rules}", "dim"))
        lines.append("\n")
    if told.next_lawful:
        times = _times(told.wanted.debtor, told.next_lawful[:_SHOWN_TIMES])
        lines += [("next lawful start: ", "green"), times]
    elif told.verdict == "deny":
        lines.append(("no hour within 90 days would do: the time is not the reason", "yellow"))
    else:
        lines.append(("a person must decide; nobody goes before", "yellow"))
    return Text.assemble(*lines)


def _by_message(checks: Iterable[Json]) -> dict[str, list[Json]]:
    """Rules that say the same are shown once: an unknown time zone stops many of them."""
    found: dict[str, list[Json]] = {}
    for check in checks:
        found.setdefault(str(check["message"]).strip(), []).append(check)
    return found


def _approval(told: Told) -> Text:
    approval = told.visit["approval"]
    expires = told.wanted.debtor.local(approval["expires_at"])
    text = Text.assemble(("scheduled", "green"), f" with a signed approval until {expires:%H:%M}")
    duties = [str(each["what"]).replace("_", " ") for each in approval["obligations"]]
    if duties:
        # Several rules may ask for the same.
        text.append(f"\n  to be done: {', '.join(dict.fromkeys(duties))}", "dim")
    return text


def _law(check: Json) -> str:
    """The law, how sure we are of it, and the rule that holds it."""
    quality = _QUALITIES.get(check["source_quality"], str(check["source_quality"]))
    return f"{check['citation']}{f' ({quality})' if quality else ''} [{check['rule']}]"


def _times(debtor: Debtor, windows: Iterable[Json]) -> str:
    return "; ".join(_window(debtor, window) for window in windows)


def _window(debtor: Debtor, window: Json) -> str:
    """The starts that are lawful, from the first to the last."""
    first, last = debtor.local(window["from"]), debtor.local(window["to"])
    if first.date() == last.date():
        return f"{first:%a %d %b %H:%M}–{last:%H:%M}"
    return f"{first:%a %d %b %H:%M} to {last:%a %d %b %H:%M}"
