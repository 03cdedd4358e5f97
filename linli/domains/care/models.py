"""Care cases. What a person told lies sealed under the case's own key; without the key nothing of it can be read.

Clear in a row: a pseudonym, the area, what the case rests on, its days, its level (how often somebody comes by, never what
somebody is). Migration 0002 makes the log of readings append-only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from linli.directory.people.models import Purpose
from linli.domains.care.rules.access import Ground
from linli.domains.care.rules.terms import Basis, Ending, Given
from linli.kernel.ids import new_id

_HOWS = [given.value for given in Given]


class CareCase(models.Model):
    """One person's care for one purpose, until a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    label = models.TextField(unique=True, help_text="pseudonym by which duties and desks speak of it")
    audit_ref = models.UUIDField(null=True, unique=True, help_text="pseudonym in the audit chain; emptied when the case is erased")
    version = models.IntegerField(default=1)
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    worker_post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+")
    basis = models.TextField()
    duty = models.TextField(default="", blank=True, help_text="code of the statutory duty in the playbook")
    purpose = models.TextField()
    level = models.TextField(help_text="how often somebody comes by")
    consent_given_on = models.DateField(null=True)
    consent_until = models.DateField(null=True)
    consent_how = models.TextField(default="", blank=True, help_text="a code: on paper, before a witness, online")
    review_on = models.DateField()
    ends_on = models.DateField()
    key_wrapped = models.BinaryField(null=True, help_text="the case's own key under the newest master key")
    sealed = models.BinaryField(null=True, help_text="name, ways to reach, wishes, plan, goals")
    phone_fingerprint = models.BinaryField(null=True)
    bell = models.ForeignKey("devices.Device", null=True, on_delete=models.PROTECT, related_name="+", help_text="care bell in the home")
    stays = models.JSONField(default=list, help_text="[code, first day, last day or null]: visits during a stay count from these")
    days = models.JSONField(default=dict, help_text="code → day: visits around a day count from these")
    opened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    ending = models.TextField(default="", blank=True)
    erase_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(label="") & ~Q(purpose="") & ~Q(level="") & Q(version__gte=1), name="care_case_whole"),
            models.CheckConstraint(
                condition=Q(
                    basis=Basis.CONSENT.value,
                    duty="",
                    consent_given_on__isnull=False,
                    consent_until__isnull=False,
                    consent_how__in=[given.value for given in Given],
                )
                | Q(basis=Basis.DUTY.value, consent_given_on=None, consent_until=None, consent_how="") & ~Q(duty=""),
                name="care_case_basis",
            ),
            models.UniqueConstraint(fields=["bell"], condition=Q(closed_at=None, bell__isnull=False), name="care_case_one_bell"),
            models.CheckConstraint(condition=Q(review_on__lte=F("ends_on")), name="care_case_review"),
            models.CheckConstraint(condition=Q(consent_until=None) | Q(ends_on__lte=F("consent_until")), name="care_case_within_consent"),
            models.CheckConstraint(
                condition=Q(closed_at=None, ending="", erase_at=None)
                | Q(closed_at__isnull=False, erase_at__isnull=False, ending__in=[ending.value for ending in Ending]),
                name="care_case_ending",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None, key_wrapped__isnull=False, sealed__isnull=False, audit_ref__isnull=False)
                | Q(
                    erased_at__isnull=False,
                    closed_at__isnull=False,
                    key_wrapped=None,
                    sealed=None,
                    phone_fingerprint=None,
                    audit_ref=None,
                    bell=None,
                    stays=[],
                    days={},
                ),
                name="care_case_sealed_or_erased",
            ),
        ]
        indexes = [
            models.Index(fields=["bell"], condition=Q(bell__isnull=False), name="care_case_bell"),
            models.Index(fields=["worker_post", "review_on"], condition=Q(closed_at=None), name="care_case_desk"),
            models.Index(fields=["phone_fingerprint"], condition=Q(phone_fingerprint__isnull=False), name="care_case_phone"),
            models.Index(fields=["erase_at"], condition=Q(erase_at__isnull=False, erased_at=None), name="care_case_erase"),
            models.Index(fields=["ends_on"], condition=Q(closed_at=None), name="care_case_ends"),
        ]


