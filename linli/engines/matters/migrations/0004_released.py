"""Whistles that end with their matter; figures and lists by class."""

from django.db import migrations, models
from django.db.models import Q

RELEASE = """
UPDATE matters_whistle w SET released_at = greatest(m.closed_at, w.called_at) FROM matters_matter m
WHERE m.id = w.matter_id AND m.closed_at IS NOT NULL AND w.reported_in_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("matters", "0003_facts")]

    operations = [
        migrations.AddField("whistle", "released_at", models.DateTimeField(null=True, help_text="when the matter ended before the department came")),
        migrations.RunSQL(RELEASE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("whistle", "whistle_open_once"),
        migrations.RemoveIndex("whistle", "whistle_open"),
        migrations.AddConstraint(
            "whistle", models.UniqueConstraint(fields=["matter", "unit"], condition=Q(reported_in_at=None, released_at=None), name="whistle_open_once")
        ),
        migrations.AddConstraint("whistle", models.CheckConstraint(condition=Q(reported_in_at=None) | Q(released_at=None), name="whistle_one_end")),
        migrations.AddIndex("whistle", models.Index(fields=["due_at"], condition=Q(reported_in_at=None, released_at=None), name="whistle_open")),
        migrations.AddIndex("matter", models.Index(fields=["class_code", "reported_at"], name="matter_class")),
    ]
