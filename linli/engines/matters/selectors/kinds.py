"""What a matter is and where: for stories that answer to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from linli.engines.matters.models import Matter


@dataclass(frozen=True, slots=True)
class MatterKind:
    """A matter's public number, kind, class and area; nothing of what was said."""

    id: UUID
    code: str
    kind: str
    class_code: str
    area_id: UUID
    is_open: bool


def kinds_of(matter_ids: Collection[UUID]) -> dict[UUID, MatterKind]:
    """What these matters are; one query."""
    rows = Matter.objects.filter(id__in=matter_ids).values_list("id", "code", "kind", "class_code", "area_id", "closed_at")
    return {row[0]: MatterKind(*row[:5], is_open=row[5] is None) for row in rows}
