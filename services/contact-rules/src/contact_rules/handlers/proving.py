"""Signs what was decided, and tells whether what is stored is what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from shared.keys import BadToken, KeySet, Signer, UnknownKey, verify_detached

from contact_rules.domain.decision import Verdict
from contact_rules.domain.ledger import Line
from contact_rules.domain.statement import (
    CLOSED,
    FORMAT,
    OPEN,
    TYPE,
    history_digest,
    line_digest,
    moment,
)
from contact_rules.store.decisions import DecisionRecord

CLOSED_DIGEST: Final = "closed_sha256"
"""Beside a line that does not tell what it was about: the digest of that."""


class SignatureState(StrEnum):
    """What the signature of a stored decision is worth."""

    VALID = "valid"
    INVALID = "invalid"
    """What is stored is not what was signed."""
    MISSING = "missing"
    """It was decided before decisions were signed."""
    UNKNOWN_KEY = "unknown_key"
    """Its key is not published, or not any more."""


def proven(record: DecisionRecord, signer: Signer) -> DecisionRecord:
    """The decision, signed as it is: with its library and history."""
    signature = signer.sign_detached(statement(record), kind=TYPE)
    return replace(record, key_id=signer.kid, signature=signature)


def statement(record: DecisionRecord) -> bytes:
    """What is signed: everything that is kept of a decision.

    The same bytes whether it was just decided or read from its row, and by every later version.
    """
    return to_json(
        {
            "format": FORMAT,
            "id": str(record.id),
            "visit_id": str(record.visit_id),
            "case_id": str(record.case_id),
            "person_id": str(record.person_id),
            "lender": record.lender,
            "request_id": None if record.request_id is None else str(record.request_id),
            "requested_by": record.requested_by,
            "verdict": record.verdict.value,
            "engine": record.engine,
            "library": record.library,
            "packs": record.packs,
            "facts": record.facts,
            "ledger_seq": record.ledger_seq,
            "history": record.history,
            "checks": record.checks,
            "obligations": record.obligations,
            "must_end_by": None if record.must_end_by is None else moment(record.must_end_by),
            "next_lawful": record.next_lawful,
            "decided_at": moment(record.decided_at),
            "overridden": record.overridden,
            "review_id": None if record.review_id is None else str(record.review_id),
        }
    )


def record_of(said: Mapping[str, Any]) -> DecisionRecord:
    """The decision that a statement tells of, without its signature.

    Raises KeyError, ValueError, TypeError or AttributeError for what is no statement.
    """
    if said["format"] != FORMAT:
        raise ValueError("a statement of another format")
    ends = said["must_end_by"]
    return DecisionRecord(
        id=UUID(said["id"]),
        visit_id=UUID(said["visit_id"]),
        case_id=UUID(said["case_id"]),
        person_id=UUID(said["person_id"]),
        lender=said["lender"],
        verdict=Verdict(said["verdict"]),
        engine=said["engine"],
        packs=said["packs"],
        facts=said["facts"],
        ledger_seq=said["ledger_seq"],
        checks=said["checks"],
        obligations=said["obligations"],
        must_end_by=None if ends is None else datetime.fromisoformat(ends),
        next_lawful=said["next_lawful"],
        decided_at=datetime.fromisoformat(said["decided_at"]),
        request_id=None if said["request_id"] is None else UUID(said["request_id"]),
        requested_by=said["requested_by"],
        library=said["library"],
        overridden=said["overridden"],
        review_id=None if said["review_id"] is None else UUID(said["review_id"]),
        history=said["history"],
    )


def signature_of(record: DecisionRecord, keys: KeySet) -> SignatureState:
    """What the decision's signature is worth by these keys."""
    if record.key_id is None or record.signature is None:
        return SignatureState.MISSING
    try:
        verify_detached(
            statement(record), record.signature, kid=record.key_id, kind=TYPE, keys=keys
        )
    except UnknownKey:
        return SignatureState.UNKNOWN_KEY
    except BadToken:
        return SignatureState.INVALID
    return SignatureState.VALID


def line_data(line: Line) -> dict[str, Any]:
    """What is stated of a line: plain JSON, by its columns' names."""
    return {
        "kind": line.kind,
        "channel": line.channel,
        "direction": line.direction,
        "starts_at": None if line.starts_at is None else moment(line.starts_at),
        "ends_at": None if line.ends_at is None else moment(line.ends_at),
        "purpose": line.purpose,
        "place": line.place,
        "party_role": line.party_role,
        "outcome": line.outcome,
        "contact_id": line.contact_id,
        "lender": line.lender,
        "party_id": line.party_id,
        "debts": list(line.debts),
        "collector": line.collector,
        "point": line.point,
    }


def line_of(said: Mapping[str, Any], person_id: UUID) -> Line:
    """The line that `line_data` wrote, as far as rules read it. Raises as `record_of` does."""
    starts, ends = said["starts_at"], said["ends_at"]
    return Line(
        person_id=str(person_id),
        seq=0,
        contact_id=said["contact_id"],
        kind=said["kind"],
        lender=said["lender"],
        channel=said["channel"],
        direction=said["direction"],
        starts_at=None if starts is None else datetime.fromisoformat(starts),
        ends_at=None if ends is None else datetime.fromisoformat(ends),
        purpose=said["purpose"],
        place=said["place"],
        party_id=said["party_id"],
        party_role=said["party_role"],
        debts=said["debts"],
        collector=said["collector"],
        point=said["point"],
        outcome=said["outcome"],
    )


def history_of(lines: Iterable[Line]) -> str:
    """The digest of these lines; as `digest_of` tells it of their `line_data`, in half the time."""
    return history_digest(
        line_digest(
            sha256(
                to_json(
                    (
                        line.kind,
                        line.channel,
                        line.direction,
                        None if line.starts_at is None else moment(line.starts_at),
                        None if line.ends_at is None else moment(line.ends_at),
                        line.purpose,
                        line.place,
                        line.party_role,
                        line.outcome,
                    )
                )
            ).digest(),
            sha256(
                to_json(
                    (
                        line.contact_id,
                        line.lender,
                        line.party_id,
                        line.debts,
                        line.collector,
                        line.point,
                    )
                )
            ).digest(),
        )
        for line in lines
    )


def closed_digest(line: Mapping[str, Any]) -> str:
    """The digest of what a line (`line_data`) was about."""
    return sha256(to_json([line[name] for name in CLOSED])).hexdigest()


def digest_of(lines: Iterable[Mapping[str, Any]]) -> str:
    """The digest of a history, of lines as `line_data` writes them; some may not be told whole.

    Raises KeyError for a line with something missing, ValueError for no digest.
    """
    return history_digest(
        line_digest(
            sha256(to_json([line[name] for name in OPEN])).digest(),
            bytes.fromhex(line.get(CLOSED_DIGEST) or closed_digest(line)),
        )
        for line in lines
    )
