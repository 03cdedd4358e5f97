"""The matter's tables. What must always hold of one row is a constraint here; migration 0002 adds what spans rows."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from linli.engines.matters.rules.states import ENDED, State
from linli.kernel.ids import new_id

STATES = [(state.value, state.value) for state in State]
_ENDED = sorted(state.value for state in ENDED)


def _when(condition: Q, column: str) -> Q:
    """The column is filled exactly when the condition holds."""
    return (condition & Q(**{f"{column}__isnull": False})) | (~condition & Q(**{column: None}))


class Matter(models.Model):
    """Something that came up, from report to closing. Post and deadlines are never empty (DESIGN invariant A)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True, help_text="public number")
    audit_ref = models.UUIDField(unique=True, help_text="pseudonym in the audit chain; deleting it unlinks the matter from the chain")
    version = models.IntegerField(default=1)
    policy = models.UUIDField(help_text="playbook version that it began with and finishes under")
    kind = models.TextField()
    class_code = models.TextField()
    condition = models.TextField(default="")
    confidentiality = models.SmallIntegerField()
    state = models.TextField(choices=STATES)
    state_before = models.TextField(default="", blank=True)
    level = models.SmallIntegerField()
    accountable_post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", db_index=False)
    handler_post = models.ForeignKey("organisation.Post", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    area = models.ForeignKey("territory.Area", on_delete=models.PROTECT, related_name="+", db_index=False)
    area_path = models.TextField()
    placing = models.TextField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    cell = models.BigIntegerField(null=True, help_text="square of about 200 m for finding what is near")
    address = models.TextField(default="", blank=True)
    text = models.TextField(default="", blank=True, help_text="the first reporter's words; seen by its handlers only")
    public_text = models.TextField(default="", blank=True, help_text="what everyone may read")
    source = models.TextField(help_text="channel of the first report")
    urgent = models.BooleanField(default=False)
    reported_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="the promise of the class")
    extended_due_at = models.DateTimeField(null=True)
    extension_until = models.DateTimeField(null=True, help_text="asked for and not decided yet")
    extensions = models.SmallIntegerField(default=0)
    level_since = models.DateTimeField()
    level_due_at = models.DateTimeField(help_text="when it moves up by itself; while suspended, the review date")
    wake_at = models.DateTimeField(null=True, help_text="when its clock next changes it; empty when ended or overdue at the top")
    remaining = models.DurationField(null=True)
    filed_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    handled_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_level = models.SmallIntegerField(null=True)
    outcome = models.TextField(default="", blank=True)
    outcome_text = models.TextField(default="", blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    returns = models.SmallIntegerField(default=0)
    reopenings = models.SmallIntegerField(default=0)
    calls = models.SmallIntegerField(default=0)
    called_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="matter_state_known"),
            models.CheckConstraint(condition=_when(Q(state__in=_ENDED), "closed_at"), name="matter_ended_has_time"),
            models.CheckConstraint(condition=_when(Q(state="merged"), "merged_into"), name="matter_merged_into"),
            models.CheckConstraint(condition=_when(Q(state="suspended"), "remaining"), name="matter_suspended_review"),
            models.CheckConstraint(condition=~Q(merged_into=models.F("id")), name="matter_not_into_itself"),
            models.CheckConstraint(condition=Q(level__gte=0) & Q(version__gte=1), name="matter_counts"),
            models.CheckConstraint(condition=Q(level_due_at__gte=models.F("level_since")), name="matter_clock_forward"),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="matter_wake"),
            models.Index(fields=["accountable_post", "level_due_at"], condition=Q(closed_at=None), name="matter_queue"),
            models.Index(fields=["handler_post", "level_due_at"], condition=Q(closed_at=None, handler_post__isnull=False), name="matter_handler"),
            models.Index(fields=["cell", "reported_at"], condition=Q(cell__isnull=False), name="matter_near"),
            models.Index(OpClass("area_path", name="text_pattern_ops"), "reported_at", name="matter_area"),
            models.Index(fields=["reported_at"], name="matter_time"),
            models.Index(fields=["class_code", "reported_at"], name="matter_class"),
            models.Index(fields=["level_due_at"], condition=Q(closed_at=None), name="matter_clock"),
        ]


