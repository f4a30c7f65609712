"""The tables every service's database has for its messages and keys, as versioned SQL.

A service's first migration runs ``PLUMBING_V1``; what changes later becomes ``PLUMBING_V2`` and
a migration of its own, so that a released text is never edited.
"""

from typing import Final

PLUMBING_V1: Final = """
-- An event is a row first: written in the transaction of its effect, published by the relay.
CREATE TABLE outbox (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid        NOT NULL,
    type         text        NOT NULL,
    key          text        NOT NULL,
    body         text        NOT NULL,
    created_at   timestamptz NOT NULL,
    published_at timestamptz
);
-- The relay reads by this index and nothing else: what is published costs it nothing.
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;

-- Written in the transaction of the handler's effect: a message seen here has had its effect.
CREATE TABLE inbox (
    message_id  uuid        PRIMARY KEY,
    received_at timestamptz NOT NULL
);
CREATE INDEX inbox_received_at ON inbox (received_at);

-- Messages that kept failing, and those of the same key that wait behind them.
CREATE TABLE parked (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id   uuid        NOT NULL UNIQUE,
    key          text        NOT NULL,
    type         text        NOT NULL,
    body         text        NOT NULL,
    error        text        NOT NULL,
    attempts     integer     NOT NULL CHECK (attempts >= 0),
    parked_at    timestamptz NOT NULL,
    requeued_at  timestamptz,
    handled_at   timestamptz,
    dropped_at   timestamptz,
    dropped_by   text,
    drop_reason  text,
    CHECK (num_nonnulls(handled_at, dropped_at) <= 1),
    CHECK ((dropped_at IS NULL) = (dropped_by IS NULL)),
    CHECK ((dropped_at IS NULL) = (drop_reason IS NULL))
);
CREATE INDEX parked_live ON parked (key, seq) WHERE handled_at IS NULL AND dropped_at IS NULL;

-- The stored answer to each request that carried an Idempotency-Key.
CREATE TABLE idempotency_key (
    actor        text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    status       integer     NOT NULL,
    headers      jsonb       NOT NULL,
    body         bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
"""

PLUMBING_TABLES: Final = ("outbox", "inbox", "parked", "idempotency_key")
