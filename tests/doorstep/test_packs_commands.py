"""`doorstep packs`: linted, tested, shown, and their schema, as a rule writer meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, sys

import pytest
from contact_rules.domain import shipped
from doorstep.__main__ import main
from jsonschema import Draft7Validator

RULEBOOK = Path(__file__).parents[1] / "contact_rules" / "rulebook"

PACK = """\
id: atlantis
version: 2026-01-01
title: {en: Atlantis, zh: 亚特兰蒂斯}
applies: jurisdiction
covers: {country: PT}
rules:
  - id: atlantis.team
    kind: staffing
    severity: policy
    source_quality: text
    citation: Law of the sea
    params: {min: 2}
    message: {en: "Two must dive.", zh: "须两人下潜。"}
examples:
  contact: {place: {timezone: Atlantic/Azores, country: PT}}
  cases:
    - why: alone
      proposed: {at: 2026-04-08 10:00, team: [{id: a}]}
      verdict: deny
      fails: [atlantis.team]
    - why: by two
      proposed: {at: 2026-04-08 10:00, team: [{id: a}, {id: b}]}
"""


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def packs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `doorstep packs …` in this process."""

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["doorstep", "packs", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Packs that stand on their own, and one of them with examples."""
    made = tmp_path / "packs"
    shutil.copytree(RULEBOOK, made)
    (made / "atlantis.yaml").write_text(PACK, encoding="utf-8")
    return made


def write(directory: Path, old: str, new: str, name: str = "atlantis") -> Path:
    file = directory / f"{name}.yaml"
    assert old in PACK
    file.write_text(PACK.replace(old, new, 1), encoding="utf-8")
    return file


def test_a_directory_of_good_packs_is_linted_whole(packs: Command, directory: Path) -> None:
    done = packs("lint", "--dir", directory)
    assert done.returncode == 0, done
    assert done.stdout.count("✓") == len(list(directory.glob("*.yaml")))
    one = packs("lint", directory / "atlantis.yaml")
    assert one.returncode == 0
    assert one.stdout.endswith("/atlantis.yaml: atlantis@2026-01-01, 1 rule\n")


def test_the_shipped_packs_are_linted_if_none_are_named(packs: Command) -> None:
    done = packs("lint")
    assert done.returncode == 0, done
    assert "packs/person-protection.yaml: person-protection@" in done.stdout


def test_every_error_of_a_file_is_told_with_its_line_and_what_would_be_right(
    packs: Command, directory: Path
) -> None:
    file = write(directory, "severity: policy", "severity: polite\n    colour: red")
    file.write_text(file.read_text(encoding="utf-8").replace("min: 2", "min: two"))
    done = packs("lint", file)
    assert done.returncode == 1
    assert done.stderr == "1 of 1 file is no pack.\n"
    lines = done.stdout.splitlines()
    assert lines[0] == f"  ✗ {file}:9: 'polite' is not known here (did you mean 'policy'?)"
    assert lines[1].startswith(f"  ✗ {file}:10: 'colour' is not known here (one of: applies_when,")
    assert lines[2].startswith(f"  ✗ {file}:13: 'two' is not a whole number")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rules:", "extends: [lemuria]\nrules:", ":6: there is no pack 'lemuria' (one of: "),
        ("rules:", "extends: [atlantis]\nrules:", ":6: packs extend each other in a circle"),
        (
            "applies: jurisdiction\ncovers: {country: PT}",
            "applies: overlay\nlender: river-bank",
            None,
        ),
    ],
)
def test_a_file_is_looked_at_together_with_those_beside_it(
    packs: Command, directory: Path, old: str, new: str, said: str | None
) -> None:
    done = packs("lint", write(directory, old, new))
    assert done.returncode == (0 if said is None else 1)
    assert said is None or said in done.stdout


def test_an_overlay_that_loosens_the_law_is_refused(packs: Command, tmp_path: Path) -> None:
    """A lender's file of its own, beside the shipped packs."""
    text = PACK.replace("atlantis", "river").replace(
        "applies: jurisdiction\ncovers: {country: PT}", "applies: overlay\nlender: river-bank"
    )
    cap = "kind: cap\n    tightens: person-protection.visits-7d"
    text = text[: text.index("examples:")].replace("kind: staffing", cap)
    text = text.replace("{min: 2}", "{max: 3, window: {rolling_days: 7}}")
    file = tmp_path / "river.yaml"
    file.write_text(text, encoding="utf-8")
    done = packs("lint", file)
    assert done.returncode == 1
    assert "'river.team' does not tighten 'person-protection.visits-7d'" in done.stdout
    assert "its maximum of 3 is above 2" in done.stdout
    file.write_text(text.replace("max: 3", "max: 2"), encoding="utf-8")
    assert packs("lint", file).returncode == 0


def test_two_versions_of_a_pack_may_be_linted_together(packs: Command, directory: Path) -> None:
    later = directory / "atlantis@2027-01-01.yaml"
    later.write_text(PACK.replace("2026-01-01", "2027-01-01"), encoding="utf-8")
    done = packs("lint", directory / "atlantis.yaml", later)
    assert (done.returncode, done.stderr) == (1, "1 of 2 files is no pack.\n")
    assert "are in force on the same days" in done.stdout
    dated = PACK.replace("2026-01-01", "2027-01-01").replace(
        "rules:", "effective_from: 2027-01-01\nrules:"
    )
    later.write_text(dated, encoding="utf-8")
    write(directory, "rules:", "effective_to: 2026-12-31\nrules:")
    assert packs("lint", directory / "atlantis.yaml", later).returncode == 0
    shown = packs("show", "atlantis", "--dir", directory)
    assert "atlantis@2026-01-01" in shown.stdout
    assert "atlantis@2027-01-01" in shown.stdout
    only = packs("show", "atlantis@2027-01-01", "--dir", directory)
    assert "atlantis@2026-01-01" not in only.stdout


def test_broken_packs_beside_a_good_one_are_told(packs: Command, directory: Path) -> None:
    (directory / "taiwanese.yaml").write_text("id: [", encoding="utf-8")
    done = packs("lint", directory / "atlantis.yaml")
    assert done.returncode == 1
    assert "✓" in done.stdout
    assert f"✗ {directory / 'taiwanese.yaml'}:" in done.stdout
    assert done.stderr.startswith("The packs beside are broken")
    (directory / "person-protection.yaml").unlink()
    (directory / "taiwanese.yaml").unlink()
    done = packs("lint", "--dir", directory, directory / "atlantis.yaml")
    assert done.returncode == 1
    assert "there is no pack 'person-protection'" in done.stdout


def test_what_is_no_file_is_told(packs: Command, directory: Path, tmp_path: Path) -> None:
    done = packs("lint", directory / "missing.yaml")
    assert done.returncode == 1
    assert "missing.yaml:1: it can't be read: No such file or directory" in done.stdout
    (tmp_path / "empty").mkdir()
    shutil.copy(directory / "river.yaml", tmp_path / "river.yaml")
    done = packs("lint", directory / "river.yaml", tmp_path / "river.yaml")
    assert (done.returncode, "Two of these files have one name" in done.stderr) == (2, True)
    done = packs("lint", "--dir", tmp_path / "empty")
    assert (done.returncode, "There are no packs in" in done.stderr) == (2, True)


def test_examples_that_hold_and_show_every_rule_pass(packs: Command, directory: Path) -> None:
    done = packs("test", "atlantis", "--dir", directory)
    assert done.returncode == 0, done
    assert done.stdout.endswith("2 examples of 1 pack come out as they say.\n")


def test_an_example_that_comes_out_otherwise_is_told_with_its_line(
    packs: Command, directory: Path
) -> None:
    write(directory, "      verdict: deny\n", "")
    done = packs("test", "atlantis", "--dir", directory)
    assert (done.returncode, done.stderr) == (
        1,
        "1 of 2 examples comes out otherwise than it says.\n",
    )
    assert "line 17: alone" in done.stdout
    assert "expected allow, decided deny" in done.stdout


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("    - why: by two\n", "none that it lets pass"),
        ("    - why: alone\n", "none that it denies"),
        ("examples:\n", "none that it denies and none that it lets pass"),
    ],
)
def test_a_rule_without_an_example_of_each_sort_fails(
    packs: Command, directory: Path, old: str, said: str
) -> None:
    begins = PACK.index(old)
    ends = PACK.index("    - why: by two") if old == "    - why: alone\n" else len(PACK)
    (directory / "atlantis.yaml").write_text(PACK[:begins] + PACK[ends:], encoding="utf-8")
    done = packs("test", "atlantis", "--dir", directory)
    assert done.returncode == 1
    assert f"atlantis.team has no full examples: {said}\n" in done.stdout
    assert done.stderr.startswith("1 rule without an example of each sort.")


