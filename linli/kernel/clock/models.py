"""The clock's one setting."""

from datetime import timedelta

from django.db import models


class ClockSetting(models.Model):
    """How far the program's clock stands from the machine's; one row. Zero in real use; the demo and journeys move it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    offset = models.DurationField(default=timedelta(0))

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="clock_single_row")]
