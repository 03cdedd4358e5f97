"""How far a replay has come, written in the transaction of each batch."""

from django.db import models


class ReplayProgress(models.Model):
    """One replay of one file under one mapping.

    Rows before ``window_rows`` are done with every closing up to ``done_until``; rows from there to ``rows`` are reported,
    and their window's closings may be half done (their keys tell which).
    """

    source = models.TextField(primary_key=True, help_text="digest of the file's content and of the mapping")
    name = models.TextField(help_text="name of the mapping")
    rows = models.BigIntegerField(default=0)
    window_rows = models.BigIntegerField(default=0)
    done_until = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    seconds = models.FloatField(default=0, help_text="time spent so far, all runs together")
    finished_at = models.DateTimeField(null=True)
