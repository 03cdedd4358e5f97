"""Invariants that span rows or time, held by the database itself."""

from django.db import migrations

# What has begun is never rewritten; only what has not begun may go.
BEGUN = """
CREATE FUNCTION duties_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'planned' THEN
            RAISE EXCEPTION 'duty % has begun and stays on record', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_stays';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> 'planned' AND (NEW.state = 'planned' OR (NEW.subject_id, NEW.rule, NEW.slot, NEW.policy, NEW.opens_at, NEW.due_at, NEW.first_post_id)
            IS DISTINCT FROM (OLD.subject_id, OLD.rule, OLD.slot, OLD.policy, OLD.opens_at, OLD.due_at, OLD.first_post_id)) THEN
        RAISE EXCEPTION 'duty % has begun and cannot be rewritten', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_begun';
    END IF;
    IF OLD.missed_at IS NOT NULL AND NEW.missed_at IS NULL AND coalesce(NEW.done_at, NEW.refused_at) > NEW.due_at IS NOT FALSE THEN
        RAISE EXCEPTION 'that duty % was missed stays on record', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_miss_stays';
    END IF;
    IF OLD.state IN ('done', 'refused', 'dropped') AND NEW.state <> OLD.state THEN
        RAISE EXCEPTION 'duty % has ended', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_ended';
    END IF;
    IF NEW.version < OLD.version OR (NEW.version = OLD.version AND OLD.state <> 'planned'
            AND (NEW.state, NEW.level, NEW.post_id, NEW.missed_at, NEW.excused_at) IS DISTINCT FROM (OLD.state, OLD.level, OLD.post_id, OLD.missed_at, OLD.excused_at)) THEN
        RAISE EXCEPTION 'duty % would change behind its version', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_version';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER occurrence_begun BEFORE UPDATE ON duties_occurrence FOR EACH ROW EXECUTE FUNCTION duties_begun();
CREATE TRIGGER occurrence_stays BEFORE DELETE ON duties_occurrence FOR EACH ROW WHEN (OLD.state <> 'planned') EXECUTE FUNCTION duties_begun();
"""
NO_BEGUN = """
DROP TRIGGER occurrence_stays ON duties_occurrence;
DROP TRIGGER occurrence_begun ON duties_occurrence;
DROP FUNCTION duties_begun();
"""

# Nothing is done or refused without somebody's word for it; checked when the transaction commits.
SHOWN = """
CREATE FUNCTION duties_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM duties_checkinrecord c WHERE c.occurrence_id = NEW.id AND c.verb = CASE NEW.state WHEN 'done' THEN 'finish' ELSE 'refuse' END
            AND c.at = coalesce(NEW.done_at, NEW.refused_at)) THEN
        RAISE EXCEPTION 'duty % is said to be % and no check-in says so', NEW.id, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'occurrence_shown';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER occurrence_shown AFTER INSERT OR UPDATE OF state ON duties_occurrence DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state IN ('done', 'refused')) EXECUTE FUNCTION duties_shown();
"""
NO_SHOWN = """
DROP TRIGGER occurrence_shown ON duties_occurrence;
DROP FUNCTION duties_shown();
"""


class Migration(migrations.Migration):
    dependencies = [("duties", "0002_occurrences")]

    operations = [
        migrations.RunSQL(BEGUN, NO_BEGUN),
        migrations.RunSQL(SHOWN, NO_SHOWN),
    ]
