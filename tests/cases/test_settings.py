"""What cases must be told, and what it says when it isn't."""

from __future__ import annotations

from typing import Any

import pytest
from cases.service import build
from cases.settings import CasesSettings
from credentials import Keys
from shared.bus import LocalBus
from shared.keys import BadKeys
from shared.settings import BadSettings, load

SECRET = "an identity key that only tests may know"


def settings(keys: Keys, **changes: Any) -> CasesSettings:
    given = {
        "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
        "token_keys": str(keys.token_jwks),
        "approval_keys": str(keys.approval_jwks),
        "identity_key": SECRET,
        "contact_rules_url": "http://127.0.0.1:1",
        "service_token_file": keys.service_token,
    } | changes
    return load(CasesSettings, **given)


def test_the_service_is_put_together_without_touching_anything(keys: Keys) -> None:
    service = build(settings(keys), LocalBus())
    names = {loop.name for loop in service.loops}
    assert names >= {"cases relay", "cases consumer", "cases imports"}
    service.close()


def test_the_secret_has_no_default_and_is_never_shown(keys: Keys) -> None:
    with pytest.raises(BadSettings, match="CASES_IDENTITY_KEY"):
        load(CasesSettings, database_url="postgresql://x@y/z", token_keys="k", approval_keys="k")
    assert SECRET not in repr(settings(keys))
    with pytest.raises(BadSettings) as refused:
        settings(keys, identity_key="too short")
    assert "too short" not in str(refused.value)


@pytest.mark.parametrize("buckets", ["M1", "M1=x", "M1=5,M2=5", "M1=31,M2=1", "=1", "M1=-1"])
def test_buckets_that_make_no_sense_are_refused(keys: Keys, buckets: str) -> None:
    with pytest.raises(BadSettings, match="CASES_BUCKETS"):
        settings(keys, buckets=buckets)


def test_missing_keys_of_contact_rules_stop_the_start(keys: Keys, tmp_path: Any) -> None:
    with pytest.raises(BadKeys):
        build(settings(keys, approval_keys=str(tmp_path / "nowhere.json")), LocalBus())
