"""Routes and checkpoints, beats (a route in a shift), rounds, check-ins, missed slots, and the clock of whoever is out alone.

Of a person these tables hold who walked which round and when, who was waited for, and who answered a miss: to reach them and to ask
them. After ``walkers_days`` (``services/misses.py``) the rows stay and nobody is in them.
Where somebody was is in none of them: a check-in keeps whether the phone was near its checkpoint, never the phone's position.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from linli.engines.duties.patrols.rules.answers import NOTED, Answer
from linli.engines.duties.patrols.rules.codes import Shown
from linli.kernel.ids import new_id


class _Span(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class Route(models.Model):
    """A way that a team walks, by its checkpoints."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    names = models.JSONField()
    template = models.ForeignKey(
        "shifts.ShiftTemplate", null=True, on_delete=models.PROTECT, related_name="+", help_text="the weekly shift that walks it; none: every shift"
    )
    minutes = models.SmallIntegerField(null=True, help_text="interval of its slots; none: the playbook's")
    closed = models.BooleanField(default=False, help_text="it ends where it begins")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(minutes=None) | Q(minutes__range=(10, 1440)), name="patrol_route_interval")]
        indexes = [models.Index(fields=["area_path"], name="patrol_route_area", opclasses=["text_pattern_ops"])]


class Checkpoint(models.Model):
    """A place on a route, in its order, and how it shows itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="checkpoints")
    place = models.SmallIntegerField()
    names = models.JSONField()
    lon = models.FloatField()
    lat = models.FloatField()
    radius = models.SmallIntegerField(help_text="metres around it in which a phone is there")
    shown = models.TextField()
    tag = models.BinaryField(null=True, unique=True, help_text="fingerprint of its tag's number; the number itself is not kept")
    display = models.BinaryField(null=True, unique=True, help_text="digest of the private address that a display opens")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "place"], condition=Q(retired_at=None), name="checkpoint_place"),
            models.CheckConstraint(condition=Q(shown__in=[shown.value for shown in Shown]) & Q(radius__range=(10, 2000)), name="checkpoint_shown"),
            models.CheckConstraint(condition=Q(lon__range=(-180, 180), lat__range=(-90, 90)), name="checkpoint_point"),
            models.CheckConstraint(condition=Q(tag=None) | Q(shown=Shown.TAG.value), name="checkpoint_tag"),
            models.CheckConstraint(condition=Q(display=None) | Q(shown=Shown.DISPLAY.value), name="checkpoint_display"),
        ]


class Beat(models.Model):
    """A route in one shift (or one patrol duty), with the interval that it began with: what its slots are counted by."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="beats")
    shift = models.ForeignKey("shifts.Shift", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    duty = models.ForeignKey("duties.Occurrence", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    minutes = models.IntegerField()
    grace_minutes = models.SmallIntegerField()
    slots = models.SmallIntegerField()
    judged = models.SmallIntegerField(default=0, help_text="slots of which it is known whether they were walked")
    wake_at = models.DateTimeField(null=True, help_text="when the next slot is judged; a duty's miss is the duty's own")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shift", "route"], name="beat_of_shift"),
            models.UniqueConstraint(fields=["duty", "route"], name="beat_of_duty"),
            models.CheckConstraint(condition=Q(shift=None, duty__isnull=False) | Q(shift__isnull=False, duty=None), name="beat_of_one"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at"), minutes__gte=1, grace_minutes__gte=0, slots__gte=1), name="beat_span"),
            models.CheckConstraint(condition=Q(judged__gte=0, judged__lte=F("slots")), name="beat_judged"),
            models.CheckConstraint(
                condition=Q(wake_at__isnull=False, shift__isnull=False, judged__lt=F("slots"))
                | Q(wake_at=None, judged=F("slots"))
                | Q(wake_at=None, shift=None),
                name="beat_wakes",
            ),
        ]
        indexes = [models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="beat_wake")]


class Round(models.Model):
    """One walk of a route by one volunteer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    beat = models.ForeignKey(Beat, on_delete=models.PROTECT, related_name="rounds")
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    key = models.TextField(unique=True, help_text="sent twice it is one round")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")), name="round_forward"),
            models.CheckConstraint(condition=Q(person__isnull=False) | Q(finished_at__isnull=False), name="round_running_has_walker"),
            ExclusionConstraint(
                name="round_one_at_a_time",
                expressions=[(_Span(F("started_at"), F("finished_at")), RangeOperators.OVERLAPS), (F("person"), RangeOperators.EQUAL)],
            ),
        ]
        indexes = [models.Index(fields=["started_at"], name="round_story"), models.Index(fields=["beat"], condition=Q(finished_at=None), name="round_running")]


class CheckIn(models.Model):
    """A checkpoint that was met in a slot: once, whoever walks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="checkins")
    beat = models.ForeignKey(Beat, on_delete=models.PROTECT, related_name="checkins", db_index=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.SmallIntegerField()
    shown = models.TextField(help_text="how the checkpoint showed itself then")
    near = models.BooleanField(null=True, help_text="the phone was near the checkpoint; none: it did not say; where it was is not kept")
    reading = models.IntegerField(null=True, help_text="a tag's own count of readings: each counts once")
    key = models.TextField(unique=True, help_text="sent twice it is one check-in")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["beat", "slot", "checkpoint"], name="patrol_checkin_once_a_slot"),
            models.UniqueConstraint(fields=["checkpoint", "reading"], name="patrol_checkin_reading_once"),
            models.CheckConstraint(condition=Q(slot__gte=0) & Q(shown__in=[shown.value for shown in Shown]), name="patrol_checkin_shown"),
            models.CheckConstraint(condition=Q(near=None) | Q(near=True), name="patrol_checkin_never_elsewhere"),
        ]
        indexes = [models.Index(fields=["checkpoint", "at"], name="patrol_checkin_story")]


