"""Rows of the queue for a table that leaves the house: only where the actor may export, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from linli.engines.matters.selectors.queue import QueueFilter, QueueRow, queue
from linli.kernel.access.rules import Actor, Grant

PAGE = 2_000
EXPORT = "matters.export"


def exported(*, actor: Actor, at: datetime, wanted: QueueFilter, most: int) -> Iterator[QueueRow]:
    """Yield up to ``most`` rows in the queue's order; one query for two thousand of them.

    Raises:
        Forbidden: the actor may export nowhere.
    """
    actor.require_somewhere(EXPORT)
    reader = replace(actor, grants=tuple(_reading(grant) for grant in actor.grants if EXPORT in grant.permissions))
    asked = replace(wanted, limit=PAGE)
    left = most
    while left > 0:
        page = queue(actor=reader, at=at, wanted=asked)
        yield from page.rows[:left]
        left -= len(page.rows)
        if page.after is None:
            return
        asked = replace(asked, after=page.after)


def _reading(grant: Grant) -> Grant:
    """The grant cut down to what an export shows; a role that exports without reading exports nothing."""
    return replace(grant, permissions=grant.permissions & {"matters.read"})
