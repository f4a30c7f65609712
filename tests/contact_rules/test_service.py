"""The service as it is put together: settings, packs, readiness, what it announces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from contact_rules import events
from contact_rules.consumers import handlers
from contact_rules.domain import shipped
from contact_rules.handlers.decide_visits import Desk
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from credentials import Keys
from pydantic import TypeAdapter
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from shared.keys import BadKeys
from shared.settings import BadSettings, load
from visit_life import moved, told_of


def settings(keys: Keys, **changed: Any) -> ContactRulesSettings:
    said = {
        "database_url": "postgresql://nobody@127.0.0.1:1/nothing",
        "token_keys": str(keys.token_jwks),
        "approval_key": keys.approval_key,
        "packs": RULEBOOK,
    }
    return ContactRulesSettings(**(said | changed))


def test_the_packs_shipped_are_the_default(
    keys: Keys, clock: SettableClock, make_database: Callable[[str], str]
) -> None:
    said = settings(keys, packs=None, database_url=make_database("contact_rules"))
    service = build(said, LocalBus(), clock)
    try:
        assert {pack.id for pack in service.library} >= {
            "person-protection",
            "default-policy",
            "tw",
            "cn",
        }
        assert shipped().is_dir()
    finally:
        service.close()


def test_packs_that_can_not_be_used_stop_it_with_a_sentence(
    keys: Keys, clock: SettableClock, tmp_path: Path
) -> None:
    with pytest.raises(BadSettings, match=r"the packs can't be used: .*no packs"):
        build(settings(keys, packs=tmp_path), LocalBus(), clock)
    (tmp_path / "odd.yaml").write_text("id: even\n")
    with pytest.raises(BadSettings, match=r"odd\.yaml:1"):
        build(settings(keys, packs=tmp_path), LocalBus(), clock)


def test_packs_that_do_not_protect_the_person_stop_it(
    keys: Keys, clock: SettableClock, tmp_path: Path
) -> None:
    for file in RULEBOOK.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    floor = tmp_path / "person-protection.yaml"
    text = floor.read_text(encoding="utf-8")
    floor.write_text(text.replace("max: 2", "max: 3"), encoding="utf-8")
    with pytest.raises(BadSettings, match="at most 2 visits in any 7 days, over all debts"):
        build(settings(keys, packs=tmp_path), LocalBus(), clock)
    floor.unlink()
    with pytest.raises(BadSettings, match="there is no pack 'person-protection'"):
        build(settings(keys, packs=tmp_path), LocalBus(), clock)
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(BadSettings, match="the packs can't be read: Is a directory"):
        build(settings(keys, packs=tmp_path), LocalBus(), clock)


def test_its_worker_relays_consumes_expires_lapses_and_watches(house: House) -> None:
    names = [loop.name for loop in house.service.loops]
    assert len(names) == len(set(names))
    assert set(names) >= {
        "contact-rules relay",
        "contact-rules consumer",
        "contact-rules-accounts consumer",
        "contact-rules housekeeping",
        "contact-rules approval expiry",
        "contact-rules review lapses",
        "contact-rules packs",
    }


def test_without_its_key_it_does_not_start(
    keys: Keys, clock: SettableClock, tmp_path: Path
) -> None:
    with pytest.raises(BadKeys):
        build(settings(keys, approval_key=tmp_path / "none.pem"), LocalBus(), clock)


def test_settings_come_from_variables_with_its_prefix(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTACT_RULES_DATABASE_URL", "postgresql://a@b/c")
    monkeypatch.setenv("CONTACT_RULES_TOKEN_KEYS", str(keys.token_jwks))
    with pytest.raises(BadSettings, match="CONTACT_RULES_APPROVAL_KEY is missing"):
        load(ContactRulesSettings)
    monkeypatch.setenv("CONTACT_RULES_APPROVAL_KEY", str(keys.approval_key))
    found = load(ContactRulesSettings)
    assert found.approval_issuer == "doorstep/contact-rules"
    assert found.packs is None


def test_it_is_ready_on_a_migrated_database_and_serves_its_own_description(house: House) -> None:
    del house.client.headers["Authorization"]
    assert house.client.get("/readyz").json() == {"status": "ready"}
    document = house.client.get("/openapi.json").json()
    assert document["servers"] == [{"url": "/contact-rules"}]
    # All of them are compared with what was promised by the tests of the contracts.
    assert set(document["paths"]) >= {
        "/v1/checks",
        "/v1/windows",
        "/v1/packs",
        "/v1/packs/{pack_id}",
        "/v1/approvals/verify",
        "/v1/approvals/{approval_id}",
        "/v1/approvals/{approval_id}/recheck",
        "/v1/decisions/{decision_id}",
        "/v1/persons/{person_id}/ledger",
        "/.well-known/approval-keys.json",
    }


def test_every_example_is_an_event_and_every_event_has_one() -> None:
    for event in events.ALL:
        assert event.TYPE.startswith("contact-rules.")
        read = event.model_validate(event.EXAMPLE)
        assert read.model_dump(mode="json") == event.EXAMPLE


def test_an_event_built_of_our_own_parts_fits_its_schema(house: House) -> None:
    """Approvals are announced without being read again: here they are."""
    visit = Debtor().visit()
    house.deliver(visit)
    (answer,) = house.answers(visit)
    TypeAdapter(events.VisitApproved).validate_python(
        {name: value for name, value in answer.items() if name != "type"}
    )
    house.deliver(moved(visit, TUESDAY + timedelta(days=2)))
    TypeAdapter(events.VisitRescheduled).validate_python(told_of(house, visit)[-1][1])


def test_it_listens_to_what_happens_to_visits(keys: Keys, house: House) -> None:
    assert isinstance(house.desk, Desk)
    heard = [handler.type for handler in handlers(lambda: house.desk)]
    assert len(heard) == len(set(heard))
    assert set(heard) >= {
        "cases.visit-requested.v1",
        "cases.reschedule-requested.v1",
        "cases.visit-amended.v1",
        "cases.visit-checked-in.v1",
        "cases.visit-cancelled.v1",
        "cases.visit-completed.v1",
    }
    assert "cases.visit-dispatched.v1" not in heard
