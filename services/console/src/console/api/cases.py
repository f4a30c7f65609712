"""Cases: the list, and one case with all that belongs to it."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from console.api.page import SignedIn, render
from console.clients import NotAllowed, Unreachable

router = APIRouter(include_in_schema=False)

STATUSES = ("open", "working", "resolved", "closed")


@router.get("/")
def begin() -> Response:
    """The cases are where one begins."""
    return RedirectResponse("/console/cases", status_code=303)


@router.get("/console/cases")
def list_cases(
    request: Request, reader: SignedIn, q: str = "", status: str = "", cursor: str = ""
) -> Response:
    """Cases, newest first, found by name, account or status."""
    page = reader.one("cases", "cases", q=q, status=status, cursor=cursor, limit=50)
    values = {"page": page, "q": q, "status": status, "statuses": STATUSES, "cursor": cursor}
    return render(request, "cases", values)


@router.get("/console/cases/{case_id}")
def show_case(request: Request, reader: SignedIn, case_id: str) -> Response:
    """One case: debtor, accounts, addresses, visits, plans, what happened."""
    case = reader.one("cases", "cases", case_id)
    zones = {address["id"]: address["timezone"] for address in case["addresses"]}
    try:
        plans, plans_trouble = reader.some("plans", "plans", case_id=case_id), None
    except (Unreachable, NotAllowed) as error:
        # The case is worth showing without its plans, but never as if there were none.
        plans, plans_trouble = [], error
    values = {
        "case": case,
        "zones": zones,
        "plans": plans,
        "plans_trouble": plans_trouble,
        "timeline": reader.one("cases", "cases", case_id, "timeline", limit=50)["items"],
    }
    return render(request, "case", values)
