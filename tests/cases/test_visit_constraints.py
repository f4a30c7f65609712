"""The database itself refuses a scheduled visit without an approval of exactly that visit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cases_house import Debt, House
from shared.ids import new_id
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError


def by_hand(house: House, statement: str, **values: Any) -> None:
    with house.engine.begin() as connection:
        connection.execute(text(statement), values)


def refused(house: House, constraint: str, statement: str, **values: Any) -> None:
    with pytest.raises(IntegrityError) as raised:
        by_hand(house, statement, **values)
    assert constraint in str(raised.value.orig)


SCHEDULE = "UPDATE visit SET status = 'scheduled', approval_id = :approval WHERE id = :visit"


DISPATCHED = ", dispatched_at = starts_at"
CHECKED_IN = (
    f"{DISPATCHED}, checked_in_at = starts_at, check_in_recorded_at = starts_at,"
    " place_check = 'unknown'"
)
COMPLETED = ", outcome = 'promise', started_at = starts_at, ended_at = ends_at"


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("scheduled", ""),
        ("dispatched", DISPATCHED),
        ("checked_in", CHECKED_IN),
        ("expired", ""),
        ("completed", COMPLETED),
    ],
)
def test_no_state_past_the_decision_without_approval(
    house: House, debt: Debt, status: str, more: str
) -> None:
    refused(
        house,
        "visit_needs_approval",
        f"UPDATE visit SET status = '{status}'{more} WHERE id = :visit",
        visit=house.ask(debt),
    )


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("visit_status_check", "status = 'teleported'"),
        ("visit_was_dispatched", "status = 'dispatched'"),
        ("visit_was_dispatched", f"status = 'checked_in'{CHECKED_IN}, dispatched_at = NULL"),
        ("visit_was_checked_in", f"status = 'checked_in'{DISPATCHED}"),
        ("visit_was_checked_in", f"status = 'dispatched'{CHECKED_IN}, place_check = NULL"),
        (
            "visit_distance_when_confirmed",
            f"status = 'checked_in'{CHECKED_IN.replace('unknown', 'confirmed')}",
        ),
        (
            "visit_distance_when_confirmed",
            f"status = 'checked_in'{CHECKED_IN}, place_distance_m = 1",
        ),
        (
            "visit_must_leave_the_door",
            f"status = 'dispatched'{DISPATCHED}, must_leave_at = starts_at, must_leave_why = 'x'",
        ),
        (
            "visit_must_leave_the_door",
            f"status = 'checked_in'{CHECKED_IN}, must_leave_why = 'x'",
        ),
    ],
)
def test_how_far_a_visit_has_come_fits_together(
    house: House, debt: Debt, constraint: str, changes: str
) -> None:
    # Of two settings of one column the later is meant.
    last = dict(part.strip().split(" = ", 1) for part in changes.split(","))
    settings = ", ".join(f"{column} = {value}" for column, value in last.items())
    refused(
        house,
        constraint,
        f"UPDATE visit SET {settings} WHERE id = :visit",
        visit=house.scheduled(debt),
    )


def test_a_visit_is_asked_to_move_once_at_a_time(house: House, debt: Debt) -> None:
    visit_id = house.scheduled(debt)
    wish = {"starts_at": "2026-12-03T15:00:00+08:00"}
    house.ok(house.post(visit_id, "reschedule", wish), 202)
    columns = "visit_id, address_id, starts_at, ends_at, team, status, requested_by, requested_at"
    refused(
        house,
        "reschedule_one_open",
        f"INSERT INTO reschedule (id, {columns}) SELECT :id, {columns} FROM reschedule",
        id=new_id(),
    )


def test_visits_of_the_release_before_live_on(house: House, debt: Debt) -> None:
    """Its rows, in every state it knew, in the schema of that release, brought up to date."""
    from alembic import command
    from shared.migrate import _config

    asked, denied = house.ask(debt), house.ask(debt)
    house.deliver(house.denial(denied))
    scheduled, cancelled, completed = (house.scheduled(debt) for _ in range(3))
    house.ok(house.post(cancelled, "cancel", {"reason": "debtor"}))
    house.clock.set(house.clock().replace(month=12, day=1, hour=4))
    times = {"started_at": "2026-12-01T10:03:00+08:00", "ended_at": "2026-12-01T10:21:00+08:00"}
    house.ok(house.post(completed, "complete", {"outcome": "refused"} | times))
    ids = (asked, denied, scheduled, cancelled, completed)
    config = _config("cases")
    with house.engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA before")
        connection.exec_driver_sql("SET LOCAL search_path TO before")
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        # Visits and their approvals refer to each other: neither can come first.
        alter = "ALTER TABLE before.visit ALTER CONSTRAINT visit_approved_as_it_is"
        connection.exec_driver_sql(f"{alter} DEFERRABLE INITIALLY DEFERRED")
        columns = {table: copied(connection, table) for table in COPIED}
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql(f"{alter} NOT DEFERRABLE")
        command.upgrade(config, "head")
        for table, names in columns.items():
            rows = f"SELECT {names} FROM {{}}.{table} ORDER BY 1, 2"
            then = connection.exec_driver_sql(rows.format("public")).all()
            assert connection.exec_driver_sql(rows.format("before")).all() == then, table
        told = "SELECT status FROM before.visit WHERE id = ANY(%(ids)s) ORDER BY array_position"
        told += "(%(ids)s, id)"
        states = connection.exec_driver_sql(told, {"ids": list(ids)}).scalars().all()
    assert states == ["requested", "denied", "scheduled", "cancelled", "completed"]


COPIED = ("person", "debt_case", "address", "account", "agent", "visit", "approval", "visit_team")
COPIED += ("denial", "visit_history", "case_history")


def copied(connection: Connection, table: str) -> str:
    """Copy the rows of a table into the schema of the release before; the columns it has there."""
    found = connection.execute(
        text(
            "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)"
            " FROM information_schema.columns"
            " WHERE table_schema = 'before' AND table_name = :table AND is_generated = 'NEVER'"
        ),
        {"table": table},
    )
    names = str(found.scalar_one())
    connection.exec_driver_sql(
        f"INSERT INTO before.{table} ({names}) SELECT {names} FROM public.{table}"
    )
    return names


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
