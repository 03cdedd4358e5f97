"""The database itself refuses to change or remove a reading that was written down, for the owner as well."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION linli_keep_readings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log of readings is append-only: % is refused.', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care_careread FOR EACH STATEMENT EXECUTE FUNCTION linli_keep_readings();
ALTER TABLE care_careread ENABLE ALWAYS TRIGGER append_only;
"""
ALLOW = """
DROP TRIGGER append_only ON care_careread;
DROP FUNCTION linli_keep_readings();
"""


class Migration(migrations.Migration):
    dependencies = [("care", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
