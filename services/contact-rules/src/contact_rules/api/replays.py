"""A decision worked out again from what is stored: does it still come to the same?"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from shared.db import transaction
from shared.http import Answer
from shared.problems import Words, not_found

from contact_rules.api.readers import Reader
from contact_rules.api.served import Served
from contact_rules.domain import Verdict
from contact_rules.handlers.proving import SignatureState
from contact_rules.handlers.replay_decision import Replay, replay_decision
from contact_rules.store import decisions

router = APIRouter(tags=["decisions"])


class DifferenceAnswer(Answer):
    """One value that came out otherwise."""

    path: str = Field(
        description="A JSON Pointer into the decision.", examples=["/checks/3/measured"]
    )
    stored: Any = Field(description="What was said then; null if nothing was.")
    computed: Any = Field(description="What comes out now; null if nothing does.")


class ReplayAnswer(Answer):
    """What a decision comes to today, by the packs, facts and ledger of that time."""

    decision_id: UUID
    same: bool = Field(description="Verdict, every rule's finding, obligations and lawful times.")
    differences: Sequence[DifferenceAnswer] = Field(description="At most a hundred.")
    verdict: Verdict = Field(description="What it comes to now.")
    engine: str = Field(description="The version that worked it out now.")
    decided_with: str = Field(description="The version that decided it.")
    library: str | None
    signature: SignatureState = Field(
        description="`invalid`: what is stored is not what was signed. `missing`: it was decided"
        " before decisions were signed. `unknown_key`: its key is not published any more."
    )

    @classmethod
    def of(
        cls,
        decision_id: UUID,
        decided_with: str,
        library: str | None,
        replay: Replay,
        signature: SignatureState,
    ) -> "ReplayAnswer":
        return cls(
            decision_id=decision_id,
            same=replay.same,
            differences=[
                DifferenceAnswer(path=each.path, stored=each.stored, computed=each.computed)
                for each in replay.differences
            ],
            verdict=replay.verdict,
            engine=replay.engine,
            decided_with=decided_with,
            library=library,
            signature=signature,
        )


@router.post("/v1/decisions/{decision_id}/replay")
def replay(decision_id: UUID, caller: Reader, service: Served) -> ReplayAnswer:
    """Work a decision out again. Nothing is changed, and what came later makes no difference.

    A lender may ask it of its own visits. 409 if the packs of that time are not here, were changed,
    or can't be read by this version.
    """
    with transaction(service.engine) as session:
        record = decisions.find(session, decision_id, lender=caller.lender_scope())
        if record is None:
            raise not_found(Words("decision", "决定"))
        again, signature = replay_decision(
            session, record, service.library, service.approval_keys.keys()
        )
    return ReplayAnswer.of(record.id, record.engine, record.library, again, signature)
