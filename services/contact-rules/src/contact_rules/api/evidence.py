"""A decision as a document that proves itself: what was decided, why, and by which rules."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from shared.db import transaction
from shared.http import Answer
from shared.problems import Words, not_found

from contact_rules.api.readers import Reader
from contact_rules.api.served import Served
from contact_rules.domain.approval import ApprovalState
from contact_rules.domain.statement import FORMAT
from contact_rules.handlers.give_evidence import Evidence, evidence_of
from contact_rules.store import decisions

router = APIRouter(tags=["decisions"])


class JwsAnswer(Answer):
    """A flattened JWS (RFC 7515, 7.2.2), Ed25519. Only what it says is proven."""

    payload: str = Field(
        description="The statement, base64url: JSON with everything that is kept of the decision."
    )
    protected: str = Field(
        description="base64url: `alg` is EdDSA, `kid` names the key, `typ` is"
        " `doorstep-decision+json`."
    )
    signature: str


class LineAnswer(Answer):
    """A line of the person's ledger, as rules read it.

    Its digest is SHA-256 of two digests one after the other: of the JSON array of the fields up to
    `outcome`, and of that of the rest (both without spaces, in this order). `history` in the
    statement is SHA-256 of the digests of all lines, one after another.
    """

    kind: str
    channel: str | None
    direction: str | None
    starts_at: str | None
    ends_at: str | None
    purpose: str | None
    place: str | None
    party_role: str | None
    outcome: str | None
    contact_id: str
    lender: str
    party_id: str | None
    debts: Sequence[str]
    collector: str | None
    point: str | None
    closed_sha256: str | None = Field(
        description="Of another lender's line: the digest of `contact_id` and what follows it."
        " Those are told under other names then, the same for the same; they prove nothing."
    )


class KeptPackAnswer(Answer):
    """One of all packs there were. `library` in the statement is SHA-256 of the JSON array of
    their `digest`, `effective_from` and `effective_to` (as objects, without spaces)."""

    name: str = Field(examples=["tw@2026-11-21"])
    file: str
    digest: str = Field(description="SHA-256 of `text` in UTF-8.")
    effective_from: date | None
    effective_to: date | None
    text: str


class GivenAnswer(Answer):
    """The approval the decision gave, and what has become of it."""

    token: str
    state: ApprovalState


class EvidenceAnswer(Answer):
    """Everything needed to prove a decision and to work it out again, but the key.

    `keys` come along for comparison: keys out of a document don't prove that document. Take them
    from `/.well-known/approval-keys.json`, or from where you keep them.
    """

    FORMAT: ClassVar[str] = FORMAT

    format: str = Field(examples=[FORMAT])
    jws: JwsAnswer
    history: Sequence[LineAnswer] = Field(
        description="The ledger up to `ledger_seq`, oldest line first; the visit's own lines were"
        " not in its way."
    )
    packs: Sequence[KeptPackAnswer]
    approval: GivenAnswer | None
    keys: dict[str, Any]

    @classmethod
    def of(cls, evidence: Evidence, keys: dict[str, Any]) -> "EvidenceAnswer":
        signed = evidence.approval
        return cls(
            format=cls.FORMAT,
            jws=JwsAnswer(
                payload=evidence.payload,
                protected=evidence.protected,
                signature=evidence.signature,
            ),
            history=[LineAnswer(**{"closed_sha256": None} | line) for line in evidence.history],
            packs=[
                KeptPackAnswer(
                    name=pack.name,
                    file=pack.file,
                    digest=pack.digest,
                    effective_from=pack.effective_from,
                    effective_to=pack.effective_to,
                    text=pack.text,
                )
                for pack in evidence.packs
            ],
            approval=None
            if signed is None
            else GivenAnswer(token=signed.token, state=signed.approval.state),
            keys=keys,
        )


@router.get("/v1/decisions/{decision_id}/evidence")
def get_evidence(decision_id: UUID, caller: Reader, service: Served) -> EvidenceAnswer:
    """One decision as a document for others: about a megabyte, most of it the rules of that time.

    `doorstep decision verify` checks it without the house. A lender gets it for its own visits;
    what other lenders' contacts were about is not told there, and still proven. 409 for a decision
    made before decisions were signed.
    """
    with transaction(service.engine) as session:
        record = decisions.find(session, decision_id, lender=caller.lender_scope())
        if record is None:
            raise not_found(Words("decision", "决定"))
        evidence = evidence_of(session, record, reader=caller.lender_scope())
    return EvidenceAnswer.of(evidence, service.approval_keys.jwks())
