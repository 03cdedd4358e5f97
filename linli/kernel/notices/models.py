"""Notices, what people want of them, subscriptions, and group channels. Addresses are sealed; texts are forgotten when their time is over."""

from django.db import models

from linli.kernel.ids import new_id
from linli.kernel.notices.rules import Channel, NoticeState, Urgency

_CHANNELS, _STATES = ([value.value for value in values] for values in (Channel, NoticeState))
_SUBSCRIBED = [Channel.EMAIL.value, Channel.PUSH.value]
_WAITING = models.Q(state=NoticeState.QUEUED.value)


class Notice(models.Model):
    """One text for one recipient by one channel. Its key keeps it from being sent twice, whatever is repeated.

    ``at`` and ``next_try_at`` are the program's time; ``recorded_at`` and ``claimed_at`` the machine's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recipient = models.TextField(help_text="pseudonym: person:…, reporter:…, group:…")
    channel = models.TextField()
    template = models.TextField()
    dedupe_key = models.TextField()
    urgency = models.SmallIntegerField(default=Urgency.NORMAL.value)
    language = models.TextField(default="zh")
    address = models.BinaryField(null=True, help_text="sealed")
    subject = models.TextField(default="")
    body = models.TextField(default="")
    state = models.TextField()
    digest = models.BooleanField(default=False, help_text="waits to be bundled")
    bundle = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="parts")
    attempts = models.SmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True, help_text="of the attempt that has it or had it last")
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    error = models.TextField(default="", help_text="what went wrong last: never an address, a key or a text")
    forgotten_at = models.DateTimeField(null=True, help_text="when address and text were removed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key", "recipient", "channel"], name="notice_once"),
            models.CheckConstraint(condition=models.Q(channel__in=_CHANNELS), name="notice_channel"),
            models.CheckConstraint(condition=models.Q(state__in=_STATES), name="notice_state"),
            models.CheckConstraint(condition=~_WAITING | models.Q(next_try_at__isnull=False), name="notice_queued_has_time"),
            models.CheckConstraint(
                condition=~models.Q(state=NoticeState.SENDING.value) | models.Q(claim__isnull=False, claimed_at__isnull=False), name="notice_sending_is_claimed"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "-urgency", "next_try_at"], condition=_WAITING & models.Q(digest=False), name="notice_due"),
            models.Index(fields=["next_try_at"], condition=_WAITING & models.Q(digest=True), name="notice_digest"),
            models.Index(fields=["claimed_at"], condition=models.Q(state=NoticeState.SENDING.value), name="notice_sending"),
            models.Index(fields=["recipient", "-at"], condition=models.Q(channel=Channel.IN_APP.value), name="notice_inbox"),
            models.Index(fields=["at"], condition=models.Q(forgotten_at=None), name="notice_to_forget"),
            models.Index(fields=["-at", "-id"], name="notice_outbox"),
            # The notices of a subscription go with it; "<room>;" is what comes after everything that begins with "<room>:".
            models.Index(fields=["recipient"], condition=models.Q(recipient__gte="subscription:", recipient__lt="subscription;"), name="notice_subscription"),
        ]


class NoticePreference(models.Model):
    """What a recipient wants of a channel (``template`` empty), or of one kind of notice by it."""

    recipient = models.TextField()
    channel = models.TextField()
    template = models.TextField(default="", blank=True)
    wanted = models.BooleanField(default=True)
    digest = models.BooleanField(default=False)
    quiet_start = models.SmallIntegerField(null=True, help_text="minutes after local midnight; empty: as the playbook says")
    quiet_end = models.SmallIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "channel", "template"], name="notice_preference_once"),
            models.CheckConstraint(condition=models.Q(channel__in=_CHANNELS), name="notice_preference_channel"),
            models.CheckConstraint(
                condition=models.Q(quiet_start=None, quiet_end=None) | models.Q(quiet_start__range=(0, 1439), quiet_end__range=(0, 1439)),
                name="notice_preference_quiet",
            ),
        ]


class Subscription(models.Model):
    """Somebody who asked, without an account, to be told of a topic by one way. No name, and the address is sealed.

    Purpose: telling what was asked for, and nothing else. Retention: a day until it is confirmed, a year afterwards; whoever
    ends it earlier takes the row and every notice of it away.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    topic = models.TextField(help_text="what it is about, as a flow names it: area:<code>")
    channel = models.TextField()
    address = models.BinaryField(help_text="sealed")
    address_fingerprint = models.BinaryField()
    language = models.TextField(default="zh-hans")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    until = models.DateTimeField(help_text="deleted then, unless it is asked for again")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address_fingerprint", "channel", "topic"], name="subscription_once"),
            models.CheckConstraint(condition=models.Q(channel__in=_SUBSCRIBED), name="subscription_channel"),
            models.CheckConstraint(condition=~models.Q(topic=""), name="subscription_topic"),
            models.CheckConstraint(condition=models.Q(until__gt=models.F("at")), name="subscription_ends"),
        ]
        indexes = [
            models.Index(fields=["topic"], condition=models.Q(confirmed_at__isnull=False), name="subscription_of_topic"),
            models.Index(fields=["until"], name="subscription_until"),
        ]


class GroupChannel(models.Model):
    """A group that a robot writes to: its Apprise address is a key, and sealed."""

    name = models.TextField(primary_key=True)
    names = models.JSONField(help_text='{"zh": …, "en": …}')
    address = models.BinaryField(help_text="sealed Apprise address")
    service = models.TextField(help_text="what stands behind it, e.g. WeCom Bot")
    active = models.BooleanField(default=True)
    at = models.DateTimeField()
