"""The tables of recurring duties. What must always hold of one row is a constraint here; a later migration adds what spans rows."""

from django.db import models
from django.db.models import Q

from linli.engines.duties.rules.task import State
from linli.kernel.ids import new_id

STATES = [(state.value, state.value) for state in State]


def _when(condition: Q, column: str) -> Q:
    """The column is filled exactly when the condition holds."""
    return (condition & Q(**{f"{column}__isnull": False})) | (~condition & Q(**{column: None}))


_LATE_STAYS_MISSED = Q(done_at=None) | Q(done_at__lte=models.F("due_at"), missed_at=None) | Q(done_at__gt=models.F("due_at"), missed_at__isnull=False)


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
    pauses = models.JSONField(default=list, help_text="[first day, last day or null, code of the reason]: entered here, not its owner's")
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


class Derivation(models.Model):
    """How far a rule of the playbook has been derived, and from what: another signature means to derive it anew."""

    rule = models.TextField(primary_key=True)
    signature = models.TextField()
    until = models.DateField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()


class Occurrence(models.Model):
    """One time that a duty is due. What has begun is never rewritten; what has not is derived anew (migration 0003)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.IntegerField(default=1)
    policy = models.UUIDField(help_text="playbook version that it began with and finishes under")
    rule = models.TextField()
    slot = models.TextField(help_text="names the window among those of its rule and subject")
    subject = models.ForeignKey(SubjectRecord, on_delete=models.PROTECT, related_name="occurrences", db_index=False)
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    area_path = models.TextField()
    confidentiality = models.SmallIntegerField()
    state = models.TextField(choices=STATES)
    level = models.SmallIntegerField(help_text="place in the rule's chain")
    post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", db_index=False, help_text="answers for it")
    first_post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", db_index=False, help_text="had it when it began")
    person = models.ForeignKey(
        "people.Person", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="who holds the post, as last told"
    )
    opens_at = models.DateTimeField()
    due_at = models.DateTimeField()
    hand_on_at = models.DateTimeField(null=True, help_text="when the next level has it, unless somebody answers")
    wake_at = models.DateTimeField(null=True, help_text="when its clock next changes it")
    answered_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True, help_text="the visit was not wanted: neither done nor missed")
    missed_at = models.DateTimeField(null=True, help_text="its time ran out without it; stays when it is done late or excused")
    attempts = models.SmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    explained_at = models.DateTimeField(null=True)
    excused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "rule", "slot"], name="occurrence_once"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="occurrence_state_known"),
            models.CheckConstraint(condition=Q(due_at__gt=models.F("opens_at")) & Q(version__gte=1) & Q(level__gte=0), name="occurrence_forward"),
            models.CheckConstraint(condition=~Q(state="open") | Q(person__isnull=False, wake_at__isnull=False), name="occurrence_open_has_person"),
            models.CheckConstraint(condition=_when(Q(state="done"), "done_at"), name="occurrence_done_has_time"),
            models.CheckConstraint(condition=_when(Q(state="refused"), "refused_at"), name="occurrence_refused_has_time"),
            models.CheckConstraint(condition=Q(missed_at=None) | Q(missed_at=models.F("due_at")), name="occurrence_missed_at_its_end"),
            models.CheckConstraint(condition=~Q(state="missed") | Q(missed_at__isnull=False), name="occurrence_missed_has_time"),
            models.CheckConstraint(condition=_LATE_STAYS_MISSED, name="occurrence_late_stays_missed"),
            models.CheckConstraint(condition=Q(excused_at=None) | Q(missed_at__isnull=False, explained_at__isnull=False), name="occurrence_excuse_of_a_miss"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="occurrence_wake"),
            models.Index(fields=["post", "due_at"], condition=Q(state__in=["open", "planned"]), name="occurrence_to_do"),
            models.Index(fields=["missed_at"], condition=Q(missed_at__isnull=False), name="occurrence_missed"),
            models.Index(fields=["rule", "opens_at"], name="occurrence_rule"),
            models.Index(fields=["due_at"], name="occurrence_due"),
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="occurrence_done"),
            models.Index(fields=["refused_at"], condition=Q(refused_at__isnull=False), name="occurrence_refused"),
        ]


class CheckInRecord(models.Model):
    """One thing that somebody did for one duty. A visit that serves several purposes is one row for each, of one ``visit``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="checkins", db_index=False)
    version = models.IntegerField(help_text="the occurrence's version after it")
    visit = models.UUIDField(help_text="the same for everything that one visit served")
    verb = models.TextField()
    actor = models.TextField()
    post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", db_index=False, help_text="answered for it after this")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    note = models.TextField(default="", blank=True)
    form = models.JSONField(null=True)
    files = models.JSONField(default=list)
    there = models.BooleanField(null=True, help_text="whether the phone was in the duty's area; where it was is not kept")
    sender = models.TextField(null=True)
    key = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occurrence", "version"], name="checkin_place"),
            models.UniqueConstraint(fields=["sender", "key", "occurrence"], name="checkin_once"),
        ]
        indexes = [models.Index(fields=["visit"], name="checkin_visit")]
