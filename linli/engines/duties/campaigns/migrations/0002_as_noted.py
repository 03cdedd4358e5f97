"""Attempts stay as they were noted. Held by the database itself."""

from django.db import migrations

NOTED = """
CREATE FUNCTION campaigns_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % stays as it was noted', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_attempt_noted';
END $$;
CREATE TRIGGER campaign_attempt_noted BEFORE UPDATE OR DELETE ON campaigns_attempt FOR EACH ROW EXECUTE FUNCTION campaigns_noted();
"""
FREE = """
DROP TRIGGER campaign_attempt_noted ON campaigns_attempt;
DROP FUNCTION campaigns_noted();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [migrations.RunSQL(NOTED, FREE)]
