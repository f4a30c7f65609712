"""The command line itself: help, refusals in words, and what needs no running house."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, sys

import jwt
import pytest
from doorstep.__main__ import main
from doorstep.home import open_home


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def doorstep(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in this process, which is far quicker than in one of its own."""

    def run(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["doorstep", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = open_home(tmp_path_factory.mktemp("commands") / "home")
    with made.locked():
        return made.directory


def test_help_names_every_command(doorstep: Command) -> None:
    done = doorstep("--help")
    assert done.returncode == 0
    for command in ("run", "demo", "story", "push", "token", "parked", "packs", "sweep"):
        assert f" {command} " in done.stdout, command


@pytest.mark.parametrize("words", [["tokn"], ["parked", "lst"], ["run", "--prot", "1"]])
def test_a_mistyped_word_is_named(doorstep: Command, words: list[str]) -> None:
    done = doorstep(*words)
    assert done.returncode == 2
    assert words[-1] in done.stderr or words[-2] in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--role", "lender"], "--lender"),
        (["--role", "agent"], "--agent"),
        (["--role", "king"], "king"),
        (["--role", "ops", "--days", "0"], "--days"),
        (["--role", "agent", "--agent", "zoe"], "--agent"),
        ([], "--role"),
    ],
)
def test_a_token_nobody_would_take_is_not_made(
    doorstep: Command, home: Path, words: list[str], says: str
) -> None:
    done = doorstep("token", "--home", str(home), *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_token_may_be_signed_with_a_key_of_its_own(
    doorstep: Command, home: Path, tmp_path: Path
) -> None:
    key = home / "keys" / "token.pem"
    done = doorstep("token", "--role", "ops", "--key", str(key))
    assert (done.returncode, done.stdout.count(".")) == (0, 2)
    (tmp_path / "no.pem").write_text("no key")
    refused = doorstep("token", "--role", "ops", "--key", str(tmp_path / "no.pem"))
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_token_names_the_person_who_holds_it(doorstep: Command, home: Path) -> None:
    def subject(*words: str) -> object:
        done = doorstep("token", "--home", str(home), "--role", "compliance", *words)
        return jwt.decode(done.stdout.strip(), options={"verify_signature": False})["sub"]

    assert subject() == "doorstep-compliance"
    assert subject("--subject", "薇拉") == "薇拉"
    refused = doorstep("token", "--home", str(home), "--role", "admin", "--subject", "")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_every_shipped_pack_keeps_its_examples(doorstep: Command) -> None:
    done = doorstep("packs", "test")
    assert done.returncode == 0, done.stdout
    assert "come out as they say." in done.stdout


def test_one_pack_is_not_many(doorstep: Command, tmp_path: Path) -> None:
    done = doorstep("packs", "test", "tw")
    assert done.stdout.endswith(" examples of 1 pack come out as they say.\n")
    (tmp_path / "broken.yaml").write_text("id: broken\nrules: [")
    assert doorstep("packs", "lint", str(tmp_path / "broken.yaml")).stderr == (
        "1 of 1 file is no pack.\n"
    )


def test_a_pack_is_shown_with_its_law(doorstep: Command) -> None:
    done = doorstep("packs", "show", "tw")
    assert done.returncode == 0
    assert "tw@" in done.stdout
    unknown = doorstep("packs", "show", "atlantis")
    assert unknown.returncode == 2
    assert "atlantis" in unknown.stderr


def test_a_broken_pack_is_found_before_it_is_used(doorstep: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: broken\nrules: [")
    done = doorstep("packs", "lint", str(tmp_path / "broken.yaml"))
    assert done.returncode == 1
    assert "broken.yaml" in done.stdout


def test_no_house_answers_is_said_in_words(doorstep: Command, home: Path) -> None:
    done = doorstep("story", "--url", "http://127.0.0.1:9", "--home", str(home))
    assert done.returncode == 2
    assert "No answer from http://127.0.0.1:9" in done.stderr


def test_no_sweep_as_of_a_day_to_come(doorstep: Command, home: Path) -> None:
    done = doorstep("sweep", "--as-of", "2199-01-01", "--home", str(home))
    assert done.returncode == 2
    assert "2199-01-01" in done.stderr
