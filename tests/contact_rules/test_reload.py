"""Packs that change on disk are taken up whole, and no question is ever lost or asked by half."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from contact_rules.consumers import handlers
from contact_rules.domain import BrokenPack, Library
from contact_rules.handlers.decide_visits import Desk
from contact_rules.service import build
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.shelf import Shelf, ShelfWatch
from credentials import Keys
from fastapi.testclient import TestClient
from rules_house import RULEBOOK, TUESDAY, Debtor, House
from settable_clock import SettableClock
from shared.bus import LocalBus
from shared.service import LoopWatch, run_loops

NAME = "contact-rules"
OPEN_TILL_SIX = "09:00-18:00"
OPEN_TILL_FIVE = "09:00-17:00"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """A directory of packs that tests may do with what they like."""
    directory = tmp_path / "packs"
    shutil.copytree(RULEBOOK, directory)
    return directory


@pytest.fixture
def shelf(packs: Path) -> Shelf:
    return Shelf(packs, NAME)


def text(packs: Path, name: str = "taiwanese") -> str:
    return (packs / f"{name}.yaml").read_text(encoding="utf-8")


def write(packs: Path, content: str, name: str = "taiwanese") -> None:
    (packs / f"{name}.yaml").write_text(content, encoding="utf-8")


def shorten(packs: Path) -> None:
    """Taiwanese hours end at five from now on."""
    changed = text(packs).replace(OPEN_TILL_SIX, OPEN_TILL_FIVE)
    assert changed != text(packs)
    write(packs, changed)


def settle(shelf: Shelf) -> bool:
    """Two looks with nothing changing between them."""
    shelf.look()
    return shelf.look()


def hours(library: Library) -> str:
    """The Taiwanese hours, as the pack says them."""
    (pack,) = library.named(["taiwanese"])
    week = pack.source.need("rules").items()[0].need("params").need("hours")
    return week.need("mon-sat").items()[0].text()


def test_what_changes_on_disk_is_taken_up_at_the_second_look(shelf: Shelf, packs: Path) -> None:
    before = shelf.library
    assert not settle(shelf)
    assert shelf.library is before
    shorten(packs)
    assert not shelf.look()
    assert shelf.library is before  # perhaps it is still being written
    assert shelf.look()
    assert hours(shelf.library) == OPEN_TILL_FIVE
    assert hours(before) == OPEN_TILL_SIX  # whoever has the old one keeps it as it was
    after = shelf.library
    assert not settle(shelf)
    assert shelf.library is after


def test_what_looks_changed_and_is_not_changes_nothing(shelf: Shelf, packs: Path) -> None:
    before = shelf.library
    os.utime(packs / "taiwanese.yaml")
    assert not settle(shelf)
    shutil.copy(packs / "taiwanese.yaml", packs / "copy")
    (packs / "copy").replace(packs / "taiwanese.yaml")
    assert not settle(shelf)
    assert shelf.library is before


def test_the_same_size_and_time_do_not_hide_a_change(shelf: Shelf, packs: Path) -> None:
    """As a copy with its times kept would have them."""
    file = packs / "taiwanese.yaml"
    before = file.stat()
    shorten(packs)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert settle(shelf)
    assert hours(shelf.library) == OPEN_TILL_FIVE


def test_a_pack_may_come_and_go(shelf: Shelf, packs: Path) -> None:
    new = text(packs, "elsewhere").replace("elsewhere", "nowhere")
    write(packs, new, "nowhere")
    assert settle(shelf)
    assert [pack.id for pack in shelf.library.named(["nowhere"])] == ["nowhere"]
    (packs / "nowhere.yaml").unlink()
    (packs / "elsewhere.yaml").unlink()
    assert settle(shelf)
    assert not {"nowhere", "elsewhere"} & {pack.id for pack in shelf.library}


def cut_short(packs: Path) -> None:
    write(packs, text(packs)[:-1])


def misspell(packs: Path) -> None:
    write(packs, text(packs).replace("min: 2", "min: two"))


def weaken(packs: Path) -> None:
    floor = "person-protection"
    write(packs, text(packs, floor).replace("max: 4", "max: 40"), floor)


def overlap(packs: Path) -> None:
    write(packs, text(packs).replace("2026-02-01", "2027-02-01"), "taiwanese@2027-02-01")


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no yaml": (lambda packs: write(packs, "id: taiwanese\nrules: ["), "taiwanese.yaml:"),
    "a bad rule": (misspell, "'two' is not"),
    "empty": (lambda packs: write(packs, ""), "the file is empty"),
    "cut off": (cut_short, "half written"),
    "no floor": (lambda packs: (packs / "person-protection.yaml").unlink(), "no pack 'person-pr"),
    "a weak floor": (weaken, "at most 4 visits in any 30 days"),
    "two versions": (overlap, "are in force on the same days"),
    "no directory": (lambda packs: shutil.rmtree(packs), "there are no packs in this directory"),
    "a folder": (lambda packs: (packs / "folder.yaml").mkdir(), "the files can't be read"),
    "a dead link": (lambda packs: (packs / "x.yaml").symlink_to("none"), "the files can't be read"),
}


@pytest.mark.parametrize(("hurt", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_leaves_the_old_packs_in_use(
    shelf: Shelf,
    packs: Path,
    hurt: Callable[[Path], Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = shelf.library
    kept = {file.name: file.read_bytes() for file in packs.iterdir()}
    hurt(packs)
    for _ in range(5):
        assert not shelf.look()
    assert shelf.library is before
    assert shelf.trouble is not None
    assert shelf.trouble.startswith("older packs are in use: ")
    assert said in shelf.trouble
    assert capsys.readouterr().out.count("packs_refused") == 1  # once, not at every look
    # Mended, it is as if nothing had been.
    shutil.rmtree(packs, ignore_errors=True)
    packs.mkdir()
    for name, content in kept.items():
        (packs / name).write_bytes(content)
    settle(shelf)
    assert shelf.trouble is None
    assert shelf.library is before


def test_trouble_is_told_anew_when_it_changes(
    shelf: Shelf, packs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for broken in ("id: [", "id: {", "id: taiwanese\n"):
        write(packs, broken)
        settle(shelf)
    said = capsys.readouterr().out
    assert said.count("packs_refused") == 3
    assert shelf.trouble is not None
    assert shelf.trouble.endswith("more)")


def test_no_shelf_begins_with_broken_packs(packs: Path) -> None:
    write(packs, text(packs, "person-protection").replace("max: 1", "max: 2"), "person-protection")
    with pytest.raises(BrokenPack, match="at most 1 visit a day"):
        Shelf(packs, NAME)


def test_a_file_that_is_written_slowly_is_never_read_by_half(shelf: Shelf, packs: Path) -> None:
    """The writer cuts the file off and writes on and on; the shelf looks far more often than it
    would. No chunk ends with a line, as no buffer does."""
    whole = text(packs).replace(OPEN_TILL_SIX, OPEN_TILL_FIVE).encode()
    before = shelf.library
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            shelf.look()
            seen.add(hours(shelf.library))
            assert len(shelf.library.named(["taiwanese"])[0].rules) == 3

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        with (packs / "taiwanese.yaml").open("wb", buffering=0) as file:
            at = 0
            while at < len(whole):
                end = min(at + 29, len(whole))
                while end < len(whole) and whole[end - 1 : end] == b"\n":
                    end += 1
                file.write(whole[at:end])
                at = end
                time.sleep(0.01)
        deadline = time.monotonic() + 10
        while shelf.library is before and time.monotonic() < deadline:
            time.sleep(0.01)
        done.set()
        looking.result()
    assert seen == {OPEN_TILL_SIX, OPEN_TILL_FIVE}
    assert shelf.trouble is None


def test_a_directory_that_changes_while_it_is_read_is_read_again(
    shelf: Shelf, packs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files that belong together, of which one came after the other was read."""
    from contact_rules.store import shelf as module

    real, before = module.load, shelf.library

    def load_and_lag(directory: Path) -> Library:
        library = real(directory)
        write(packs, text(packs, "elsewhere") + "# more\n", "elsewhere")
        return library

    shorten(packs)
    shelf.look()
    monkeypatch.setattr(module, "load", load_and_lag)
    assert not shelf.look()
    assert shelf.library is before
    monkeypatch.setattr(module, "load", real)
    assert settle(shelf)
    assert hours(shelf.library) == OPEN_TILL_FIVE


