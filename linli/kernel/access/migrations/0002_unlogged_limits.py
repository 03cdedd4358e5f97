from django.db import migrations


class Migration(migrations.Migration):
    """Limits are written on hot paths and may be lost in a crash: no write-ahead log for them."""

    dependencies = [("access", "0001_initial")]

    operations = [migrations.RunSQL("ALTER TABLE access_ratelimit SET UNLOGGED", "ALTER TABLE access_ratelimit SET LOGGED")]
