"""The keys before the one in use: out of files, read again when they change, never secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from contact_rules.store.published_keys import PublishedKeys
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from shared.keys import BadKeys, Signer, make_key


def a_signer(directory: Path, name: str) -> Signer:
    make_key(directory / f"{name}.pem")
    return Signer(directory / f"{name}.pem")


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Signer]:
    private = tmp_path / "private"
    private.mkdir()
    return {name: a_signer(private, name) for name in ("current", "last", "first")}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    path = tmp_path / "older"
    path.mkdir()
    return path


def kids(published: PublishedKeys) -> list[str]:
    listed = [key["kid"] for key in published.jwks()["keys"]]
    assert all(published.keys().get(kid) for kid in listed)
    return listed


def pem_of(signer: Signer) -> bytes:
    return signer._key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_without_older_keys_there_is_the_one_in_use(keys: dict[str, Signer]) -> None:
    assert kids(PublishedKeys(keys["current"])) == [keys["current"].kid]


def test_a_directory_may_hold_sets_and_pems(keys: dict[str, Signer], older: Path) -> None:
    (older / "a.pem").write_bytes(pem_of(keys["last"]))
    nameless = {name: keys["first"].public_jwks()["keys"][0][name] for name in ("kty", "crv", "x")}
    (older / "b.json").write_text(json.dumps({"keys": [nameless]}))
    (older / ".hidden").write_text("what an editor leaves behind")
    published = PublishedKeys(keys["current"], older)
    assert kids(published) == [keys[name].kid for name in ("current", "last", "first")]


def test_the_set_that_is_published_already_may_be_named(
    keys: dict[str, Signer], tmp_path: Path
) -> None:
    """The key in use is in it too, and is published once."""
    path = tmp_path / "approval-keys.json"
    path.write_text(json.dumps(keys["last"].public_jwks(keys["current"].public_jwks())))
    assert kids(PublishedKeys(keys["current"], path)) == [keys["current"].kid, keys["last"].kid]
    path.write_text('{"keys": []}')
    assert kids(PublishedKeys(keys["current"], path)) == [keys["current"].kid]


def test_a_change_is_taken_up_and_half_a_file_is_not(
    keys: dict[str, Signer], older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = PublishedKeys(keys["current"], older)
    assert len(kids(published)) == 1
    (older / "a.pem").write_bytes(pem_of(keys["last"]))
    assert len(kids(published)) == 2
    (older / "a.pem").write_bytes(pem_of(keys["last"])[:40])
    assert len(kids(published)) == 2
    (older / "a.pem").write_bytes(pem_of(keys["first"]))
    assert kids(published) == [keys["current"].kid, keys["first"].kid]
    (older / "a.pem").unlink()
    assert len(kids(published)) == 1
    older.rmdir()
    assert len(kids(published)) == 1


def test_what_does_not_change_is_read_once(keys: dict[str, Signer], older: Path) -> None:
    (older / "a.pem").write_bytes(pem_of(keys["last"]))
    published = PublishedKeys(keys["current"], older)
    assert published.keys() is published.keys()
    stat = (older / "a.pem").stat()
    os.utime(older / "a.pem", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    before = published.jwks()
    assert published.jwks() == before


def _secret(path: Path, keys: dict[str, Signer]) -> None:
    make_key(path)


def _secret_set(path: Path, keys: dict[str, Signer]) -> None:
    key: dict[str, Any] = keys["last"].public_jwks()["keys"][0] | {"d": "A" * 43}
    path.write_text(json.dumps({"keys": [key]}))


def _rsa(path: Path, keys: dict[str, Signer]) -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    path.write_bytes(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _text(text: str) -> Any:
    return lambda path, keys: path.write_text(text)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (_secret, "private key"),
        (_secret_set, "secret"),
        (_rsa, "not an Ed25519 key"),
        (_text(""), "neither"),
        (_text("[]"), "neither"),
        (_text('{"keys": {}}'), "neither"),
        (_text('{"keys": [7]}'), "not a JWKS"),
        (_text('{"keys": [{"kty": "EC", "crv": "P-256"}]}'), "not an Ed25519 key"),
        (_text('{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}'), "no usable key"),
        (_text('{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": 7}]}'), "not an Ed25519 key"),
        (_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "not a public key"),
        (_text(" " * 300_000), "larger than"),
    ],
)
def test_what_is_no_public_key_of_ours_is_refused_at_the_start(
    keys: dict[str, Signer], tmp_path: Path, write: Any, why: str
) -> None:
    path = tmp_path / "file"
    write(path, keys)
    with pytest.raises(BadKeys, match=why) as refused:
        PublishedKeys(keys["current"], path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_missing_is_said_at_the_start(
    keys: dict[str, Signer], tmp_path: Path
) -> None:
    with pytest.raises(BadKeys, match="can't be read"):
        PublishedKeys(keys["current"], tmp_path / "nothing")
