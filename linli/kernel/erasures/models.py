"""What was erased on purpose, so that a restored backup does not bring it back (DECIDED 16). Ids only: they name nobody any more."""

from django.db import models


class Erasure(models.Model):
    """One thing erased: what kind of thing, which one, and when."""

    kind = models.TextField(help_text="room.what, e.g. people.person")
    subject = models.UUIDField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="erasure_once")]
