"""A signature that travels apart from what it signs is a JWS like any other, and of one payload."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from shared.keys import (
    BadToken,
    KeySet,
    Signer,
    UnknownKey,
    make_key,
    protected_header,
    verify_detached,
)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    make_key(tmp_path / "own.pem")
    return Signer(tmp_path / "own.pem")


@pytest.fixture
def other(tmp_path: Path) -> Signer:
    make_key(tmp_path / "other.pem")
    return Signer(tmp_path / "other.pem")


def test_a_detached_signature_is_of_one_payload_one_kind_and_one_key(
    signer: Signer, other: Signer
) -> None:
    keys = KeySet.of(signer.public_jwks(other.public_jwks()))
    payload = b'{"verdict":"deny"}'
    signature = signer.sign_detached(payload, kind="decision")
    verify_detached(payload, signature, kid=signer.kid, kind="decision", keys=keys)
    for wrong in (
        {"payload": payload + b" "},
        {"payload": b""},
        {"kind": "approval"},
        {"kid": other.kid},
        {"signature": other.sign_detached(payload, kind="decision")},
        {"signature": ""},
        {"signature": "é" * 86},
        {"signature": signature + "="},
        {"signature": signature[:-1] + chr(ord(signature[-1]) + 1)},
        {"signature": "\n" + signature},
    ):
        with pytest.raises(BadToken):
            _verify_detached(
                {"payload": payload, "signature": signature, "kid": signer.kid}
                | {"kind": "decision"}
                | wrong,
                keys,
            )
    with pytest.raises(UnknownKey):
        verify_detached(payload, signature, kid="x", kind="decision", keys=keys)


def _verify_detached(said: dict[str, Any], keys: KeySet) -> None:
    verify_detached(said.pop("payload"), said.pop("signature"), keys=keys, **said)


def test_a_detached_signature_is_a_jws_for_everybody_else(signer: Signer) -> None:
    payload = b'{"verdict":"allow"}'
    signature = signer.sign_detached(payload, kind="decision")
    body = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    whole = f"{protected_header(signer.kid, 'decision')}.{body}.{signature}"
    key = jwt.PyJWK(signer.public_jwks()["keys"][0])
    decoded = jwt.api_jws.PyJWS().decode_complete(whole, key, algorithms=["EdDSA"])
    assert decoded["payload"] == payload
    assert decoded["header"] == {"alg": "EdDSA", "kid": signer.kid, "typ": "decision"}


def test_only_an_ed25519_key_verifies_a_detached_signature(signer: Signer) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "theirs"}
    with pytest.raises(BadToken, match="another algorithm"):
        verify_detached(b"x", "A" * 86, kid="theirs", kind="d", keys=KeySet.of({"keys": [jwk]}))
