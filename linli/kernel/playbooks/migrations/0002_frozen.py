"""A version is frozen once applied: the database refuses to change or remove it, for the owner as well (DECIDED 12)."""

from django.db import migrations

GUARD = [
    """
    CREATE FUNCTION linli_refuse_playbook_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'A playbook version is frozen once applied: % is refused.', TG_OP
            USING ERRCODE = 'restrict_violation', HINT = 'Apply a new version.';
    END $$
    """,
    """
    CREATE TRIGGER frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON playbooks_playbookversion
        FOR EACH STATEMENT EXECUTE FUNCTION linli_refuse_playbook_change()
    """,
    "ALTER TABLE playbooks_playbookversion ENABLE ALWAYS TRIGGER frozen",
]
UNGUARD = ["DROP TRIGGER frozen ON playbooks_playbookversion", "DROP FUNCTION linli_refuse_playbook_change()"]


class Migration(migrations.Migration):
    dependencies = [("playbooks", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
