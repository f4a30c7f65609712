"""A token as it is written: one text of it counts, and a header says nothing we don't understand."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from shared.keys import BadToken, KeySet, Signer, UnknownKey, key_name, make_key, verify

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _signer(path: Path) -> Signer:
    make_key(path)
    return Signer(path)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return _signer(tmp_path / "key.pem")


@pytest.fixture
def other(tmp_path: Path) -> Signer:
    return _signer(tmp_path / "other.pem")


def _claims() -> dict[str, Any]:
    return {"iss": "doorstep", "aud": "the door", "exp": int(NOW.timestamp()) + 60}


def _verify(token: str, keys: KeySet) -> dict[str, Any]:
    return verify(token, keys, audience="the door", issuer="doorstep", now=NOW)


def test_only_one_text_of_a_token_is_that_token(signer: Signer) -> None:
    keys = KeySet.of(signer.public_jwks())
    token = signer.sign(_claims())
    header, payload, signature = token.split(".")
    # The last character of 64 bytes holds four bits that nobody reads.
    spare = chr(ord(signature[-1]) + 1)
    for same in (
        f"{token}=",
        f"{token}==",
        f"{header}.{payload}.{signature[:-1]}{spare}",
        f"{header}=.{payload}.{signature}",
        f"{header}.{payload}.{signature[:9]}\n{signature[9:]}",
        f"{header}.{payload}.{signature}.",
        f" {token}",
    ):
        with pytest.raises(BadToken):
            _verify(same, keys)
    _verify(token, keys)


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"b64": False},
        {"kid": 7},
        {"kid": None},
        {"alg": "none"},
        {"alg": ["EdDSA"]},
    ],
    ids=str,
)
def test_a_header_with_what_is_not_understood_is_bad(signer: Signer, more: dict[str, Any]) -> None:
    def segment(said: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    header = {"alg": "EdDSA", "kid": signer.kid, "typ": "JWT"} | more
    signed = f"{segment(header)}.{segment(_claims())}"
    token = f"{signed}.{base64.urlsafe_b64encode(signer._key.sign(signed.encode())).decode()}"
    with pytest.raises(BadToken):
        _verify(token.rstrip("="), KeySet.of(signer.public_jwks()))


def test_a_header_remembered_of_one_token_proves_nothing_of_another(
    signer: Signer, other: Signer
) -> None:
    keys = KeySet.of(signer.public_jwks())
    token = signer.sign(_claims())
    _verify(token, keys)
    header, payload, _ = token.split(".")
    foreign = other.sign(_claims()).rpartition(".")[2]
    with pytest.raises(BadToken, match="InvalidSignature"):
        _verify(f"{header}.{payload}.{foreign}", keys)
    # Nor is a key known for ever because its name was.
    with pytest.raises(UnknownKey):
        _verify(token, KeySet.of(other.public_jwks()))


def test_what_others_sign_by_the_same_key_is_the_same_token(signer: Signer) -> None:
    ours = signer.sign(_claims())
    theirs = jwt.encode(
        _claims(), signer._key, algorithm="EdDSA", headers={"kid": signer.kid, "typ": "JWT"}
    )
    assert ours == theirs
    assert key_name(ours) == signer.kid
    assert [key_name(text) for text in ("", "a.b.c", "é.é.é", ours * 40)] == [None] * 4
