"""The root's desk is never empty: the database refuses, at commit, whatever would leave it so.

The desk is every post of the root post's area and level. From the first appointment to it on, the instants at which one
of its appointees is not absent must be one stretch without end. The check takes turns under an advisory lock, so that two
transactions, each of which sees the other's deputy still present, cannot both commit.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION organisation_root_desk() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT p.id FROM organisation_post root
    JOIN organisation_post p ON p.area_id = root.area_id AND p.level = root.level
    JOIN organisation_unit u ON u.id = p.unit_id
    WHERE root.is_root AND (p.id = root.id OR u.kind <> 'department')
$$;

CREATE FUNCTION organisation_root_is_held() RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH desk AS (
        SELECT a.person_id, a.starts_at, tstzmultirange(tstzrange(a.starts_at, a.ends_at)) AS span
        FROM organisation_appointment a WHERE a.post_id IN (SELECT organisation_root_desk())
    ), away AS (
        SELECT b.person_id, range_agg(tstzrange(b.starts_at, b.ends_at)) AS span
        FROM organisation_absence b WHERE b.person_id IN (SELECT person_id FROM desk) GROUP BY b.person_id
    )
    SELECT COALESCE(
        range_agg(desk.span - COALESCE(away.span, '{}'::tstzmultirange)) = tstzmultirange(tstzrange(min(desk.starts_at), NULL)),
        false)
    FROM desk LEFT JOIN away USING (person_id)
$$;

CREATE FUNCTION organisation_is_root_desk(wanted uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    root record;
BEGIN
    SELECT area_id, level INTO root FROM organisation_post WHERE is_root;
    RETURN EXISTS (SELECT 1 FROM organisation_post p WHERE p.id = wanted AND p.area_id = root.area_id AND p.level = root.level);
END $$;

CREATE FUNCTION organisation_keep_root() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched boolean;
BEGIN
    IF TG_TABLE_NAME = 'organisation_post' THEN
        touched := EXISTS (SELECT 1 FROM organisation_post WHERE is_root);
        IF TG_OP <> 'INSERT' AND OLD.is_root AND NOT touched THEN
            RAISE EXCEPTION 'the root post cannot be removed' USING ERRCODE = 'check_violation', CONSTRAINT = 'organisation_root_held';
        END IF;
    ELSIF TG_TABLE_NAME = 'organisation_appointment' THEN
        touched := organisation_is_root_desk(CASE WHEN TG_OP = 'DELETE' THEN OLD.post_id ELSE NEW.post_id END);
        IF TG_OP = 'UPDATE' AND OLD.post_id <> NEW.post_id THEN
            touched := touched OR organisation_is_root_desk(OLD.post_id);
        END IF;
    ELSE
        touched := EXISTS (
            SELECT 1 FROM organisation_appointment a
            WHERE a.person_id IN (CASE WHEN TG_OP = 'DELETE' THEN OLD.person_id ELSE NEW.person_id END,
                                  CASE WHEN TG_OP = 'INSERT' THEN NEW.person_id ELSE OLD.person_id END)
              AND organisation_is_root_desk(a.post_id));
    END IF;
    IF touched THEN
        PERFORM pg_advisory_xact_lock(7241003);
        IF NOT organisation_root_is_held() THEN
            RAISE EXCEPTION 'nobody would be present at the root desk' USING ERRCODE = 'check_violation', CONSTRAINT = 'organisation_root_held';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER organisation_keep_root AFTER INSERT OR UPDATE OR DELETE ON organisation_appointment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organisation_keep_root();
CREATE CONSTRAINT TRIGGER organisation_keep_root AFTER INSERT OR UPDATE OR DELETE ON organisation_absence
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organisation_keep_root();
CREATE CONSTRAINT TRIGGER organisation_keep_root AFTER INSERT ON organisation_post
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.is_root) EXECUTE FUNCTION organisation_keep_root();
CREATE CONSTRAINT TRIGGER organisation_keep_root_change AFTER UPDATE OF is_root, area_id, level, unit_id ON organisation_post
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION organisation_keep_root();
CREATE CONSTRAINT TRIGGER organisation_keep_root_removal AFTER DELETE ON organisation_post
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_root) EXECUTE FUNCTION organisation_keep_root();
"""

BACKWARD = """
DROP TRIGGER organisation_keep_root_removal ON organisation_post;
DROP TRIGGER organisation_keep_root_change ON organisation_post;
DROP TRIGGER organisation_keep_root ON organisation_post;
DROP TRIGGER organisation_keep_root ON organisation_absence;
DROP TRIGGER organisation_keep_root ON organisation_appointment;
DROP FUNCTION organisation_keep_root();
DROP FUNCTION organisation_is_root_desk(uuid);
DROP FUNCTION organisation_root_is_held();
DROP FUNCTION organisation_root_desk();
"""


class Migration(migrations.Migration):
    dependencies = [("organisation", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
