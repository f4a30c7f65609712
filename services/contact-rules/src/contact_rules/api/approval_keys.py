"""The public keys that approvals and decisions are verified with, open to all."""

from typing import Any

from fastapi import APIRouter, Response

from contact_rules.api.served import Served

router = APIRouter(tags=["approvals"])


@router.get("/.well-known/approval-keys.json")
def list_approval_keys(service: Served, response: Response) -> dict[str, Any]:
    """A JWKS (RFC 7517) of Ed25519 keys: the one in use first, then those before it that still
    count. With it alone anybody can verify an approval's token (issuer `doorstep/contact-rules`,
    audience `doorstep/approval`) and a decision's evidence."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return service.approval_keys.jwks()
