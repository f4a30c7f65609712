"""Keys verify what they signed, for whom it was meant and while it is valid, and nothing else."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from shared.keys import (
    BadKeys,
    BadToken,
    KeySet,
    Signer,
    UnknownKey,
    make_key,
    thumbprint,
    verify,
)

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
THEN = int(NOW.timestamp())


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    make_key(tmp_path / "own.pem")
    return Signer(tmp_path / "own.pem")


@pytest.fixture
def other(tmp_path: Path) -> Signer:
    make_key(tmp_path / "other.pem")
    return Signer(tmp_path / "other.pem")


def _claims(**changed: Any) -> dict[str, Any]:
    claims = {"iss": "doorstep", "aud": "doorstep", "sub": "x", "exp": THEN + 60, **changed}
    return {name: value for name, value in claims.items() if value is not None}


def _verify(token: str, keys: KeySet, now: datetime = NOW) -> dict[str, Any]:
    return verify(token, keys, audience="doorstep", issuer="doorstep", now=now)


def test_what_was_signed_is_verified(signer: Signer) -> None:
    keys = KeySet.of(signer.public_jwks())
    assert _verify(signer.sign(_claims()), keys)["sub"] == "x"


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": None},
        {"exp": THEN - 10},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**400},
        {"exp": [THEN + 60]},
        {"nbf": THEN + 11},
        {"nbf": "now"},
        {"iat": THEN + 11},
        {"aud": None},
        {"aud": "somebody else"},
        {"aud": ["somebody", "else"]},
        {"aud": 7},
        {"iss": None},
        {"iss": "doorstep/contact-rules"},
        {"iss": ["doorstep"]},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_token_with_wrong_claims_is_bad(signer: Signer, changed: dict[str, Any]) -> None:
    # PyJWT would not sign some of these; others do.
    signed = jwt.api_jws.PyJWS().encode(
        json.dumps(_claims(**changed)).encode(),
        signer._key,
        algorithm="EdDSA",
        headers={"kid": signer.kid},
    )
    with pytest.raises(BadToken):
        _verify(signed, KeySet.of(signer.public_jwks()))


def test_clocks_may_differ_by_less_than_ten_seconds(signer: Signer) -> None:
    keys = KeySet.of(signer.public_jwks())
    _verify(signer.sign(_claims(exp=THEN - 9)), keys)
    _verify(signer.sign(_claims(nbf=THEN + 10, iat=THEN + 10)), keys)


def test_the_time_is_the_one_given_not_the_machines(signer: Signer) -> None:
    keys = KeySet.of(signer.public_jwks())
    token = signer.sign(_claims())
    _verify(token, keys, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(BadToken, match="expired"):
        _verify(token, keys, NOW + timedelta(days=1))


def test_a_foreign_key_is_unknown_and_a_forged_signature_is_bad(
    signer: Signer, other: Signer
) -> None:
    keys = KeySet.of(signer.public_jwks())
    with pytest.raises(UnknownKey):
        _verify(other.sign(_claims()), keys)
    forged = jwt.encode(_claims(), other._key, algorithm="EdDSA", headers={"kid": signer.kid})
    with pytest.raises(BadToken, match="InvalidSignature"):
        _verify(forged, keys)


def test_a_changed_claim_breaks_the_signature(signer: Signer) -> None:
    header, _, signature = signer.sign(_claims()).split(".")
    payload = base64.urlsafe_b64encode(json.dumps(_claims(sub="admin")).encode()).rstrip(b"=")
    with pytest.raises(BadToken):
        _verify(f"{header}.{payload.decode()}.{signature}", KeySet.of(signer.public_jwks()))


def test_the_token_can_not_choose_its_algorithm(signer: Signer) -> None:
    keys = KeySet.of(signer.public_jwks())
    public = base64.urlsafe_b64decode(signer.public_jwks()["keys"][0]["x"] + "==")
    for secret in (public, b"x" * 64):
        confused = jwt.encode(
            _claims(), secret.ljust(64, b"\0"), algorithm="HS512", headers={"kid": signer.kid}
        )
        with pytest.raises(BadToken, match="another algorithm"):
            _verify(confused, keys)
    unsigned = jwt.encode(_claims(), None, algorithm="none", headers={"kid": signer.kid})
    with pytest.raises(BadToken, match="another algorithm"):
        _verify(unsigned, keys)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "eyJ.eyJ.", "x" * 20_000, "é.é.é", "\x00", "null"]
)
def test_what_is_no_token_is_bad(signer: Signer, token: str) -> None:
    with pytest.raises(BadToken):
        _verify(token, KeySet.of(signer.public_jwks()))


@pytest.mark.parametrize("payload", ["[]", "null", '"x"', "1", "{", "[" * 5_000])
def test_a_payload_that_is_no_object_is_bad(signer: Signer, payload: str) -> None:
    signed = jwt.api_jws.PyJWS().encode(
        payload.encode(), signer._key, algorithm="EdDSA", headers={"kid": signer.kid}
    )
    with pytest.raises(BadToken):
        _verify(signed, KeySet.of(signer.public_jwks()))


def test_a_token_without_a_key_name_is_bad(signer: Signer) -> None:
    with pytest.raises(BadToken, match="no key"):
        _verify(
            jwt.encode(_claims(), signer._key, algorithm="EdDSA"),
            KeySet.of(signer.public_jwks()),
        )


def test_two_keys_verify_while_they_rotate(signer: Signer, other: Signer) -> None:
    published = signer.public_jwks(other.public_jwks(), signer.public_jwks())
    assert [key["kid"] for key in published["keys"]] == [signer.kid, other.kid]
    keys = KeySet.of(published)
    for each in (signer, other):
        _verify(each.sign(_claims()), keys)


def test_older_keys_without_a_name_are_published_under_their_thumbprints(
    signer: Signer, other: Signer, tmp_path: Path
) -> None:
    make_key(tmp_path / "first.pem")
    first = Signer(tmp_path / "first.pem")
    nameless = [
        {name: each.public_jwks()["keys"][0][name] for name in ("kty", "crv", "x")}
        for each in (other, first, signer, other)
    ]
    published = signer.public_jwks({"keys": nameless}, {})
    assert [key["kid"] for key in published["keys"]] == [signer.kid, other.kid, first.kid]
    keys = KeySet.of(published)
    for each in (signer, other, first):
        _verify(each.sign(_claims()), keys)


def test_nothing_secret_of_an_older_key_is_published(signer: Signer) -> None:
    private = rsa.generate_private_key(65537, 2048)
    leaked = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private)) | {"note": "do not tell"}
    assert {"d", "p", "q"} <= leaked.keys()
    (_, published) = signer.public_jwks({"keys": [leaked]})["keys"]
    assert published.keys() == {"kty", "n", "e", "kid"}


def test_the_kid_is_the_thumbprint_of_rfc_7638() -> None:
    # The example of RFC 8037, A.3.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_private_key_is_its_owners_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make_key(path)
    assert path.read_bytes() == before


def test_a_published_set_holds_no_secret(signer: Signer) -> None:
    [key] = signer.public_jwks()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(BadKeys, match=r"key\.pem"):
        Signer(path)
    with pytest.raises(BadKeys, match="can't be read"):
        Signer(tmp_path / "missing.pem")


def test_another_kind_of_key_does_not_sign(tmp_path: Path) -> None:
    path = tmp_path / "rsa.pem"
    path.write_bytes(_pem(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(BadKeys, match="Ed25519"):
        Signer(path)


def _pem(key: Any) -> bytes:
    return bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.mark.parametrize(
    ("key", "algorithm", "kind"),
    [
        (rsa.generate_private_key(65537, 2048), "RS256", jwt.algorithms.RSAAlgorithm),
        (ec.generate_private_key(ec.SECP256R1()), "ES256", jwt.algorithms.ECAlgorithm),
    ],
    ids=["RSA", "P-256"],
)
def test_tokens_of_an_oidc_issuer_verify(key: Any, algorithm: str, kind: Any) -> None:
    jwk = json.loads(kind.to_jwk(key.public_key())) | {"kid": "theirs"}
    token = jwt.encode(_claims(), key, algorithm=algorithm, headers={"kid": "theirs"})
    assert _verify(token, KeySet.of({"keys": [jwk]}))["sub"] == "x"


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": [7, None, {}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "a"}]},
        {"keys": [{"kty": "OKP", "crv": "X25519", "x": "A" * 43, "kid": "a"}]},
    ],
    ids=str,
)
def test_a_set_without_a_usable_key_is_refused(jwks: dict[str, Any]) -> None:
    with pytest.raises(BadKeys):
        KeySet.of(jwks)


def test_a_set_with_a_private_key_in_it_is_refused(signer: Signer) -> None:
    leaked = signer.public_jwks()["keys"][0] | {"d": "A" * 43}
    with pytest.raises(BadKeys, match="secret"):
        KeySet.of({"keys": [leaked]})


def test_a_file_is_read_again_when_it_changes(
    tmp_path: Path, signer: Signer, other: Signer
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(signer.public_jwks()))
    keys = KeySet(path)
    assert keys.get(signer.kid)
    path.write_text(json.dumps(other.public_jwks(signer.public_jwks())))
    assert keys.get(other.kid)
    assert keys.get(signer.kid)
    path.write_text("{ half writ")
    assert keys.get(other.kid), "a half-written file must not lock everybody out"
    path.unlink()
    assert keys.get(other.kid)
    path.write_text(json.dumps(other.public_jwks()))
    assert keys.get(signer.kid) is None, "a withdrawn key must not verify"


def test_a_missing_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="can't be read"):
        KeySet(tmp_path / "nothing.json")


Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def _answering(
    respond: Callable[[BaseHTTPRequestHandler], None],
) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            respond(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/jwks.json", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _sending(content: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


def test_an_address_is_fetched_by_refresh_alone(signer: Signer) -> None:
    with _answering(_sending(json.dumps(signer.public_jwks()).encode())) as (url, asked):
        keys = KeySet(url)
        assert keys.get(signer.kid) is None
        assert asked == []
        assert keys.wants_refresh
        keys.refresh()
        assert keys.get(signer.kid)
        assert len(asked) == 1
        assert not keys.wants_refresh
        assert not keys.may_refresh


def test_an_address_may_be_asked_again_after_half_a_minute(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = 1000.0
    monkeypatch.setattr("shared.keys.key_set.monotonic", lambda: present)
    with _answering(_sending(json.dumps(signer.public_jwks()).encode())) as (url, _):
        keys = KeySet(url)
        keys.refresh()
        present += 29.9
        assert not keys.may_refresh
        present += 0.2
        assert keys.may_refresh
        assert not keys.wants_refresh
        present += 300
        assert keys.wants_refresh


@pytest.mark.parametrize(
    "respond",
    [
        _sending(b"{}", 500),
        _sending(b"", 302),
        _sending(b"not json"),
        _sending(b"[]"),
        _sending(b'{"keys": []}'),
        _sending(b" " * 300_000),
    ],
    ids=["500", "redirect", "not JSON", "no object", "no keys", "endless"],
)
def test_a_bad_answer_leaves_the_known_keys_in_force(
    respond: Callable[[BaseHTTPRequestHandler], None], signer: Signer
) -> None:
    answers = [_sending(json.dumps(signer.public_jwks()).encode()), respond]
    with _answering(lambda handler: answers.pop(0)(handler)) as (url, _):
        keys = KeySet(url)
        keys.refresh()
        with pytest.raises(BadKeys):
            keys.refresh()
        assert keys.get(signer.kid)


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    keys = KeySet("http://127.0.0.1:1/jwks.json")
    with pytest.raises(BadKeys, match="can't be reached"):
        keys.refresh()
    assert len(keys) == 0
