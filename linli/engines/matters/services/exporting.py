"""Remembering that records left the house."""

from __future__ import annotations

from datetime import datetime

from linli.kernel.access.rules import Actor
from linli.kernel.audit.services import Entry, record
from linli.kernel.ids import new_id


def note_export(*, actor: Actor, at: datetime, count: int, format: str) -> None:  # noqa: A002
    """Write into the audit chain who took how many matters out, and in which format; refuses without ``matters.export``."""
    actor.require_somewhere("matters.export")
    record([Entry(at=at, actor=actor.id, action="matters.export", subject_type="export", subject=new_id(), details={"count": count, "format": format[:10]})])
