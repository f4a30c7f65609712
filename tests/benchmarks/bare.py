"""The bare limits: the same effects on the same machine with nothing of Doorstep in the way.

*Reserve* is what deciding a visit can't do without: lock the person, count three windows of the
ledger, insert a contact, a decision and an outbox row, commit.
"""

import threading
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg

SCHEMA = """
CREATE TABLE person (id uuid PRIMARY KEY);
CREATE TABLE contact (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL,
    person_id uuid NOT NULL, day date NOT NULL, lender text NOT NULL, recorded_at timestamptz
);
CREATE INDEX contact_person ON contact (person_id, day);
CREATE TABLE decision (id uuid PRIMARY KEY, person_id uuid NOT NULL, facts jsonb, verdict text);
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, type text NOT NULL,
    key text NOT NULL, body text NOT NULL, published_at timestamptz
);
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
"""

_LOCK = "SELECT id FROM person WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_COUNT = """
SELECT person_id, count(*) FILTER (WHERE day = DATE '2026-12-01'),
       count(*) FILTER (WHERE day BETWEEN DATE '2026-11-25' AND DATE '2026-12-07'),
       count(*) FILTER (WHERE day BETWEEN DATE '2026-11-02' AND DATE '2026-12-30')
FROM contact WHERE person_id = ANY(%s) GROUP BY person_id
"""
_FACTS = '{"place": "home", "party": "debtor", "note": "' + "x" * 400 + '"}'
_BODY = '{"specversion": "1.0", "data": "' + "x" * 600 + '"}'


def prepare(url: str, persons: int) -> list[UUID]:
    """Make the tables and ``persons`` persons in an empty database."""
    ids = sorted(uuid4() for _ in range(persons))
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA)
        with connection.cursor().copy("COPY person (id) FROM STDIN") as copy:
            for each in ids:
                copy.write_row((each,))
    return ids


def reserve(connection: psycopg.Connection, ids: Sequence[UUID]) -> None:
    """One transaction that reserves a visit for each of ``ids`` (distinct)."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(_LOCK, (list(ids),))
        cursor.execute(_COUNT, (list(ids),))
        cursor.fetchall()
        count = len(ids)
        cursor.execute(
            "INSERT INTO contact (id, person_id, day, lender, recorded_at)"
            " SELECT *, DATE '2026-12-01', 'bank', now() FROM unnest(%s::uuid[], %s::uuid[])",
            ([uuid4() for _ in ids], list(ids)),
        )
        cursor.execute(
            "INSERT INTO decision (id, person_id, facts, verdict)"
            " SELECT *, 'allow' FROM unnest(%s::uuid[], %s::uuid[], %s::jsonb[])",
            ([uuid4() for _ in ids], list(ids), [_FACTS] * count),
        )
        cursor.execute(
            "INSERT INTO outbox (id, type, key, body)"
            " SELECT id, 'visit-approved', key::text, body"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS new (id, key, body)",
            ([uuid4() for _ in ids], list(ids), [_BODY] * count),
        )


def reserve_rate(url: str, ids: Sequence[UUID], *, clients: int, batch: int) -> float:
    """Reservations a second when ``clients`` threads share ``ids``, ``batch`` a transaction."""
    shares = [ids[n::clients] for n in range(clients)]
    ready = threading.Barrier(clients + 1)

    def run(share: Sequence[UUID]) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            reserve(connection, share[:1])
            ready.wait()
            for start in range(0, len(share), batch):
                reserve(connection, share[start : start + batch])

    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return len(ids) / (time.perf_counter() - begun)
