"""The tables of recurring duties. What must always hold of one row is a constraint here; a later migration adds what spans rows."""

from django.db import models
from django.db.models import Q

from linli.kernel.ids import new_id


class SubjectRecord(models.Model):
    """Whom or what duties are about: the owner's id, an area, a pseudonym, plain facts. Never a person's name."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField()
    ref = models.UUIDField(help_text="its owner's id of it")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    label = models.TextField(help_text="pseudonym or public name")
    facts = models.JSONField(default=dict, help_text="what the playbook's conditions may ask")
    spans = models.JSONField(default=list, help_text="[kind, first day, last day or null, code, reason]")
    days = models.JSONField(default=dict, help_text="days of its own, by name")
    stale = models.BooleanField(default=True, help_text="its duties are to be derived anew")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "ref"], name="duty_subject_once"),
            models.CheckConstraint(condition=~Q(kind="") & ~Q(label=""), name="duty_subject_whole"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(stale=True), name="duty_subject_stale")]
