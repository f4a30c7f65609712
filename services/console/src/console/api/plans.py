"""Repayment plans: the list, and one plan with its instalments."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.api.page import SignedIn, render

router = APIRouter(include_in_schema=False)


@router.get("/console/plans")
def list_plans(request: Request, reader: SignedIn, cursor: str = "") -> Response:
    """Plans, the last offered first."""
    page = reader.one("plans", "plans", cursor=cursor, limit=50)
    return render(request, "plans", {"page": page, "cursor": cursor})


@router.get("/console/plans/{plan_id}")
def show_plan(request: Request, reader: SignedIn, plan_id: str) -> Response:
    """One plan: what is due when, what is paid, and its history."""
    return render(request, "plan", {"plan": reader.one("plans", "plans", plan_id)})
