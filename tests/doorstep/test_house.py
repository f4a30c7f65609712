"""The house in one process, as a person has it: it starts, it stops, it breaks nothing."""

import signal
import stat
import time
from pathlib import Path

import httpx
import pytest
from doorstep_process import House, doorstep, house, left_over

_SERVICES = ("/cases", "/contact-rules", "/plans", "")


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """An empty house that the tests of this module share; whoever stops one opens their own."""
    with house(tmp_path_factory.mktemp("shared") / "home", "--no-demo") as running:
        running.wait_until_open()
        yield running


def test_all_four_answer_on_one_port(open_house: House) -> None:
    for prefix in _SERVICES:
        assert httpx.get(f"{open_house.url}{prefix}/healthz").status_code == 200
        ready = httpx.get(f"{open_house.url}{prefix}/readyz")
        assert ready.status_code == 200, ready.text
    for prefix in _SERVICES[:3]:
        assert httpx.get(f"{open_house.url}{prefix}/docs").status_code == 200
        document = httpx.get(f"{open_house.url}{prefix}/openapi.json").json()
        assert document["servers"] == [{"url": prefix}]
        assert "doorstep_requests" in httpx.get(f"{open_house.url}{prefix}/metrics").text


def test_nothing_else_answers_without_a_token(open_house: House) -> None:
    for address in ("/cases/v1/cases", "/contact-rules/v1/packs", "/plans/v1/plans"):
        assert httpx.get(open_house.url + address).status_code == 401, address


def test_the_token_it_prints_opens_it(open_house: House) -> None:
    printed = next(line.strip() for line in open_house.said if line.startswith("eyJ"))
    answer = httpx.get(
        f"{open_house.url}/cases/v1/cases", headers={"Authorization": f"Bearer {printed}"}
    )
    assert answer.status_code == 200
    assert answer.json() == {"items": [], "next": None}


def test_the_token_command_prints_a_token_and_nothing_else(open_house: House) -> None:
    done = doorstep("token", "--role", "ops", "--home", str(open_house.home))
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.removesuffix("\n")
    assert token.count(".") == 2
    assert not any(sign.isspace() for sign in token)
    answer = httpx.get(
        f"{open_house.url}/plans/v1/plans", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200


def test_a_revoked_token_counts_no_more(open_house: House) -> None:
    done = doorstep("token", "--role", "ops", "--home", str(open_house.home))
    header = {"Authorization": f"Bearer {done.stdout.strip()}"}
    address = f"{open_house.url}/plans/v1/plans"
    assert httpx.get(address, headers=header).status_code == 200
    import jwt

    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    with (open_house.home / "keys" / "revoked-tokens").open("a") as revoked:
        revoked.write(f"{claims['jti']}\n")
    assert httpx.get(address, headers=header).status_code == 401


def test_a_second_house_on_the_same_home_is_refused_at_once(open_house: House) -> None:
    began = time.monotonic()
    done = doorstep("run", "--home", str(open_house.home), "--port", "0")
    assert time.monotonic() - began < 15
    assert done.returncode == 2
    assert f"process {open_house.process.pid}" in done.stderr
    assert open_house.url in done.stderr
    assert "Traceback" not in done.stderr
    assert httpx.get(f"{open_house.url}/cases/healthz").status_code == 200


def test_a_taken_port_is_refused_before_anything_is_made(open_house: House, tmp_path: Path) -> None:
    port = open_house.url.rpartition(":")[2]
    done = doorstep("run", "--home", str(tmp_path / "home"), "--port", port)
    assert done.returncode == 2
    assert f"Port {port} is taken" in done.stderr
    assert f"process {open_house.process.pid}" in done.stderr
    assert not (tmp_path / "home" / "postgres" / "data").exists()


def test_operators_look_into_a_running_house(open_house: House) -> None:
    listed = doorstep("parked", "list", "--home", str(open_house.home))
    assert (listed.returncode, listed.stdout.strip()) == (0, "Nothing is parked.")
    for _ in range(2):
        swept = doorstep("sweep", "--home", str(open_house.home))
        assert swept.returncode == 0, swept.stderr
        assert swept.stdout.count("forgot 0 answers") == 3


def test_what_it_logs_is_in_the_home_and_closed_to_others(open_house: House) -> None:
    log = open_house.home / "logs" / "doorstep.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(open_house.home.stat().st_mode) == 0o700
    assert '"event"' in log.read_text()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_in_order_and_leaves_nobody_behind(
    sign: signal.Signals, tmp_path: Path
) -> None:
    with house(tmp_path / "home", "--no-demo") as running:
        running.wait_until_open()
        family = running.family()
        assert len(family) > 1  # the database is there
        running.signal(sign)
        running.signal(sign)  # what `make` hands on of what the terminal has sent already
        assert running.end() == 0
        assert not left_over(family)
        assert "Stopped." in running.output
    log = (tmp_path / "home" / "postgres" / "postgres.log").read_text()
    assert "database system is shut down" in log


def test_killed_it_takes_the_database_along_and_opens_again_on_the_same_data(
    tmp_path: Path,
) -> None:
    with house(tmp_path / "home", "--no-demo") as first:
        first.wait_until_open()
        family = first.family()
        first.signal(signal.SIGKILL)
        first.end()
        with house(tmp_path / "home", "--no-demo") as second:
            second.wait_until_open()
            assert not left_over(family)
            assert httpx.get(f"{second.url}/cases/readyz").status_code == 200


def test_when_the_database_dies_it_says_so_and_ends(tmp_path: Path) -> None:
    with house(tmp_path / "home", "--no-demo") as running:
        running.wait_until_open()
        family = running.family()
        server = next(one for one in family if one.name().startswith("postgres"))
        server.kill()
        assert running.end() == 1
        assert "The database has ended by itself" in running.output
        assert not left_over(family)


def test_stopped_while_it_starts_it_leaves_nobody_behind(tmp_path: Path) -> None:
    with house(tmp_path / "home", "--no-demo") as running:
        give_up = time.monotonic() + 30
        while len(running.family()) < 2 and time.monotonic() < give_up:
            time.sleep(0.01)
        family = running.family()
        running.signal(signal.SIGTERM)
        assert running.end() == 0
        assert not left_over(family)
    with house(tmp_path / "home", "--no-demo") as again:
        again.wait_until_open()
