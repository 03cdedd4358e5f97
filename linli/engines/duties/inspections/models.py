"""Place ledgers: leaves in versions, hazards and the looks after them, draws. Places themselves are the directory's."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from linli.directory.people.models import Purpose
from linli.kernel.ids import new_id


class Leaf(models.Model):
    """One version of one form of a place's ledger. Older versions stay (migration 0002); people are counted in it, not listed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField(help_text="place or entity")
    place = models.UUIDField(help_text="the directory's id of it")
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    form = models.TextField()
    version = models.IntegerField()
    policy = models.UUIDField(help_text="playbook version whose form it is")
    current = models.BooleanField(default=True)
    answers = models.JSONField(null=True)
    sealed = models.BinaryField(null=True, help_text="answers that say whom to reach at work")
    forget_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)
    evidence = models.UUIDField(null=True, help_text="the version that its photos and signature came with: itself, or the one that it confirms")
    writer = models.TextField(help_text="Actor.id")
    key = models.TextField(null=True, help_text="handed in twice under one key it is written once")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "place", "form", "version"], name="leaf_version_once"),
            models.UniqueConstraint(fields=["kind", "place", "form"], condition=Q(current=True), name="leaf_one_current"),
            models.UniqueConstraint(fields=["writer", "key"], name="leaf_once"),
            models.CheckConstraint(condition=Q(version__gte=1) & ~Q(form="") & ~Q(kind=""), name="leaf_whole"),
            models.CheckConstraint(
                condition=Q(answers__isnull=False, sealed=None, forget_at=None, forgotten_at=None)
                | Q(answers=None, sealed__isnull=False, forget_at__isnull=False, forgotten_at=None)
                | Q(answers=None, sealed=None, forgotten_at__isnull=False),
                name="leaf_open_or_sealed",
            ),
        ]
        indexes = [models.Index(fields=["forget_at"], condition=Q(sealed__isnull=False), name="leaf_to_forget")]


class Hazard(models.Model):
    """Something wrong at a place that an inspection found; mended only when a look after it says so."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField()
    place = models.UUIDField()
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    duty = models.UUIDField(unique=True, help_text="the inspection that found it")
    words = models.TextField(help_text="what is wrong with the place; never about a person")
    found_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    rectify_by = models.DateField()
    matter = models.UUIDField(null=True)
    matter_code = models.TextField(default="", blank=True)
    mended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="hazard_said"),
            models.CheckConstraint(condition=Q(matter=None, matter_code="") | Q(matter__isnull=False) & ~Q(matter_code=""), name="hazard_lineage"),
        ]
        indexes = [
            models.Index(fields=["kind", "place", "found_at"], name="hazard_of_place"),
            models.Index(fields=["matter"], name="hazard_of_matter"),
            models.Index(fields=["area_path"], condition=Q(mended_at=None), name="hazard_open"),
        ]


class HazardCheck(models.Model):
    """One look whether a hazard is mended."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="checks")
    duty = models.UUIDField(unique=True)
    mended = models.BooleanField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()


class LastInspection(models.Model):
    """When a place was last inspected: for lists, and for the weight of a draw."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.TextField()
    place = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "place"], name="last_inspection_once")]


class Draw(models.Model):
    """One draw of one day in one area, with everything that is needed to draw it again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampling = models.TextField()
    day = models.DateField()
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    seed = models.TextField()
    count = models.SmallIntegerField()
    weights = models.JSONField(help_text="place → weight")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sampling", "day", "area"], name="draw_once"),
            models.CheckConstraint(condition=~Q(seed="") & Q(count__gte=1), name="draw_whole"),
        ]
        indexes = [models.Index(fields=["day"], name="draw_day")]


class Sampled(models.Model):
    """A place that was drawn; its id is that of the duty's subject."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="places")
    kind = models.TextField()
    place = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["draw", "kind", "place"], name="sampled_once")]
        indexes = [models.Index(fields=["kind", "place"], name="sampled_of_place")]


PURPOSES: dict[str, Purpose] = {
    "sealed": Purpose("Whom to reach at work about the safety of a place.", 400),
    "writer": Purpose("Who wrote the leaf: an account's pseudonym.", None),
}
"""The fields of :class:`Leaf` that may name somebody. The playbook may shorten or lengthen the days (``contact_days``)."""
