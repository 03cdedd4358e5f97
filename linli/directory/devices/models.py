"""Devices and their alarms. A device belongs to a place, never to a person; one in a home has no point and no address."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.kernel.ids import new_id

_POINT = Q(lon=None, lat=None) | Q(lon__isnull=False, lat__isnull=False, lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90)


class Device(models.Model):
    """One device that is kept working, and that may raise alarms of its place."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True, help_text="what it calls itself")
    kind = models.TextField()
    names = models.JSONField()
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.TextField(default="", blank=True)
    private = models.BooleanField(default=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True, help_text="its last sign of life")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(kind=""), name="device_whole"),
            models.CheckConstraint(condition=_POINT, name="device_point"),
            models.CheckConstraint(condition=Q(private=False) | Q(lon=None, lat=None, address=""), name="device_in_a_home_has_no_place"),
        ]
        indexes = [models.Index(fields=["area_path"], name="device_area", opclasses=["text_pattern_ops"])]


class Alarm(models.Model):
    """One alarm, however often it rang; and the matter that it became."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="alarms", db_index=False)
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    rings = models.IntegerField(default=1)
    message = models.TextField(default="", blank=True, help_text="what the device said; never about a person")
    matter = models.UUIDField(null=True)
    matter_code = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rings__gte=1) & Q(last_at__gte=F("at")), name="alarm_forward"),
            models.CheckConstraint(condition=Q(matter=None, matter_code="") | Q(matter__isnull=False) & ~Q(matter_code=""), name="alarm_lineage"),
        ]
        indexes = [models.Index(fields=["device", "last_at"], name="alarm_story")]


class AlarmMessage(models.Model):
    """A message's own number, so that one sent twice is taken once. Deleted after a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    key = models.TextField()
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="messages")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "key"], name="alarm_message_once")]
        indexes = [models.Index(fields=["recorded_at"], name="alarm_message_age")]
