"""Approvals live and are proven: more kinds of line, known facts, reviews, breaches, live packs."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
-- What happened is told by how far it got. 'consumed' is what the release before wrote; it counts
-- by its outcome as these do. 'corrected' replaces all that was said of a contact: with its
-- outcome, or without one, which says that it never took place.
ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE ledger DROP CONSTRAINT ledger_check3;
ALTER TABLE ledger ADD COLUMN external_id text;
ALTER TABLE ledger ADD COLUMN details json;
ALTER TABLE ledger ADD CONSTRAINT ledger_kind_check CHECK (kind IN ('planned', 'reserved',
    'attempted', 'reached', 'conversed', 'released', 'corrected', 'consumed'));
ALTER TABLE ledger ADD CONSTRAINT ledger_outcome_check CHECK (
    CASE WHEN kind IN ('planned', 'reserved', 'released') THEN outcome IS NULL
         WHEN kind IN ('reached', 'conversed', 'consumed') THEN outcome IS NOT NULL
         ELSE true END);
-- The lines about one contact: is it known, and who told of it?
CREATE INDEX ledger_by_contact ON ledger (contact_id, seq);

-- A visit may be decided more than once (rescheduled, reviewed), each time for a request of its own.
ALTER TABLE decision DROP CONSTRAINT decision_visit_id_key;
ALTER TABLE decision ADD COLUMN request_id uuid;        -- NULL: the visit's own request
ALTER TABLE decision ADD COLUMN requested_by text;
ALTER TABLE decision ADD COLUMN library text;           -- digest of all packs there were
ALTER TABLE decision ADD COLUMN overridden text[] NOT NULL DEFAULT '{}';
ALTER TABLE decision ADD COLUMN review_id uuid;
ALTER TABLE decision ADD COLUMN key_id text;
ALTER TABLE decision ADD COLUMN signature text;
ALTER TABLE decision ADD COLUMN history text;           -- digest of the lines up to ledger_seq
CREATE UNIQUE INDEX decision_once_a_request ON decision ((coalesce(request_id, visit_id)));
CREATE INDEX decision_by_visit ON decision (visit_id, decided_at);
CREATE INDEX decision_by_time ON decision (decided_at, id);

ALTER TABLE approval DROP CONSTRAINT approval_state_check;
ALTER TABLE approval DROP CONSTRAINT approval_visit_id_key;
ALTER TABLE approval ADD COLUMN checked_in_at timestamptz;
ALTER TABLE approval ADD COLUMN ended_at timestamptz;
ALTER TABLE approval ADD COLUMN ended_why text;
ALTER TABLE approval ADD CONSTRAINT approval_state_check CHECK (state IN
    ('reserved', 'consumed', 'released', 'expired', 'revoked'));
-- A visit holds one place at a time.
CREATE UNIQUE INDEX approval_one_reserved ON approval (visit_id) WHERE state = 'reserved';
CREATE INDEX approval_by_visit ON approval (visit_id, issued_at);
CREATE INDEX approval_planned ON approval (person_id, issued_at) WHERE state = 'reserved';
CREATE INDEX approval_expiring ON approval (expires_at) WHERE state = 'reserved';
CREATE INDEX approval_planned_by_start ON approval (starts_at, id) WHERE state = 'reserved';

-- Whose account is whose: diallers know their lender's numbers, not our ids.
CREATE TABLE account (
    id          uuid        PRIMARY KEY,
    lender      text        NOT NULL,
    external_id text        NOT NULL,
    person_id   uuid        NOT NULL,
    as_of       timestamptz NOT NULL,
    UNIQUE (lender, external_id)
);
CREATE INDEX account_by_person ON account (person_id, lender);

-- What is known of a person, and who told it when. data is the fact or the consent in the shape of
-- POST /v1/checks. lender NULL: it holds whoever collects; debts '{}': for all of that lender's.
CREATE TABLE known_fact (
    id          uuid        PRIMARY KEY,
    person_id   uuid        NOT NULL REFERENCES person,
    record      text        NOT NULL CHECK (record IN ('fact', 'consent')),
    kind        text        NOT NULL,
    lender      text,
    debts       text[]      NOT NULL,
    data        json        NOT NULL,
    evidence    json        NOT NULL,
    reference   text        UNIQUE,     -- what it came from, so that it is taken once
    matter      text,                   -- what begins and ends by event: a hold, a plan
    told_by     text        NOT NULL,
    told_for    text,                   -- the lender that told it; NULL: the house did
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX known_fact_by_person ON known_fact (person_id, recorded_at, id);
CREATE TRIGGER known_fact_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON known_fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- A fact ends, is withdrawn, or was never true. The end of a matter ends all that was told of it
-- up to then, and may itself be told before that.
CREATE TABLE known_fact_end (
    id          uuid        PRIMARY KEY,
    fact_id     uuid        REFERENCES known_fact,
    matter      text,
    reason      text        NOT NULL,
    in_error    boolean     NOT NULL DEFAULT false,     -- told by mistake: it never was so
    told_by     text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK (num_nonnulls(fact_id, matter) = 1),
    CHECK (fact_id IS NOT NULL OR NOT in_error)
);
CREATE UNIQUE INDEX known_fact_end_once ON known_fact_end (fact_id) WHERE fact_id IS NOT NULL;
CREATE UNIQUE INDEX known_fact_end_of_matter ON known_fact_end (matter, occurred_at)
    WHERE matter IS NOT NULL;
CREATE TRIGGER known_fact_end_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON known_fact_end
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- Questions left to people, and what each of them said.
CREATE TABLE review (
    id           uuid        PRIMARY KEY,
    decision_id  uuid        NOT NULL UNIQUE REFERENCES decision,
    visit_id     uuid        NOT NULL,
    case_id      uuid        NOT NULL,
    person_id    uuid        NOT NULL,
    lender       text        NOT NULL,
    requested_by text,
    state        text        NOT NULL CHECK (state IN
        ('pending', 'approved', 'rejected', 'lapsed', 'withdrawn')),
    starts_at    timestamptz NOT NULL,
    opened_at    timestamptz NOT NULL,
    lapses_at    timestamptz NOT NULL,
    closed_at    timestamptz,
    outcome_id   uuid        REFERENCES decision,
    CHECK ((state = 'pending') = (closed_at IS NULL))
);
CREATE INDEX review_by_opening ON review (state, opened_at, id);
CREATE INDEX review_by_lender ON review (lender, opened_at, id);
CREATE INDEX review_lapsing ON review (lapses_at) WHERE state = 'pending';
CREATE INDEX review_of_visit ON review (visit_id);

CREATE TABLE review_vote (
    review_id uuid        NOT NULL REFERENCES review,
    voter     text        NOT NULL,
    role      text        NOT NULL,
    verdict   text        NOT NULL CHECK (verdict IN ('approve', 'reject')),
    reason    text        NOT NULL,
    voted_at  timestamptz NOT NULL,
    PRIMARY KEY (review_id, voter)
);
CREATE TRIGGER review_vote_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON review_vote
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- A contact that took place and should not have: found out later, never rewritten.
CREATE TABLE breach (
    id         uuid        PRIMARY KEY,
    contact_id uuid        NOT NULL,
    person_id  uuid        NOT NULL,
    lender     text        NOT NULL,
    rule       text        NOT NULL,
    pack       text        NOT NULL,
    cause      text        NOT NULL,
    starts_at  timestamptz NOT NULL,
    channel    text        NOT NULL,
    trace      json        NOT NULL,
    facts      json        NOT NULL,
    ledger_seq bigint      NOT NULL,
    found_at   timestamptz NOT NULL,
    UNIQUE (contact_id, rule)
);
CREATE INDEX breach_by_time ON breach (found_at, id);
CREATE INDEX breach_by_lender ON breach (lender, found_at, id);
CREATE INDEX breach_by_person ON breach (person_id, found_at, id);
CREATE TRIGGER breach_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON breach
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- Every text of a pack a decision ever rested on, and which of them were in use together.
CREATE TABLE pack_text (
    digest    text        PRIMARY KEY,   -- SHA-256 of the text, in hex
    pack_id   text        NOT NULL,
    version   text        NOT NULL,
    file      text        NOT NULL,
    text      text        NOT NULL,
    stored_at timestamptz NOT NULL
);
CREATE TABLE library (
    digest    text        PRIMARY KEY,   -- SHA-256 of packs as it is written here
    packs     json        NOT NULL,      -- [{digest, effective_from, effective_to}]
    stored_at timestamptz NOT NULL
);
CREATE TRIGGER pack_text_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pack_text
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();
CREATE TRIGGER library_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON library
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- A version of a pack on its way into force, and out of it again.
CREATE TABLE pack_version (
    id             uuid        PRIMARY KEY,
    pack_id        text        NOT NULL,
    version        text        NOT NULL,
    digest         text        NOT NULL REFERENCES pack_text,
    state          text        NOT NULL CHECK (state IN
        ('draft', 'simulated', 'approved', 'scheduled', 'active', 'retired', 'withdrawn')),
    effective_from date,
    effective_to   date,
    author         text        NOT NULL,
    created_at     timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    CHECK (state NOT IN ('scheduled', 'active') OR effective_from IS NOT NULL)
);
CREATE UNIQUE INDEX pack_version_once ON pack_version (pack_id, version)
    WHERE state <> 'withdrawn';
CREATE TABLE pack_step (
    id         uuid        PRIMARY KEY,
    version_id uuid        NOT NULL REFERENCES pack_version,
    step       text        NOT NULL,
    by         text        NOT NULL,
    reason     text,
    data       json,
    at         timestamptz NOT NULL
);
CREATE INDEX pack_step_of_version ON pack_step (version_id, at, id);
CREATE TRIGGER pack_step_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pack_step
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();

-- How often the rules put in force while the service runs have changed, and for which libraries
-- each stand was taken up: only by one of the latest may an approval be given.
CREATE TABLE rules_revision (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint  NOT NULL
);
INSERT INTO rules_revision (revision) VALUES (0);
CREATE TABLE library_revision (
    library  text   PRIMARY KEY,
    revision bigint NOT NULL
);
-- The lock is held until the transaction ends, and whoever changes the rules takes it alone: when
-- a change is committed, every approval by the rules before it is there to be seen, and none
-- comes after it. Each statement in here sees what was committed before that statement.
CREATE FUNCTION refuse_rules_of_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latest bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('doorstep rules'));
    SELECT revision INTO latest FROM rules_revision;
    IF latest > 0 AND EXISTS (
        SELECT FROM added JOIN decision ON decision.id = added.decision_id
        LEFT JOIN library_revision ON library_revision.library = decision.library
        WHERE library_revision.revision IS DISTINCT FROM latest)
    THEN
        RAISE EXCEPTION 'approved by rules that have changed meanwhile: decide again'
            USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER approval_by_the_rules_in_force AFTER INSERT ON approval
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rules_of_before();

-- The rules changed for visits from a day on; those planned are asked again, and how far that is.
CREATE TABLE rule_change (
    id         uuid        PRIMARY KEY,
    version_id uuid        NOT NULL REFERENCES pack_version,
    cause      text        NOT NULL CHECK (cause IN
        ('scheduled', 'activated', 'ended', 'withdrawn')),
    from_on    date        NOT NULL,
    revision   bigint      NOT NULL,     -- of the rules that they are asked by, at least
    total      bigint      NOT NULL,
    done       bigint      NOT NULL,
    revoked    bigint      NOT NULL,
    failed     bigint      NOT NULL,     -- persons whose visits could not be asked about
    position   json,                     -- where it goes on
    begun_at   timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX rule_change_open ON rule_change (begun_at, id) WHERE ended_at IS NULL;
CREATE INDEX rule_change_of_version ON rule_change (version_id, begun_at);

CREATE TABLE simulation (
    id         uuid        PRIMARY KEY,
    version_id uuid        NOT NULL REFERENCES pack_version,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    planned    boolean     NOT NULL,
    state      text        NOT NULL CHECK (state IN
        ('queued', 'running', 'done', 'failed', 'cancelled')),
    total      bigint      NOT NULL,
    done       bigint      NOT NULL,
    position   json,                     -- where it goes on after a crash
    result     json        NOT NULL,
    error      text,
    asked_by   text        NOT NULL,
    asked_at   timestamptz NOT NULL,
    started_at timestamptz,
    beat_at    timestamptz,
    ended_at   timestamptz,
    runner     uuid,                     -- who works on it
    attempts   bigint      NOT NULL DEFAULT 0
);
CREATE INDEX simulation_by_time ON simulation (asked_at, id);
CREATE INDEX simulation_open ON simulation (asked_at, id) WHERE state IN ('queued', 'running');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("restore the dump taken before the upgrade")
