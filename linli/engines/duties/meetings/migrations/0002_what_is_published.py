"""Published minutes stay as they were published; an addendum stands beside them. Held by the database itself."""

from django.db import migrations

FIXED = """
CREATE FUNCTION meetings_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.kind, NEW.names, NEW.occurrence_id, NEW.area_id, NEW.confidentiality, NEW.chair_id, NEW.starts_at, NEW.held_at, NEW.closed_at,
            NEW.minutes, NEW.public_text) IS DISTINCT FROM (OLD.kind, OLD.names, OLD.occurrence_id, OLD.area_id, OLD.confidentiality, OLD.chair_id,
            OLD.starts_at, OLD.held_at, OLD.closed_at, OLD.minutes, OLD.public_text) THEN
        RAISE EXCEPTION 'the minutes of meeting % are published', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'meeting_published';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meeting_published BEFORE UPDATE OR DELETE ON meetings_meeting FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION meetings_published();

CREATE FUNCTION meetings_part_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE of uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.meeting_id ELSE OLD.meeting_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM meetings_meeting m WHERE m.id = of AND m.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the minutes of meeting % are published', of USING ERRCODE = 'check_violation', CONSTRAINT = 'meeting_published';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER meeting_item_published BEFORE INSERT OR UPDATE OR DELETE ON meetings_item FOR EACH ROW EXECUTE FUNCTION meetings_part_published();
CREATE TRIGGER meeting_seat_published BEFORE INSERT OR UPDATE OR DELETE ON meetings_seatrow FOR EACH ROW EXECUTE FUNCTION meetings_part_published();
CREATE TRIGGER meeting_action_published BEFORE INSERT OR DELETE ON meetings_action FOR EACH ROW EXECUTE FUNCTION meetings_part_published();
CREATE TRIGGER meeting_action_fixed BEFORE UPDATE OF what, owner_id, due_on, becomes, item_id, meeting_id ON meetings_action
    FOR EACH ROW EXECUTE FUNCTION meetings_part_published();

CREATE FUNCTION meetings_addendum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR NOT EXISTS (SELECT 1 FROM meetings_meeting m WHERE m.id = NEW.meeting_id AND m.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'an addendum stands beside published minutes, and stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'meeting_addendum';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER meeting_addendum BEFORE INSERT OR UPDATE OR DELETE ON meetings_addendum FOR EACH ROW EXECUTE FUNCTION meetings_addendum();
"""
LOOSE = """
DROP TRIGGER meeting_addendum ON meetings_addendum;
DROP FUNCTION meetings_addendum();
DROP TRIGGER meeting_action_fixed ON meetings_action;
DROP TRIGGER meeting_action_published ON meetings_action;
DROP TRIGGER meeting_seat_published ON meetings_seatrow;
DROP TRIGGER meeting_item_published ON meetings_item;
DROP FUNCTION meetings_part_published();
DROP TRIGGER meeting_published ON meetings_meeting;
DROP FUNCTION meetings_published();
"""


class Migration(migrations.Migration):
    dependencies = [("meetings", "0001_initial")]

    operations = [migrations.RunSQL(FIXED, LOOSE)]