class CareHelper(models.Model):
    """Somebody who helps in a case and so may read it, from when to when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(CareCase, on_delete=models.CASCADE, related_name="helpers")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "person"], condition=Q(until=None), name="care_helper_once"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="care_helper_forward"),
        ]


class CareNote(models.Model):
    """What somebody wrote down, sealed under the case's key: one of the circle at the desk, or whoever made a visit."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(CareCase, on_delete=models.CASCADE, related_name="notes")
    author = models.TextField()
    duty = models.UUIDField(null=True, help_text="the visit's duty; empty of a note at the desk")
    verb = models.TextField(default="", blank=True, help_text="what happened at the visit, as duties call it")
    sealed = models.BinaryField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(duty=None, verb="") | Q(duty__isnull=False) & ~Q(verb=""), name="care_note_of_a_visit")]


class GlassBreak(models.Model):
    """A reading in need by somebody outside the circle: with a reason, for a while, reviewed by another.

    It outlives an erased case, so that it is reviewed; its reason goes with the case.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(CareCase, on_delete=models.CASCADE, related_name="glasses")
    reader = models.TextField(help_text="actor")
    reason = models.BinaryField(null=True, help_text="sealed under the case's key; emptied with the case")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    until = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewer = models.TextField(default="", blank=True)
    justified = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="care_glass_forward"),
            models.CheckConstraint(
                condition=Q(reviewed_at=None, justified=None, reviewer="") | Q(reviewed_at__isnull=False, justified__isnull=False) & ~Q(reviewer=""),
                name="care_glass_reviewed",
            ),
            models.CheckConstraint(condition=~Q(reviewer=F("reader")), name="care_glass_by_another"),
        ]
        indexes = [models.Index(fields=["at"], condition=Q(reviewed_at=None), name="care_glass_waiting")]


class CareRead(models.Model):
    """One reading of one case: who, what, on what ground. Append-only; shown to the person on request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(CareCase, on_delete=models.PROTECT, related_name="reads")
    reader = models.TextField(help_text="actor")
    what = models.TextField(help_text="content, export, lookup, or a glass: the reason of a reading in need")
    ground = models.TextField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(what__in=["content", "export", "lookup", "glass"]), name="care_read_what"),
            models.CheckConstraint(condition=Q(ground__in=[ground.value for ground in Ground]), name="care_read_ground"),
        ]
        indexes = [models.Index(fields=["case", "at"], name="care_read_story")]


_AFTER_CLOSING = 365  # unless the playbook says another number of days; a withdrawn consent erases at once

PURPOSES: dict[str, Purpose] = {
    "id": Purpose("Pseudonym that records refer to.", None),
    "label": Purpose("Pseudonym that people can say.", None),
    "audit_ref": Purpose("Pseudonym in the audit chain; emptied with the case.", _AFTER_CLOSING),
    "version": Purpose("Two changes at once do not overwrite each other.", None),
    "area": Purpose("Which desk answers.", None),
    "area_path": Purpose("Which desk answers.", None),
    "worker_post": Purpose("Who answers for the case.", None),
    "basis": Purpose("Proves that the case rested on consent or on law.", None),
    "duty": Purpose("Which law it rested on.", None),
    "purpose": Purpose("What the help was for, and nothing else.", None),
    "level": Purpose("How often somebody comes by.", None),
    "consent_given_on": Purpose("Proves the consent.", None),
    "consent_until": Purpose("Ends the case with the consent.", None),
    "consent_how": Purpose("Proves the consent.", None),
    "review_on": Purpose("When it is looked at whether the help is still wanted.", None),
    "ends_on": Purpose("When the case ends by itself.", None),
    "key_wrapped": Purpose("Opens the sealed content; without it nothing can be read again.", _AFTER_CLOSING),
    "sealed": Purpose("Name, ways to reach, wishes, plan and goals: what the helpers need.", _AFTER_CLOSING),
    "phone_fingerprint": Purpose("Finds the case of a person who calls.", _AFTER_CLOSING),
    "bell": Purpose("Tells whose care bell rings.", _AFTER_CLOSING),
    "stays": Purpose("When to visit during a stay, in hospital say.", _AFTER_CLOSING),
    "days": Purpose("When to visit around a day, of a release say.", _AFTER_CLOSING),
    "opened_at": Purpose("Order of records.", None),
    "recorded_at": Purpose("Order of records.", None),
    "closed_at": Purpose("Order of records.", None),
    "ending": Purpose("Why the help ended.", None),
    "erase_at": Purpose("When the content is erased.", None),
    "erased_at": Purpose("Proves that erasure was done, and when.", None),
}
"""Every field of :class:`CareCase`; a test fails when one is missing."""
