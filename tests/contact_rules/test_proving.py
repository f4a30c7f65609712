"""What we sign, others verify without a line of our code; after the key was changed too."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from contact_rules.handlers.proving import SignatureState, signature_of
from contact_rules.store import decisions
from contact_rules.store.decisions import DecisionRecord
from contact_rules.store.published_keys import PublishedKeys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rules_house import TUESDAY, Debtor, House, VisitRequested
from shared.db import transaction
from shared.keys import KeySet, Signer, make_key


def stored(house: House, decision_id: str) -> DecisionRecord:
    with transaction(house.engine) as session:
        record = decisions.find(session, decision_id, lender=None)  # type: ignore[arg-type]
    assert record is not None
    return record


def approved(house: House, **changed: Any) -> tuple[VisitRequested, dict[str, Any]]:
    visit = Debtor().visit(**changed)
    (answer,) = house.ask(visit)
    assert answer["type"] == "approved"
    return visit, answer


def test_what_an_agent_shows_verifies_with_pyjwt_and_the_public_key_alone(house: House) -> None:
    visit, answer = approved(house)
    token = answer["approval"]["token"]
    published = house.client.get("/.well-known/approval-keys.json").json()
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [jwt.PyJWK(each) for each in published["keys"] if each["kid"] == kid]
    claims = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience="doorstep/approval",
        issuer="doorstep/contact-rules",
        options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub", "jti"]},
    )
    # Who, whom for, to whom and where, when and until when.
    assert claims["team"] == [member["id"] for member in visit.team]
    assert len(claims["team"]) == 2
    assert claims["lender"] == "northbank"
    assert claims["person_id"] == str(visit.person_id)
    assert claims["address_id"] == visit.place["address_id"]
    assert claims["sub"] == str(visit.visit_id)
    assert (claims["starts_at"], claims["ends_at"]) == (
        "2026-12-01T02:00:00Z",
        "2026-12-01T02:30:00Z",
    )
    assert claims["must_end_by"] == "2026-12-01T10:00:00Z"
    assert claims["exp"] == int((visit.ends_at + timedelta(hours=1)).timestamp())


@pytest.mark.parametrize("hours", [0, 13], ids=["yes", "no"])
def test_a_decision_verifies_with_cryptography_alone(house: House, hours: int) -> None:
    (answer,) = house.ask(Debtor().visit(TUESDAY + timedelta(hours=hours)))
    evidence = house.client.get(f"/v1/decisions/{answer['decision_id']}/evidence").json()
    published = house.client.get("/.well-known/approval-keys.json").json()

    def raw(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    jws = evidence["jws"]
    header = json.loads(raw(jws["protected"]))
    assert header["alg"] == "EdDSA"
    assert header["typ"] == "doorstep-decision+json"
    (x,) = [key["x"] for key in published["keys"] if key["kid"] == header["kid"]]
    key = Ed25519PublicKey.from_public_bytes(raw(x))
    key.verify(raw(jws["signature"]), f"{jws['protected']}.{jws['payload']}".encode())
    said = json.loads(raw(jws["payload"]))
    assert said["id"] == answer["decision_id"]
    assert said["verdict"] == ("deny" if hours else "allow")
    with pytest.raises(InvalidSignature):
        key.verify(raw(jws["signature"]), f"{jws['protected']}.{jws['payload'][:-1]}".encode())


def test_a_row_that_was_changed_is_told_from_what_was_signed(house: House) -> None:
    _, answer = approved(house)
    record = stored(house, answer["decision_id"])
    keys = KeySet.of(house.keys.approvals.public_jwks())
    assert signature_of(record, keys) is SignatureState.VALID
    for changed in (
        replace(record, lender="southbank"),
        replace(record, requested_by="somebody else"),
        replace(record, history="0" * 64),
        replace(record, checks=record.checks[1:]),
        replace(record, checks=[*record.checks[1:], record.checks[0]]),
        replace(record, facts=dict(reversed(record.facts.items()))),
        replace(record, signature="A" * 86),
        replace(record, signature=""),
        replace(record, signature="é"),
    ):
        assert signature_of(changed, keys) is SignatureState.INVALID
    for changed in (replace(record, key_id=None), replace(record, signature=None)):
        assert signature_of(changed, keys) is SignatureState.MISSING
    assert signature_of(replace(record, key_id="x"), keys) is SignatureState.UNKNOWN_KEY


def test_no_token_is_taken_for_a_decision(house: House) -> None:
    """The key signs approvals too; what is signed says of what kind it is."""
    _, answer = approved(house)
    record = stored(house, answer["decision_id"])
    *_, signature = answer["approval"]["token"].split(".")
    keys = KeySet.of(house.keys.approvals.public_jwks())
    assert signature_of(replace(record, signature=signature), keys) is SignatureState.INVALID


def test_keys_change_and_what_was_signed_before_counts_until_the_old_one_is_withdrawn(
    house: House, tmp_path: Path
) -> None:
    _, before = approved(house)
    old = house.keys.approvals
    older = tmp_path / "older"
    older.mkdir()
    (older / "2026.json").write_text(json.dumps(old.public_jwks()))
    make_key(tmp_path / "new.pem")
    new = Signer(tmp_path / "new.pem")
    house.service.approval_keys = PublishedKeys(new, older)
    house.desk = replace(house.desk, signer=new)
    _, after = approved(house)

    def said_of(answer: dict[str, Any]) -> str:
        replayed = house.client.post(f"/v1/decisions/{answer['decision_id']}/replay")
        return str(replayed.json()["signature"])

    def token_counts(answer: dict[str, Any]) -> bool:
        keys = house.client.get("/.well-known/approval-keys.json").json()["keys"]
        kid = jwt.get_unverified_header(answer["approval"]["token"])["kid"]
        return kid in [key["kid"] for key in keys]

    published = house.client.get("/.well-known/approval-keys.json").json()["keys"]
    assert [key["kid"] for key in published] == [new.kid, old.kid]
    assert not any("d" in key for key in published)
    assert (said_of(before), said_of(after)) == ("valid", "valid")
    assert token_counts(before)
    assert token_counts(after)

    (older / "2026.json").unlink()
    assert (said_of(before), said_of(after)) == ("unknown_key", "valid")
    assert not token_counts(before)
    assert token_counts(after)
