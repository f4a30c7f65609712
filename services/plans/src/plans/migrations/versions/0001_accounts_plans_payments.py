"""Accounts, plans with their instalments and history, payments with their allocations.

Amounts are minor units of the currency beside them. Constraints say what the code relies on; a
row that breaks one is a bug, never an answer to a caller.
"""

from alembic import op
from shared.schema import PLUMBING_V1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
-- This service's own copy of each account, and what is owed after all it was told. Its row is the
-- lock for everything about the account: statements, plans, payments.
CREATE TABLE account (
    id            uuid        PRIMARY KEY,
    lender        text        NOT NULL,
    external_id   text        NOT NULL,
    case_id       uuid,
    person_id     uuid        NOT NULL,
    currency      text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    balance_minor bigint      NOT NULL,
    as_of         timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    UNIQUE (lender, external_id),
    -- What names an account's currency can hold on to it: see payment and plan.
    UNIQUE (id, currency)
);
CREATE INDEX account_case ON account (case_id) WHERE case_id IS NOT NULL;

-- What we know of a case: it is open unless it was closed after it was last opened.
CREATE TABLE collection_case (
    id           uuid PRIMARY KEY,
    lender       text NOT NULL,
    person_id    uuid NOT NULL,
    opened_at    timestamptz,
    closed_at    timestamptz,
    close_reason text,
    CHECK (num_nonnulls(opened_at, closed_at) >= 1),
    CHECK ((closed_at IS NULL) = (close_reason IS NULL))
);

-- The lender's balances as they came, one row each; an older as_of than the newest never comes in.
CREATE TABLE statement (
    id            uuid        PRIMARY KEY,
    account_id    uuid        NOT NULL REFERENCES account (id),
    currency      text        NOT NULL,
    balance_minor bigint      NOT NULL,
    as_of         timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL
);
CREATE INDEX statement_account ON statement (account_id, as_of);

CREATE TABLE plan (
    id                    uuid          PRIMARY KEY,
    lender                text          NOT NULL,
    account_id            uuid          NOT NULL,
    account               text          NOT NULL,
    case_id               uuid          NOT NULL,
    person_id             uuid          NOT NULL,
    kind                  text          NOT NULL,
    currency              text          NOT NULL,
    amount_minor          bigint        NOT NULL CHECK (amount_minor > 0),
    instalments           integer       NOT NULL CHECK (instalments BETWEEN 1 AND 600),
    annual_rate           numeric(12,8) NOT NULL CHECK (annual_rate BETWEEN 0 AND 10),
    agreed_on             date          NOT NULL,
    first_due_on          date          NOT NULL CHECK (first_due_on >= agreed_on),
    frequency             text          NOT NULL CHECK (frequency IN ('weekly', 'biweekly', 'monthly')),
    total_minor           bigint        NOT NULL CHECK (total_minor >= amount_minor),
    effective_annual_rate numeric(20,6) NOT NULL CHECK (effective_annual_rate >= 0),
    state                 text          NOT NULL CHECK (state IN
        ('offered', 'consented', 'active', 'completed', 'cancelled', 'expired')),
    offered_at            timestamptz   NOT NULL,
    expires_at            timestamptz   NOT NULL CHECK (expires_at > offered_at),
    consent_form          text,
    consent_evidence      text,
    consented_at          timestamptz,
    activated_at          timestamptz,
    basis_as_of           timestamptz,
    ended_at              timestamptz,
    -- A plan is in its account's currency, for as long as both exist.
    FOREIGN KEY (account_id, currency) REFERENCES account (id, currency),
    CHECK ((consent_form IS NULL) = (consented_at IS NULL)),
    CHECK (consent_evidence IS NULL OR consent_form IS NOT NULL),
    CHECK ((activated_at IS NULL) = (basis_as_of IS NULL)),
    -- Nobody is held to a plan he did not consent to.
    CHECK (state NOT IN ('consented', 'active', 'completed') OR consent_form IS NOT NULL),
    CHECK (state NOT IN ('active', 'completed') OR activated_at IS NOT NULL),
    CHECK ((ended_at IS NOT NULL) = (state IN ('completed', 'cancelled', 'expired')))
);
-- One live plan per account, however many ask at once.
CREATE UNIQUE INDEX plan_live_account ON plan (account_id)
    WHERE state IN ('offered', 'consented', 'active');