class Miss(models.Model):
    """A slot that went by without its whole route. It stays on record, whatever is said to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    beat = models.ForeignKey(Beat, on_delete=models.PROTECT, related_name="misses", db_index=False)
    slot = models.SmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reached = models.SmallIntegerField()
    of = models.SmallIntegerField()
    staffed = models.SmallIntegerField(help_text="how many stood in the shift")
    state = models.TextField(default=Answer.OPEN.value)
    note = models.TextField(default="", blank=True)
    answered_by = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    answered_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True, help_text="late news: it had been walked in time")
    at = models.DateTimeField(help_text="when it was known")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["beat", "slot"], name="miss_once"),
            models.CheckConstraint(condition=Q(of__gte=1, reached__gte=0, reached__lte=F("of"), slot__gte=0, ends_at__gt=F("starts_at")), name="miss_counts"),
            models.CheckConstraint(
                condition=Q(reached__lt=F("of"), cleared_at=None) | Q(reached=F("of"), cleared_at__isnull=False), name="miss_cleared_when_walked"
            ),
            models.CheckConstraint(
                condition=Q(state=Answer.OPEN.value, answered_at=None)
                | Q(state=Answer.ACKNOWLEDGED.value, answered_at__isnull=False)
                | (Q(state__in=[answer.value for answer in NOTED], answered_at__isnull=False) & ~Q(note="")),
                name="miss_answer",
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="miss_story")]


class LoneWatch(models.Model):
    """Somebody is out alone and gives a sign at least every so many minutes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    round = models.ForeignKey(Round, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="it ends with this round")
    minutes = models.SmallIntegerField()
    starts_at = models.DateTimeField()
    well_by = models.DateTimeField(null=True, help_text="until when the next sign is expected")
    ended_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(ended_at=None), name="lone_watch_once"),
            models.CheckConstraint(condition=Q(minutes__range=(5, 240)), name="lone_watch_minutes"),
            models.CheckConstraint(
                condition=Q(ended_at=None, well_by__isnull=False, person__isnull=False) | Q(ended_at__isnull=False, ended_at__gte=F("starts_at"), well_by=None),
                name="lone_watch_clock",
            ),
        ]
        indexes = [models.Index(fields=["well_by"], condition=Q(well_by__isnull=False), name="lone_watch_due")]


class LoneAlarm(models.Model):
    """A sign did not come: who was told, level by level, until somebody closed it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    watch = models.ForeignKey(LoneWatch, on_delete=models.PROTECT, related_name="alarms", db_index=False)
    told = models.SmallIntegerField(help_text="levels told so far")
    tell_at = models.DateTimeField(null=True, help_text="when the next level is told")
    at = models.DateTimeField(help_text="when the sign had been expected")
    closed_at = models.DateTimeField(null=True)
    by_volunteer = models.BooleanField(default=False, help_text="closed by a sign of the volunteer")
    closed_by = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    note = models.TextField(default="", blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["watch"], condition=Q(closed_at=None), name="lone_alarm_once"),
            models.CheckConstraint(condition=Q(told__gte=1) & (Q(closed_at=None) | Q(tell_at=None)), name="lone_alarm_told"),
            models.CheckConstraint(
                condition=Q(closed_at=None, by_volunteer=False)
                | Q(closed_at__isnull=False, closed_at__gte=F("at"), by_volunteer=True)
                | (Q(closed_at__isnull=False, closed_at__gte=F("at")) & ~Q(note="")),
                name="lone_alarm_closed",
            ),
        ]
        indexes = [models.Index(fields=["tell_at"], condition=Q(tell_at__isnull=False), name="lone_alarm_due")]