def test_a_loop_looks_every_second(shelf: Shelf, packs: Path) -> None:
    watch = ShelfWatch(shelf, service=NAME)
    stopping = threading.Event()
    threads = run_loops([watch], stopping, LoopWatch(NAME))
    shorten(packs)
    try:
        deadline = time.monotonic() + 20
        while hours(shelf.library) != OPEN_TILL_FIVE and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        stopping.set()
        watch.wake()
        for thread in threads:
            thread.join(5)
    assert hours(shelf.library) == OPEN_TILL_FIVE
    assert not any(thread.is_alive() for thread in threads)
    watch.close()


# --- in the service -------------------------------------------------------------------------------


@pytest.fixture
def changing(
    make_database: Callable[[str], str], keys: Keys, token: Any, clock: SettableClock, packs: Path
) -> Iterator[House]:
    """The service on packs that may change."""
    settings = ContactRulesSettings(
        database_url=make_database("contact_rules"),
        token_keys=str(keys.token_jwks),
        approval_key=keys.approval_key,
        packs=packs,
    )
    service = build(settings, LocalBus(), clock)
    house = House(service, keys, token, clock)
    house.handlers = handlers(lambda: Desk(service.library, keys.approvals))
    try:
        yield house
    finally:
        service.close()


QUESTION = {
    "starts_at": "2026-12-01T17:15:00+08:00",
    "duration_minutes": 15,
    "channel": "visit",
    "direction": "outbound",
    "purpose": "collect",
    "place": {"kind": "home", "timezone": "Asia/Taipei", "country": "TW"},
    "party": {"id": "p1", "role": "debtor"},
    "debts": [{"id": "d1"}],
    "collector": {"id": "c1", "class": "agency"},
    "team": [{"id": "a1"}, {"id": "a2"}],
}


