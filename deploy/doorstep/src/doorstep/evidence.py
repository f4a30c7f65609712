"""Checks the evidence of a decision with nothing but a public key: no house, no database.

What the document says about itself proves nothing: each part is held against the statement, and
the statement against a signature that only the house could make.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import jwt
from contact_rules.domain import BrokenPack, Library
from contact_rules.domain.approval import AUDIENCE
from contact_rules.domain.packs.library import digest_of as digest_of_library
from contact_rules.domain.statement import CLOSED, FORMAT, OPEN, TYPE
from contact_rules.handlers.proving import (
    CLOSED_DIGEST,
    digest_of,
    line_of,
    record_of,
    statement,
)
from contact_rules.handlers.replay_decision import replay
from contact_rules.store.decisions import DecisionRecord
from contact_rules.store.packs_kept import KeptText, SpoiltText, library_of
from shared.keys import BadToken, KeySet, UnknownKey, protected_header, verify, verify_detached

_UNREADABLE: Final = (KeyError, ValueError, TypeError, AttributeError, RecursionError)
_PARTS: Final = ("format", "jws", "history", "packs", "approval", "keys")


class NoEvidence(Exception):
    """It is no evidence of a decision; the sentence says why."""


@dataclass(slots=True)
class Findings:
    """What was found of a document, in the order it was looked at.

    ``record`` is there once the signature was found to be right: only then is anything known.
    """

    record: DecisionRecord | None = None
    right: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return self.record is not None and not self.wrong


def check_evidence(content: bytes, keys: KeySet, *, again: bool = True) -> Findings:
    """Everything that is right and wrong with a document; ``again``: the decision is worked out
    again with the packs inside. Raises NoEvidence for what is none."""
    document = _document(content)
    found = Findings()
    payload = _signed(document, keys, found)
    if payload is None:
        return found
    try:
        record = record_of(json.loads(payload))
        if statement(record) != payload:
            raise ValueError("there is more in it")
    except _UNREADABLE:
        found.wrong.append(
            "The statement is signed, but this version of doorstep can't read it:"
            " take the one that belongs to the house."
        )
        return found
    found.record = record
    history = _history(document, record, found)
    library = _packs(document, record, found)
    _approval(document, record, keys, found)
    if again and history is not None and library is not None:
        _again(record, history, library, found)
    return found


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise NoEvidence("It is not JSON.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NoEvidence(f"It is no evidence of the format {FORMAT}.")
    if missing := [part for part in _PARTS if part not in document]:
        raise NoEvidence(f"Parts of it are missing: {', '.join(missing)}.")
    if strange := document.keys() - set(_PARTS):
        raise NoEvidence(f"There is more in it than there should be: {len(strange)} parts.")
    return document


def _signed(document: Mapping[str, Any], keys: KeySet, found: Findings) -> bytes | None:
    """The payload, if one of the keys has signed it."""
    try:
        jws = document["jws"]
        protected, payload = _decoded(jws["protected"]), _decoded(jws["payload"])
        kid = json.loads(protected)["kid"]
        if jws.keys() != {"protected", "payload", "signature"}:
            raise ValueError("there is more in it")
        if jws["protected"] != protected_header(kid, TYPE):
            raise ValueError("another header")
        signature = str(jws["signature"])
    except _UNREADABLE:
        found.wrong.append("The signature is none of a decision.")
        return None
    try:
        verify_detached(payload, signature, kid=kid, kind=TYPE, keys=keys)
    except UnknownKey:
        found.wrong.append(
            f"It was signed with a key that is not among those given: {plain(kid)}. Either it was"
            " withdrawn, or it is not the house's."
        )
        return None
    except BadToken:
        found.wrong.append("The signature does not fit: the statement is not what was signed.")
        return None
    found.right.append(f"The statement is signed by the key {plain(kid)}.")
    return payload


def _decoded(text: str) -> bytes:
    """The bytes of base64url. Several texts stand for the same; only one of them is right."""
    raw = base64.urlsafe_b64decode(text + "==")
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError("not base64url")
    return raw


def _history(
    document: Mapping[str, Any], record: DecisionRecord, found: Findings
) -> Sequence[Mapping[str, Any]] | None:
    try:
        lines = [
            {name: value for name, value in line.items() if (name, value) != (CLOSED_DIGEST, None)}
            for line in document["history"]
        ]
        fits = digest_of(lines) == record.history and all(map(_is_whole, lines))
    except _UNREADABLE:
        fits = False
    if not fits:
        found.wrong.append(
            "The history is not the one the decision rests on"
            f" (the person's ledger up to line {record.ledger_seq})."
        )
        return None
    found.right.append(
        f"The history of {_counted(len(lines), 'line')} is the person's ledger up to line"
        f" {record.ledger_seq}."
        if lines
        else "There was nothing in the person's ledger before."
    )
    if hidden := sum(CLOSED_DIGEST in line for line in lines):
        found.unproven.append(
            f"{_counted(hidden, 'line')} of other lenders: what they were about is told under"
            " other names."
        )
    return lines


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Are all its fields there, and none that no digest vouches for?"""
    return line.keys() - {CLOSED_DIGEST} == {*OPEN, *CLOSED}


