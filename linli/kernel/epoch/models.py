"""The configuration's version number."""

from django.db import models


class ConfigEpoch(models.Model):
    """Counts changes to what caches hold (territory, posts, playbooks, clock); one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    value = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="epoch_single_row")]
