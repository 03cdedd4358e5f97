"""Which posts cannot be given up: duties rest on them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection


def posts_with_open_duties(post_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the posts that answer for an open duty. One query; what has not begun is derived anew without them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT post_id FROM duties_occurrence WHERE state = 'open' AND post_id = ANY(%s::uuid[])", [list(post_ids)])
        return frozenset(row[0] for row in cursor.fetchall())
