"""The database itself refuses a scheduled visit without an approval of exactly that visit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cases_house import Debt, House
from shared.ids import new_id
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError


def by_hand(house: House, statement: str, **values: Any) -> None:
    with house.engine.begin() as connection:
        connection.execute(text(statement), values)


def refused(house: House, constraint: str, statement: str, **values: Any) -> None:
    with pytest.raises(IntegrityError) as raised:
        by_hand(house, statement, **values)
    assert constraint in str(raised.value.orig)


SCHEDULE = "UPDATE visit SET status = 'scheduled', approval_id = :approval WHERE id = :visit"


@pytest.mark.parametrize("status", ["scheduled", "completed"])
def test_no_state_past_the_decision_without_approval(house: House, debt: Debt, status: str) -> None:
    outcome = ", outcome = 'promise', started_at = starts_at, ended_at = ends_at"
    refused(
        house,
        "visit_needs_approval",
        f"UPDATE visit SET status = '{status}'{outcome if status == 'completed' else ''}"
        " WHERE id = :visit",
        visit=house.ask(debt),
    )


def test_no_scheduled_visit_is_inserted(house: House, debt: Debt) -> None:
    visit_id = house.ask(debt)
    columns = "case_id, person_id, lender, address_id, starts_at, ends_at, party_role, purpose"
    columns += ", requested_by, requested_at, updated_at"
    refused(
        house,
        "visit_needs_approval",
        f"INSERT INTO visit (id, status, {columns})"
        f" SELECT :id, 'scheduled', {columns} FROM visit WHERE id = :visit",
        id=new_id(),
        visit=visit_id,
    )


def test_an_approval_that_is_none_does_not_help(house: House, debt: Debt) -> None:
    refused(house, "visit_approved_as_it_is", SCHEDULE, visit=house.ask(debt), approval=new_id())


def test_another_visits_approval_does_not_help(house: House, debt: Debt) -> None:
    approved = UUID(house.visit(house.scheduled(debt))["approval"]["id"])
    other = house.ask(debt)
    refused(house, "visit_approved_as_it_is", SCHEDULE, visit=other, approval=approved)


@pytest.mark.parametrize("column", ["starts_at", "ends_at"])
def test_a_scheduled_visit_can_not_be_moved(house: House, debt: Debt, column: str) -> None:
    refused(
        house,
        "visit_approved_as_it_is",
        f"UPDATE visit SET {column} = {column} + interval '1 second' WHERE id = :visit",
        visit=house.scheduled(debt),
    )


def test_a_scheduled_visit_can_not_lose_its_approval(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    refused(
        house,
        "visit_needs_approval",
        "UPDATE visit SET approval_id = NULL WHERE id = :visit",
        visit=visit_id,
    )
    refused(
        house,
        "visit_approved_as_it_is",
        "DELETE FROM approval WHERE visit_id = :visit",
        visit=visit_id,
    )
    refused(
        house,
        "visit_approved_as_it_is",
        "UPDATE approval SET starts_at = starts_at - interval '1 day' WHERE visit_id = :visit",
        visit=visit_id,
    )


def test_a_person_has_one_live_case_a_lender(house: House, debt: Debt) -> None:
    refused(
        house,
        "debt_case_one_live",
        "INSERT INTO debt_case (id, lender, person_id, status, stage, opened_at, updated_at)"
        " SELECT :id, lender, person_id, 'open', 'internal', opened_at, updated_at FROM debt_case",
        id=new_id(),
    )


def test_an_account_is_in_a_case_of_its_own_lender_and_person(house: House, debt: Debt) -> None:
    house.push(lender="southbank")
    refused(
        house,
        "account_case_id_lender_person_id_fkey",
        "UPDATE account SET case_id = :case_id WHERE lender = 'southbank'",
        case_id=debt.case_id,
    )


def test_the_rows_that_are_read_are_the_tables_that_are_there(house: House) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from cases.store.tables import METADATA

    with house.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        # Keys, indexes, checks and the tables of the plumbing are the migrations' alone.
        told = {"remove_table", "add_constraint", "remove_constraint", "remove_index", "remove_fk"}
        different = [
            change
            for change in compare_metadata(context, METADATA)
            if isinstance(change, list) or change[0] not in told
        ]
    assert different == []
