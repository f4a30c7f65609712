"""Imports: files of accounts, the rows that wait, and the rows that were refused."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
-- One file of accounts that a lender sent. ("import" is a word of SQL.)
CREATE TABLE account_import (
    id          uuid        PRIMARY KEY,
    lender      text        NOT NULL,
    sent_by     text        NOT NULL,
    status      text        NOT NULL CHECK (status IN ('receiving', 'running', 'done', 'failed')),
    dry_run     boolean     NOT NULL,
    received    integer     NOT NULL DEFAULT 0 CHECK (received >= 0),
    created     integer     NOT NULL DEFAULT 0 CHECK (created >= 0),
    updated     integer     NOT NULL DEFAULT 0 CHECK (updated >= 0),
    unchanged   integer     NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    stale       integer     NOT NULL DEFAULT 0 CHECK (stale >= 0),
    rejected    integer     NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    processed   integer     GENERATED ALWAYS AS
                            (created + updated + unchanged + stale + rejected) STORED,
    failure     jsonb,  -- {"pointer", "code", "en", "zh"}
    created_at  timestamptz NOT NULL,
    -- While receiving: the last sign of the sender. While running: when it last had its turn.
    touched_at  timestamptz NOT NULL,
    finished_at timestamptz,
    -- Nothing is lost: a file is done when every row of it has come to something.
    CHECK (created + updated + unchanged + stale + rejected <= received),
    CHECK (status <> 'done' OR created + updated + unchanged + stale + rejected = received),
    CHECK ((status = 'failed') = (failure IS NOT NULL)),
    CHECK ((status IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX account_import_of_lender ON account_import (lender, id);
CREATE INDEX account_import_unfinished ON account_import (touched_at, id)
    WHERE status IN ('receiving', 'running');

-- Rows that wait to be worked off, some hundreds together: one JSON text a line of ``rows``, the
-- place of each in the file in ``lines``. Gone when they are done.
CREATE TABLE account_import_batch (
    import_id uuid      NOT NULL REFERENCES account_import ON DELETE CASCADE,
    number    integer   NOT NULL,
    lines     integer[] NOT NULL,
    rows      bytea     NOT NULL,
    PRIMARY KEY (import_id, number)
);
-- It is read once and soon: compressing it costs more than it saves.
ALTER TABLE account_import_batch ALTER COLUMN rows SET STORAGE EXTERNAL;

-- Why a row was refused: [{"pointer", "code", "en", "zh"}].
CREATE TABLE account_import_error (
    import_id   uuid    NOT NULL REFERENCES account_import ON DELETE CASCADE,
    line        integer NOT NULL,
    external_id text,
    faults      jsonb   NOT NULL,
    PRIMARY KEY (import_id, line)
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE account_import_error, account_import_batch, account_import")
