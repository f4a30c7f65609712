"""The story on the house in one process, told by the command that people run."""

import re
import shutil
from pathlib import Path

import httpx
import psutil
from contact_rules.domain import shipped
from doorstep_process import doorstep, house


def test_the_demo_tells_the_story_and_leaves_nothing(tmp_path: Path) -> None:
    done = doorstep("demo", seconds=120, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All as it should be" in done.stdout
    for word in ("allow", "deny", "review", "next lawful start", "cancelled", "by bank transfer"):
        assert word in done.stdout, word
    assert not list(tmp_path.iterdir())
    assert not [
        one for one in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(one.info["cmdline"])
    ]


def test_the_story_is_told_once_and_again_when_asked(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with house(home) as first:
        url = first.wait_until_open(120)
        assert "All as it should be" in first.output
        again = doorstep("story", "--url", url, "--home", str(home), "--lang", "zh", seconds=120)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "unchanged" in again.stdout
        assert re.search(r"仅|不得", again.stdout)
    with house(home) as second:
        url = second.wait_until_open(60)
        assert "A lender pushes" not in second.output
        token = doorstep("token", "--role", "ops", "--home", str(home)).stdout.strip()
        cases = httpx.get(f"{url}/cases/v1/cases", headers={"Authorization": f"Bearer {token}"})
        assert cases.status_code == 200
        assert cases.json()["items"]


def test_a_story_that_goes_otherwise_fails_and_says_what_came(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(shipped(), packs)
    (packs / "tw.yaml").unlink()  # a house that does not know the law of Taiwan
    kept = tmp_path / "kept"
    kept.mkdir()
    done = doorstep("demo", seconds=120, CONTACT_RULES_PACKS=str(packs), TMPDIR=str(kept))
    assert done.returncode == 1
    assert [one.name.startswith("doorstep-demo-") for one in kept.iterdir()] == [True]
    assert "The story went otherwise." in done.stderr
    assert "expected:" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_house_serves_on_when_its_story_goes_otherwise(tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(shipped(), packs)
    (packs / "tw.yaml").unlink()
    with house(tmp_path / "home", environment={"CONTACT_RULES_PACKS": str(packs)}) as running:
        running.wait_until_open(120)
        assert "The story went otherwise." in running.output
    assert not (tmp_path / "home" / "story-told").exists()
