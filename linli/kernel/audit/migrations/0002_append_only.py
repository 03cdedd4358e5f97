"""The database itself refuses to change or remove what the audit chain holds, for the owner as well."""

from django.db import migrations

TABLES = ("audit_auditlink", "audit_auditentry")

REFUSE = """
CREATE FUNCTION linli_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit chain is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Correct a mistake by a new entry.';
END $$;
"""

# ALWAYS: also in a session that replays replicated changes, which skips ordinary triggers.
GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION linli_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only;
"""

REVOKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'linli_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit_auditlink, audit_auditentry FROM linli_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION linli_refuse_change()"),
        *(migrations.RunSQL(GUARD.format(table=table), f"DROP TRIGGER append_only ON {table}") for table in TABLES),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
