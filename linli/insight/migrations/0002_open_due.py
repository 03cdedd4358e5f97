"""Open promises beside the counts; what is counted already is counted anew."""

import django.contrib.postgres.fields
from django.db import migrations, models

RECOUNT = "INSERT INTO insight_dirtyday (day) SELECT DISTINCT day FROM insight_rollup"


class Migration(migrations.Migration):
    dependencies = [("insight", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="rollup",
            name="open_due",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateTimeField(),
                default=list,
                help_text="promises of the open ones: how many are overdue depends on when it is asked",
                size=None,
            ),
        ),
        migrations.RunSQL(RECOUNT, migrations.RunSQL.noop),
    ]
