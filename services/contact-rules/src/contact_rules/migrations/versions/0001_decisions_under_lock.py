"""Persons, their ledger, the decisions made about visits and the approvals given."""

from alembic import op
from shared.schema import PLUMBING_V1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
-- Locked while anything about the person is decided. It has nothing else to say.
CREATE TABLE person (
    id uuid PRIMARY KEY
);

CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a correction is a new row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- What was reserved, released, and what happened. occurred_at: when it became so in the world;
-- recorded_at: when we learned of it. One person's rows are written under that person's lock, so
-- seq is their order.
CREATE TABLE ledger (
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    id          uuid        NOT NULL UNIQUE,
    contact_id  uuid        NOT NULL,
    person_id   uuid        NOT NULL REFERENCES person,
    kind        text        NOT NULL CHECK (kind IN ('reserved', 'released', 'consumed')),
    lender      text        NOT NULL,
    channel     text        CHECK (channel IN
        ('visit', 'phone', 'sms', 'email', 'im', 'letter', 'door_note')),
    direction   text        CHECK (direction IN ('outbound', 'inbound')),
    starts_at   timestamptz,
    ends_at     timestamptz,
    purpose     text,
    place       text,
    party_id    text,
    party_role  text,
    debts       text[]      NOT NULL,
    collector   text,
    point       text,
    outcome     text,
    reason      text,
    decision_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- Histories of many persons are read by this index, in order, in one statement.
    PRIMARY KEY (person_id, seq),
    CHECK (ends_at >= starts_at),
    -- Only a release may say nothing of what it releases.
    CHECK (kind = 'released' OR num_nulls(channel, direction, starts_at) = 0),
    CHECK (kind <> 'reserved' OR num_nulls(ends_at, decision_id) = 0),
    CHECK ((outcome IS NOT NULL) = (kind = 'consumed'))
);
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- The whole answer to one visit and all it rested on. The history was the person's ledger up to
-- and including ledger_seq. Evidence is kept as it was written, byte for byte, so json and not jsonb.
CREATE TABLE decision (
    id          uuid        PRIMARY KEY,
    visit_id    uuid        NOT NULL UNIQUE,
    case_id     uuid        NOT NULL,
    person_id   uuid        NOT NULL,
    lender      text        NOT NULL,
    verdict     text        NOT NULL CHECK (verdict IN ('allow', 'deny', 'needs_review')),
    engine      text        NOT NULL,
    packs       text[]      NOT NULL,
    facts       json        NOT NULL,
    ledger_seq  bigint      NOT NULL CHECK (ledger_seq >= 0),
    checks      json        NOT NULL,
    obligations json        NOT NULL,
    must_end_by timestamptz,
    next_lawful json        NOT NULL,
    decided_at  timestamptz NOT NULL
);
CREATE TRIGGER decision_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

CREATE TABLE approval (
    id          uuid        PRIMARY KEY,
    decision_id uuid        NOT NULL REFERENCES decision,
    visit_id    uuid        NOT NULL UNIQUE,
    person_id   uuid        NOT NULL,
    lender      text        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('reserved', 'consumed', 'released')),
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    must_end_by timestamptz,
    expires_at  timestamptz NOT NULL,
    issued_at   timestamptz NOT NULL,
    token       text        NOT NULL,
    CHECK (starts_at <= ends_at AND ends_at <= expires_at),
    CHECK (must_end_by >= ends_at)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(PLUMBING_V1)
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("restore the dump taken before the upgrade")