class Report(models.Model):
    """One reporter's report and receipt. Merged matters hand their reports over: nobody's is lost (DESIGN invariant B)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True, help_text="tracking code, known to the reporter only")
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="reports")
    first_matter = models.UUIDField(help_text="where it was reported to, before any merging")
    source = models.TextField(help_text="channel: web, api, open311, desk, replay…")
    sender = models.TextField(help_text="who handed it in: the actor's id; scope of the key")
    key = models.TextField(null=True, help_text="idempotency key or the sender's own number")
    user = models.ForeignKey("access.User", null=True, on_delete=models.SET_NULL, related_name="+")
    anonymous = models.BooleanField(default=True)
    contact = models.BinaryField(null=True, help_text="sealed JSON: name, phone, e-mail; purpose: to answer; deleted on time")
    phone_fingerprint = models.BinaryField(null=True)
    email_fingerprint = models.BinaryField(null=True)
    language = models.TextField(default="zh-hans")
    text = models.TextField(default="", blank=True)
    details = models.JSONField(default=dict, help_text="answers to the class's form")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, help_text="when the outcome stood on this receipt")
    answer = models.TextField(default="", blank=True)
    rating = models.SmallIntegerField(null=True)
    solved = models.BooleanField(null=True, help_text="the reporter's own word")
    rated_at = models.DateTimeField(null=True)
    comment = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sender", "key"], name="report_once"),
            models.CheckConstraint(condition=Q(rating=None) | Q(rating__range=(1, 5)), name="report_rating_1_5"),
        ]
        indexes = [
            models.Index(fields=["phone_fingerprint"], condition=Q(phone_fingerprint__isnull=False), name="report_phone"),
            models.Index(fields=["email_fingerprint"], condition=Q(email_fingerprint__isnull=False), name="report_email"),
            models.Index(fields=["user"], condition=Q(user__isnull=False), name="report_user"),
            models.Index(fields=["rated_at"], condition=Q(rated_at__isnull=False), name="report_rated"),
        ]


class Step(models.Model):
    """One thing that happened to a matter: its story. ``version`` is the matter's version after it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="steps", db_index=False)
    version = models.IntegerField()
    verb = models.TextField()
    from_state = models.TextField(default="")
    to_state = models.TextField()
    level = models.SmallIntegerField()
    post = models.ForeignKey("organisation.Post", null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="accountable after it")
    actor = models.TextField()
    reason = models.TextField(default="", blank=True)
    text = models.TextField(default="", blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    sender = models.TextField(null=True)
    key = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "version"], name="step_place"),
            models.UniqueConstraint(fields=["sender", "key"], name="step_once"),
        ]


class Whistle(models.Model):
    """A department called to report in (吹哨报到), with its own clock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="whistles")
    unit = models.ForeignKey("organisation.Unit", on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey("organisation.Post", on_delete=models.PROTECT, related_name="+", help_text="the unit's desk when it was called")
    reason = models.TextField()
    called_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reported_in_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True, help_text="when the matter ended before the department came")
    answer = models.TextField(default="", blank=True)
    actor = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["matter", "unit"], condition=Q(reported_in_at=None, released_at=None), name="whistle_open_once"),
            models.CheckConstraint(condition=Q(reported_in_at=None) | Q(released_at=None), name="whistle_one_end"),
            models.CheckConstraint(condition=Q(reported_in_at=None) | Q(reported_in_at__gte=models.F("called_at")), name="whistle_forward"),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(reported_in_at=None, released_at=None), name="whistle_open")]


class MatterWords(models.Model):
    """The words of a matter for search and for finding likes; filled from the outbox, off the intake path."""

    matter = models.OneToOneField(Matter, primary_key=True, on_delete=models.CASCADE, related_name="words")
    words = models.TextField()

    class Meta:
        indexes = [GinIndex(OpClass(Upper("words"), name="gin_trgm_ops"), name="matter_words")]


class MergeSuggestion(models.Model):
    """Two open matters that look like one, with why; dismissed ones stay, so that nobody is asked twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="suggestions")
    other = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    reasons = models.JSONField(help_text="{metres, hours, same_class, words}")
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["matter", "other"], name="suggestion_once")]
