"""Every event is written once and marked done once: half of the table's row versions are dead by design, so vacuum early."""

from django.db import migrations

SET = "ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000)"
RESET = "ALTER TABLE {table} RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)"


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [migrations.RunSQL(SET.format(table=table), RESET.format(table=table)) for table in ("events_outboxevent", "events_delivery")]
