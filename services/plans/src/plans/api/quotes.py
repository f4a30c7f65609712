"""Quotes: what terms come to, stored nowhere."""

from fastapi import APIRouter, Depends
from shared.auth import Role, allow

from plans.api.refusals import pointing
from plans.api.terms import QuoteAnswer, TermsBody
from plans.domain.quote import quote

router = APIRouter(tags=["quotes"])


@router.post("/v1/quotes", dependencies=[Depends(allow(*Role))])
def compute_quote(body: TermsBody) -> QuoteAnswer:
    """Compute a schedule. Nothing is stored; the same body always gets the same answer."""
    with pointing():
        return QuoteAnswer.of(quote(body.read()))
