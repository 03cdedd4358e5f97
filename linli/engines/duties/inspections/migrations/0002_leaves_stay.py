"""A leaf that was written stays as it is: only its being the current one, whom to reach, and its area's path may go."""

from django.db import migrations

STAY = """
CREATE FUNCTION inspections_leaf_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'leaf % stays on record', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'leaf_stays';
    END IF;
    IF (NEW.kind, NEW.place, NEW.form, NEW.version, NEW.policy, NEW.writer, NEW.at, NEW.answers) IS DISTINCT FROM
            (OLD.kind, OLD.place, OLD.form, OLD.version, OLD.policy, OLD.writer, OLD.at, OLD.answers)
            OR (NEW.current AND NOT OLD.current) OR (NEW.sealed IS NOT NULL AND NEW.sealed IS DISTINCT FROM OLD.sealed) THEN
        RAISE EXCEPTION 'leaf % was written and is not rewritten', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'leaf_stays';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER leaf_stays BEFORE UPDATE OR DELETE ON inspections_leaf FOR EACH ROW EXECUTE FUNCTION inspections_leaf_stays();
"""
GO = """
DROP TRIGGER leaf_stays ON inspections_leaf;
DROP FUNCTION inspections_leaf_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("inspections", "0001_initial")]

    operations = [migrations.RunSQL(STAY, GO)]
