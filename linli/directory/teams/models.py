"""Teams, who takes part in them by own choice, captains with terms, courses, activities, member organisations."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from linli.kernel.ids import new_id


class _Term(Func):
    function = "tstzrange"
    output_field = DateTimeRangeField()


class MemberOrganisation(models.Model):
    """A firm, a school or another body that joins in with a team of its own. Never its people."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    names = models.JSONField()
    kind = models.TextField(help_text="enterprise, school or other")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["enterprise", "school", "other"]) & ~Q(code=""), name="member_organisation_kind"),
            models.CheckConstraint(condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")), name="member_organisation_forward"),
        ]


class Team(models.Model):
    """One team: its kind, where it works, whether it takes people in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    kind = models.TextField()
    names = models.JSONField()
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    organisation = models.ForeignKey(MemberOrganisation, null=True, on_delete=models.PROTECT, related_name="teams")
    recruiting = models.BooleanField(default=True)
    founded_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    disbanded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(code="") & ~Q(kind=""), name="team_whole")]
        indexes = [models.Index(fields=["area_path"], name="team_area", opclasses=["text_pattern_ops"])]


class Membership(models.Model):
    """Somebody's part in a team, from the application to the leaving; nobody is a member without having agreed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    core = models.BooleanField(default=False, help_text="of the core of the team")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "person"], condition=Q(left_at=None), name="membership_once"),
            models.CheckConstraint(condition=Q(joined_at=None) | Q(joined_at__gte=F("agreed_at")), name="membership_agreed_first"),
            models.CheckConstraint(condition=Q(left_at=None) | Q(left_at__gte=F("agreed_at")), name="membership_forward"),
            models.CheckConstraint(condition=Q(core=False) | Q(joined_at__isnull=False), name="membership_core_is_member"),
        ]


class Captaincy(models.Model):
    """A captain's term, ``[starts_at, ends_at)``; it ends by itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="captaincies")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    handed_over = models.TextField(default="", blank=True, help_text="what the next captain has to know; about the work, not about people")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="captaincy_forward"),
            ExclusionConstraint(
                name="captaincy_one_at_a_time",
                expressions=[
                    (_Term(F("starts_at"), F("ends_at")), RangeOperators.OVERLAPS), (F("team"), RangeOperators.EQUAL), (F("person"), RangeOperators.EQUAL),
                ],
            ),
        ]  # fmt: skip


class Training(models.Model):
    """A course that somebody passed, and until when it counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    course = models.TextField()
    passed_on = models.DateField()
    valid_until = models.DateField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "course", "passed_on"], name="training_once"),
            models.CheckConstraint(condition=Q(valid_until=None) | Q(valid_until__gte=F("passed_on")), name="training_forward"),
        ]


class Activity(models.Model):
    """One activity of a team at a venue: when, what about, how many came. People are counted, not listed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="activities")
    venue = models.TextField()
    topic = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    self_led = models.BooleanField(help_text="no staff was present")
    attendances = models.IntegerField(default=0)
    leaflets = models.IntegerField(default=0)
    key = models.TextField(unique=True, help_text="sent twice it is recorded once")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(attendances__gte=0, leaflets__gte=0) & ~Q(topic="") & ~Q(venue=""), name="activity_counts"),
        ]
        indexes = [models.Index(fields=["team", "at"], name="activity_story")]
