"""`python -m contact_rules api | worker | migrate`."""

from shared.cli import run

from contact_rules.service import NAME, build
from contact_rules.settings import ContactRulesSettings

if __name__ == "__main__":
    run(NAME, ContactRulesSettings, build, "contact_rules")
