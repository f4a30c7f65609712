"""Visits: the list, and one visit with every rule that was asked and the law behind it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.api.page import SignedIn, render

router = APIRouter(include_in_schema=False)

STATUSES = (
    "requested",
    "needs_review",
    "denied",
    "scheduled",
    "dispatched",
    "checked_in",
    "completed",
    "cancelled",
    "expired",
)
MOMENTS = ("before", "at_start", "during", "on_refusal", "after")
"""When something must be done, in the order of a visit."""


@router.get("/console/visits")
def list_visits(request: Request, reader: SignedIn, status: str = "", cursor: str = "") -> Response:
    """Visits, the last asked for first."""
    page = reader.one(
        "cases", "visits", status=status, cursor=cursor, sort="requested_at:desc", limit=50
    )
    values = {"page": page, "status": status, "statuses": STATUSES, "cursor": cursor}
    return render(request, "visits", values)


@router.get("/console/visits/{visit_id}")
def show_visit(request: Request, reader: SignedIn, visit_id: str) -> Response:
    """One visit: approved with what must be done, or why not and when instead."""
    visit = reader.one("cases", "visits", visit_id)
    case = reader.one("cases", "cases", visit["case_id"])
    address = next((each for each in case["addresses"] if each["id"] == visit["address_id"]), None)
    failing = [
        check
        for check in (visit["denial"] or {}).get("checks", ())
        if check["result"] in {"fail", "unknown"}
    ]
    duties = sorted((visit["approval"] or {}).get("obligations", ()), key=_moment)
    values = {
        "visit": visit,
        "duties": duties,
        "case": case,
        "address": address,
        "zone": address["timezone"] if address else None,
        "failing": failing,
    }
    return render(request, "visit", values)


def _moment(duty: dict[str, str]) -> int:
    """Which in the order of a visit; what is not known here comes last."""
    return MOMENTS.index(duty["when"]) if duty["when"] in MOMENTS else len(MOMENTS)
