"""Persons, accounts, addresses, cases, agents, visits and their approvals."""

from alembic import op
from shared.schema import PLUMBING_V1

revision = "0001"
down_revision = None

TABLES = """
-- One human or firm, known by a keyed hash only (cases.domain.person). Its row is the lock that
-- protects everything about the person: take it before reading what you are going to change.
CREATE TABLE person (
    id         uuid        PRIMARY KEY,
    identity   bytea       NOT NULL UNIQUE CHECK (octet_length(identity) = 32),
    numbered   boolean     NOT NULL,  -- known by an identity number, not by one account only
    created_at timestamptz NOT NULL
);

-- The work on one person for one lender. ("case" is a word of SQL.)
CREATE TABLE debt_case (
    id           uuid        PRIMARY KEY,
    lender       text        NOT NULL,
    person_id    uuid        NOT NULL REFERENCES person,
    status       text        NOT NULL CHECK (status IN ('open', 'working', 'resolved', 'closed')),
    stage        text        NOT NULL
                             CHECK (stage IN ('notice', 'internal', 'field', 'agency', 'legal')),
    resolution   text        CHECK (resolution IN ('paid', 'settled', 'cured')),
    close_reason text        CHECK (close_reason IN (
        'paid', 'settled', 'cured', 'sold', 'recalled', 'written_off', 'deceased', 'fraud',
        'invalid', 'bankrupt', 'time_barred', 'legal_closed', 'merged')),
    opened_at    timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    resolved_at  timestamptz,
    closed_at    timestamptz,
    CHECK (status <> 'resolved' OR resolution IS NOT NULL),
    CHECK ((resolution IS NULL) = (resolved_at IS NULL)),
    CHECK ((status = 'closed') = (close_reason IS NOT NULL)),
    CHECK ((close_reason IS NULL) = (closed_at IS NULL)),
    UNIQUE (id, lender, person_id)
);
-- However many of a lender's accounts a person owes, it is one case.
CREATE UNIQUE INDEX debt_case_one_live ON debt_case (lender, person_id) WHERE status <> 'closed';
CREATE INDEX debt_case_by_opening ON debt_case (lender, opened_at, id);
CREATE INDEX debt_case_by_opening_all ON debt_case (opened_at, id);
CREATE INDEX debt_case_by_change ON debt_case (lender, updated_at, id);
CREATE INDEX debt_case_by_change_all ON debt_case (updated_at, id);

-- A debt as its lender states it; amounts in minor units of the currency.
CREATE TABLE account (
    id          uuid        PRIMARY KEY,
    lender      text        NOT NULL,
    external_id text        NOT NULL,
    person_id   uuid        NOT NULL REFERENCES person,
    case_id     uuid,
    as_of       timestamptz NOT NULL,
    product     text        NOT NULL,
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    principal   bigint      NOT NULL CHECK (principal >= 0),
    interest    bigint      NOT NULL CHECK (interest >= 0),
    fees        bigint      NOT NULL CHECK (fees >= 0),
    overdue     bigint      NOT NULL CHECK (overdue >= 0),
    due_since   date,
    annual_rate numeric(13, 10),
    opened_on   date,
    paid_at     timestamptz,          -- plans said so; believed until a later as_of says otherwise
    calendar    text        NOT NULL, -- the time zone whose dates DPD is counted in
    debtor      jsonb       NOT NULL,
    contacts    jsonb       NOT NULL,
    related     jsonb       NOT NULL,
    history     jsonb       NOT NULL,
    extra       jsonb       NOT NULL,
    related_ids uuid[]      NOT NULL, -- the persons of `related`, in its order
    address_ids uuid[]      NOT NULL, -- those the lender lists now, the home first
    content     bytea       NOT NULL CHECK (octet_length(content) = 32),
    received_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (lender, external_id),
    CHECK ((overdue > 0) = (due_since IS NOT NULL)),
    FOREIGN KEY (case_id, lender, person_id) REFERENCES debt_case (id, lender, person_id)
);
CREATE INDEX account_by_case ON account (case_id);
CREATE INDEX account_by_person ON account (person_id);

-- An address of a person as one lender knows it; another lender has its own row.
CREATE TABLE address (
    id          uuid             PRIMARY KEY,
    lender      text             NOT NULL,
    person_id   uuid             NOT NULL REFERENCES person,
    fingerprint bytea            NOT NULL CHECK (octet_length(fingerprint) = 32),
    kind        text             NOT NULL,
    text        text             NOT NULL,
    country     text,
    region      text,
    latitude    double precision,
    longitude   double precision,
    timezone    text,
    created_at  timestamptz      NOT NULL,
    updated_at  timestamptz      NOT NULL,
    UNIQUE (lender, person_id, fingerprint)
);

-- What happened to a case, never changed: who, when, why.
CREATE TABLE case_history (
    id          uuid        PRIMARY KEY,
    case_id     uuid        NOT NULL REFERENCES debt_case,
    at          timestamptz NOT NULL,  -- when it happened
    recorded_at timestamptz NOT NULL,  -- when we knew
    kind        text        NOT NULL,
    by          text        NOT NULL,
    data        jsonb       NOT NULL
);
CREATE INDEX case_history_by_case ON case_history (case_id, at, id);

-- What holds for a case for a time, and where it came from.
CREATE TABLE case_flag (
    case_id   uuid        NOT NULL REFERENCES debt_case,
    kind      text        NOT NULL CHECK (kind IN ('plan_active')),
    reference uuid        NOT NULL,  -- the plan
    account   text        NOT NULL,  -- the lender's id of the account it is about
    since     timestamptz,
    until     timestamptz,
    PRIMARY KEY (kind, reference),
    CHECK (num_nonnulls(since, until) > 0)
);
CREATE INDEX case_flag_standing ON case_flag (case_id, kind) WHERE until IS NULL;

CREATE TABLE agent (
    id          uuid        PRIMARY KEY,
    lender      text,                  -- NULL = of the house
    name        text        NOT NULL,
    employer    text        NOT NULL,
    credentials jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL
);
CREATE INDEX agent_by_creation ON agent (created_at, id);

CREATE TABLE visit (
    id            uuid        PRIMARY KEY,
    case_id       uuid        NOT NULL,
    person_id     uuid        NOT NULL,
    lender        text        NOT NULL,
    address_id    uuid        NOT NULL REFERENCES address,
    status        text        NOT NULL CHECK (status IN (
        'requested', 'needs_review', 'scheduled', 'denied', 'cancelled', 'completed')),
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    party_role    text        NOT NULL,
    party_id      uuid,
    purpose       text        NOT NULL,
    approval_id   uuid,
    requested_by  text        NOT NULL,
    requested_at  timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    cancel_reason text,
    outcome       text,
    started_at    timestamptz,
    ended_at      timestamptz,
    note          text,
    FOREIGN KEY (case_id, lender, person_id) REFERENCES debt_case (id, lender, person_id),
    CHECK (starts_at < ends_at AND ends_at <= starts_at + interval '480 minutes'),
    CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
    CHECK ((status = 'completed') = (outcome IS NOT NULL)),
    CHECK (num_nonnulls(outcome, started_at, ended_at) IN (0, 3)),
    CHECK (started_at <= ended_at),
    -- Written by what it allows without approval, so that every state added later needs one.
    CONSTRAINT visit_needs_approval CHECK (
        approval_id IS NOT NULL OR status IN ('requested', 'needs_review', 'denied', 'cancelled'))
);
CREATE INDEX visit_by_case ON visit (case_id, starts_at);
CREATE INDEX visit_by_start ON visit (lender, starts_at, id);
CREATE INDEX visit_by_start_all ON visit (starts_at, id);
CREATE INDEX visit_by_request ON visit (lender, requested_at, id);
CREATE INDEX visit_by_request_all ON visit (requested_at, id);

-- Contact-rules' signed yes for exactly one visit at exactly one time.
CREATE TABLE approval (
    id          uuid        PRIMARY KEY,
    visit_id    uuid        NOT NULL REFERENCES visit,
    decision_id uuid        NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    token       text        NOT NULL,
    expires_at  timestamptz NOT NULL,
    must_end_by timestamptz,
    obligations jsonb       NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (id, visit_id, starts_at, ends_at)
);
CREATE INDEX approval_by_visit ON approval (visit_id);
-- A visit's approval is its own, for its own time: another's, or a moved visit, can't be stored.
ALTER TABLE visit ADD CONSTRAINT visit_approved_as_it_is
    FOREIGN KEY (approval_id, id, starts_at, ends_at)
    REFERENCES approval (id, visit_id, starts_at, ends_at);

-- Contact-rules' no, or its word that people must decide.
CREATE TABLE denial (
    decision_id uuid        PRIMARY KEY,
    visit_id    uuid        NOT NULL REFERENCES visit,
    verdict     text        NOT NULL CHECK (verdict IN ('deny', 'needs_review')),
    checks      jsonb       NOT NULL,
    next_lawful jsonb       NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX denial_by_visit ON denial (visit_id);

CREATE TABLE visit_team (
    visit_id uuid     NOT NULL REFERENCES visit,
    agent_id uuid     NOT NULL REFERENCES agent,
    place    smallint NOT NULL,
    PRIMARY KEY (visit_id, agent_id)
);
CREATE INDEX visit_team_by_agent ON visit_team (agent_id);

-- Every step of a visit, never changed: who, when, why.
CREATE TABLE visit_history (
    id          uuid        PRIMARY KEY,
    visit_id    uuid        NOT NULL REFERENCES visit,
    case_id     uuid        NOT NULL REFERENCES debt_case,
    at          timestamptz NOT NULL,
    step        text        NOT NULL,
    from_status text,
    to_status   text        NOT NULL,
    by          text        NOT NULL,
    reason      text
);
CREATE INDEX visit_history_by_case ON visit_history (case_id, at, id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(PLUMBING_V1)
    op.execute(TABLES)
