"""`python -m console api`."""

from shared.cli import run_site

from console.service import NAME, build
from console.settings import ConsoleSettings

if __name__ == "__main__":
    run_site(NAME, ConsoleSettings, build, "console")
