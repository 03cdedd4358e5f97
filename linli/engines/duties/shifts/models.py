"""Templates, shifts and who is in them; the database itself keeps one person from two shifts at once.

Of a person these tables hold which shifts they signed up for, so that a roster can be kept; when they came and went, so that they are
looked for and their hours are known; and that they did not come. After ``times_days`` (``services/presence.py``) of the times only the
minutes are left, and nobody stands any more in what was missed or behind its answer.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from linli.engines.duties.shifts.rules.presence import MARGIN_MOST, MissAnswer
from linli.engines.duties.shifts.rules.signing import Part
from linli.kernel.ids import new_id

_MARGIN = timedelta(minutes=MARGIN_MOST)


class _Span(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class ShiftTemplate(models.Model):
    """A shift that comes back every week on some days: staffing, skills, from which day until which."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    names = models.JSONField()
    weekdays = models.JSONField(help_text="0 Monday … 6 Sunday")
    begins = models.TimeField(help_text="where the community is")
    minutes = models.SmallIntegerField()
    least = models.SmallIntegerField()
    most = models.SmallIntegerField()
    skills = models.JSONField(default=dict, help_text="course → how many people who have passed it")
    first_on = models.DateField()
    last_on = models.DateField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(least__gte=0, most__gte=F("least"), minutes__range=(15, 1440)) & Q(most__gte=1), name="shift_template_counts"),
            models.CheckConstraint(condition=Q(last_on=None) | Q(last_on__gte=F("first_on")), name="shift_template_forward"),
        ]


class Shift(models.Model):
    """One shift on one day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    template = models.ForeignKey(ShiftTemplate, on_delete=models.PROTECT, related_name="shifts")
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    least = models.SmallIntegerField()
    most = models.SmallIntegerField()
    skills = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()
    called_off_at = models.DateTimeField(null=True)
    begun = models.BooleanField(default=False, help_text="that it began has been seen, and what goes by it laid out")
    looked = models.BooleanField(default=False, help_text="who had not come by the grace has been noted")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "starts_at"], name="shift_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at"), most__gte=F("least"), least__gte=0), name="shift_counts"),
        ]
        indexes = [
            models.Index(fields=["team", "starts_at"], name="shift_roster"),
            models.Index(fields=["starts_at"], condition=Q(begun=False, called_off_at=None), name="shift_to_begin"),
            models.Index(fields=["starts_at"], condition=Q(looked=False, called_off_at=None), name="shift_to_look"),
        ]


class ShiftPart(models.Model):
    """Somebody's part in a shift. The span is the shift's own, so that nobody stands in two places at once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="parts")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, help_text="offered to colleagues for a swap")
    arrived_at = models.DateTimeField(null=True, help_text="when they came")
    left_at = models.DateTimeField(null=True, help_text="when they went; none: with the shift's end")
    minutes = models.SmallIntegerField(null=True, help_text="how long they were there, once the times are forgotten")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[part.value for part in Part]) & Q(ends_at__gt=F("starts_at")), name="shift_part_state"),
            models.CheckConstraint(condition=Q(offered_at=None) | Q(state=Part.SIGNED.value), name="shift_part_offered"),
            models.CheckConstraint(condition=Q(arrived_at=None, minutes=None) | Q(state=Part.SIGNED.value), name="shift_part_there_is_in"),
            models.CheckConstraint(
                condition=Q(arrived_at=None) | Q(arrived_at__gte=F("starts_at") - _MARGIN, arrived_at__lt=F("ends_at"), minutes=None), name="shift_part_arrives"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None)
                | Q(arrived_at__isnull=False, left_at__gte=F("arrived_at"), left_at__lte=F("ends_at") + _MARGIN) & Q(left_at__gte=F("starts_at")),
                name="shift_part_leaves",
            ),
            models.CheckConstraint(condition=Q(minutes=None) | Q(minutes__gte=0), name="shift_part_minutes"),
            models.UniqueConstraint(fields=["shift", "person"], condition=Q(state__in=[Part.SIGNED.value, Part.WAITING.value]), name="shift_part_once"),
            ExclusionConstraint(
                name="shift_part_one_place",
                expressions=[(_Span(F("starts_at"), F("ends_at")), RangeOperators.OVERLAPS), (F("person"), RangeOperators.EQUAL)],
                condition=Q(state=Part.SIGNED.value),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "starts_at"], name="shift_part_own"),
            models.Index(fields=["ends_at"], condition=Q(state=Part.SIGNED.value, minutes=None), name="shift_part_times"),
        ]


class ShiftMiss(models.Model):
    """Somebody who had signed up was not there by the grace. It stays on record; after a time nobody is in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="misses")
    part = models.OneToOneField(ShiftPart, null=True, on_delete=models.PROTECT, related_name="miss")
    state = models.TextField(default=MissAnswer.OPEN.value)
    note = models.TextField(default="", blank=True)
    answered_by = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    answered_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True, help_text="late news: they had come in time")
    at = models.DateTimeField(help_text="from when on they were missing")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=MissAnswer.OPEN.value, answered_at=None)
                | Q(state__in=[MissAnswer.CAME.value, MissAnswer.EXCUSED.value], answered_at__isnull=False) & (Q(part=None) | ~Q(note="")),
                name="shift_miss_answer",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="shift_miss_story")]


class CalendarFeed(models.Model):
    """The private address of somebody's calendar; only a digest is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.OneToOneField("people.Person", on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(unique=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
