"""What was dropped may be asked for again: a pause ended before it, or its subject is back. What is done or refused has ended for good."""

from django.db import migrations

HEAD = "IF OLD.state IN ('done', 'refused', 'dropped') AND NEW.state <> OLD.state THEN"
AGAIN = "IF OLD.state IN ('done', 'refused', 'dropped') AND NEW.state <> OLD.state AND NOT (OLD.state = 'dropped' AND NEW.state = 'open') THEN"


def _replaced(old: str, new: str) -> str:
    """The guard's own text (migration 0003) with one line changed."""
    return (
        "DO $do$ DECLARE guard text := pg_get_functiondef('duties_begun()'::regprocedure); BEGIN"
        f" IF position($a${old}$a$ in guard) = 0 THEN RAISE EXCEPTION 'the guard of begun duties is another one'; END IF;"
        f" EXECUTE replace(guard, $a${old}$a$, $b${new}$b$); END $do$"
    )


class Migration(migrations.Migration):
    dependencies = [("duties", "0006_days")]

    operations = [migrations.RunSQL(_replaced(HEAD, AGAIN), _replaced(AGAIN, HEAD))]
