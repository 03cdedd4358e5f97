"""The audit chain: entries grouped in links, one link a transaction, each link bound to the one before.

The database refuses to change or delete what is written (migration 0002), and the application's role has no right to.
"""

from django.db import models


class AuditLink(models.Model):
    """One transaction's digest; how it is hashed stands in ``rules``."""

    seq = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField()
    count = models.IntegerField()
    digest = models.BinaryField(help_text="sha256 over the hashes of the link's entries, in order")
    hash = models.BinaryField(help_text="sha256 over the hash of the link before, and this link's seq, count, time and digest")


class AuditEntry(models.Model):
    """Who did what, when, from which state to which. No personal data: subjects and actors are pseudonyms."""

    pk = models.CompositePrimaryKey("link", "position")
    link = models.BigIntegerField(help_text="AuditLink.seq; no foreign key, so that a lost link is found and not prevented")
    position = models.IntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.TextField()
    action = models.TextField()
    subject_type = models.TextField()
    subject = models.UUIDField()
    from_state = models.TextField(default="")
    to_state = models.TextField(default="")
    details = models.TextField(default="{}", help_text="canonical JSON text, exactly as it was hashed")
    hash = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "link", "position"], name="audit_of_subject"),
            models.Index(fields=["actor", "link", "position"], name="audit_of_actor"),
        ]
