"""Applied playbooks, frozen, and which of them holds now."""

from typing import Any

from django.db import models
from django.db.models import Q
from psycopg.types.json import Json

from linli.kernel.ids import new_id


class WrittenJson(models.JSONField):
    """JSON as it was written: ``json`` keeps the order of its keys, ``jsonb`` does not. Nothing inside it can be asked for (ADR 24)."""

    def db_type(self, connection: Any) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Json:
        return Json(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value  # the driver has read it


class PlaybookVersion(models.Model):
    """One application of a playbook: its content as it was applied. The database refuses to change or delete a row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.IntegerField(unique=True, help_text="counts applications in this installation: 1, 2, …")
    name = models.TextField()
    version = models.TextField(help_text="as the playbook's author numbers it: 1.0.0")
    schema = models.IntegerField(help_text="schema number of the content; upcasters raise it when it is read")
    content = WrittenJson(help_text="the effective merged playbook, composed and validated")
    digest = models.TextField(help_text="sha256 of the JSON of the content, hexadecimal")
    applied_by = models.TextField(help_text="actor, a pseudonym")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="playbook_number_counts"),
            models.CheckConstraint(condition=Q(schema__gte=1), name="playbook_schema_counts"),
            models.CheckConstraint(condition=Q(digest__regex="^[0-9a-f]{64}$"), name="playbook_digest_form"),
        ]


class ActivePlaybook(models.Model):
    """Which version holds now; one row, once a playbook was applied."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.ForeignKey(PlaybookVersion, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="active_playbook_single_row")]
