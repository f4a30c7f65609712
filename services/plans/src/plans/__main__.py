"""`python -m plans api | worker | migrate`."""

from shared.cli import run

from plans.service import NAME, build
from plans.settings import PlansSettings

if __name__ == "__main__":
    run(NAME, PlansSettings, build, "plans")
