"""The database itself refuses what must never be, whoever asks it."""

from collections.abc import Callable
from typing import Any

import pytest
from plans.store.rows import Row
from plans_house import Debt, House
from shared.schema import PLUMBING_TABLES
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError


def run(engine: Engine, sql: str, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text(sql), values)


def test_the_rows_are_the_tables_the_migrations_made(plans_engine: Engine) -> None:
    inspector = inspect(plans_engine)
    mapped = {
        table.name: {
            column.name: (column.type.compile(plans_engine.dialect), bool(column.nullable))
            for column in table.columns
        }
        for table in Row.metadata.tables.values()
    }
    made = {
        name: {
            column["name"]: (column["type"].compile(plans_engine.dialect), column["nullable"])
            for column in inspector.get_columns(name)
        }
        for name in inspector.get_table_names()
        if name not in {*PLUMBING_TABLES, "alembic_version"}
    }
    assert mapped == made
    for table in Row.metadata.tables.values():
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key], table.name


def test_a_second_live_plan_is_refused(house: House, debt: Debt) -> None:
    plan = house.activate(debt)
    copy = (
        "INSERT INTO plan SELECT (jsonb_populate_record(plan, jsonb_build_object("
        " 'id', gen_random_uuid(), 'state', CAST(:state AS text),"
        " 'ended_at', CAST(:ended AS text)))).*"
        " FROM plan WHERE id = :id"
    )
    for state in ("offered", "consented", "active"):
        with pytest.raises(IntegrityError, match="plan_live_account"):
            run(house.engine, copy, state=state, ended=None, id=plan["id"])
    run(house.engine, copy, state="cancelled", ended="2026-11-23T00:00:00Z", id=plan["id"])


BREACHES: list[tuple[str, str]] = [
    ("UPDATE plan SET consent_form = NULL, consented_at = NULL", "plan_check"),
    ("UPDATE plan SET activated_at = NULL, basis_as_of = NULL", "plan_check"),
    ("UPDATE plan SET state = 'dormant'", "plan_state_check"),
    ("UPDATE plan SET ended_at = expires_at", "plan_check"),
    ("UPDATE plan SET currency = 'TWD'", "plan_account_id_currency_fkey"),
    ("UPDATE plan SET total_minor = amount_minor - 1", "plan_check"),
    ("UPDATE account SET currency = 'TWD'", "account_id_currency_fkey"),
    ("UPDATE instalment SET paid_principal_minor = principal_minor + 1", "instalment_"),
    ("UPDATE instalment SET paid_interest_minor = -1", "instalment_"),
    ("UPDATE instalment SET paid_principal_minor = 1 WHERE no = 2", "instalment_check"),
    ("INSERT INTO account SELECT gen_random_uuid(), lender, external_id, case_id, person_id,"
     " currency, balance_minor, as_of, updated_at FROM account", "account_lender_external_id_key"),
    ("INSERT INTO payment SELECT (jsonb_populate_record(payment, jsonb_build_object("
     " 'id', gen_random_uuid()))).* FROM payment", "payment_lender_external_id_key"),
    ("INSERT INTO payment SELECT (jsonb_populate_record(payment, jsonb_build_object("
     " 'id', gen_random_uuid(), 'external_id', 'x', 'amount_minor', amount_minor + 1))).*"
     " FROM payment", "payment_check"),
    ("INSERT INTO allocation SELECT payment_id, plan_id, 13, 1, 1 FROM allocation",
     "allocation_plan_id_no_fkey"),
    ("INSERT INTO plan_history SELECT gen_random_uuid(), plan_id, before, after, at, by, by_role,"
     " why FROM plan_history WHERE before IS NULL", "plan_history_first"),
]  # fmt: skip


@pytest.mark.parametrize(("breach", "constraint"), BREACHES)
def test_each_constraint_holds(house: House, debt: Debt, breach: str, constraint: str) -> None:
    house.activate(debt)
    house.pay(debt, "888.49", "slip-1")
    with pytest.raises(IntegrityError, match=constraint):
        run(house.engine, breach)


@pytest.mark.parametrize("table", ["statement", "plan_history", "payment", "allocation"])
@pytest.mark.parametrize("change", ["UPDATE {} SET plan_id = plan_id", "DELETE FROM {}"])
def test_evidence_is_never_changed(house: House, debt: Debt, table: str, change: str) -> None:
    house.activate(debt)
    house.pay(debt, "888.49", "slip-1")
    change = change.replace("plan_id = plan_id", "id = id") if table == "statement" else change
    with pytest.raises(DBAPIError, match="never changed"):
        run(house.engine, change.format(table))


def test_the_plans_database_holds_no_currency_it_can_not_read(
    make_engine_on: Callable[..., Engine],
) -> None:
    engine = make_engine_on("plans")
    with pytest.raises(IntegrityError, match="account_currency_check"):
        run(
            engine,
            "INSERT INTO account VALUES (gen_random_uuid(), 'l', 'e', NULL, gen_random_uuid(),"
            " 'cny', 1, '2026-11-20Z', '2026-11-20Z')",
        )
