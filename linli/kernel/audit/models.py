"""The audit chain: entries grouped in links, one link a transaction, each link bound to the one before."""

from django.db import models


class AuditLink(models.Model):
    """One transaction's digest. ``hash = sha256(previous hash, seq, count, recorded_at, entry hashes)``."""

    seq = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField()
    count = models.IntegerField()
    digest = models.BinaryField(help_text="sha256 over the hashes of the link's entries, in order")
    hash = models.BinaryField(unique=True)


class AuditEntry(models.Model):
    """Who did what, when, from which state to which. No personal data: subjects and actors are pseudonyms."""

    id = models.UUIDField(primary_key=True)
    link = models.BigIntegerField(db_index=True, help_text="AuditLink.seq; no foreign key, so that a lost link is found and not prevented")
    position = models.IntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.TextField()
    action = models.TextField()
    subject_type = models.TextField()
    subject = models.UUIDField(db_index=True)
    from_state = models.TextField(default="")
    to_state = models.TextField(default="")
    details = models.TextField(default="{}", help_text="canonical JSON text, exactly as it was hashed")
    hash = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "position"], name="audit_entry_place")]