def test_checks_go_on_while_packs_change_and_each_is_of_one_library(
    changing: House, packs: Path
) -> None:
    """Answers are those of the one or of the other, never of both, and never an error."""
    service = changing.service
    texts = (text(packs), text(packs).replace(OPEN_TILL_SIX, OPEN_TILL_FIVE))
    broken = texts[0].replace("min: 2", "min: two")
    done = threading.Event()

    def ask() -> set[tuple[str, str, str]]:
        client = TestClient(service.app, raise_server_exceptions=False)
        client.headers.update(changing.client.headers)
        found = set()
        while not done.is_set():
            answer = client.post("/v1/checks", json=QUESTION)
            assert answer.status_code == 200, answer.text
            said = answer.json()
            (check,) = (each for each in said["checks"] if each["rule"] == "taiwanese.hours")
            found.add((said["verdict"], check["result"], check["message"].rpartition(" ")[2]))
        return found

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        try:
            for turn in range(12):
                write(packs, texts[(turn + 1) % 2])
                assert settle(service.shelf), turn
                write(packs, broken)
                assert not settle(service.shelf)
                time.sleep(0.02)
        finally:
            done.set()
        seen = set().union(*(each.result() for each in asking))
    assert seen == {
        ("allow", "pass", f"{OPEN_TILL_SIX}."),
        ("deny", "fail", f"{OPEN_TILL_FIVE}."),
    }


