"""Evidence can't be rewritten, whoever tries; and a row that says nonsense is not taken."""

from __future__ import annotations

import pytest
from rules_house import Debtor, House
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError


@pytest.mark.parametrize("table", ["ledger", "decision"])
@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE {table} SET lender = 'somebody else'",
        "UPDATE {table} SET lender = lender WHERE false",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
    ],
)
def test_rows_are_added_and_never_changed(house: House, table: str, attempt: str) -> None:
    house.ask(Debtor().visit())
    before = house.rows(table)
    with pytest.raises(DBAPIError, match="append-only"), house.engine.begin() as connection:
        connection.execute(text(attempt.format(table=table)))
    assert house.rows(table) == before


LINE = {
    "id": "019ae3a0-0000-7000-8000-000000000001",
    "contact_id": "019ae3a0-0000-7000-8000-000000000002",
    "kind": "reached",
    "channel": "visit",
    "direction": "outbound",
    "starts_at": "2026-12-01T02:00:00Z",
    "ends_at": "2026-12-01T02:30:00Z",
    "outcome": "nobody_met",
    "decision_id": "019ae3a0-0000-7000-8000-000000000004",
}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "imagined"},
        {"kind": "reserved"},  # with an outcome
        {"kind": "reserved", "outcome": None, "ends_at": None},
        {"kind": "reserved", "outcome": None, "decision_id": None},
        {"outcome": None},
        {"channel": None},
        {"channel": "pigeon"},
        {"direction": None},
        {"starts_at": None},
        {"ends_at": "2026-12-01T01:00:00Z"},
    ],
    ids=str,
)
def test_a_line_that_contradicts_itself_is_not_taken(
    house: House, change: dict[str, str | None]
) -> None:
    debtor = Debtor()
    house.ask(debtor.visit())
    insert = text(
        "INSERT INTO ledger (id, contact_id, person_id, kind, lender, channel, direction,"
        " starts_at, ends_at, debts, outcome, decision_id, occurred_at, recorded_at) VALUES"
        " (:id, :contact_id, :person_id, :kind, 'northbank', :channel, :direction, :starts_at,"
        " :ends_at, '{}', :outcome, :decision_id, '2026-12-01Z', '2026-12-01Z')"
    )
    with house.engine.begin() as connection:
        connection.execute(insert, LINE | {"person_id": debtor.person_id})
    with pytest.raises(IntegrityError), house.engine.begin() as connection:
        connection.execute(
            insert,
            LINE
            | {"id": "019ae3a0-0000-7000-8000-000000000009", "person_id": debtor.person_id}
            | change,
        )


def test_a_visit_has_one_decision_and_one_approval(house: House) -> None:
    house.ask(Debtor().visit())
    for table, constraint in (
        ("decision", "decision_once_a_request"),
        ("approval", "approval_one_reserved"),
    ):
        (row,) = house.rows(table)
        columns = ", ".join(column for column in row._fields if column != "id")
        with (
            pytest.raises(IntegrityError, match=constraint),
            house.engine.begin() as connection,
        ):
            connection.execute(
                text(
                    f"INSERT INTO {table} (id, {columns})"
                    f" SELECT gen_random_uuid(), {columns} FROM {table}"
                )
            )
