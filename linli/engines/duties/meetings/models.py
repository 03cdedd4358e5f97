"""Meetings with their seats, agenda, actions and addenda. No person is named: seats are posts, units and bodies.

What must always hold of one row is a constraint here; migrations 0002 and 0004 keep what is published or called off from being changed.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.engines.duties.meetings.rules import Becomes, Came, Source, Why
from linli.kernel.ids import new_id


class Meeting(models.Model):
    """One meeting: of a duty's occurrence, or convened by hand. Its kind's names are kept as they were."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.IntegerField(default=1)
    kind = models.TextField(help_text="the playbook's code of it")
    names = models.JSONField()
    occurrence = models.ForeignKey("duties.Occurrence", null=True, on_delete=models.PROTECT, related_name="+", help_text="the duty that holding it is")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    confidentiality = models.SmallIntegerField(help_text="public: agenda and published minutes stand on the portal, in their public words")
    chair = models.ForeignKey("organisation.Post", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True, help_text="when it began, as the minutes say")
    closed_at = models.DateTimeField(null=True, help_text="when its minutes were published")
    called_off_at = models.DateTimeField(null=True)
    called_off_why = models.TextField(default="", blank=True, help_text="told to whom it concerns, not to everyone")
    minutes = models.TextField(default="", blank=True)
    public_text = models.TextField(default="", blank=True, help_text="what everyone may read of it, where the kind is public")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "area", "starts_at"], condition=Q(called_off_at=None), name="meeting_once"),
            models.UniqueConstraint(fields=["occurrence"], condition=Q(called_off_at=None), name="meeting_of_a_duty_once"),
            models.CheckConstraint(
                condition=Q(called_off_at=None, called_off_why="") | (Q(called_off_at__isnull=False, closed_at=None) & ~Q(called_off_why="")),
                name="meeting_called_off_with_a_reason",
            ),
            models.CheckConstraint(condition=Q(closed_at=None) | Q(held_at__isnull=False, closed_at__gte=F("held_at")), name="meeting_held_before_closed"),
            models.CheckConstraint(condition=~Q(kind="") & Q(version__gte=1), name="meeting_whole"),
        ]
        indexes = [models.Index(fields=["starts_at"], name="meeting_time"), models.Index(fields=["kind", "area"], name="meeting_kind")]


class SeatRow(models.Model):
    """Who takes part, and how: present, by deputy, absent; empty until it is said."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="seats")
    number = models.SmallIntegerField()
    post = models.ForeignKey("organisation.Post", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="empty for a body")
    names = models.JSONField()
    came = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "number"], name="meeting_seat_place"),
            models.UniqueConstraint(fields=["meeting", "post"], condition=Q(post__isnull=False), name="meeting_seat_once"),
            models.CheckConstraint(condition=Q(came__in=["", *(one.value for one in Came)]), name="meeting_seat_came"),
        ]


class Action(models.Model):
    """Who does what until when. It holds once the minutes are published, and is open until its matter or duty ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="actions")
    item = models.ForeignKey("Item", on_delete=models.PROTECT, related_name="actions")
    what = models.TextField()
    owner = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", db_index=False)
    due_on = models.DateField()
    becomes = models.TextField()
    key = models.TextField(help_text="of the form that added it: said twice, it stands once")
    matter = models.UUIDField(null=True, help_text="the matter that it became")
    matter_code = models.TextField(default="", blank=True)
    started_at = models.DateTimeField(null=True, help_text="when it became a matter or a duty")
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="", blank=True, help_text="how its matter or duty ended")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "key"], name="meeting_action_once"),
            models.CheckConstraint(condition=~Q(what="") & Q(becomes__in=[one.value for one in Becomes]), name="meeting_action_whole"),
            models.CheckConstraint(
                condition=Q(ended_at=None, outcome="") | (Q(ended_at__isnull=False, started_at__isnull=False) & ~Q(outcome="")), name="meeting_action_end"
            ),
            models.CheckConstraint(condition=Q(matter=None) | Q(becomes=Becomes.MATTER.value, started_at__isnull=False), name="meeting_action_matter"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["matter"], condition=Q(matter__isnull=False), name="meeting_action_became"),
            models.Index(fields=["due_on"], condition=Q(ended_at=None), name="meeting_action_open"),
        ]


class Item(models.Model):
    """One item of an agenda, and what was decided about it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    number = models.SmallIntegerField()
    source = models.TextField()
    matter = models.UUIDField(null=True, help_text="the matter that it is about")
    earlier = models.ForeignKey(Action, null=True, on_delete=models.PROTECT, related_name="later", help_text="the open action that it is about")
    code = models.TextField(default="", blank=True, help_text="the matter's public number")
    names = models.JSONField(help_text="what it is called inside: the class, the action, or what was typed")
    place = models.JSONField(default=dict)
    confidentiality = models.SmallIntegerField(help_text="that of the matter")
    why = models.TextField(default="", blank=True)
    public_title = models.TextField(default="", blank=True, help_text="of what was put there by hand; without one it is not shown to everyone")
    decision = models.TextField(default="", blank=True)
    public_decision = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meeting", "number"], name="meeting_item_place"),
            models.UniqueConstraint(fields=["meeting", "matter"], condition=Q(matter__isnull=False), name="meeting_item_matter_once"),
            models.UniqueConstraint(fields=["meeting", "earlier"], condition=Q(earlier__isnull=False), name="meeting_item_action_once"),
            models.CheckConstraint(
                condition=Q(source=Source.MATTER.value, matter__isnull=False, earlier=None)
                | Q(source=Source.ACTION.value, matter=None, earlier__isnull=False)
                | Q(source=Source.HAND.value, matter=None, earlier=None),
                name="meeting_item_source",
            ),
            models.CheckConstraint(condition=Q(why__in=["", *(one.value for one in Why)]), name="meeting_item_why"),
        ]
        indexes = [models.Index(fields=["matter"], condition=Q(matter__isnull=False), name="meeting_item_matter")]


class Addendum(models.Model):
    """What was added to published minutes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField()
    public_text = models.TextField(default="", blank=True)
    actor = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="meeting_addendum_whole")]
