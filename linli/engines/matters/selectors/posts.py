"""Which posts matters rest on; asked by the directory before a post is retired."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection


def posts_with_open_matters(post_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the posts that are accountable for an open matter or handle one. One query.

    Ask it with the configuration held alone (``epoch.bump``): then no matter can come to a post meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accountable_post_id FROM matters_matter WHERE closed_at IS NULL AND accountable_post_id = ANY(%(posts)s::uuid[])"
            " UNION SELECT handler_post_id FROM matters_matter WHERE closed_at IS NULL AND handler_post_id = ANY(%(posts)s::uuid[])",
            {"posts": list(post_ids)},
        )
        return frozenset(row[0] for row in cursor.fetchall())


def open_matters_of(post_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many open matters each of these posts answers for; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accountable_post_id, count(*) FROM matters_matter WHERE closed_at IS NULL AND accountable_post_id = ANY(%s::uuid[]) GROUP BY 1",
            [list(post_ids)],
        )
        return {post: int(count) for post, count in cursor.fetchall()}
