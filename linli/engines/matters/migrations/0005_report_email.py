"""Own reports are found by the address that they left."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matters", "0004_released")]

    operations = [
        migrations.AddIndex(
            "report", models.Index(fields=["email_fingerprint"], condition=models.Q(email_fingerprint__isnull=False), name="report_email")
        ),
    ]
