"""Units, posts, and who is appointed to them when; the database itself keeps one holder per post at a time.

Migration 0002 adds what constraints of Django cannot say: from its first appointment on, the root's desk (all posts of the
root post's area and level) always has an appointee who is not absent.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from linli.directory.organisation.rules import DEPARTMENT
from linli.kernel.ids import new_id


class _Period(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


def _one_at_a_time(field: str, name: str) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name,
        expressions=[(_Period(F("starts_at"), F("ends_at")), RangeOperators.OVERLAPS), (F(field), RangeOperators.EQUAL)],
    )


def _in_order(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name=name)


class Unit(models.Model):
    """A body that posts belong to: a grid's team, a station, a centre, a department."""

    class Kind(models.TextChoices):
        TEAM = "team"
        STATION = "station"
        CENTRE = "centre"
        DEPARTMENT = DEPARTMENT

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    names = models.JSONField()
    kind = models.TextField(choices=Kind.choices)
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="unit_code"),
            models.CheckConstraint(condition=Q(kind__in=["team", "station", "centre", DEPARTMENT]), name="unit_kind"),
            models.CheckConstraint(condition=Q(parent=None) | ~Q(parent=F("id")), name="unit_not_own_parent"),
        ]


class Post(models.Model):
    """A post: a role in a unit for an area, at a level of the chain. It stays when people come and go."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    names = models.JSONField()
    role = models.TextField()
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="posts")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+")
    level = models.TextField()
    rank = models.SmallIntegerField(help_text="1 leads; the order of succession")
    is_root = models.BooleanField(default=False, help_text="answers when nobody below does")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(role="") & ~Q(level="") & Q(rank__gte=1), name="post_whole"),
            models.UniqueConstraint(fields=["is_root"], condition=Q(is_root=True), name="post_one_root"),
            models.CheckConstraint(condition=Q(is_root=False) | Q(retired_at=None), name="post_root_not_retired"),
            models.UniqueConstraint(fields=["unit", "level", "rank"], condition=Q(retired_at=None), name="post_rank_once"),
        ]


class Appointment(models.Model):
    """A person in a post for a period, ``[starts_at, ends_at)``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="appointments")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [_in_order("appointment_order"), _one_at_a_time("post", "appointment_one_holder")]


class Absence(models.Model):
    """A person away for a period. The reason is a code of five; nothing about health is asked or kept."""

    class Reason(models.TextChoices):
        LEAVE = "leave"
        TRAINING = "training"
        ELSEWHERE = "elsewhere"
        OFF_SHIFT = "off_shift"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    reason = models.TextField(choices=Reason.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            _in_order("absence_order"),
            _one_at_a_time("person", "absence_one_at_a_time"),
            models.CheckConstraint(condition=Q(reason__in=["leave", "training", "elsewhere", "off_shift", "other"]), name="absence_reason"),
        ]
