"""Visits are dispatched, checked in, moved, expired; what was approved can be taken back."""

from alembic import op

revision = "0003"
down_revision = "0002"

CHANGES = """
ALTER TABLE visit
    DROP CONSTRAINT visit_status_check,
    ADD COLUMN dispatched_at        timestamptz,
    ADD COLUMN checked_in_at        timestamptz,  -- when the team was there
    ADD COLUMN check_in_recorded_at timestamptz,  -- when we knew
    ADD COLUMN place_check          text CHECK (place_check IN ('confirmed', 'unknown')),
    -- How far from the address they were; where they were is nobody's business afterwards.
    ADD COLUMN place_distance_m     integer CHECK (place_distance_m >= 0),
    -- The team at the door has to go: since when, and the code of why.
    ADD COLUMN must_leave_at        timestamptz,
    ADD COLUMN must_leave_why       text,
    ADD CONSTRAINT visit_status_check CHECK (status IN (
        'requested', 'needs_review', 'scheduled', 'dispatched', 'checked_in', 'denied',
        'cancelled', 'expired', 'completed')),
    ADD CONSTRAINT visit_was_dispatched CHECK (
        dispatched_at IS NOT NULL
        OR (status NOT IN ('dispatched', 'checked_in') AND checked_in_at IS NULL)),
    ADD CONSTRAINT visit_was_checked_in CHECK (
        num_nonnulls(checked_in_at, check_in_recorded_at, place_check) IN (0, 3)
        AND (checked_in_at IS NOT NULL OR status <> 'checked_in')),
    ADD CONSTRAINT visit_distance_when_confirmed CHECK (
        (place_distance_m IS NOT NULL) = (place_check IS NOT NULL AND place_check = 'confirmed')),
    ADD CONSTRAINT visit_must_leave_the_door CHECK (
        num_nonnulls(must_leave_at, must_leave_why) IN (0, 2)
        AND (must_leave_at IS NULL OR checked_in_at IS NOT NULL));

-- An approval that contact-rules took back, never changed. It may be heard of before the approval
-- itself, which must not schedule anything then.
CREATE TABLE revocation (
    approval_id uuid        PRIMARY KEY,
    visit_id    uuid        NOT NULL REFERENCES visit,
    reason      text        NOT NULL,  -- the code of what changed, as contact-rules says it
    checks      jsonb       NOT NULL,
    revoked_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX revocation_by_visit ON revocation (visit_id);

-- Somebody asks to move a visit; until contact-rules answers, the visit stands as it was.
CREATE TABLE reschedule (
    id           uuid        PRIMARY KEY,
    visit_id     uuid        NOT NULL REFERENCES visit,
    address_id   uuid        NOT NULL REFERENCES address,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    team         uuid[]      NOT NULL CHECK (cardinality(team) > 0),
    status       text        NOT NULL
                             CHECK (status IN ('requested', 'done', 'denied', 'withdrawn')),
    requested_by text        NOT NULL,
    requested_at timestamptz NOT NULL,
    answered_at  timestamptz,
    verdict      text        CHECK (verdict IN ('deny', 'needs_review')),
    checks       jsonb,
    next_lawful  jsonb,
    CHECK (starts_at < ends_at AND ends_at <= starts_at + interval '480 minutes'),
    CHECK ((status = 'requested') = (answered_at IS NULL)),
    CHECK ((status = 'denied') = (verdict IS NOT NULL)),
    CHECK (num_nonnulls(verdict, checks, next_lawful) IN (0, 3))
);
-- What a visit is to become is asked once at a time.
CREATE UNIQUE INDEX reschedule_one_open ON reschedule (visit_id) WHERE status = 'requested';
CREATE INDEX reschedule_by_visit ON reschedule (visit_id, requested_at);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(CHANGES)


def downgrade() -> None:
    raise NotImplementedError("restore the dump taken before the upgrade")
