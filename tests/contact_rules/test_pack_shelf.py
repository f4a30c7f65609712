"""The shelf takes up what is in force in the database together with the files, as one whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contact_rules.consumers import handlers
from contact_rules.domain import BrokenPack
from contact_rules.domain.packs import load
from contact_rules.domain.packs.loading import parse_pack
from contact_rules.domain.packs.succession import in_place_of, in_succession
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.shelf import RulesNotRead, Shelf
from credentials import Keys
from pack_drafts import Panel, taiwanese
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from shared.db import is_transient, make_engine
from sqlalchemy.exc import OperationalError

NAME = "contact-rules"
LATE = TUESDAY.replace(hour=17, minute=15)


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    directory = tmp_path / "packs"
    shutil.copytree(RULEBOOK, directory)
    return directory


@pytest.fixture
def panel(
    make_database: Callable[[str], str], keys: Keys, token: Any, clock: SettableClock, packs: Path
) -> Iterator[Panel]:
    """A house on files that may change."""
    settings = ContactRulesSettings(
        database_url=make_database("contact_rules"),
        token_keys=str(keys.token_jwks),
        approval_key=keys.approval_key,
        packs=packs,
        database_pool=20,
    )
    service = build(settings, LocalBus(), clock)
    try:
        yield Panel(House(service, keys, token, clock))
    finally:
        service.close()


def named(panel: Panel, shelf: Shelf | None = None) -> dict[str, tuple[str, str]]:
    """The days of each version of the Taiwanese pack."""
    library = (shelf or panel.house.service.shelf).library
    return {
        pack.name: (str(pack.effective_from), str(pack.effective_to))
        for pack in library.named(["taiwanese"])
    }


def test_a_process_that_starts_has_them_before_its_first_decision(
    panel: Panel, packs: Path
) -> None:
    panel.scheduled("2026-11-28")
    service = build(panel.house.service.settings, LocalBus(), panel.house.clock)
    try:
        fresh = House(service, panel.house.keys, panel.house.token, panel.house.clock)
        fresh.handlers = handlers(service.desk)
        visit = Debtor().visit(LATE)
        fresh.deliver(visit)
        assert [each["type"] for each in fresh.answers(visit)] == ["denied"]
        assert named(panel, service.shelf) == named(panel)
    finally:
        service.close()


def test_nothing_is_decided_by_files_alone(packs: Path) -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    shelf = Shelf(packs, NAME, engine)
    with pytest.raises(OperationalError) as refused:
        _ = shelf.library
    assert is_transient(refused.value)
    engine.dispose()


def test_what_cant_stand_together_is_not_decided_by(panel: Panel, packs: Path) -> None:
    """A file is put beside a scheduled version that contradicts it: a running process keeps the
    older ones, and one that starts decides nothing."""
    panel.scheduled("2026-11-28")
    before = panel.house.service.library
    river = packs / "river.yaml"
    good = river.read_text(encoding="utf-8")
    river.write_text(good.replace("taiwanese.team", "taiwanese.neighbours"), encoding="utf-8")
    shelf = panel.house.service.shelf
    assert not any(shelf.look() for _ in range(3))
    assert shelf.library is before
    assert shelf.trouble is not None
    assert "river.yaml" in shelf.trouble
    river.write_text(good, encoding="utf-8")
    shelf.look()
    shelf.look()
    assert shelf.trouble is None


def test_rules_that_dont_fit_the_files_of_one_process_stop_its_approvals(
    panel: Panel, packs: Path, tmp_path: Path
) -> None:
    """It has other files than the process that scheduled: it keeps what it has, says so, and the
    database takes no approval of it."""
    others = tmp_path / "others"
    shutil.copytree(packs, others)
    river = others / "river.yaml"
    river.write_text(
        river.read_text(encoding="utf-8").replace("taiwanese.team", "taiwanese.neighbours"),
        encoding="utf-8",
    )
    with pytest.raises(BrokenPack):
        Shelf(others, NAME, panel.house.engine)  # it contradicts even the files there
    settings = panel.house.service.settings.model_copy(update={"packs": others})
    shutil.copy(packs / "river.yaml", river)
    service = build(settings, LocalBus(), panel.house.clock)
    try:
        behind = House(service, panel.house.keys, panel.house.token, panel.house.clock)
        behind.handlers = handlers(service.desk)
        assert service.shelf.in_use.revision == 0
        (others / "more.yaml").write_text(
            taiwanese("2027-05-01", more="extends: [gothic]\n")
            .replace("id: taiwanese", "id: more")
            .replace("taiwanese.", "more.")
            + "",
            encoding="utf-8",
        )
        assert not service.shelf.look()
        assert not service.shelf.look()
        assert "there is no pack 'gothic'" in str(service.shelf.trouble)
    finally:
        service.close()


def test_rules_that_cant_be_read_are_waited_for(
    panel: Panel, packs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contact_rules.store import shelf as module

    panel.scheduled("2026-11-28")

    def refuse(*_given: Any) -> None:
        parse_pack("broken.yaml", b"id: broken\n")

    monkeypatch.setattr(module, "guarded_library", refuse)
    starting = Shelf(packs, NAME, panel.house.engine)
    with pytest.raises(RulesNotRead) as refused:
        _ = starting.library
    assert is_transient(refused.value)  # messages wait, and nothing is parked
    assert starting.trouble is not None
    monkeypatch.undo()
    starting._refused_revision = None
    assert "taiwanese@2027-01-01" in named(panel, starting)


def test_a_file_and_a_version_of_one_name_are_one_and_the_approved_text_counts(
    panel: Panel, packs: Path
) -> None:
    """The next release brings along what was put in force here, in place of what was before."""
    panel.scheduled("2026-11-28")
    for content in (taiwanese(), taiwanese(closes="23:00")):
        (packs / "taiwanese.yaml").write_text(content, encoding="utf-8")
        shelf = panel.house.service.shelf
        shelf.look()
        shelf.look()
        assert shelf.trouble is None
        assert named(panel) == {"taiwanese@2027-01-01": ("None", "None")}
        (denied,) = panel.house.ask(Debtor().visit(LATE))
        assert denied["type"] == "denied"


def test_approvals_go_on_after_files_change_too(panel: Panel, packs: Path) -> None:
    """Another library, of the same revision: it is known to the database before it is used."""
    panel.scheduled("2026-11-28")
    (packs / "elsewhere.yaml").write_text(
        (packs / "elsewhere.yaml").read_text(encoding="utf-8") + "# more\n", encoding="utf-8"
    )
    shelf = panel.house.service.shelf
    shelf.look()
    assert shelf.look()
    assert panel.house.ask(Debtor().visit())[0]["type"] == "approved"


def test_a_quiet_look_is_one_statement(panel: Panel, count_statements: Any) -> None:
    panel.house.service.shelf.look()
    with count_statements(panel.house.engine) as seen:
        assert not panel.house.service.shelf.look()
    assert len(seen) == 1


# --- succession -----------------------------------------------------------------------------------


def pack(version: str, days: str = "") -> Any:
    from_, _, to = days.partition("..")
    more = f"effective_from: {from_}\n" if from_ else ""
    more += f"effective_to: {to}\n" if to else ""
    return parse_pack("taiwanese.yaml", taiwanese(version, more=more).encode())


def days(packs: list[Any]) -> dict[str, str]:
    return {
        each.version: f"{each.effective_from or ''}..{each.effective_to or ''}" for each in packs
    }


def test_each_version_ends_when_the_next_begins() -> None:
    files = [pack("2026-01-01", "..2026-06-30"), pack("2026-07-01", "2026-07-01..")]
    live = [pack("2027-01-01", "2027-01-01.."), pack("2027-03-01", "2027-03-01..2027-12-31")]
    assert days(in_succession(files, live)) == {
        "2026-01-01": "..2026-06-30",
        "2026-07-01": "2026-07-01..2026-12-31",
        "2027-01-01": "2027-01-01..2027-02-28",
        "2027-03-01": "2027-03-01..2027-12-31",
    }
    # A file of a later release follows what was put in force before.
    later = [*files, pack("2027-02-01", "2027-02-01..")]
    assert days(in_succession(later, live[:1]))["2027-01-01"] == "2027-01-01..2027-01-31"
    # One that begins on the very day, or has the name, gives way.
    assert days(in_succession([pack("2026-12-31", "2027-01-01..")], live[:1])) == {
        "2027-01-01": "2027-01-01.."
    }
    assert days(in_succession([pack("2027-01-01", "2026-08-01..")], live)) == {
        "2027-01-01": "2026-08-01..2027-02-28",
        "2027-03-01": "2027-03-01..2027-12-31",
    }
    assert days(in_succession(files, [])) == days(files)


def test_a_draft_in_place_of_others_holds_on_all_days_but_for_its_rules_own() -> None:
    text = taiwanese(more="effective_from: 2027-01-01\n").replace(
        "    kind: staffing", "    effective_from: 2027-06-01\n    kind: staffing"
    )
    draft = parse_pack("taiwanese.yaml", text.encode())
    library = in_place_of(load(RULEBOOK), draft)
    (found,) = library.named(["taiwanese"])
    assert (found.effective_from, found.effective_to) == (None, None)
    hours, team = found.rules
    assert hours.effective_from < team.effective_from
    assert team.effective_from == draft.rules[1].effective_from
    assert hours.effective_from < draft.rules[0].effective_from
