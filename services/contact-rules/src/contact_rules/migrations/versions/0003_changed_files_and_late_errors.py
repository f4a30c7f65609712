"""Changed packs on disk have planned visits asked again; what has ended may turn out an error."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE rule_change DROP CONSTRAINT rule_change_cause_check;
ALTER TABLE rule_change ALTER COLUMN version_id DROP NOT NULL;
ALTER TABLE rule_change ADD COLUMN files text;      -- the digest of the packs on disk
ALTER TABLE rule_change ADD CONSTRAINT rule_change_cause_check CHECK (cause IN
    ('scheduled', 'activated', 'ended', 'withdrawn', 'files'));
ALTER TABLE rule_change ADD CONSTRAINT rule_change_of_a_version_or_of_files CHECK (
    (version_id IS NULL) = (cause = 'files') AND (files IS NOT NULL) = (cause = 'files'));
CREATE INDEX rule_change_of_files ON rule_change (begun_at, id) WHERE files IS NOT NULL;

-- A fact ends once, and once more if it turns out later that it never was so.
DROP INDEX known_fact_end_once;
CREATE UNIQUE INDEX known_fact_end_once ON known_fact_end (fact_id, in_error)
    WHERE fact_id IS NOT NULL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)


def downgrade() -> None:
    raise NotImplementedError("restore the dump taken before the upgrade")
