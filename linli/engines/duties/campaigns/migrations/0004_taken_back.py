"""An attempt that was noted by mistake is taken back once, and stays on record: the database lets nothing else of it change."""

import linli.engines.duties.campaigns.rules.doors
from django.db import migrations, models


TAKEN_BACK = """
CREATE OR REPLACE FUNCTION campaigns_noted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said CONSTANT text[] := ARRAY['taken_back_at', 'taken_back_by', 'taken_back_key'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.taken_back_at IS NULL AND NEW.taken_back_at IS NOT NULL AND to_jsonb(NEW) - said = to_jsonb(OLD) - said THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'attempt % stays as it was noted', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_attempt_noted';
END $$;
"""
AS_NOTED = """
CREATE OR REPLACE FUNCTION campaigns_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attempt % stays as it was noted', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'campaign_attempt_noted';
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0003_helpers'),
    ]

    operations = [
        migrations.RunSQL(TAKEN_BACK, AS_NOTED),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='campaign_one_result',
        ),
        migrations.AddField(
            model_name='attempt',
            name='taken_back_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='attempt',
            name='taken_back_by',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='attempt',
            name='taken_back_key',
            field=models.TextField(blank=True, default='', help_text="the sender's own of it, where it came from a phone"),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome__in', [linli.engines.duties.campaigns.rules.doors.Outcome['DONE'], linli.engines.duties.campaigns.rules.doors.Outcome['LEAFLET'], linli.engines.duties.campaigns.rules.doors.Outcome['REFUSED']]), ('taken_back_at', None)), fields=('target',), name='campaign_one_result'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('taken_back_key', ''), _negated=True), fields=('taken_back_by', 'taken_back_key'), name='campaign_taken_back_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('taken_back_at', None), ('taken_back_by', ''), ('taken_back_key', '')), models.Q(('taken_back_at__isnull', False), models.Q(('taken_back_by', ''), _negated=True)), _connector='OR'), name='campaign_taken_back_whole'),
        ),
    ]
