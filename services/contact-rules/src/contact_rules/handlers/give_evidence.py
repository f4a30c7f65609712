"""Puts together what proves a decision to somebody who has nothing but our public key."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from shared.keys import protected_header
from sqlmodel import Session

from contact_rules.domain.ledger import Line
from contact_rules.domain.statement import TYPE, Aliases
from contact_rules.handlers.proving import CLOSED_DIGEST, closed_digest, line_data, statement
from contact_rules.handlers.replay_decision import PacksNotKept, lines_of
from contact_rules.store import approvals
from contact_rules.store.approvals import SignedApproval
from contact_rules.store.decisions import DecisionRecord
from contact_rules.store.packs_kept import KeptText, NotKept, kept_texts


class NotSigned(Exception):
    """It was decided before decisions were signed: there is nothing to prove it by."""

    code: ClassVar[str] = "decision_not_signed"
    zh: ClassVar[str] = "该决定作出时尚未实行签名，无法提供证明。"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts of the document. ``history``: lines as `line_data` writes them."""

    payload: str
    protected: str
    signature: str
    history: Sequence[dict[str, Any]]
    packs: Sequence[KeptText]
    approval: SignedApproval | None


def evidence_of(session: Session, record: DecisionRecord, *, reader: str | None) -> Evidence:
    """What proves this decision, for a lender (``reader``) or for those who may see everything.

    What is stored is handed out as it is: whether it is what was signed, the document shows.
    Raises NotSigned, PacksNotKept.
    """
    if record.signature is None or record.key_id is None or record.library is None:
        raise NotSigned("This decision was made before decisions were signed.")
    try:
        packs = kept_texts(session, record.library)
    except NotKept as error:
        raise PacksNotKept("The packs this decision was made by are not kept here.") from error
    return Evidence(
        payload=base64.urlsafe_b64encode(statement(record)).rstrip(b"=").decode(),
        protected=protected_header(record.key_id, TYPE),
        signature=record.signature,
        history=told(lines_of(session, record), record, reader),
        packs=packs,
        approval=approvals.of_decision(session, record.visit_id, record.id),
    )


def told(lines: Iterable[Line], record: DecisionRecord, reader: str | None) -> list[dict[str, Any]]:
    """The lines as this reader may see them: of others', not what they were about."""
    whole = [line_data(line) for line in lines]
    if reader is None:
        return whole
    question = {
        "contact_id": str(record.visit_id),
        "lender": record.lender,
        "party_id": record.facts["party"]["id"],
        "debts": [debt["id"] for debt in record.facts["debts"]],
        "collector": record.facts["collector"]["id"],
        "point": record.facts.get("point"),
    }
    aliases = Aliases([question, *(line for line in whole if line["lender"] == reader)])
    return [
        line
        if line["lender"] == reader
        else line | aliases.of(line) | {CLOSED_DIGEST: closed_digest(line)}
        for line in whole
    ]
