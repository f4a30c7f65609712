"""Rule packs: whose law they are, each rule with its source and how sure we are of it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.api.page import SignedIn, render

router = APIRouter(include_in_schema=False)


@router.get("/console/packs")
def list_packs(request: Request, reader: SignedIn) -> Response:
    """All packs in force."""
    return render(request, "packs", {"packs": reader.some("contact-rules", "packs")})


@router.get("/console/packs/{pack_id}")
def show_pack(request: Request, reader: SignedIn, pack_id: str) -> Response:
    """One pack, rule by rule."""
    return render(request, "pack", {"found": reader.one("contact-rules", "packs", pack_id)})
