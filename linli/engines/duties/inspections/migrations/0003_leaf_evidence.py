"""A leaf may come with photos and a signature: which version they came with is not rewritten either."""

from django.db import migrations, models

STAY = """
CREATE OR REPLACE FUNCTION inspections_leaf_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'leaf % stays on record', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'leaf_stays';
    END IF;
    IF (NEW.kind, NEW.place, NEW.form, NEW.version, NEW.policy, NEW.writer, NEW.at, NEW.answers{new}) IS DISTINCT FROM
            (OLD.kind, OLD.place, OLD.form, OLD.version, OLD.policy, OLD.writer, OLD.at, OLD.answers{old})
            OR (NEW.current AND NOT OLD.current) OR (NEW.sealed IS NOT NULL AND NEW.sealed IS DISTINCT FROM OLD.sealed) THEN
        RAISE EXCEPTION 'leaf % was written and is not rewritten', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'leaf_stays';
    END IF;
    RETURN NEW;
END $$;
"""
WITH, WITHOUT = STAY.format(new=", NEW.evidence", old=", OLD.evidence"), STAY.format(new="", old="")
HELP = "the version that its photos and signature came with: itself, or the one that it confirms"


class Migration(migrations.Migration):
    dependencies = [("inspections", "0002_leaves_stay")]

    operations = [
        migrations.AddField("leaf", "evidence", models.UUIDField(help_text=HELP, null=True)),
        migrations.RunSQL(WITH, WITHOUT),
    ]
