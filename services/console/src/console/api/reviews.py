"""Reviews: what rules left to people, and the form by which they vote."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from shared.ids import new_id
from starlette.responses import RedirectResponse, Response

from console.api.page import SignedIn, render
from console.api.sign_in import Form
from console.clients import Reader

router = APIRouter(include_in_schema=False)

STATES = ("pending", "approved", "rejected", "lapsed", "withdrawn")


@router.get("/console/reviews")
def list_reviews(
    request: Request, reader: SignedIn, state: str = "pending", cursor: str = ""
) -> Response:
    """Reviews: those that wait, the most urgent first; of others the newest."""
    page = reader.one(
        "contact-rules",
        "reviews",
        state="" if state == "all" else state,
        cursor=cursor,
        sort="lapses_at:asc" if state == "pending" else "opened_at:desc",
        limit=50,
    )
    values = {"page": page, "state": state, "states": STATES, "cursor": cursor}
    return render(request, "reviews", values)


@router.get("/console/reviews/{review_id}")
def show_review(request: Request, reader: SignedIn, review_id: str) -> Response:
    """One review: the question, what is in doubt, the votes, and a vote of one's own."""
    return _page(request, reader, review_id)


@router.post("/console/reviews/{review_id}/votes")
def vote(request: Request, reader: SignedIn, form: Form, review_id: str) -> Response:
    """Vote, and see what it came to; or why it was not taken, with what was written."""
    body = {name: form.get(name, "") for name in ("verdict", "reason")}
    key = form.get("key", "")[:100]
    if not (key.isascii() and key.isprintable() and key):
        key = str(new_id())
    reply = reader.send("contact-rules", "reviews", review_id, "votes", body=body, key=key)
    if reply.done:
        return RedirectResponse(f"/console/reviews/{review_id}", status_code=303)
    return _page(
        request,
        reader,
        review_id,
        refused=reply.document,
        reason=body["reason"],
        status=reply.status,
    )


def _page(
    request: Request,
    reader: Reader,
    review_id: str,
    *,
    refused: Mapping[str, Any] | None = None,
    reason: str = "",
    status: int = 200,
) -> Response:
    review = reader.one("contact-rules", "reviews", review_id)
    doubts = [check for check in review["checks"] if check["result"] in {"fail", "unknown"}]
    values = {
        "review": review,
        "doubts": doubts,
        "zone": review["question"].get("place", {}).get("timezone"),
        # Of this form: sent twice, it is one vote.
        "key": str(new_id()),
        "refused": None
        if refused is None
        else {"detail": "", "errors": (), "checks": (), "review_id": None, **refused},
        "reason": reason,
    }
    return render(request, "review", values, status=status)
