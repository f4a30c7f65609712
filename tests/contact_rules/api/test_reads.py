"""Decisions, ledgers, packs and keys: who may read them, and that another lender's do not exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from contact_rules.domain import Library
from contact_rules.domain.packs.loading import parse_pack
from rules_house import RULEBOOK, TUESDAY, Debtor, House, cancelled
from shared.ids import new_id
from shared.keys import KeySet, verify

READERS = ("lender", "ops", "compliance", "auditor", "admin")
OTHERS = ("agent", "service")

NOBODY = "019ae3a0-0000-7000-8000-00000000dead"


def put_on_the_shelf(house: House, library: Library) -> None:
    """As if these were the packs in use."""
    shelf = house.service.shelf
    shelf._in_use = replace(shelf.in_use, library=library)


def test_a_decision_is_shown_with_all_it_rested_on(house: House) -> None:
    debtor = Debtor()
    visit = debtor.visit()
    (answer,) = house.ask(visit)
    shown = house.client.get(f"/v1/decisions/{answer['decision_id']}")
    assert shown.status_code == 200, shown.text
    said = shown.json()
    assert said["verdict"] == "allow"
    assert said["visit_id"] == str(visit.visit_id)
    assert said["packs"] == [
        "everyone@2026-01-01",
        "person-protection@2026-01-01",
        "taiwanese@2026-02-01",
    ]
    assert said["facts"]["place"]["timezone"] == "Asia/Taipei"
    assert said["ledger_seq"] == 0
    assert said["next_lawful"] == []
    assert {check["result"] for check in said["checks"]} == {"pass"}
    assert said["approval"]["state"] == "reserved"
    assert said["approval"]["token"] == answer["approval"]["token"]

    house.deliver(cancelled(visit, house.clock()))
    said = house.client.get(f"/v1/decisions/{answer['decision_id']}").json()
    assert said["verdict"] == "allow"
    assert said["approval"]["state"] == "revoked"


def test_a_denial_is_shown_in_the_readers_language(house: House) -> None:
    (answer,) = house.ask(Debtor().visit(TUESDAY + timedelta(hours=13)))
    path = f"/v1/decisions/{answer['decision_id']}"
    chinese = house.client.get(path, headers={"Accept-Language": "zh"}).json()
    english = house.client.get(path).json()
    assert chinese["approval"] is None
    assert english["next_lawful"] == answer["next_lawful"]
    hours = {
        language: next(check for check in said["checks"] if check["rule"] == "taiwanese.hours")
        for language, said in (("zh", chinese), ("en", english))
    }
    assert hours["zh"]["message"] == "星期二 23:00-23:30：开放 09:00-18:00。"
    assert hours["en"]["message"] == "23:00-23:30 on Tuesday: open 09:00-18:00."


def test_a_lender_sees_its_own_decisions_and_no_others(house: House) -> None:
    ours, theirs = Debtor(), Debtor(lender="southbank")
    mine, another = house.ask(ours.visit(), theirs.visit())
    northbank = house.header("lender", "northbank")
    assert (
        house.client.get(f"/v1/decisions/{mine['decision_id']}", headers=northbank).status_code
        == 200
    )
    hidden = house.client.get(f"/v1/decisions/{another['decision_id']}", headers=northbank)
    nothing = house.client.get(f"/v1/decisions/{new_id()}", headers=northbank)
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json() == nothing.json()


def test_a_persons_ledger_is_paged_oldest_first(house: House) -> None:
    debtor = Debtor()
    visits = [debtor.visit(TUESDAY + timedelta(days=days)) for days in (0, 1)]
    house.ask(*visits)
    house.deliver(cancelled(visits[0], house.clock()))
    path = f"/v1/persons/{debtor.person_id}/ledger"
    whole = house.client.get(path).json()
    assert [line["kind"] for line in whole["items"]] == ["reserved", "reserved", "released"]
    assert whole["next"] is None
    line = whole["items"][0]
    assert line["contact_id"] == str(visits[0].visit_id)
    assert (line["starts_at"], line["ends_at"]) == ("2026-12-01T02:00:00Z", "2026-12-01T02:30:00Z")
    assert line["debts"] == [str(debtor.account_id)]
    assert "person_id" not in line

    pages, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = house.client.get(path, params=params).json()
        pages.append([line["id"] for line in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == [
        [line["id"] for line in whole["items"][:2]],
        [line["id"] for line in whole["items"][2:]],
    ]


def test_in_a_ledger_a_lender_sees_its_own_lines_only(house: House) -> None:
    ours = Debtor()
    theirs = Debtor(lender="southbank", person_id=ours.person_id)
    only_theirs = Debtor(lender="southbank")
    house.ask(ours.visit(), theirs.visit(TUESDAY + timedelta(days=1)), only_theirs.visit())

    def seen(debtor: Debtor, lender: str) -> tuple[int, list[str]]:
        answer = house.client.get(
            f"/v1/persons/{debtor.person_id}/ledger", headers=house.header("lender", lender)
        )
        return answer.status_code, [line["lender"] for line in answer.json().get("items", [])]

    assert seen(ours, "northbank") == (200, ["northbank"])
    assert seen(ours, "southbank") == (200, ["southbank"])
    assert seen(only_theirs, "northbank") == (404, [])
    everything = house.client.get(f"/v1/persons/{ours.person_id}/ledger").json()
    assert [line["lender"] for line in everything["items"]] == ["northbank", "southbank"]
    unknown = house.client.get(f"/v1/persons/{new_id()}/ledger")
    assert unknown.status_code == 404


def test_a_token_bound_to_a_lender_is_bound_whatever_its_role(house: House) -> None:
    theirs = Debtor(lender="southbank")
    (answer,) = house.ask(theirs.visit())
    bound = house.header("ops", "northbank")
    assert (
        house.client.get(f"/v1/decisions/{answer['decision_id']}", headers=bound).status_code == 404
    )
    path = f"/v1/persons/{theirs.person_id}/ledger"
    assert house.client.get(path, headers=bound).status_code == 404


def test_who_may_read_what_is_stored(house: House) -> None:
    debtor = Debtor()
    (answer,) = house.ask(debtor.visit())
    paths = (f"/v1/decisions/{answer['decision_id']}", f"/v1/persons/{debtor.person_id}/ledger")
    for path in paths:
        for role in READERS:
            assert house.client.get(path, headers=house.header(role)).status_code == 200, role
        for role in OTHERS:
            assert house.client.get(path, headers=house.header(role)).status_code == 403, role
    del house.client.headers["Authorization"]
    for path in paths:
        assert house.client.get(path).status_code == 401


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/decisions/one", "{decision_id}"),
        ("/v1/persons/me/ledger", "{person_id}"),
        (f"/v1/persons/{NOBODY}/ledger?limit=0", "?limit"),
        (f"/v1/persons/{NOBODY}/ledger?limit=201", "?limit"),
        (f"/v1/persons/{NOBODY}/ledger?cursor=first", "?cursor"),
        (f"/v1/persons/{NOBODY}/ledger?lender=x", "?lender"),
        ("/v1/packs?cursor=first", "?cursor"),
        ("/v1/packs?sort=id", "?sort"),
    ],
)
def test_a_bad_address_is_pointed_at(house: House, path: str, pointer: str) -> None:
    answer = house.client.get(path)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_packs_are_listed_with_how_sure_we_are(house: House) -> None:
    said = house.client.get("/v1/packs").json()
    assert [pack["name"] for pack in said["items"]] == [
        "duties@2026-01-01",
        "elsewhere@2026-01-01",
        "everyone@2026-01-01",
        "gotham@2026-01-01",
        "person-protection@2026-01-01",
        "river@2026-01-01",
        "taiwanese@2026-02-01",
    ]
    file = RULEBOOK / "taiwanese.yaml"
    assert said["items"][-1] == {
        "id": "taiwanese",
        "version": "2026-02-01",
        "name": "taiwanese@2026-02-01",
        "title": "Somewhere like Taiwan",
        "applies": "jurisdiction",
        "covers": {
            "country": "TW",
            "region": None,
            "city": None,
            "collectors": None,
            "products": None,
        },
        "lender": None,
        "extends": [],
        "effective_from": None,
        "effective_to": None,
        "source_quality": "memory",
        "verify": ["All of it; it is made up"],
        "rule_count": 3,
        "digest": sha256(file.read_bytes()).hexdigest(),
        "state": "active",
        "version_id": None,
    }
    by_id = {pack["id"]: pack for pack in said["items"]}
    assert by_id["gotham"]["covers"]["city"] == "NYC"
    assert by_id["gotham"]["extends"] == ["duties"]
    assert (by_id["river"]["applies"], by_id["river"]["lender"]) == ("overlay", "river-bank")

    pages, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = house.client.get("/v1/packs", params=params).json()
        pages.append([pack["id"] for pack in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == [
        ["duties", "elsewhere", "everyone"],
        ["gotham", "person-protection", "river"],
        ["taiwanese"],
    ]


def test_of_several_versions_the_one_in_force_today_is_shown(house: House) -> None:
    text = (RULEBOOK / "taiwanese.yaml").read_text(encoding="utf-8")
    earlier = text.replace("rules:", "effective_to: 2026-12-31\nrules:", 1)
    later = text.replace("version: 2026-02-01", "version: 2027-01-01")
    later = later.replace("rules:", "effective_from: 2027-01-01\nrules:", 1)
    packs = [
        *(pack for pack in house.service.library if pack.id != "taiwanese"),
        parse_pack("taiwanese.yaml", earlier.encode()),
        parse_pack("taiwanese@2027-01-01.yaml", later.encode()),
    ]
    put_on_the_shelf(house, Library(packs))

    def shown(pack: str) -> str:
        return str(house.client.get(f"/v1/packs/{pack}").json()["pack"]["version"])

    assert shown("taiwanese") == "2026-02-01"
    assert shown("taiwanese@2027-01-01") == "2027-01-01"
    house.clock.advance(days=60)
    assert shown("taiwanese") == "2027-01-01"
    listed = house.client.get("/v1/packs?limit=7").json()
    assert [pack["name"] for pack in listed["items"][-1:]] == ["taiwanese@2026-02-01"]
    rest = house.client.get("/v1/packs", params={"cursor": listed["next"]}).json()
    assert [pack["name"] for pack in rest["items"]] == ["taiwanese@2027-01-01"]
    # Named without a version, both are asked, each on its days.
    body = {
        "packs": ["taiwanese"],
        "duration_minutes": 30,
        "channel": "visit",
        "direction": "outbound",
        "purpose": "collect",
        "place": {"kind": "home", "timezone": "Asia/Taipei"},
        "party": {"id": "p1", "role": "debtor"},
        "debts": [{"id": "d1"}],
        "collector": {"id": "c1", "class": "agency"},
        "team": [{"id": "a1"}, {"id": "a2"}],
    }
    for day, version in (("2026-12-31", "2026-02-01"), ("2027-01-01", "2027-01-01")):
        starts_at = f"{day}T10:00:00+08:00"
        said = house.client.post("/v1/checks", json=body | {"starts_at": starts_at}).json()
        assert {check["pack"] for check in said["checks"]} == {f"taiwanese@{version}"}


def test_a_pack_shows_each_rule_with_its_law(house: House) -> None:
    said = house.client.get("/v1/packs/taiwanese", headers={"Accept-Language": "zh"}).json()
    assert said["pack"]["title"] == "类似台湾之处"
    assert [rule["id"] for rule in said["rules"]] == [
        "taiwanese.hours",
        "taiwanese.team",
        "taiwanese.neighbours",
    ]
    team = said["rules"][1]
    assert team == {
        "id": "taiwanese.team",
        "kind": "staffing",
        "severity": "guidance",
        "on_fail": "needs_review",
        "tightens": None,
        "applies_when": {"channel": ["visit"]},
        "exceptions": [],
        "citation": "Rulebook of somewhere, 2",
        "source_quality": "memory",
        "effective_from": None,
        "effective_to": None,
        "message": "须两人同行。",
    }
    by_version = house.client.get("/v1/packs/taiwanese@2026-02-01").json()
    assert by_version["rules"][1]["message"] == "Two must come."
    for unknown in ("atlantis", "taiwanese@1999-01-01"):
        assert house.client.get(f"/v1/packs/{unknown}").status_code == 404


def test_selectors_are_shown_as_packs_write_them(house: House) -> None:
    (record, outside) = house.client.get("/v1/packs/duties").json()["rules"]
    assert record["applies_when"] == {
        "channel": ["visit"],
        "days_past_due": {"over": "30"},
        "not_state": {"kind": ["cease"], "form": ["written"]},
    }
    assert record["exceptions"] == [
        {"annual_rate": {"at_most": "0.05"}},
        {"consent": {"scope": ["recording"], "form": ["oral", "written"]}},
    ]
    assert outside["applies_when"] == {"channel": ["visit"]}
    (team,) = house.client.get("/v1/packs/river").json()["rules"]
    assert team["tightens"] == "taiwanese.team"


def test_what_had_to_be_done_is_shown_with_a_decision(house: House) -> None:
    gotham = {"country": "US", "region": "NY", "city": "NYC", "timezone": "America/New_York"}
    at = TUESDAY.astimezone(ZoneInfo("America/New_York")).replace(hour=14)
    (answer,) = house.ask(Debtor().visit(at, where=gotham))
    assert answer["type"] == "approved", answer
    told = [
        {"rule": "duties.record", "what": "record_visit", "when": "during"},
        {"rule": "duties.stay-outside", "what": "stay_outside", "when": "at_start"},
    ]
    assert answer["approval"]["obligations"] == told
    path = f"/v1/decisions/{answer['decision_id']}"
    said = house.client.get(path, headers={"Accept-Language": "zh"}).json()
    assert said["facts"]["place"]["city"] == "NYC"
    assert said["facts"]["packs"] == said["packs"]
    assert said["obligations"] == [
        {
            **told[0],
            "message": "请录制外访过程，并保存 2 年。",
            "evidence": ["audio", "video"],
            "keep": "2 years",
        },
        {**told[1], "message": "留在门外。", "evidence": [], "keep": None},
    ]
    # Without the pack only what was told then is known.
    left = [pack for pack in house.service.library if pack.id not in ("duties", "gotham")]
    put_on_the_shelf(house, Library(left))
    said = house.client.get(path).json()
    nothing = {"message": None, "evidence": None, "keep": None}
    assert said["obligations"] == [each | nothing for each in told]


def test_a_decision_of_doubt_can_be_asked_again_as_it_was(house: House) -> None:
    somewhere = {"country": "US", "region": "NY", "timezone": "America/New_York"}
    at = TUESDAY.astimezone(ZoneInfo("America/New_York")).replace(hour=11)
    (answer,) = house.ask(Debtor().visit(at, minutes=90, where=somewhere))
    assert answer["type"] == "needs-review"
    decision = house.client.get(f"/v1/decisions/{answer['decision_id']}").json()
    assert "gotham@2026-01-01" in decision["packs"]
    # Named, the pack would say no; so the question names none.
    assert "packs" not in decision["facts"]
    again = house.client.post("/v1/checks", json=decision["facts"]).json()
    assert (again["verdict"], again["packs"]) == ("needs_review", decision["packs"])


def test_anybody_with_a_token_may_read_packs(house: House) -> None:
    for role in (*READERS, *OTHERS):
        assert house.client.get("/v1/packs", headers=house.header(role)).status_code == 200
    del house.client.headers["Authorization"]
    assert house.client.get("/v1/packs").status_code == 401


def test_the_keys_that_verify_approvals_are_open_to_all(house: House) -> None:
    (answer,) = house.ask(Debtor().visit())
    del house.client.headers["Authorization"]
    keys = house.client.get("/.well-known/approval-keys.json")
    assert keys.status_code == 200
    assert "d" not in keys.json()["keys"][0]
    verify(
        answer["approval"]["token"],
        KeySet.of(keys.json()),
        audience="doorstep/approval",
        issuer="doorstep/contact-rules",
        now=house.clock(),
    )
