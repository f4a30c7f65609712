"""The home: made once, closed to others, held by one house at a time."""

import json
import os
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from doorstep.home import Home, HomeIsTaken, existing_home, open_home
from doorstep.trouble import Trouble
from shared.auth import Role
from shared.clock import utc_now
from shared.keys import BadToken, KeySet, Signer, make_key, verify

_HOLD = """
import sys, time
from pathlib import Path
from doorstep.home import open_home
with open_home(Path(sys.argv[1])).locked() as lock:
    lock.say("http://127.0.0.1:4711")
    print("held", flush=True)
    time.sleep(60)
"""


def test_everything_in_it_is_the_owners_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        pass
    for path in [home.directory, *home.directory.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == "lock", path


def test_keys_are_made_once(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        made = {path: path.read_bytes() for path in home.keys.iterdir()}
    assert {path.name for path in made} == {
        "token.pem",
        "token-keys.json",
        "approval.pem",
        "approval-keys.json",
        "identity-secret",
        "revoked-tokens",
    }
    with open_home(tmp_path / "home").locked():
        assert {path: path.read_bytes() for path in home.keys.iterdir()} == made


def test_its_public_keys_verify_its_tokens_and_not_those_of_approvals(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        pass
    now = utc_now()
    token = home.token(Role.OPS, now=now, lifetime=timedelta(hours=1))
    claims = verify(token, KeySet(home.token_keys), audience="doorstep", issuer="doorstep", now=now)
    assert claims["role"] == "ops"
    assert json.loads(home.token_keys.read_text()) != json.loads(home.approval_keys.read_text())


def token_of(home: Home) -> str:
    return home.token(Role.OPS, now=utc_now(), lifetime=timedelta(hours=1))


def counts(token: str, home: Home) -> bool:
    try:
        verify(
            token, KeySet(home.token_keys), audience="doorstep", issuer="doorstep", now=utc_now()
        )
    except BadToken:
        return False
    return True


def test_a_lost_private_key_is_replaced_and_what_it_signed_still_counts(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        approved = Signer(home.approval_key).kid
    tokens = [token_of(home)]
    for _ in range(2):
        home.token_key.unlink()
        home.approval_key.unlink()
        with home.locked():
            tokens.append(token_of(home))
    assert [counts(token, home) for token in tokens] == [True, True, True]
    approvals = KeySet(home.approval_keys)
    assert approvals.get(approved)
    assert approvals.get(Signer(home.approval_key).kid)
    assert len(approvals) == 3
    assert stat.S_IMODE(home.token_keys.stat().st_mode) == 0o600


def test_a_lost_jwks_is_written_anew_from_its_private_key(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        published = home.token_keys.read_bytes()
    home.token_keys.unlink()
    with home.locked():
        assert home.token_keys.read_bytes() == published


def test_a_private_key_put_in_by_hand_joins_the_keys_of_others(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        before = token_of(home)
    nameless = json.loads(home.token_keys.read_text())["keys"][0]
    del nameless["kid"]
    unusable = {"kty": "OKP", "crv": "Ed448", "x": "AA"}
    home.token_keys.write_text(json.dumps({"keys": [nameless, unusable, "no key"]}))
    home.token_key.unlink()
    make_key(home.token_key)
    with home.locked():
        assert counts(before, home)
        assert counts(token_of(home), home)


def test_a_jwks_with_more_keys_than_the_private_ones_is_left_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        keys = json.loads(home.token_keys.read_text())["keys"]
    others = json.loads(home.approval_keys.read_text())["keys"]
    home.token_keys.write_text(json.dumps({"keys": others + keys}))
    written = home.token_keys.read_bytes()
    with home.locked():
        assert home.token_keys.read_bytes() == written


@pytest.mark.parametrize("name", ["token.pem", "approval-keys.json"])
def test_a_key_file_of_something_else_is_named_and_not_replaced(tmp_path: Path, name: str) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        (home.keys / name).write_text("a letter")
    with pytest.raises(Trouble, match=name), home.locked():
        pass
    assert (home.keys / name).read_text() == "a letter"


def test_a_second_house_on_the_same_home_learns_who_has_it_and_where(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        home = open_home(tmp_path / "home")
        with pytest.raises(HomeIsTaken) as refused, home.locked():
            pass
        assert f"process {held.pid}" in refused.value.sentence
        assert "http://127.0.0.1:4711" in refused.value.sentence
        held.send_signal(signal.SIGKILL)
        held.wait()
        with home.locked():
            pass


def test_the_lock_is_not_inherited_by_what_the_house_starts(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with home.locked():
            pass
    finally:
        child.kill()
        child.wait()


def test_no_token_comes_out_of_a_directory_that_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="There is no house in"):
        existing_home(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_in_its_place_is_a_trouble_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a letter")
    with pytest.raises(Trouble, match="cannot be the home"):
        open_home(tmp_path / "home")


def test_data_whose_identity_secret_is_lost_is_not_opened_with_another(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    with home.locked():
        (home.postgres / "data").mkdir()
    home.identity_secret.unlink()
    with pytest.raises(Trouble, match="not recognised any more"), home.locked():
        pass
    assert not home.identity_secret.exists()


def test_a_home_may_be_named_by_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = open_home(Path("here"))
    os.chdir("/")
    assert home.directory == tmp_path / "here"