def _packs(document: Mapping[str, Any], record: DecisionRecord, found: Findings) -> Library | None:
    try:
        packs = [_kept(pack) for pack in document["packs"]]
        contents = [
            {
                "digest": pack.digest,
                "effective_from": _text(pack.effective_from),
                "effective_to": _text(pack.effective_to),
            }
            for pack in packs
        ]
        fits = digest_of_library(contents) == record.library
    except _UNREADABLE:
        fits = False
    if not fits:
        found.wrong.append("The packs are not those the decision rests on.")
        return None
    try:
        library = library_of(packs)
    except SpoiltText as spoilt:
        changed = next(pack.name for pack in packs if pack.digest == str(spoilt))
        found.wrong.append(f"The text of the pack {plain(changed)} was changed.")
        return None
    except BrokenPack:
        # Their digests are right, so it is not the document that is wrong.
        found.unproven.append("This version of doorstep can't read the packs of that time.")
        return None
    if [pack.name for pack in library] != [pack.name for pack in packs]:
        found.wrong.append("Packs have other names than their texts say.")
        return None
    found.right.append(f"The texts of {_counted(len(packs), 'pack')} are those it rests on.")
    return library


def _kept(said: Mapping[str, Any]) -> KeptText:
    def day(name: str) -> date | None:
        return None if said[name] is None else date.fromisoformat(said[name])

    if said.keys() != {"name", "file", "digest", "effective_from", "effective_to", "text"}:
        raise ValueError("there is more in it")
    return KeptText(
        name=str(said["name"]),
        file=str(said["file"]),
        digest=str(said["digest"]),
        effective_from=day("effective_from"),
        effective_to=day("effective_to"),
        text=str(said["text"]),
    )


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _approval(
    document: Mapping[str, Any], record: DecisionRecord, keys: KeySet, found: Findings
) -> None:
    given = document["approval"]
    if given is None:
        return
    try:
        claims = approval_claims(given["token"], keys, now=record.decided_at)
        about = (claims["sub"], claims["person_id"], claims["case_id"], claims["lender"])
        state = plain(str(given["state"]))
    except BadToken:
        found.wrong.append("The token of the approval is not the house's.")
        return
    except _UNREADABLE:
        found.wrong.append("The approval is none.")
        return
    expected = (str(record.visit_id), str(record.person_id), str(record.case_id), record.lender)
    if about != expected or claims.get("iat") != int(record.decided_at.timestamp()):
        found.wrong.append("The approval is not the one this decision gave.")
        return
    found.right.append("The token of the approval is the house's, and of this decision.")
    found.unproven.append(f"By now the approval is said to be {state}.")


def _again(
    record: DecisionRecord,
    history: Sequence[Mapping[str, Any]],
    library: Library,
    found: Findings,
) -> None:
    lines = [line_of(line, record.person_id) for line in history]
    came = replay(record, lines, library)
    # What is told under other names has another digest; the right one was found before.
    differences = [each for each in came.differences if each.path != "/history"]
    if not differences:
        found.right.append(f"Worked out again by engine {came.engine}, it comes to the same.")
        return
    found.wrong.append(
        f"Worked out again by engine {came.engine}, it comes to something else"
        f" ({came.verdict.value}; it was decided by {plain(record.engine)}):"
    )
    for each in differences[:5]:
        stored, computed = (json.dumps(v, ensure_ascii=False) for v in (each.stored, each.computed))
        found.wrong.append(f"  {plain(each.path)}: {plain(stored)} → {plain(computed)}")


def approval_claims(token: str, keys: KeySet, *, now: datetime) -> dict[str, Any]:
    """What the token of an approval says, if one of the keys signed it and it counts at ``now``.

    Whoever signs is the house, whatever it calls itself. Raises BadToken.
    """
    try:
        unverified = jwt.decode(token, options={"verify_signature": False})
        issuer = str(unverified["iss"])
    except (jwt.PyJWTError, *_UNREADABLE):
        raise BadToken("malformed") from None
    return verify(token, keys, audience=AUDIENCE, issuer=issuer, now=now)


def plain(text: str) -> str:
    """Text out of a document, without what would move the cursor of whoever reads it."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def moment(at: datetime) -> str:
    """For people: no seconds where there are none, always UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC").replace(":00 UTC", " UTC")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