def test_an_obligation_needs_no_example_that_breaks_it(packs: Command, directory: Path) -> None:
    text = PACK.replace("kind: staffing", "kind: obligation")
    text = text.replace("{min: 2}", "{what: give_copy, when: after}")
    text = text[: text.index("    - why: alone")] + text[text.index("    - why: by two") :]
    (directory / "atlantis.yaml").write_text(text, encoding="utf-8")
    assert packs("test", "atlantis", "--dir", directory).returncode == 0


def test_an_example_that_can_not_be_read_is_told(packs: Command, directory: Path) -> None:
    write(directory, "proposed: {at: 2026-04-08 10:00, team", "proposed: {at: soon, team")
    done = packs("test", "--dir", directory)
    assert done.returncode == 1
    assert "atlantis.yaml:18: 'soon' is no time" in done.stderr


def test_broken_packs_are_told_before_anything_is_run(packs: Command, directory: Path) -> None:
    write(directory, "min: 2", "min: two")
    for words in (["test"], ["show", "atlantis"]):
        done = packs(*words, "--dir", directory)
        assert done.returncode == 2
        assert "atlantis.yaml:12: 'two' is not a whole number" in done.stderr


def test_a_pack_is_shown_in_both_languages(packs: Command, directory: Path) -> None:
    english = packs("show", "atlantis", "--dir", directory)
    chinese = packs("show", "atlantis", "--lang", "zh", "--dir", directory)
    assert "Two must dive." in english.stdout
    assert "须两人下潜。" in chinese.stdout
    overlay = packs("show", "river", "--dir", directory)
    assert "river-bank" in overlay.stdout
    unknown = packs("show", "atlantic", "--dir", directory)
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "There is no pack 'atlantic'; did you mean 'atlantis'?\n",
    )


def test_the_schema_is_printed_and_checked(
    packs: Command, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = packs("schema")
    assert done.returncode == 0
    Draft7Validator.check_schema(json.loads(done.stdout))
    assert done.stdout == (shipped() / "pack.schema.json").read_text(encoding="utf-8")
    assert packs("schema", "--check").returncode == 0
    monkeypatch.setattr("contact_rules.domain.shipped", lambda: directory)
    missing = packs("schema", "--check")
    assert missing.returncode == 1
    assert "pack.schema.json is not what the code says." in " ".join(missing.stderr.split())
    (directory / "pack.schema.json").write_text(done.stdout + "\n", encoding="utf-8")
    assert packs("schema", "--check").returncode == 1
