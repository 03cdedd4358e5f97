"""People who hold posts or take part, and why each personal value is kept.

No field names ethnicity, religion or political standing, and none judges a person (DESIGN §1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models

from linli.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a personal field is kept, and for how many days after the person's last post or taking part ended.

    ``retention_days`` of ``None``: as long as the record itself, which names nobody once the other fields are emptied.
    """

    purpose: str
    retention_days: int | None


class Person(models.Model):
    """One person known to the directory: staff, volunteer, holder of a post."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=64, unique=True, help_text="staff or volunteer number; the key of imports")
    display_name = models.CharField(max_length=150, blank=True, default="", help_text="empty: erased")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="person")
    contact_sealed = models.BinaryField(null=True)
    contact_fingerprint = models.BinaryField(null=True)
    languages = models.JSONField(default=list, help_text='language tags, best first: ["zh-hans", "en"]')
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(code=""), name="person_code"),
            models.CheckConstraint(
                condition=models.Q(contact_sealed=None, contact_fingerprint=None) | models.Q(contact_sealed__isnull=False, contact_fingerprint__isnull=False),
                name="person_contact_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at=None) & ~models.Q(display_name="")
                | models.Q(erased_at__isnull=False, display_name="", contact_sealed=None, user=None, languages=[]),
                name="person_named_or_erased",
            ),
        ]
        indexes = [models.Index(fields=["contact_fingerprint"], name="person_contact", condition=models.Q(contact_fingerprint__isnull=False))]


RETENTION = timedelta(days=365)  # after leaving: questions about handled matters come back within a year
_AFTER_LEAVING = RETENTION.days

PURPOSES: dict[str, Purpose] = {
    "id": Purpose("Pseudonym that records refer to.", None),
    "code": Purpose("Tells two people of one name apart and matches them when lists are imported again.", _AFTER_LEAVING),
    "display_name": Purpose("Says who answers for a post and who acted.", _AFTER_LEAVING),
    "user": Purpose("Signing in.", _AFTER_LEAVING),
    "contact_sealed": Purpose("Reaching the holder of a post on duty.", _AFTER_LEAVING),
    "contact_fingerprint": Purpose("Finding the person who calls from a number.", _AFTER_LEAVING),
    "languages": Purpose("Showing pages and sending notices in a language the person reads; matching who can help whom.", _AFTER_LEAVING),
    "at": Purpose("When the person became known: order of records.", None),
    "recorded_at": Purpose("When the record was made: order of records.", None),
    "erased_at": Purpose("Proves that erasure was done, and when.", None),
}
"""Every field of :class:`Person`; a test fails when one is missing."""
