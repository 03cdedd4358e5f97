"""A meeting that is called off stays as it was: nothing is written on it, and it is not called back. Held by the database itself."""

from django.db import migrations

FIXED = """
CREATE OR REPLACE FUNCTION meetings_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.kind, NEW.names, NEW.occurrence_id, NEW.area_id, NEW.confidentiality, NEW.chair_id, NEW.starts_at, NEW.held_at, NEW.closed_at,
            NEW.called_off_at, NEW.called_off_why, NEW.minutes, NEW.public_text) IS DISTINCT FROM (OLD.kind, OLD.names, OLD.occurrence_id, OLD.area_id,
            OLD.confidentiality, OLD.chair_id, OLD.starts_at, OLD.held_at, OLD.closed_at, OLD.called_off_at, OLD.called_off_why, OLD.minutes,
            OLD.public_text) THEN
        RAISE EXCEPTION 'meeting % is over', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'meeting_published';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER meeting_published ON meetings_meeting;
CREATE TRIGGER meeting_published BEFORE UPDATE OR DELETE ON meetings_meeting
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL OR OLD.called_off_at IS NOT NULL) EXECUTE FUNCTION meetings_published();

CREATE OR REPLACE FUNCTION meetings_part_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.meeting_id ELSE OLD.meeting_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM meetings_meeting m WHERE m.id = of AND (m.closed_at IS NOT NULL OR m.called_off_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'meeting % is over', of USING ERRCODE = 'check_violation', CONSTRAINT = 'meeting_published';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("meetings", "0003_called_off")]

    operations = [migrations.RunSQL(FIXED, migrations.RunSQL.noop)]
