"""What changes the facts in cases: recalls, holds, complaints, agents' papers, cities."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
-- Taken back by its lender, until a later statement brings it back: not owed for visits meanwhile.
ALTER TABLE account ADD COLUMN recalled_at timestamptz;
ALTER TABLE account ADD COLUMN recall_reason text;
ALTER TABLE account ADD CONSTRAINT account_recall_has_a_reason
    CHECK ((recalled_at IS NULL) = (recall_reason IS NULL));

-- The part of UN/LOCODE behind the country: some law is a city's.
ALTER TABLE address ADD COLUMN city text;

-- Goes up with each change, for If-Match.
ALTER TABLE agent ADD COLUMN version integer NOT NULL DEFAULT 1;

-- What agents were before each change, and after it: never changed.
CREATE TABLE agent_history (
    id       uuid        PRIMARY KEY,
    agent_id uuid        NOT NULL REFERENCES agent,
    at       timestamptz NOT NULL,
    by       text        NOT NULL,
    was      jsonb       NOT NULL,
    became   jsonb       NOT NULL
);
CREATE INDEX agent_history_of_agent ON agent_history (agent_id, at, id);

-- No collection from a day to a day. begins_at and ends_at are those days in the calendar of the
-- case when it was placed, to ask what stands now; at a door the days themselves count.
CREATE TABLE case_hold (
    id          uuid        PRIMARY KEY,
    case_id     uuid        NOT NULL,
    person_id   uuid        NOT NULL,
    lender      text        NOT NULL,
    reason      text        NOT NULL,
    note        text,
    calendar    text        NOT NULL,
    from_on     date        NOT NULL,
    until_on    date,                  -- NULL = until somebody lifts it
    begins_at   timestamptz NOT NULL,
    ends_at     timestamptz,
    placed_at   timestamptz NOT NULL,
    placed_by   text        NOT NULL,
    lifted_at   timestamptz,
    lifted_by   text,
    lift_reason text,
    FOREIGN KEY (case_id, lender, person_id) REFERENCES debt_case (id, lender, person_id),
    CHECK (until_on >= from_on),
    CHECK ((until_on IS NULL) = (ends_at IS NULL)),
    CHECK (num_nonnulls(lifted_at, lifted_by, lift_reason) IN (0, 3))
);
CREATE INDEX case_hold_by_case ON case_hold (case_id);
CREATE INDEX case_hold_not_lifted ON case_hold (case_id) WHERE lifted_at IS NULL;
CREATE INDEX case_hold_by_placing ON case_hold (lender, placed_at, id);
CREATE INDEX case_hold_by_placing_all ON case_hold (placed_at, id);

CREATE TABLE complaint (
    id          uuid        PRIMARY KEY,
    case_id     uuid        NOT NULL,
    person_id   uuid        NOT NULL,
    lender      text        NOT NULL,
    about       text        NOT NULL,
    channel     text,
    external_id text,
    received_on date        NOT NULL,
    opened_at   timestamptz NOT NULL,
    opened_by   text        NOT NULL,
    outcome     text        CHECK (outcome IN
        ('upheld', 'partly', 'rejected', 'withdrawn', 'merged')),
    closed_on   date,
    closed_at   timestamptz,
    closed_by   text,
    FOREIGN KEY (case_id, lender, person_id) REFERENCES debt_case (id, lender, person_id),
    CHECK (num_nonnulls(outcome, closed_on, closed_at, closed_by) IN (0, 4))
);
CREATE UNIQUE INDEX complaint_of_lender ON complaint (lender, external_id)
    WHERE outcome IS DISTINCT FROM 'merged';
CREATE INDEX complaint_by_case ON complaint (case_id);
CREATE INDEX complaint_open ON complaint (case_id) WHERE closed_at IS NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("restore the dump taken before the upgrade")
