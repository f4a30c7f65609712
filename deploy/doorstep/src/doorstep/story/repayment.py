"""The second half of the story: a plan that calls a visit off, and a payment that comes in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from rich.table import Table
from rich.text import Text
from shared.ids import new_id

from doorstep.screen import Screen
from doorstep.story.callers import Callers
from doorstep.story.debtors import Debtor
from doorstep.story.edge import Edge, Json
from doorstep.story.otherwise import expect

_INSTALMENTS: Final = 6
_RATE: Final = "0.06"  # the bank comes half-way: the card charges 15 %


def agree_a_plan(
    callers: Callers, debtor: Debtor, visit_id: str, now: datetime, screen: Screen
) -> Json:
    """A quote, an offer and the debtor's consent; the visit that was planned is called off by it.

    Returns the active plan.
    """
    lender = callers.lender
    today = debtor.local(now).date()
    terms = {
        "kind": "equal_instalments",
        "amount": str(debtor.owed),
        "currency": debtor.currency,
        "instalments": _INSTALMENTS,
        "annual_rate": _RATE,
        "agreed_on": today.isoformat(),
        "first_due_on": _next_month(today).isoformat(),
        "frequency": "monthly",
    }
    quote = lender.post("/plans/v1/quotes", terms, expect=200)
    _adds_up(quote["instalments"], debtor.owed, Decimal(quote["total"]))
    screen.say(
        f"  {debtor.shown} owes {_money(debtor.owed, debtor.currency)} and can pay it in "
        f"{_INSTALMENTS} equal instalments (等额本息) at {Decimal(_RATE):.0%}:"
    )
    screen.console.print(_schedule(quote["instalments"]))
    _plans_knows(lender, debtor)
    plan = lender.post(
        "/plans/v1/plans",
        {"case_id": debtor.case_id, "account": debtor.external_id, "terms": terms},
        expect=201,
    )
    expect("the new plan to be offered", plan["status"], "offered")
    plan = lender.post(
        f"/plans/v1/plans/{plan['id']}/consent",
        {"form": "written"},
        expect=200,
    )
    expect("the plan to be active once it is consented to", plan["status"], "active")
    visit = lender.until(
        lambda: lender.get(f"/cases/v1/visits/{visit_id}"),
        lambda answer: answer["status"] == "cancelled",
        "the planned visit to be cancelled by the plan",
    )
    _reservation_is_released(callers.ops, debtor, visit_id)
    screen.say(Text.assemble(("  offered → consented → active", "green"), f"  plan {plan['id']}"))
    screen.say(
        Text.assemble(
            "  The visit planned for ",
            (f"{debtor.local(visit['starts_at']):%a %d %b %H:%M}", "bold"),
            " is ",
            ("cancelled", "bold yellow"),
            " by the plan; its reservation is free again.",
        )
    )
    return plan


def pay_an_instalment(
    callers: Callers, debtor: Debtor, plan: Json, now: datetime, screen: Screen
) -> None:
    """The lender reports a payment; it pays the first instalment, and the ledger shows it."""
    lender = callers.lender
    first = plan["instalments"][0]
    payment = {
        "external_id": f"STORY-{new_id()}",
        "account": debtor.external_id,
        "amount": first["total"],
        "currency": debtor.currency,
        "paid_at": debtor.local(now).replace(microsecond=0).isoformat(),
        "method": "bank_transfer",
    }
    recorded = lender.post("/plans/v1/payments", payment, expect=201)
    expect("the payment to pay the plan", recorded["plan_id"], plan["id"])
    expect(
        "all of it to go to the first instalment",
        [part["no"] for part in recorded["allocations"]],
        [first["no"]],
    )
    ledger = lender.get(f"/plans/v1/accounts/{debtor.external_id}/ledger")
    lines = ledger["items"]
    expect(
        "the ledger's lines to add up to its balance",
        sum(Decimal(line["change"]) for line in lines),
        Decimal(ledger["balance"]),
    )
    after = lender.get(f"/plans/v1/plans/{plan['id']}")
    expect("the first instalment to be paid", after["instalments"][0]["status"], "paid")
    interest, principal = (
        sum((Decimal(part[what]) for part in recorded["allocations"]), Decimal(0))
        for what in ("interest", "principal")
    )
    screen.say(
        f"  {_money(Decimal(payment['amount']), debtor.currency)} by bank transfer: instalment 1 "
        f"is paid ({interest} interest, {principal} principal)."
    )
    screen.console.print(_ledger(lines, debtor))


def _plans_knows(lender: Edge, debtor: Debtor) -> None:
    """Plans hears of accounts and cases through events, a moment after they were pushed."""
    lender.until(
        lambda: lender.try_get(f"/plans/v1/accounts/{debtor.external_id}/ledger"),
        lambda answer: answer is not None and answer["case_id"] == debtor.case_id,
        f"plans to know account {debtor.external_id}",
    )


def _reservation_is_released(ops: Edge, debtor: Debtor, visit_id: str) -> None:
    """What the visit had taken of the person's caps is theirs again."""
    ops.until(
        lambda: ops.get(f"/contact-rules/v1/persons/{debtor.person_id}/ledger")["items"],
        lambda lines: (
            [line["kind"] for line in lines if line["contact_id"] == visit_id]
            == ["reserved", "released"]
        ),
        "the reservation of the cancelled visit to be released",
    )


def _adds_up(instalments: Sequence[Json], owed: Decimal, total: Decimal) -> None:
    expect(
        "the principal of all instalments to be what is owed",
        sum(Decimal(each["principal"]) for each in instalments),
        owed,
    )
    expect(
        "the instalments to add up to the total",
        sum(Decimal(each["total"]) for each in instalments),
        total,
    )


def _next_month(today: date) -> date:
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(day=min(today.day, 28))


def _schedule(instalments: Sequence[Json]) -> Table:
    table = Table("no", "due on", box=None, padding=(0, 2), header_style="dim")
    for column in ("principal", "interest", "total", "left"):
        table.add_column(column, justify="right", header_style="dim")
    for each in instalments:
        amounts = (each[name] for name in ("principal", "interest", "total", "balance_after"))
        table.add_row(str(each["no"]), each["due_on"], *(f"{Decimal(a):,}" for a in amounts))
    return table


def _ledger(lines: Sequence[Json], debtor: Debtor) -> Table:
    table = Table("when", "line", box=None, padding=(0, 2), header_style="dim")
    for column in ("change", "balance after"):
        table.add_column(column, justify="right", header_style="dim")
    for line in lines:
        table.add_row(
            f"{debtor.local(line['at']):%Y-%m-%d %H:%M}",
            str(line["line"]).replace("_", " "),
            f"{Decimal(line['change']):+,}",
            f"{Decimal(line['balance_after']):,}",
        )
    return table


def _money(amount: Decimal, currency: str) -> str:
    return f"{currency} {amount:,}"
