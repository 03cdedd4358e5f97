"""Invariants that span rows, held by the database itself, checked when a transaction commits."""

from django.db import migrations

# Invariant B: an ended matter has no reporter who was not told; merged matters have handed theirs over.
ANSWERED = """
CREATE FUNCTION matters_answered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target uuid;
BEGIN
    IF TG_TABLE_NAME = 'matters_report' THEN target := NEW.matter_id; ELSE target := NEW.id; END IF;
    IF EXISTS (
        SELECT 1 FROM matters_matter m JOIN matters_report r ON r.matter_id = m.id
        WHERE m.id = target AND m.closed_at IS NOT NULL AND (r.answered_at IS NULL OR m.state = 'merged')
    ) THEN
        RAISE EXCEPTION 'matter % has ended and a reporter of it was not told', target USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_answered';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER matter_answered AFTER UPDATE OF state ON matters_matter DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.closed_at IS NOT NULL) EXECUTE FUNCTION matters_answered();
CREATE CONSTRAINT TRIGGER report_answered AFTER INSERT OR UPDATE OF matter_id, answered_at ON matters_report DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.answered_at IS NULL OR NEW.matter_id <> NEW.first_matter) EXECUTE FUNCTION matters_answered();
"""
NO_ANSWERED = """
DROP TRIGGER report_answered ON matters_report;
DROP TRIGGER matter_answered ON matters_matter;
DROP FUNCTION matters_answered();
"""

# The promise of a class may change only with the class (a correction); a matter's beginning never changes.
PROMISE = """
CREATE FUNCTION matters_promise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reported_at <> OLD.reported_at OR NEW.policy <> OLD.policy OR NEW.code <> OLD.code THEN
        RAISE EXCEPTION 'the beginning of matter % cannot be changed', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_beginning';
    END IF;
    IF NEW.due_at <> OLD.due_at AND NEW.class_code = OLD.class_code AND NEW.condition = OLD.condition THEN
        RAISE EXCEPTION 'the promise of matter % is never reset', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_promise';
    END IF;
    IF NEW.version < OLD.version OR (NEW.version = OLD.version AND (NEW.state, NEW.level, NEW.accountable_post_id, NEW.level_due_at)
            IS DISTINCT FROM (OLD.state, OLD.level, OLD.accountable_post_id, OLD.level_due_at)) THEN
        RAISE EXCEPTION 'matter % would change behind its version', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_version';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_promise BEFORE UPDATE ON matters_matter FOR EACH ROW EXECUTE FUNCTION matters_promise();
"""
NO_PROMISE = """
DROP TRIGGER matter_promise ON matters_matter;
DROP FUNCTION matters_promise();
"""


class Migration(migrations.Migration):
    dependencies = [("matters", "0001_initial")]

    operations = [
        migrations.RunSQL(ANSWERED, NO_ANSWERED),
        migrations.RunSQL(PROMISE, NO_PROMISE),
    ]
