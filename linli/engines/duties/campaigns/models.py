"""Campaigns, their targets and what was tried. A target is a door, a place or an area; nobody behind a door is named.

What must always hold of one row is a constraint here; migrations 0002 and 0004 keep attempts as they were noted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.engines.duties.campaigns.rules.doors import FINAL, Outcome
from linli.kernel.ids import new_id

KINDS = ("household", "area", "place", "facility", "matter")


class Campaign(models.Model):
    """A time-boxed effort in an area, with a set of targets and a goal."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    template = models.TextField(help_text="the playbook's code of it")
    names = models.JSONField()
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    confidentiality = models.SmallIntegerField()
    target_kind = models.TextField()
    classes = models.JSONField(default=list)
    goal_share = models.SmallIntegerField(null=True, help_text="per cent of the targets")
    goal_count = models.IntegerField(null=True)
    tries = models.SmallIntegerField()
    least_hours = models.SmallIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    ended_at = models.DateTimeField(null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")) & ~Q(code="") & Q(target_kind__in=KINDS), name="campaign_whole"),
            models.CheckConstraint(condition=Q(goal_share__range=(1, 100), goal_count=None) | Q(goal_share=None, goal_count__gte=1), name="campaign_one_goal"),
            models.CheckConstraint(condition=Q(tries__range=(1, 20), least_hours__range=(0, 336)), name="campaign_retry"),
        ]
        indexes = [models.Index(fields=["last_on"], name="campaign_days")]


class Helper(models.Model):
    """Somebody who goes to doors in a campaign, by their post or from a team; whoever leaves the team goes no more. Kept to give out doors."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="helpers", db_index=False)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey("teams.Team", null=True, on_delete=models.PROTECT, related_name="+", help_text="by which one; none: by a post")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "person"], name="campaign_helper_once")]


class Target(models.Model):
    """One thing to be reached: a door by its standard address, or an area, a place, a facility by its owner's id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="targets", db_index=False)
    key = models.TextField(help_text="the same for the same target")
    ref = models.UUIDField(null=True)
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    label = models.TextField()
    compound = models.TextField(default="", blank=True)
    building = models.TextField(default="", blank=True)
    unit = models.TextField(default="", blank=True)
    floor = models.SmallIntegerField(null=True)
    room = models.TextField(default="", blank=True)
    helper = models.ForeignKey("people.Person", null=True, on_delete=models.SET_NULL, related_name="+", help_text="who goes there, of the campaign's people")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "key"], name="campaign_target_once"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(label=""), name="campaign_target_whole"),
        ]


class Attempt(models.Model):
    """One attempt, as it was noted: never changed, never deleted; noted by mistake, it is taken back once, and stays on record.

    At most one that stands ends a target.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="attempts")
    outcome = models.TextField()
    actor = models.TextField()
    key = models.TextField(help_text="the sender's own of it: said twice, it is noted once")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.TextField(default="", blank=True)
    taken_back_key = models.TextField(default="", blank=True, help_text="the sender's own of it, where it came from a phone")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="campaign_attempt_once"),
            models.UniqueConstraint(fields=["target"], condition=Q(outcome__in=sorted(FINAL), taken_back_at=None), name="campaign_one_result"),
            models.UniqueConstraint(fields=["taken_back_by", "taken_back_key"], condition=~Q(taken_back_key=""), name="campaign_taken_back_once"),
            models.CheckConstraint(
                condition=Q(taken_back_at=None, taken_back_by="", taken_back_key="") | (Q(taken_back_at__isnull=False) & ~Q(taken_back_by="")),
                name="campaign_taken_back_whole",
            ),
            models.CheckConstraint(condition=Q(outcome__in=[one.value for one in Outcome]) & ~Q(key=""), name="campaign_attempt_whole"),
        ]
