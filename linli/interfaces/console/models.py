"""What the console keeps for its people: the filters that they named."""

from django.conf import settings
from django.db import models

from linli.kernel.ids import new_id


class SavedFilter(models.Model):
    """A view of the queue under a name of one's own; its address can be sent to anybody as it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.TextField(help_text="what its owner calls it")
    query = models.TextField(help_text="the queue's address after the question mark")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_filter_name")]
