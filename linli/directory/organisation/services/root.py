"""The top desk is never empty: said as a refusal before the database says it as a broken constraint."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import connection

from linli.directory.organisation.models import Post
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import finish_with, gather


class RootDeskEmpty(Refusal):
    """The change would leave an instant, now or later, at which nobody is present at the top desk (DECIDED 7)."""

    code: ClassVar[str] = "organisation.root_desk_empty"
    message: ClassVar[str] = N_("Somebody must always be present at the top desk. First appoint or bring back another person there.")
    kind: ClassVar[Kind] = Kind.CONFLICT


def keep_root_held(post_or_person_id: UUID) -> None:
    """Have the top desk looked at when the write is complete, so that one write may replace its holder."""
    gather("organisation.root", [post_or_person_id])


def _look(_touched: list[UUID]) -> None:
    look_at_root()


def look_at_root() -> None:
    """Refuse where the top desk is left without anyone, as the open transaction stands."""
    if not Post.objects.filter(is_root=True).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT organisation_root_is_held()")
        if not cursor.fetchone()[0]:
            raise RootDeskEmpty


finish_with("organisation.root", _look, order=10)
