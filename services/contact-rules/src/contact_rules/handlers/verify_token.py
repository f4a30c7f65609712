"""Somebody at a door asks: is what the agent shows me an approval, and does it still stand?"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.keys import BadToken, KeySet, verify
from sqlmodel import Session

from contact_rules.domain.approval import AUDIENCE, Approval, ApprovalState
from contact_rules.store import approvals


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token says that we signed, and the approval it proves; None if we know none.

    ``expired``: its time has passed.
    """

    visit_id: UUID
    lender: str
    team: Sequence[UUID]
    address_id: UUID
    starts_at: datetime
    ends_at: datetime
    must_end_by: datetime | None
    expires_at: datetime
    approval: Approval | None
    expired: bool

    @property
    def state(self) -> ApprovalState | None:
        """What became of the approval; expired from the instant it is, swept or not."""
        if self.approval is None:
            return None
        if self.expired and self.approval.state is ApprovalState.RESERVED:
            return ApprovalState.EXPIRED
        return self.approval.state

    @property
    def stands(self) -> bool:
        """May somebody come, by this token, at the time it says?"""
        return not self.expired and self.state is ApprovalState.RESERVED


def verify_token(
    session: Session, token: str, *, keys: KeySet, issuer: str, now: datetime
) -> Shown | None:
    """What a token proves; None if it is none of ours. An old one is told from a forged one."""
    ends = _claimed_end(token)
    if ends is None:
        return None
    try:
        # The end it claims is signed with the rest, so a forged one does not pass either.
        claims = verify(token, keys, audience=AUDIENCE, issuer=issuer, now=min(now, ends))
        signed = approvals.find(session, UUID(claims["jti"]))
        must_end_by = claims["must_end_by"]
        return Shown(
            visit_id=UUID(claims["sub"]),
            lender=str(claims["lender"]),
            team=[UUID(member) for member in claims["team"]],
            address_id=UUID(claims["address_id"]),
            starts_at=datetime.fromisoformat(claims["starts_at"]),
            ends_at=datetime.fromisoformat(claims["ends_at"]),
            must_end_by=None if must_end_by is None else datetime.fromisoformat(must_end_by),
            expires_at=ends,
            approval=None if signed is None else signed.approval,
            expired=ends <= now,
        )
    except (BadToken, ValueError, KeyError, TypeError, AttributeError):
        return None


def _claimed_end(token: str) -> datetime | None:
    """When a token says that it expires, whoever wrote it; None if it does not say."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError, OSError):
        return None
