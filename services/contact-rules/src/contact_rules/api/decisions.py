"""Decisions as they were made: the facts, the rules, what each measured."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from shared.db import transaction
from shared.http import Answer, language
from shared.problems import Language, Words, not_found

from contact_rules.api.check_answers import (
    KeptCheckAnswer,
    KeptObligationAnswer,
    WindowAnswer,
)
from contact_rules.api.readers import Reader
from contact_rules.api.served import Served
from contact_rules.domain import Library, Verdict
from contact_rules.domain.approval import ApprovalState
from contact_rules.domain.rule import Rule
from contact_rules.store import approvals, decisions
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord

router = APIRouter(tags=["decisions"])


class ApprovalAnswer(Answer):
    """The approval a decision gave, and what became of it."""

    id: UUID
    state: ApprovalState
    expires_at: datetime
    token: str = Field(description="Verifies with `/.well-known/approval-keys.json` alone.")

    @classmethod
    def of(cls, signed: SignedApproval) -> "ApprovalAnswer":
        return cls(
            id=signed.approval.id,
            state=signed.approval.state,
            expires_at=signed.approval.expires_at,
            token=signed.token,
        )


class DecisionAnswer(Answer):
    """A decision and all it rested on."""

    id: UUID
    visit_id: UUID
    case_id: UUID
    person_id: UUID
    lender: str
    verdict: Verdict
    checks: Sequence[KeptCheckAnswer]
    obligations: Sequence[KeptObligationAnswer]
    must_end_by: datetime | None
    next_lawful: Sequence[WindowAnswer] = Field(
        description="When the same visit would have been allowed, as things stood."
    )
    packs: Sequence[str]
    facts: dict[str, Any] = Field(
        description="The question, as `POST /v1/checks` takes it, without its history: that was"
        " the person's ledger up to `ledger_seq`."
    )
    ledger_seq: int
    engine: str = Field(description="The version of the rule engine.")
    decided_at: datetime
    request_id: UUID | None = Field(
        description="What it answers, where that is not the visit's own first request."
    )
    requested_by: str | None
    overridden: Sequence[str] = Field(
        description="Rules whose doubts people have settled, in the review `review_id`."
    )
    review_id: UUID | None
    library: str | None = Field(
        description="Digest of all packs there were: they are kept, and can be asked again."
    )
    history: str | None = Field(description="Digest of the lines up to `ledger_seq`.")
    key_id: str | None = Field(description="The `kid` of the key that signed all of this.")
    approval: ApprovalAnswer | None = Field(description="The one this decision gave.")

    @classmethod
    def of(
        cls,
        record: DecisionRecord,
        signed: SignedApproval | None,
        library: Library,
        language: Language,
    ) -> "DecisionAnswer":
        rules = _rules(record.packs, library)
        return cls(
            id=record.id,
            visit_id=record.visit_id,
            case_id=record.case_id,
            person_id=record.person_id,
            lender=record.lender,
            verdict=record.verdict,
            checks=[
                KeptCheckAnswer.of(check, rules.get(check["rule"]), language)
                for check in record.checks
            ],
            obligations=[
                KeptObligationAnswer.of(each, rules.get(each["rule"]), language)
                for each in record.obligations
            ],
            must_end_by=record.must_end_by,
            next_lawful=[WindowAnswer.model_validate(each) for each in record.next_lawful],
            packs=record.packs,
            facts=record.facts,
            ledger_seq=record.ledger_seq,
            engine=record.engine,
            decided_at=record.decided_at,
            request_id=record.request_id,
            requested_by=record.requested_by,
            overridden=record.overridden,
            review_id=record.review_id,
            library=record.library,
            history=record.history,
            key_id=record.key_id,
            approval=None if signed is None else ApprovalAnswer.of(signed),
        )


@router.get("/v1/decisions/{decision_id}")
def get_decision(
    decision_id: UUID,
    caller: Reader,
    service: Served,
    language: Annotated[Language, Depends(language)],
) -> DecisionAnswer:
    """One decision. A lender sees those about its own visits."""
    with transaction(service.engine) as session:
        record = decisions.find(session, decision_id, lender=caller.lender_scope())
        if record is None:
            raise not_found(Words("decision", "决定"))
        signed = approvals.of_decision(session, record.visit_id, record.id)
    return DecisionAnswer.of(record, signed, service.library, language)


def _rules(packs: Sequence[str], library: Library) -> dict[str, Rule]:
    """The rules of those of these packs that are still here in that very version."""
    here = {pack.name: pack for pack in library}
    return {rule.id: rule for name in packs if name in here for rule in here[name].rules}
