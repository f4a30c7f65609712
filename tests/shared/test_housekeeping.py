"""Housekeeping forgets what has served its time, in every table of the plumbing, and no more."""

from datetime import UTC, datetime, timedelta

from shared.housekeeping import KEPT, Housekeeping, sweep
from sqlalchemy import Engine, text

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def fill(engine: Engine, at: datetime) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO inbox VALUES (gen_random_uuid(), :at)"), {"at": at})
        connection.execute(
            text(
                "INSERT INTO outbox (id, type, key, body, created_at, published_at)"
                " VALUES (gen_random_uuid(), 't', 'k', '{}', :at, :at)"
            ),
            {"at": at},
        )
        connection.execute(
            text(
                "INSERT INTO idempotency_key VALUES"
                " ('a', gen_random_uuid()::text, '', 200, '{}', '', :at)"
            ),
            {"at": at},
        )


def left(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("idempotency_key", "outbox", "inbox")
        }


def test_what_is_older_than_it_is_kept_is_forgotten(plumbing_engine: Engine) -> None:
    for days in (1, 8, 31, 91):
        fill(plumbing_engine, NOW - timedelta(days=days))
    assert list(sweep(plumbing_engine, NOW).values()) == [3, 2, 1]
    assert left(plumbing_engine) == {"idempotency_key": 1, "outbox": 2, "inbox": 3}
    assert set(sweep(plumbing_engine, NOW).values()) == {0}


def test_what_was_never_published_is_never_forgotten(plumbing_engine: Engine) -> None:
    fill(plumbing_engine, NOW - timedelta(days=1000))
    with plumbing_engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET published_at = NULL"))
    sweep(plumbing_engine, NOW)
    assert left(plumbing_engine)["outbox"] == 1


def test_it_sweeps_once_an_hour(plumbing_engine: Engine) -> None:
    moment = NOW
    loop = Housekeeping(plumbing_engine, lambda: moment, service="bells")
    loop.run_once()
    fill(plumbing_engine, NOW - timedelta(days=1000))
    moment = NOW + timedelta(minutes=59)
    loop.run_once()
    assert left(plumbing_engine)["inbox"] == 1
    moment = NOW + timedelta(hours=1)
    loop.run_once()
    assert left(plumbing_engine)["inbox"] == 0
    loop.close()


def test_the_inbox_remembers_longest() -> None:
    kept = [duration for _, duration in KEPT.values()]
    assert kept == sorted(kept)
