"""The transactional outbox."""

from django.db import models

PARTITIONS = 16


class OutboxEvent(models.Model):
    """Something that happened, written in the transaction that made it happen.

    ``seq`` gives the order of one key's events: a key's writers take turns (its version is checked), and ``seq`` is
    drawn while they hold it. Over all keys it is only nearly the order of commits.
    """

    seq = models.BigAutoField(primary_key=True)
    id = models.UUIDField(help_text="the event's name outside this database")
    topic = models.TextField()
    key = models.UUIDField(help_text="what order is kept for: the matter, the duty, the person")
    partition = models.SmallIntegerField(help_text="of the key; one dispatcher at a time works on a partition")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    data = models.JSONField()
    done_at = models.DateTimeField(null=True, help_text="handled, or put into deliveries for the handlers that could not")

    class Meta:
        indexes = [models.Index(fields=["partition", "seq"], condition=models.Q(done_at=None), name="outbox_waiting")]


class Delivery(models.Model):
    """A (handler, event) pair that could not be handled at once: it waits for a retry, stands behind one, or is dead.

    Pairs that succeed at the first try leave no row: their event's ``done_at`` is set in the handler's own transaction.
    A row that succeeds is removed in the handler's own transaction.
    """

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, db_index=False)
    handler = models.TextField()
    key = models.UUIDField()
    partition = models.SmallIntegerField()
    attempts = models.IntegerField(default=0)
    error = models.TextField(default="")
    next_try_at = models.DateTimeField(null=True, help_text="empty: dead, waits for a person")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="delivery_once")]
        indexes = [
            models.Index(fields=["handler", "key", "event"], name="delivery_order"),
            models.Index(fields=["partition", "event"], name="delivery_waiting"),
        ]