-- Lists are by when a plan was offered.
CREATE INDEX plan_offered ON plan (offered_at, id);
CREATE INDEX plan_lender ON plan (lender, offered_at, id);
CREATE INDEX plan_case ON plan (case_id);
CREATE INDEX plan_account ON plan (account);

-- The schedule as agreed never changes; what is paid of it only grows, and never beyond it.
CREATE TABLE instalment (
    plan_id              uuid    NOT NULL REFERENCES plan (id),
    no                   integer NOT NULL CHECK (no >= 1),
    due_on               date    NOT NULL,
    principal_minor      bigint  NOT NULL CHECK (principal_minor > 0),
    interest_minor       bigint  NOT NULL CHECK (interest_minor >= 0),
    balance_after_minor  bigint  NOT NULL CHECK (balance_after_minor >= 0),
    paid_principal_minor bigint  NOT NULL DEFAULT 0
        CHECK (paid_principal_minor BETWEEN 0 AND principal_minor),
    paid_interest_minor  bigint  NOT NULL DEFAULT 0
        CHECK (paid_interest_minor BETWEEN 0 AND interest_minor),
    PRIMARY KEY (plan_id, no),
    -- Interest before principal.
    CHECK (paid_principal_minor = 0 OR paid_interest_minor = interest_minor)
);

-- Who moved a plan from which state to which, when, and why. Never changed.
CREATE TABLE plan_history (
    id      uuid        PRIMARY KEY,
    plan_id uuid        NOT NULL REFERENCES plan (id),
    before  text,
    after   text        NOT NULL,
    at      timestamptz NOT NULL,
    by      text        NOT NULL,
    by_role text        NOT NULL,
    why     text
);
CREATE INDEX plan_history_plan ON plan_history (plan_id, id);
-- A plan is offered once.
CREATE UNIQUE INDEX plan_history_first ON plan_history (plan_id) WHERE before IS NULL;

-- What a lender reported as paid, once for each of its ids. Never changed.
CREATE TABLE payment (
    id                  uuid        PRIMARY KEY,
    lender              text        NOT NULL,
    external_id         text        NOT NULL,
    account_id          uuid        NOT NULL,
    account             text        NOT NULL,
    currency            text        NOT NULL,
    amount_minor        bigint      NOT NULL CHECK (amount_minor > 0),
    paid_at             timestamptz NOT NULL,
    method              text,
    recorded_at         timestamptz NOT NULL,
    recorded_by         text        NOT NULL,
    plan_id             uuid        REFERENCES plan (id),
    interest_minor      bigint      NOT NULL CHECK (interest_minor >= 0),
    principal_minor     bigint      NOT NULL CHECK (principal_minor >= 0),
    credit_minor        bigint      NOT NULL CHECK (credit_minor >= 0),
    balance_after_minor bigint      NOT NULL,
    UNIQUE (lender, external_id),
    FOREIGN KEY (account_id, currency) REFERENCES account (id, currency),
    -- Taken apart without losing or inventing a cent.
    CHECK (interest_minor + principal_minor + credit_minor = amount_minor),
    CHECK (plan_id IS NOT NULL OR credit_minor = amount_minor)
);
CREATE INDEX payment_account ON payment (account_id, paid_at);

-- Which instalments a payment paid. Never changed.
CREATE TABLE allocation (
    payment_id      uuid    NOT NULL REFERENCES payment (id),
    plan_id         uuid    NOT NULL,
    no              integer NOT NULL,
    interest_minor  bigint  NOT NULL CHECK (interest_minor >= 0),
    principal_minor bigint  NOT NULL CHECK (principal_minor >= 0),
    PRIMARY KEY (payment_id, plan_id, no),
    FOREIGN KEY (plan_id, no) REFERENCES instalment (plan_id, no),
    CHECK (interest_minor + principal_minor > 0)
);
CREATE INDEX allocation_instalment ON allocation (plan_id, no);

-- Evidence is corrected by new rows.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON statement
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON plan_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON allocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(PLUMBING_V1)
    op.execute(TABLES)
