"""Files: what was uploaded, its renditions, and stored content that is waiting to be removed.

Retention: a file without an owner is discarded after a day; with one, at the date that the owner's retention sets
(``discard_after``). A cleared photo then keeps its public renditions and loses the rest.
"""

from django.db import models

from linli.kernel.files.rules import FileKind, Rendition, ReviewState
from linli.kernel.ids import new_id

_KINDS, _STATES, _RENDITIONS = ([str(value) for value in values] for values in (FileKind, ReviewState, Rendition))


class StoredFile(models.Model):
    """One uploaded file. It holds no point, no camera data and no address: EXIF is read in memory and dropped."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.TextField(help_text="why it was asked for, e.g. report_photo")
    kind = models.TextField()
    state = models.TextField(default=ReviewState.UNREVIEWED.value)
    name = models.TextField(help_text="as the sender called it, made safe")
    content_type = models.TextField(help_text="found in the content, not claimed")
    uploaded_by = models.TextField(help_text="Actor.id")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    owner_type = models.TextField(default="", blank=True)
    owner_id = models.UUIDField(null=True, blank=True)
    area_path = models.TextField(default="", blank=True)
    confidentiality = models.SmallIntegerField(help_text="of the owner, access.rules.Confidentiality")
    regions = models.JSONField(default=list, help_text="blurred rectangles [left, top, right, bottom] in thousandths")
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.TextField(default="", blank=True)
    discard_after = models.DateTimeField(null=True)
    original_discarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=_KINDS), name="file_kind"),
            models.CheckConstraint(condition=models.Q(state__in=_STATES), name="file_state"),
            models.CheckConstraint(condition=models.Q(confidentiality__range=(0, 3)), name="file_confidentiality"),
            models.CheckConstraint(
                condition=models.Q(owner_type="", owner_id=None, discard_after__isnull=False) | (~models.Q(owner_type="") & models.Q(owner_id__isnull=False)),
                name="file_owned_or_discarded",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ReviewState.UNREVIEWED.value, cleared_at=None)
                | models.Q(state=ReviewState.CLEARED.value, kind=FileKind.PHOTO.value, cleared_at__isnull=False),
                name="file_cleared_by_someone",
            ),
        ]
        indexes = [
            models.Index(fields=["owner_type", "owner_id"], name="file_owner"),
            models.Index(fields=["discard_after"], condition=models.Q(discard_after__isnull=False), name="file_discard"),
            models.Index(fields=["at"], condition=models.Q(state=ReviewState.UNREVIEWED.value, kind=FileKind.PHOTO.value), name="file_to_review"),
        ]


class FileRendition(models.Model):
    """One stored form of a file; several rows may share a key, because equal content has one key."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="renditions")
    name = models.TextField()
    key = models.TextField(db_index=True)
    content_type = models.TextField()
    size = models.BigIntegerField(help_text="bytes")
    width = models.IntegerField(null=True, help_text="pixels; photos only")
    height = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "name"], name="file_rendition_once"),
            models.CheckConstraint(condition=models.Q(name__in=_RENDITIONS), name="file_rendition_name"),
        ]


class BlobRemoval(models.Model):
    """A key whose last row may be gone: the content is removed after the commit, unless a row still needs it."""

    key = models.TextField(primary_key=True)
    recorded_at = models.DateTimeField()
