"""Agents: whose papers are valid on the day, and who collects with a team."""

from datetime import date
from uuid import uuid4

import pytest
from cases.domain.agent import Agent, CollectorClass, Credential, MixedTeam, collector


def agent(employer: str, *credentials: Credential) -> Agent:
    return Agent(uuid4(), "northbank", "Knock Twice", employer, credentials)


def test_a_credential_is_valid_through_its_last_day() -> None:
    holder = agent(
        "northbank",
        Credential("work_id", date(2026, 12, 1)),
        Credential("authorisation_letter", None),
        Credential("work_id", date(2020, 1, 1)),
    )
    assert holder.valid_on(date(2026, 12, 1)) == ["authorisation_letter", "work_id"]
    assert holder.valid_on(date(2026, 12, 2)) == ["authorisation_letter"]


def test_the_lenders_own_people_collect_as_creditor_and_others_as_agency() -> None:
    own, hired = agent("northbank"), agent("polite-knocks")
    assert collector([own, own], "northbank") == ("northbank", CollectorClass.CREDITOR)
    assert collector([hired], "northbank") == ("polite-knocks", CollectorClass.AGENCY)


def test_a_team_of_two_employers_is_refused() -> None:
    with pytest.raises(MixedTeam):
        collector([agent("northbank"), agent("polite-knocks")], "northbank")