def test_a_decision_takes_the_packs_of_its_hour(changing: House, packs: Path) -> None:
    late = TUESDAY.replace(hour=17, minute=15)
    (first,) = changing.ask(Debtor().visit(late))
    shorten(packs)
    (second,) = changing.ask(Debtor().visit(late))
    assert settle(changing.service.shelf)
    (third,) = changing.ask(Debtor().visit(late))
    assert [each["type"] for each in (first, second, third)] == ["approved", "approved", "denied"]
    # What was decided is not decided again.
    shown = changing.client.get(f"/v1/decisions/{first['decision_id']}").json()
    assert shown["verdict"] == "allow"


def test_a_batch_is_decided_by_one_library_from_its_beginning_to_its_end(
    changing: House, packs: Path
) -> None:
    """The packs change as the first of two visits is signed: the second has the old ones too."""
    service, signed = changing.service, []

    class Meddling:
        kid = changing.keys.approvals.kid
        sign_detached = changing.keys.approvals.sign_detached

        def sign(self, claims: dict[str, Any]) -> str:
            if not signed:
                shorten(packs)
                assert settle(service.shelf)
            signed.append(claims)
            return changing.keys.approvals.sign(claims)

    changing.handlers = handlers(lambda: Desk(service.library, Meddling()))  # type: ignore[arg-type]
    late = TUESDAY.replace(hour=17, minute=15)
    visits = [Debtor().visit(late), Debtor().visit(late)]
    changing.deliver(*visits)
    assert [changing.answers(visit)[0]["type"] for visit in visits] == ["approved", "approved"]
    assert hours(service.library) == OPEN_TILL_FIVE
    (later,) = changing.ask(Debtor().visit(late))
    assert later["type"] == "denied"
    assert len(signed) == 2


def test_readiness_and_metrics_tell_that_packs_are_refused(changing: House, packs: Path) -> None:
    service = changing.service

    def metrics() -> str:
        return changing.client.get("/metrics").text

    assert 'doorstep_packs_refused{service="contact-rules"} 0.0' in metrics()
    write(packs, text(packs).replace("min: 2", "min: two"))
    settle(service.shelf)
    failing, degraded = service.readiness.failing()
    assert failing == {}
    assert "'two' is not a whole number" in degraded["packs"]
    assert 'doorstep_packs_refused{service="contact-rules"} 1.0' in metrics()
    failing, degraded = service.worker_readiness().failing()
    assert set(degraded) == {"packs"}
    assert "packs" not in failing
    shorten_back = text(packs).replace("min: two", "min: 3")
    write(packs, shorten_back)
    assert settle(service.shelf)
    assert 'doorstep_packs_refused{service="contact-rules"} 0.0' in metrics()
    assert 'doorstep_packs_taken_up_total{service="contact-rules"}' in metrics()
    assert "packs" not in service.worker_readiness().failing()[1]


def test_an_api_process_watches_the_packs_by_itself(changing: House, packs: Path) -> None:
    """It runs no other loop: a server starts and ends this one with itself."""
    service = changing.service
    with TestClient(service.app) as client:
        client.headers.update(changing.client.headers)
        shorten(packs)
        deadline = time.monotonic() + 20
        verdict = "allow"
        while verdict == "allow" and time.monotonic() < deadline:
            time.sleep(0.1)
            verdict = client.post("/v1/checks", json=QUESTION).json()["verdict"]
        assert verdict == "deny"
        running = [thread.name for thread in threading.enumerate()]
        assert running.count("contact-rules packs") == 1
    assert "contact-rules packs" not in [thread.name for thread in threading.enumerate()]


def test_the_pack_in_use_is_told_by_its_digest(changing: House, packs: Path) -> None:
    def digests() -> dict[str, str]:
        items = changing.client.get("/v1/packs").json()["items"]
        return {item["id"]: item["digest"] for item in items}

    before = digests()
    shorten(packs)
    assert digests() == before
    settle(changing.service.shelf)
    assert {id_ for id_, digest in digests().items() if digest != before[id_]} == {"taiwanese"}
