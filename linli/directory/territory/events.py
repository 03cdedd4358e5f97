"""What the territory tells others."""

from dataclasses import dataclass, field
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class TerritoryImported(Event):
    """Areas were added, changed, moved or removed. ``key`` is the root's id.

    Attributes:
        added, changed, removed: codes.
        moved: old path → new path of areas that now belong to another upper area; records that keep a path follow it.
    """

    topic: ClassVar[str] = "territory.imported"
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
