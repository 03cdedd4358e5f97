"""What has not begun may be moved: the guard of what has is asked for begun duties only."""

from django.db import migrations

BEGUN_ONLY = """
DROP TRIGGER occurrence_begun ON duties_occurrence;
CREATE TRIGGER occurrence_begun BEFORE UPDATE ON duties_occurrence FOR EACH ROW WHEN (OLD.state <> 'planned') EXECUTE FUNCTION duties_begun();
"""
ALWAYS = """
DROP TRIGGER occurrence_begun ON duties_occurrence;
CREATE TRIGGER occurrence_begun BEFORE UPDATE ON duties_occurrence FOR EACH ROW EXECUTE FUNCTION duties_begun();
"""


class Migration(migrations.Migration):
    dependencies = [("duties", "0003_what_has_happened")]

    operations = [migrations.RunSQL(BEGUN_ONLY, ALWAYS)]
