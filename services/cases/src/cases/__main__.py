"""`python -m cases api | worker | migrate`."""

from shared.cli import run

from cases.service import NAME, build
from cases.settings import CasesSettings

if __name__ == "__main__":
    run(NAME, CasesSettings, build, "cases")
