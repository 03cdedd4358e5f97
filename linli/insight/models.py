"""Roll-ups: figures counted beforehand, so that a dashboard reads hundreds of rows and not a million."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Rollup(models.Model):
    """Counts of the matters reported on a day in an area (and below), of a class, at a level.

    There are rows for all classes together (``class_code`` empty) of every area, and for each class of every area but the
    lowest ones. They are only ever replaced by a new count of the whole day from the facts, so they cannot drift.
    """

    day = models.DateField(help_text="of the report, in the playbook's time zone")
    area_path = models.TextField()
    class_code = models.TextField(help_text="empty: all classes")
    level = models.SmallIntegerField(help_text="that closed it, or that has it")
    reported = models.IntegerField()
    open = models.IntegerField()
    closed = models.IntegerField()
    refused = models.IntegerField()
    merged = models.IntegerField()
    unplaced = models.IntegerField()
    funnel = models.IntegerField(help_text="closed ones that have a place")
    on_time = models.IntegerField(help_text="closed by their promise")
    responded = models.IntegerField()
    response_late = models.IntegerField()
    filed = models.IntegerField()
    filed_late = models.IntegerField()
    dispatched = models.IntegerField()
    dispatched_late = models.IntegerField()
    handled = models.IntegerField()
    handled_late = models.IntegerField()
    reopened = models.IntegerField()
    returned = models.IntegerField()
    extended = models.IntegerField()
    reporters = models.IntegerField()
    rated = models.IntegerField()
    solved = models.IntegerField()
    satisfied = models.IntegerField()
    seconds = models.BigIntegerField(help_text="from report to closing, of the closed ones together")
    open_due = ArrayField(models.DateTimeField(), default=list, help_text="promises of the open ones: how many are overdue depends on when it is asked")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area_path", "class_code", "day", "level"], name="rollup_once")]
        indexes = [models.Index(fields=["day"], name="rollup_day")]


class DirtyDay(models.Model):
    """A day whose counts something has changed since. Many rows may name one day: a mark is never lost to another's removal."""

    day = models.DateField()
